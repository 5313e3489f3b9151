package normal

import (
	"os"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// Terraform marks a whole set of blocks for one secret in it. The source tells
// what else is there.
func TestTheSourceTellsTheSecretsOfASetOfBlocks(t *testing.T) {
	const dir = "testdata/secrets"
	body, err := os.ReadFile(dir + "/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	// A source that is not that of the plan tells nothing.
	other := t.TempDir()
	if err := os.WriteFile(other+"/main.tf", []byte("resource \"aws_autoscaling_group\" \"one\" {\n  tag {\n    key   = \"constant\"\n    value = \"plain\"\n  }\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dir  string
		seen int
	}{"with sources": {dir, 8}, "plan alone": {"", 0}, "with other sources": {other, 0}} {
		t.Run(name, func(t *testing.T) {
			in, err := plan.Read(t.Context(), plan.Options{Path: "-", Stdin: strings.NewReader(string(body)), Dir: c.dir})
			if err != nil {
				t.Fatal(err)
			}
			d, err := New(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if text := string(encode(t, d)); strings.Contains(text, "correct-") {
				t.Error("a secret is in the document")
			}
			seen := 0
			for _, address := range []string{"aws_autoscaling_group.one", "aws_autoscaling_group.counted"} {
				tags, _ := find(t, d, address).Values["tag"].([]any)
				for _, tag := range tags {
					key, _ := get(tag, []string{"key"}).(string)
					value := get(tag, []string{"value"})
					if strings.Contains(key, "secret") != (value == nil) {
						t.Errorf("%s %s: %v", address, key, value)
					}
					if text, ok := value.(string); ok {
						seen++
						if strings.Contains(text, "correct") {
							t.Errorf("%s %s is seen", address, key)
						}
					}
				}
			}
			if seen != c.seen {
				t.Errorf("%d values are seen, want %d", seen, c.seen)
			}
		})
	}
}

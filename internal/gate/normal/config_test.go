package normal

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// one makes the document of a plan with one resource.
func one(t *testing.T, typ, expressions, after, sensitive string) *Document {
	t.Helper()
	text := fmt.Sprintf(`{"format_version":"1.2","terraform_version":"1.11.4","resource_changes":[{"address":"%[1]s.x","mode":"managed","type":"%[1]s","name":"x",
		"change":{"actions":["update"],"after":%[3]s,"after_unknown":{},"after_sensitive":%[4]s}}],
		"configuration":{"root_module":{"resources":[{"address":"%[1]s.x","mode":"managed","type":"%[1]s","name":"x","expressions":%[2]s}]}}}`, typ, expressions, after, sensitive)
	in, err := plan.Read(t.Context(), plan.Options{Path: "-", Stdin: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Terraform marks a whole set of blocks for one secret in it.
func TestOfASetOfBlocksOnlyWhatMayBeASecretIsHidden(t *testing.T) {
	const (
		header = `"custom_header":[{"name":{"constant_value":"x-verify"},"value":{"references":["var.secret"]}}],`
		plain  = `{"protocol":{"constant_value":"http-only"},"domain":{"constant_value":"b"}}`
		after  = `{"origin":[{"domain":"b","protocol":"http-only","attempts":3,"custom_header":[]},
			{"domain":"a","protocol":"https-only","attempts":3,"custom_header":[{"name":"x-verify","value":"hush"}]}]}`
	)
	for _, c := range []struct{ name, expressions, seen, hidden string }{
		{
			"blocks", `{"origin":[{` + header + `"protocol":{"constant_value":"https-only"},"domain":{"references":["var.a"]}},` + plain + `]}`,
			"b http-only 3, - https-only 3 x-verify -", "origin.1.custom_header.0.value origin.1.domain",
		},
		{
			"a dynamic block in a block", `{"origin":[{"protocol":{"constant_value":"https-only"},"domain":{"constant_value":"a"}},` + plain + `]}`,
			"b http-only 3, a https-only 3", "origin.1.custom_header",
		},
		{
			"a computed value", `{"origin":[{` + header + `"protocol":{},"domain":{"constant_value":"a"}},` + plain + `]}`,
			"b http-only 3, a - 3 x-verify -", "origin.1.custom_header.0.value origin.1.protocol",
		},
		{"a dynamic block beside a block", `{"origin":[` + plain + `]}`, "", "origin"},
		{"a dynamic block", `{}`, "", "origin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := find(t, one(t, "aws_x", c.expressions, after, `{"origin":true}`), "aws_x.x")
			var seen []string
			origins, _ := r.Values["origin"].([]any)
			for i := range origins {
				words := []string{}
				for _, step := range []string{"domain", "protocol", "attempts", "custom_header.0.name", "custom_header.0.value"} {
					at := append([]string{fmt.Sprint(i)}, strings.Split(step, ".")...)
					if value := get(origins, at); value != nil {
						words = append(words, fmt.Sprint(value))
					} else if r.Unknown["origin."+path(at)] != "" {
						words = append(words, "-")
					}
				}
				seen = append(seen, strings.Join(words, " "))
			}
			hidden := slices.Sorted(maps.Keys(r.Unknown))
			if got := strings.Join(seen, ", "); got != c.seen {
				t.Errorf("seen: %s, want %s", got, c.seen)
			}
			if got := strings.Join(hidden, " "); got != c.hidden {
				t.Errorf("hidden: %s, want %s", got, c.hidden)
			}
		})
	}
}

// The provider reads into a resource what another one sets on it.
func TestAPolicyThatIsThereAlreadyIsThatOfTheResourceThatWritesIt(t *testing.T) {
	const open = `{"policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:*\",\"Resource\":\"*\"}}","name":"q"}`
	for expressions, want := range map[string]int{
		`{"name":{"constant_value":"q"}}`:                                 0,
		`{"name":{"constant_value":"q"},"policy":{"constant_value":"x"}}`: 1,
		`{"policy":{"references":["var.policy"]}}`:                        1,
	} {
		if got := len(one(t, "aws_sqs_queue", expressions, open, `{}`).Policies); got != want {
			t.Errorf("%s: %d policies, want %d", expressions, got, want)
		}
	}
}

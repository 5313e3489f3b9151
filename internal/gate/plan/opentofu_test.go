package plan

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	tofuRoot   = "testdata/opentofu"
	sealedRoot = "testdata/sealed"
)

// The plan was made by OpenTofu, of files and of features that Terraform does not
// have: make gate-fixtures-opentofu.
func TestAPlanOfOpenTofuIsReadWithItsSources(t *testing.T) {
	for name, o := range map[string]Options{
		"plan file": {SourceFile: tofuRoot + "/tfplan"},
		"folder":    {Dir: tofuRoot},
	} {
		t.Run(name, func(t *testing.T) {
			o.Path = tofuRoot + "/plan.json"
			in, err := Read(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			var addresses []string
			for _, c := range in.Plan.Changes {
				addresses = append(addresses, c.Address)
			}
			for _, want := range []string{`aws_kms_key.key["eu-west-1"]`, `module.queues["eu-central-1"].aws_sqs_queue.with`, "aws_sqs_queue.json"} {
				if !slices.Contains(addresses, want) {
					t.Errorf("no %s in %q", want, addresses)
				}
			}
			if slices.Contains(addresses, "aws_sqs_queue.off") || slices.Contains(addresses, "aws_sqs_queue.shadowed") {
				t.Errorf("a resource that is disabled, or in a file that is replaced, is in %q", addresses)
			}
			for _, want := range []struct{ key, typ, name, path, file, text string }{
				{"", "aws_kms_key", "key", "description", "root.tofu", `  description = "x"`},
				{"", "aws_sqs_queue", "json", "name", "more.tofu.json", `{"resource"`},
				{"queues", "aws_sqs_queue", "with", "kms_master_key_id", "m/main.tf", "  kms_master_key_id = var.key"},
			} {
				got, ok := in.Sources.Find(want.key, "managed", want.typ, want.name, []string{want.path})
				_, lines := in.Sources.Lines(got, 0, 0)
				if !ok || got.File != tofuRoot+"/"+want.file || len(lines) != 1 || !strings.HasPrefix(lines[0], want.text) {
					t.Errorf("%s.%s %s: %v, %q", want.typ, want.name, want.path, got, lines)
				}
			}
			if place, ok := in.Sources.Find("", "managed", "aws_sqs_queue", "shadowed", nil); ok {
				t.Errorf("a file that OpenTofu has not read is a source: %v", place)
			}
		})
	}
}

func TestAPlanThatOpenTofuHasEncryptedIsRefusedAndReadOnceDecrypted(t *testing.T) {
	_, err := Read(t.Context(), Options{Path: sealedRoot + "/tfplan"})
	var known *Error
	if !errors.As(err, &known) || !strings.Contains(known.Problem, "encrypted by OpenTofu") || !strings.Contains(known.Remedy, "tofu show -json") {
		t.Errorf("%v", err)
	}
	if _, err := Read(t.Context(), Options{Path: sealedRoot + "/plan.json", SourceFile: sealedRoot + "/tfplan"}); !errors.As(err, &known) {
		t.Errorf("as a source: %v", err)
	}
	in, err := Read(t.Context(), Options{Path: sealedRoot + "/plan.json", Dir: sealedRoot})
	if err != nil || len(in.Plan.Changes) != 1 {
		t.Errorf("%v, %v", in, err)
	}
}

// What Terraform does not read says nothing of the plan: a local value there
// could stand in for the one that counts.
func TestWhatIsNotReadByTerraformIsNoSource(t *testing.T) {
	dir := t.TempDir()
	for name, body := range map[string]string{
		".hidden.tf":     "locals {\n  hidden = 1\n}\n",
		"a.tofu":         "locals {\n  tofu = 1\n}\n",
		"a.tofu.json":    `{"resource": {"a": {"tofu": {}}}}`,
		"main.tf":        "locals {\n  own = 1\n}\n",
		"large.tf":       "locals {\n  large = 1\n}\n" + strings.Repeat("#", maxSource),
		"folder.tf/a.tf": "locals {\n  folder = 1\n}\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"zero.tf": "/dev/zero", "up.tf": "..", "none.tf": "none", "link.tf": "main.tf"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := DirSources(dir, &Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hidden", "tofu", "large", "folder"} {
		if s.Local("", name) != nil {
			t.Errorf("the local value %s is read", name)
		}
	}
	if _, ok := s.Find("", "managed", "a", "tofu", nil); ok || s.Local("", "own") == nil {
		t.Error("a.tofu.json is read, or main.tf is not")
	}
}

func TestAListOfModulesThatIsNoFileIsPassedOver(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, ".terraform", "modules"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(dir, ".terraform", "modules", "modules.json")); err != nil {
		t.Fatal(err)
	}
	if _, err := DirSources(dir, &Config{}); err != nil {
		t.Fatal(err)
	}
}

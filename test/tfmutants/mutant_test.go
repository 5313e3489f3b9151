package tfmutants

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/terraform"
)

const root = "../.."

// all makes TestEveryHardeningIsTested try every mutant, which takes long:
// `make mutants-terraform`. With a text it tries those whose names contain it.
const all = "PORTCULLIS_MUTANTS_TERRAFORM"

// sample are the mutants that are tried in any case.
var sample = []string{"table:", "without server_side_encryption"}

// TestEveryHardeningIsTested undoes one hardening after the other and expects the
// tests of the module, or those of the chat module, which is made of all of
// them, to fail.
func TestEveryHardeningIsTested(t *testing.T) {
	work := t.TempDir()
	if err := os.CopyFS(filepath.Join(work, "modules"), os.DirFS(filepath.Join(root, "modules"))); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(work, "modules", "*", "main.tf"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	tried, wanted := 0, os.Getenv(all)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Dir(file)
		for _, mutant := range Of(filepath.Base(dir), string(text)) {
			switch {
			case wanted == "" && slices.ContainsFunc(sample, func(part string) bool { return !strings.Contains(mutant.Name, part) }):
				continue
			case wanted != "" && wanted != "1" && !strings.Contains(mutant.Name, wanted):
				continue
			}
			t.Run(mutant.Name, func(t *testing.T) {
				if err := os.WriteFile(file, []byte(mutant.Text), 0o600); err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := os.WriteFile(file, text, 0o600); err != nil {
						t.Fatal(err)
					}
				}()
				noticedBy := testsThatFail(t, work, dir)
				tried++ // not those that are skipped
				if noticedBy == "" {
					t.Fatal("no test notices")
				}
				t.Logf("noticed by %s", noticedBy)
			})
		}
	}
	if wanted == "1" && tried < 40 || tried == 0 {
		t.Errorf("only %d mutants: the rules no longer fit the modules", tried)
	}
}

// testsThatFail returns the first test that fails in the module's own folder, or
// else in the chat's; empty when none does. A module that is not valid is no
// mutant.
func testsThatFail(t *testing.T, work, dir string) string {
	t.Helper()
	terraformIn(t, dir, "init", "-backend=false", "-input=false")
	if out, err := terraformIn(t, dir, "validate", "-no-color"); err != nil {
		t.Skipf("no mutant, and not counted as one: it is not valid, so nobody can deploy it:\n%s", out)
	}
	for _, tested := range slices.Compact([]string{dir, filepath.Join(work, "modules", "chat")}) {
		terraformIn(t, tested, "init", "-backend=false", "-input=false")
		out, err := terraformIn(t, tested, "test", "-no-color")
		if err == nil {
			continue
		}
		for line := range strings.Lines(out) {
			if run, ok := strings.CutPrefix(strings.TrimSpace(line), "run "); ok && strings.HasSuffix(run, "... fail") {
				return filepath.Base(tested) + " " + strings.TrimSuffix(run, "... fail")
			}
		}
		t.Fatalf("terraform test fails without a failing test:\n%s", out)
	}
	return ""
}

// environment is that of Terraform in a test.
func terraformIn(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	env, err := terraform.Environment(filepath.Join(t.TempDir(), "terraform.rc"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), terraform.Binary(), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID=none", "AWS_SECRET_ACCESS_KEY=none", "AWS_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true", "TF_IN_AUTOMATION=1")
	out, err := cmd.CombinedOutput()
	if err != nil && args[0] == "init" {
		t.Fatalf("terraform init: %v\n%s", err, out)
	}
	return string(out), err
}

func TestARuleUndoesOneThing(t *testing.T) {
	const text = `locals {
  authorization_type = key == "$connect" ? "CUSTOM" : "NONE"
  on = true
}

resource "aws_x" "this" {
  kms_key_id = var.kms_key_arn
  encrypted  = true

  ttl {
    enabled = var.ttl
  }
}

module "m" {
  statements = [{
    actions   = ["dynamodb:Query"]
    resources = [module.table.arn]
  }]
}
`
	got := map[string]string{}
	for _, mutant := range Of("x", text) {
		got[mutant.Name] = mutant.Text
	}
	for name, change := range map[string][2]string{
		"x:2 open $connect":                    {`key == "$connect" ? "CUSTOM" : "NONE"`, `"NONE"`},
		"x:7 without kms_key_id":               {"  kms_key_id = var.kms_key_arn\n", ""},
		"x:8 encrypted off":                    {"encrypted  = true", "encrypted  = false"},
		"x:10 without ttl":                     {"  ttl {\n    enabled = var.ttl\n  }\n", ""},
		"x:11 enabled off":                     {"enabled = var.ttl", "enabled = false"},
		"x:17 Scan allowed":                    {`["dynamodb:Query"]`, `["dynamodb:Scan", "dynamodb:Query"]`},
		"x:18 wider resource module.table.arn": {`[module.table.arn]`, `["${module.table.arn}*"]`},
	} {
		if want := strings.Replace(text, change[0], change[1], 1); got[name] != want {
			t.Errorf("%s:\n%s", name, got[name])
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("unexpected: %s", name)
	}
}

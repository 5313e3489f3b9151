package tfmutants

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/terraform"
)

const root = "../.."

// all makes TestEveryHardeningIsTested try every mutant, which takes long:
// `make mutants-terraform`. With a text it tries those whose names contain it.
const all = "PORTCULLIS_MUTANTS_TERRAFORM"

// whole is the module that is made of all others.
const whole = "chat"

// dear are the modules whose tests take half a minute and more for each mutant;
// those of the others are tried in any case.
var dear = []string{whole, "waf"}

// workers is how many mutants are tried at a time, each with a copy of all modules.
const workers = 2

// TestEveryHardeningIsTested undoes one hardening after the other and expects the
// tests of the module, or those of the chat module, which is made of all of
// them, to fail.
func TestEveryHardeningIsTested(t *testing.T) {
	modules := filepath.Join(root, "modules")
	files, err := filepath.Glob(filepath.Join(modules, "*", "main.tf"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	works := make(chan string, workers)
	var provider string
	for range workers {
		work := t.TempDir()
		if err := os.CopyFS(work, os.DirFS(modules)); err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			terraformIn(t, filepath.Join(work, filepath.Base(filepath.Dir(file))), provider, "init", "-backend=false", "-input=false")
			if provider == "" { // from here on none has to be installed
				if provider, err = terraform.Serve(t.Context(), filepath.Join(work, filepath.Base(filepath.Dir(file)))); err != nil {
					t.Fatal(err)
				}
			}
		}
		works <- work
	}
	var tried atomic.Int32
	wanted := os.Getenv(all)
	t.Run("mutants", func(t *testing.T) {
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			module := filepath.Base(filepath.Dir(file))
			for _, mutant := range Of(module, string(text)) {
				switch {
				case wanted == "" && slices.Contains(dear, module):
					continue
				case wanted != "" && wanted != "1" && !strings.Contains(mutant.Name, wanted):
					continue
				}
				t.Run(mutant.Name, func(t *testing.T) {
					t.Parallel()
					work := <-works
					defer func() { works <- work }()
					copied := filepath.Join(work, module, "main.tf")
					if err := os.WriteFile(copied, []byte(mutant.Text), 0o600); err != nil {
						t.Fatal(err)
					}
					defer func() {
						if err := os.WriteFile(copied, text, 0o600); err != nil {
							t.Fatal(err)
						}
					}()
					noticedBy := testThatFails(t, work, module, provider)
					tried.Add(1) // not those that are skipped
					if noticedBy == "" {
						t.Fatal("no test notices")
					}
					t.Logf("noticed by %s", noticedBy)
				})
			}
		}
	})
	if n := tried.Load(); (wanted == "" || wanted == "1") && n < 40 || n == 0 {
		t.Errorf("only %d mutants: the rules no longer fit the modules", n)
	}
}

// testThatFails returns the first test that fails in the module's own folder, or
// else in the chat's; empty when none does. A module that is not valid is no
// mutant.
func testThatFails(t *testing.T, work, module, provider string) string {
	t.Helper()
	// A module that is passed a second provider is valid only with one.
	second := filepath.Join(work, module, "second_provider.tf")
	if versions, err := os.ReadFile(filepath.Join(work, module, "versions.tf")); err != nil {
		t.Fatal(err)
	} else if alias := passed.FindSubmatch(versions); alias != nil {
		if err := os.WriteFile(second, fmt.Appendf(nil, "provider \"aws\" {\n  alias = %q\n}\n", alias[1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := terraformIn(t, filepath.Join(work, module), provider, "validate", "-no-color")
	if err := os.Remove(second); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatalf("no mutant: it is not valid, so nobody can deploy it; the rule that made it does not fit:\n%s", out)
	}
	for _, tested := range slices.Compact([]string{module, whole}) {
		dir := filepath.Join(work, tested)
		files, err := filepath.Glob(filepath.Join(dir, "tests", "*.tftest.hcl"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			out, err := terraformIn(t, dir, provider, "test", "-no-color", "-filter=tests/"+filepath.Base(file))
			if err == nil {
				continue
			}
			for line := range strings.Lines(out) {
				if run, ok := strings.CutPrefix(strings.TrimSpace(line), "run "); ok && strings.HasSuffix(run, "... fail") {
					return tested + " " + strings.TrimSuffix(run, "... fail")
				}
			}
			t.Fatalf("terraform test fails without a failing test:\n%s", out)
		}
	}
	return ""
}

// passed finds the second provider that a module is passed.
var passed = regexp.MustCompile(`configuration_aliases\s*=\s*\[aws\.(\w+)\]`)

// environment is that of Terraform in a test.
func terraformIn(t *testing.T, dir, provider string, args ...string) (string, error) {
	t.Helper()
	env, err := terraform.Environment(filepath.Join(t.TempDir(), "terraform.rc"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), terraform.Binary(), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	cmd.Env = append(cmd.Env, "AWS_ACCESS_KEY_ID=none", "AWS_SECRET_ACCESS_KEY=none", "AWS_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true", "TF_IN_AUTOMATION=1")
	if provider != "" {
		cmd.Env = append(cmd.Env, provider)
	}
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
		"x:17 DeleteTable allowed":             {`["dynamodb:Query"]`, `["dynamodb:DeleteTable", "dynamodb:Query"]`},
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

package tfmutants

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/terraform"
)

const root = "../.."

// some is the variable with a text: then those mutants are tried whose names
// contain it.
const some = "PORTCULLIS_MUTANTS_TERRAFORM"

// whole is the module that is made of all others: what their own tests do not
// notice, its tests may.
const whole = "chat"

// dear is the module whose web ACL takes Terraform many seconds a run: of its
// mutants one of so many is tried, and all when they are asked for.
const (
	dear   = "waf"
	dearly = 24
)

// workers is how many mutants are tried at a time, each with a copy of all modules.
const workers = 2

// world is the modules, each of their runs in a file of its own.
type world struct {
	works    chan string // folders with a copy of all modules each
	runs     map[string][]Run
	provider string

	mu      sync.Mutex
	noticed map[string]map[string]bool // files of runs, by module
}

// TestEveryHardeningIsTested undoes one hardening after the other and expects a
// run of the module's tests, or of the chat module's, to fail. The runs that are
// most likely to are asked first, and the first that fails ends it.
func TestEveryHardeningIsTested(t *testing.T) {
	modules := filepath.Join(root, "modules")
	files, err := filepath.Glob(filepath.Join(modules, "*", "main.tf"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	w := prepare(t, modules, files)
	var tried atomic.Int32
	wanted := os.Getenv(some)
	t.Run("mutants", func(t *testing.T) {
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			module := filepath.Base(filepath.Dir(file))
			for i, mutant := range Of(module, string(text)) {
				if wanted == "" && module == dear && i%dearly != 0 || !strings.Contains(mutant.Name, wanted) {
					continue
				}
				t.Run(mutant.Name, func(t *testing.T) {
					t.Parallel()
					work := <-w.works
					defer func() { w.works <- work }()
					copied := filepath.Join(work, module, "main.tf")
					if err := os.WriteFile(copied, []byte(mutant.Text), 0o600); err != nil {
						t.Fatal(err)
					}
					defer func() {
						if err := os.WriteFile(copied, text, 0o600); err != nil {
							t.Fatal(err)
						}
					}()
					tried.Add(1)
					noticedBy := w.test(t, work, module, mutant)
					if noticedBy == "" {
						t.Fatal("no test notices")
					}
					t.Logf("noticed by %s", noticedBy)
				})
			}
		}
	})
	if n := tried.Load(); wanted == "" && n < 100 || n == 0 {
		t.Errorf("only %d mutants: the rules no longer fit the modules", n)
	}
	// A run that fails in any case, such as one that builds on another, notices
	// nothing.
	work := <-w.works
	for module, noticed := range w.noticed {
		if out, failed := w.terraformTest(t, filepath.Join(work, module), slices.Sorted(maps.Keys(noticed))); failed != "" {
			t.Errorf("%s: %s fails without a mutant, when it is run alone:\n%s", module, failed, out)
		}
	}
}

// prepare makes the folders in which mutants are tried.
func prepare(t *testing.T, modules string, files []string) *world {
	t.Helper()
	w := &world{works: make(chan string, workers), runs: map[string][]Run{}, noticed: map[string]map[string]bool{}}
	for range workers {
		work := t.TempDir()
		if err := os.CopyFS(work, os.DirFS(modules)); err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			module := filepath.Base(filepath.Dir(file))
			dir := filepath.Join(work, module)
			runs, err := Split(dir)
			if err != nil {
				t.Fatal(err)
			}
			w.runs[module], w.noticed[module] = runs, map[string]bool{}
			if out, err := w.command(t, t.Context(), dir, "init", "-backend=false", "-input=false", "-no-color").CombinedOutput(); err != nil {
				t.Fatalf("terraform init: %v\n%s", err, out)
			}
			if w.provider == "" { // from here on none has to be installed
				if w.provider, err = terraform.Serve(t.Context(), dir); err != nil {
					t.Fatal(err)
				}
			}
		}
		w.works <- work
	}
	return w
}

// test returns the first run that fails in the module's own folder, or else in the
// chat's; empty when none does.
func (w *world) test(t *testing.T, work, module string, m Mutant) string {
	t.Helper()
	for _, tested := range slices.Compact([]string{module, whole}) {
		dir := filepath.Join(work, tested)
		left := Likely(w.runs[tested], m)
		// Terraform asks the files that it is given in the order of their names: few
		// at first, so that the likeliest come first.
		batch := 3
		if module == dear {
			batch = 1 // what only plans is the likeliest for most
		}
		for ; len(left) > 0; batch *= 4 {
			asked := left[:min(batch, len(left))]
			left = left[len(asked):]
			var files []string
			for _, run := range asked {
				files = append(files, run.File)
			}
			out, failed := w.terraformTest(t, dir, files)
			if failed == "" {
				continue
			}
			// What is not valid nobody can deploy: it is no mutant, and that a test
			// fails says nothing.
			if !strings.Contains(out, "Error: Test assertion failed") {
				w.validate(t, filepath.Join(work, module))
			}
			at := slices.IndexFunc(asked, func(run Run) bool { return run.Name == failed })
			w.mu.Lock()
			defer w.mu.Unlock()
			w.noticed[tested][asked[at].File] = true
			return tested + " " + failed
		}
	}
	return ""
}

// validate fails the test unless a module is valid. One that is passed a second
// provider is so only with one.
func (w *world) validate(t *testing.T, dir string) {
	t.Helper()
	versions, err := os.ReadFile(filepath.Join(dir, "versions.tf"))
	if err != nil {
		t.Fatal(err)
	}
	if alias := passed.FindSubmatch(versions); alias != nil {
		second := filepath.Join(dir, "second_provider.tf")
		if err := os.WriteFile(second, fmt.Appendf(nil, "provider \"aws\" {\n  alias = %q\n}\n", alias[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := os.Remove(second); err != nil {
				t.Fatal(err)
			}
		}()
	}
	if out, err := w.command(t, t.Context(), dir, "validate", "-no-color", "-no-tests").CombinedOutput(); err != nil {
		t.Fatalf("it is not valid; the rule that made it does not fit:\n%s", out)
	}
}

// passed finds the second provider that a module is passed.
var passed = regexp.MustCompile(`configuration_aliases\s*=\s*\[aws\.(\w+)\]`)

var ended = regexp.MustCompile(`^\s*run "([^"]+)"\.\.\. (pass|fail|skip)$`)

// terraformTest asks files of tests until a run fails, and returns what Terraform
// said up to there and the name of that run, which is empty when all pass.
func (w *world) terraformTest(t *testing.T, dir string, files []string) (out, failed string) {
	t.Helper()
	if len(files) == 0 {
		return "", ""
	}
	args := []string{"test", "-no-color"}
	for _, file := range files {
		args = append(args, "-filter="+file)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	cmd := w.command(t, ctx, dir, args...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	passed := 0
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		line := lines.Text()
		if failed != "" && (ended.MatchString(line) || strings.Contains(line, "... tearing down")) {
			cancel() // why it failed has been said
			break
		}
		said.WriteString(line + "\n")
		if run := ended.FindStringSubmatch(line); run != nil && run[2] == "pass" {
			passed++
		} else if run != nil {
			failed = run[1]
		}
	}
	err = cmd.Wait()
	if failed == "" && (err != nil || passed != len(files)) {
		t.Fatalf("terraform test: %d of %d runs passed, and none failed: %v\n%s", passed, len(files), err, said.String())
	}
	return said.String(), failed
}

// command is one of Terraform in a folder.
func (w *world) command(t *testing.T, ctx context.Context, dir string, args ...string) *exec.Cmd {
	t.Helper()
	env, err := terraform.Environment(filepath.Join(t.TempDir(), "terraform.rc"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, "nice", append([]string{terraform.Binary()}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	// A third of Terraform's time is its garbage collector's when it has little.
	cmd.Env = append(cmd.Env, "GOGC=400", "AWS_ACCESS_KEY_ID=none", "AWS_SECRET_ACCESS_KEY=none", "AWS_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true", "TF_IN_AUTOMATION=1")
	if w.provider != "" {
		cmd.Env = append(cmd.Env, w.provider)
	}
	return cmd
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

resource "aws_y" "this" {
  dynamic "logging_filter" {
    for_each = [1]

    content {
      dynamic "condition" {
        for_each = [1]

        content {
          action_condition {}
        }
      }
    }
  }
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
		"x:23 without logging_filter":          {text[strings.Index(text, `  dynamic "logging`) : len(text)-2], ""},
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

func TestEachRunStandsInAFileOfItsOwnAndTheLikeliestComesFirst(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "tests"), 0o700); err != nil {
		t.Fatal(err)
	}
	const common = "variables {\n  name = \"x\"\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "tests", "a.tftest.hcl"), []byte("run \"one\" {\n  # aws_x this\n}\n\n"+common+"\n# of two\nrun \"two\" {\n  # aws_x kms_key_id\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	runs, err := Split(dir)
	if err != nil || len(runs) != 2 {
		t.Fatal(runs, err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "tests", "*"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, runs[1].File))
	if want := common + "run \"two\" {\n  # aws_x kms_key_id\n}\n"; err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
	about := Of("x", "resource \"aws_x\" \"this\" {\n  kms_key_id = 1\n}\n")[0]
	if got := Likely(append(runs, Run{Name: "three", File: "three", words: map[string]bool{"this": true}}), about); got[0].Name != "two" || got[2].Name != "three" {
		t.Errorf("%s, %s, %s", got[0].Name, got[1].Name, got[2].Name)
	}
}

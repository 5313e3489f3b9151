// Package modules_test runs Terraform's own tests of each module, and checks
// the format of everything that Terraform reads.
package modules_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/terraform"
)

const root = "../.."

// run runs Terraform in dir with the mirror's settings and more of them, and
// fails the test with its output when it fails.
func run(t *testing.T, dir string, settings []string, args ...string) {
	t.Helper()
	env, err := terraform.Environment(filepath.Join(t.TempDir(), "terraform.rc"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "nice", append([]string{terraform.Binary()}, args...)...)
	cmd.Dir = dir
	// No Region, account, credentials or inputs of this machine may matter.
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(setting string) bool { return strings.HasPrefix(setting, "TF_VAR_") }), env...)
	// A third of Terraform's time is its garbage collector's when it has little.
	cmd.Env = append(cmd.Env, "GOGC=400", "AWS_ACCESS_KEY_ID=none", "AWS_SECRET_ACCESS_KEY=none", "AWS_REGION=eu-west-1", "AWS_EC2_METADATA_DISABLED=true", "TF_IN_AUTOMATION=1")
	cmd.Env = append(cmd.Env, settings...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", filepath.Base(terraform.Binary()), strings.Join(args, " "), err, out)
	}
	// What either line of the provider deprecates is gone in the next.
	if deprecated.Match(out) {
		t.Errorf("%s %s warns of something deprecated:\n%s", filepath.Base(terraform.Binary()), strings.Join(args, " "), out)
	}
}

// deprecated finds the warnings of the provider and of Terraform itself.
var deprecated = regexp.MustCompile(`(?i)Warning: [^\n]*deprecat`)

func TestTerraformFilesAreFormatted(t *testing.T) {
	run(t, root, nil, "fmt", "-check", "-diff", "-recursive", ".")
}

var initialise = []string{"init", "-backend=false", "-input=false", "-no-color"}

func TestModules(t *testing.T) {
	if _, err := terraform.CheckBinary(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := terraform.CheckProvider(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Modules refer to their neighbours, and init writes beside its files: the
	// tests run in a copy.
	work := t.TempDir()
	for _, dir := range []string{"modules", "web/site", "examples"} {
		if err := os.CopyFS(filepath.Join(work, dir), os.DirFS(filepath.Join(root, dir))); err != nil {
			t.Fatal(err)
		}
	}
	served := filepath.Join(work, "modules", "table")
	run(t, served, nil, initialise...)
	provider, err := terraform.Serve(t.Context(), served)
	if err != nil {
		t.Fatal(err)
	}
	settings := []string{provider}
	for _, pattern := range []string{"modules/*", "examples/*"} {
		dirs, err := filepath.Glob(filepath.Join(work, pattern))
		if err != nil || len(dirs) == 0 {
			t.Fatalf("%s: %v, %v", pattern, dirs, err)
		}
		for _, dir := range dirs {
			name, err := filepath.Rel(work, dir)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if dir != served {
					if err := os.RemoveAll(filepath.Join(dir, ".terraform")); err != nil {
						t.Fatal(err)
					}
				}
				run(t, dir, settings, initialise...)
				if tests, err := filepath.Glob(filepath.Join(dir, "tests", "*.tftest.hcl")); err != nil || len(tests) == 0 {
					if strings.HasPrefix(name, "modules") {
						t.Errorf("%s has no tests", name)
					}
					run(t, dir, settings, "validate", "-no-color")
					return
				}
				run(t, dir, settings, "test", "-no-color") // validates before each run
			})
		}
	}
}

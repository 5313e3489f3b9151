// Package opa_test judges with OPA's own command, and with conftest, what the gate
// judges: whoever has one of them already gets the same findings from the same
// rules.
package opa_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/normal"
	"github.com/portcullis-chat/portcullis/internal/gate/output"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/policies"
)

const root = "../.."

// build builds a developers' tool from its module in tools.
func build(t *testing.T, name string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), name)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-modfile=tools/"+name+"/go.mod", "-o", binary, "github.com/open-policy-agent/"+name)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}

// finding is one as a line, to be compared.
func finding(rule, kind, address, path, message string) string {
	return strings.Join([]string{rule, kind, address, path, message}, " | ")
}

// claim is a finding as a policy states it.
type claim struct {
	Address, Message string
	Path             []string
}

func (c claim) line(rule string, kind gate.Kind) string {
	return finding(rule, string(kind), c.Address, strings.Join(c.Path, "."), c.Message)
}

func TestOPAsOwnCommandAndConftestFindTheSame(t *testing.T) {
	opa, conftest := build(t, "opa"), build(t, "conftest")
	for _, args := range [][]string{{"check", "--strict", "policies", "--ignore=testdata"}, {"fmt", "--fail", "--list", "policies"}} {
		cmd := exec.CommandContext(t.Context(), opa, args...)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("opa %v: %v\n%s", args, err, out)
		}
	}
	engine, err := gate.Load([]fs.FS{policies.FS})
	if err != nil {
		t.Fatal(err)
	}
	dirs, err := filepath.Glob(filepath.Join(root, "policies", "testdata", "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			in, err := plan.Read(t.Context(), plan.Options{Path: filepath.Join(dir, "plan.json"), Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			input := normalized(t, in)
			report, err := engine.Evaluate(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, f := range report.Findings {
				want = append(want, finding(f.Rule, string(f.Kind), f.Address, f.Path, f.Message))
			}
			if slices.Sort(want); len(want) < 10 {
				t.Errorf("the gate finds %d", len(want))
			}
			for name, got := range map[string][]string{"OPA": byOPA(t, opa, input), "conftest": byConftest(t, conftest, input)} {
				slices.Sort(got)
				if slices.Equal(want, got) {
					continue
				}
				t.Errorf("the gate finds %d, %s %d", len(want), name, len(got))
				for _, line := range got {
					if !slices.Contains(want, line) {
						t.Logf("%s only: %s", name, line)
					}
				}
				for _, line := range want {
					if !slices.Contains(got, line) {
						t.Logf("not %s: %s", name, line)
					}
				}
			}
		})
	}
}

// normalized writes what `portcullis gate normalize` prints, and names the file.
func normalized(t *testing.T, in *plan.Input) string {
	t.Helper()
	document, err := normal.New(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "input.json")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := output.JSON(file, document); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// run runs a command in the root of the repository and reads its JSON. What it
// finds is no failure.
func run(t *testing.T, into any, command string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command, args...)
	cmd.Dir = root
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("%v\n%s", err, said.String())
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatalf("%v\n%s%s", err, out, said.String())
	}
}

// byOPA has OPA evaluate all rules, as docs/gate.md says.
func byOPA(t *testing.T, opa, input string) []string {
	t.Helper()
	var groups map[string]map[string]struct{ Deny, Unknown []claim }
	run(t, &groups, opa, "eval", "--strict-builtin-errors", "--data=policies", "--ignore=testdata", "--ignore=*_test.rego", "--input="+input, "--format=raw", "data.portcullis.rules")
	var all []string
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		for name, verdict := range groups[group] {
			rule := strings.ReplaceAll(group+"/"+name, "_", "-")
			for kind, claims := range map[gate.Kind][]claim{gate.Fail: verdict.Deny, gate.CannotTell: verdict.Unknown} {
				for _, c := range claims {
					all = append(all, c.line(rule, kind))
				}
			}
		}
	}
	return all
}

// byConftest has conftest do so, by the rules in policies/conftest.rego.
func byConftest(t *testing.T, conftest, input string) []string {
	t.Helper()
	type result struct {
		Msg      string
		Metadata struct {
			claim
			Rule string
		}
	}
	var files []struct{ Failures, Warnings []result }
	run(t, &files, conftest, "test", "--strict", "--show-builtin-errors", "--policy=policies", "--output=json", input)
	if len(files) != 1 {
		t.Fatalf("conftest judged %d files", len(files))
	}
	var all []string
	for kind, results := range map[gate.Kind][]result{gate.Fail: files[0].Failures, gate.CannotTell: files[0].Warnings} {
		for _, r := range results {
			if want := fmt.Sprintf("%s %s: %s", r.Metadata.Rule, r.Metadata.Address, r.Metadata.Message); r.Msg != want {
				t.Errorf("conftest prints %q, want %q", r.Msg, want)
			}
			all = append(all, r.Metadata.line(r.Metadata.Rule, kind))
		}
	}
	return all
}

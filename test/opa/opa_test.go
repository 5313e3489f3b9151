// Package opa_test judges with OPA's own command what the gate judges: whoever
// has OPA already gets the same findings from the same rules.
package opa_test

import (
	"encoding/json"
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

// finding is one as a line, to be compared.
func finding(rule, kind, address, path, message string) string {
	return strings.Join([]string{rule, kind, address, path, message}, " | ")
}

func TestOPAsOwnCommandFindsTheSame(t *testing.T) {
	opa := filepath.Join(t.TempDir(), "opa")
	build := exec.CommandContext(t.Context(), "go", "build", "-modfile=tools/opa/go.mod", "-o", opa, "github.com/open-policy-agent/opa")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
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
			report, err := engine.Evaluate(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, f := range report.Findings {
				want = append(want, finding(f.Rule, string(f.Kind), f.Address, f.Path, f.Message))
			}
			got := evaluate(t, opa, in)
			slices.Sort(want)
			slices.Sort(got)
			if len(want) < 10 || !slices.Equal(want, got) {
				t.Errorf("the gate finds %d, OPA %d", len(want), len(got))
				for _, line := range got {
					if !slices.Contains(want, line) {
						t.Logf("OPA only: %s", line)
					}
				}
				for _, line := range want {
					if !slices.Contains(got, line) {
						t.Logf("the gate only: %s", line)
					}
				}
			}
		})
	}
}

// evaluate has OPA evaluate all rules on the normalised plan, as docs/gate.md
// says.
func evaluate(t *testing.T, opa string, in *plan.Input) []string {
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
	cmd := exec.CommandContext(t.Context(), opa, "eval", "--strict-builtin-errors", "--data=policies", "--ignore=testdata", "--ignore=*_test.rego", "--input="+name, "--format=raw", "data.portcullis.rules")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	type claim struct {
		Address, Message string
		Path             []any
	}
	var groups map[string]map[string]struct{ Deny, Unknown []claim }
	if err := json.Unmarshal(out, &groups); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		for name, verdict := range groups[group] {
			rule := strings.ReplaceAll(group+"/"+name, "_", "-")
			for kind, claims := range map[gate.Kind][]claim{gate.Fail: verdict.Deny, gate.CannotTell: verdict.Unknown} {
				for _, c := range claims {
					var steps []string
					for _, step := range c.Path {
						steps = append(steps, fmt.Sprint(step))
					}
					all = append(all, finding(rule, string(kind), c.Address, strings.Join(steps, "."), c.Message))
				}
			}
		}
	}
	return all
}

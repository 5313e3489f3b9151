// Command rulemutants drops each condition of each of the gate's rules, one at a
// time, and reports those that no fixture and no test in Rego notices:
//
//	rulemutants [group/name …]
//
// Without names it takes all rules. What is left does not compile or is not the
// rule's any more is no mutant. Not every survivor is a gap: some conditions only
// save work.
package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing/fstest"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/internal/gate/policytest"
	"github.com/portcullis-chat/portcullis/policies"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rulemutants:", err)
		os.Exit(1)
	}
}

// fixture is a plan with what is expected of it.
type fixture struct {
	input *plan.Input
	want  map[string][]string
}

func run(ctx context.Context, asked []string) error {
	fixtures, err := read(ctx)
	if err != nil {
		return err
	}
	files, err := fs.Glob(policies.FS, "*/*.rego")
	if err != nil {
		return err
	}
	mutants, survivors := 0, 0
	for _, file := range files {
		rule := strings.ReplaceAll(strings.TrimSuffix(file, ".rego"), "_", "-")
		if strings.HasPrefix(file, "lib/") || strings.HasSuffix(file, "_test.rego") || len(asked) > 0 && !slices.Contains(asked, rule) && !slices.Contains(asked, path.Dir(file)) {
			continue
		}
		body, err := fs.ReadFile(policies.FS, file)
		if err != nil {
			return err
		}
		lines := strings.Split(string(body), "\n")
		if same, compiles := judge(ctx, file, rule, string(body), fixtures); !same || !compiles {
			return fmt.Errorf("%s does not hold as it is", rule)
		}
		for i := range lines {
			if !condition(lines, i) {
				continue
			}
			same, compiles := judge(ctx, file, rule, strings.Join(slices.Delete(slices.Clone(lines), i, i+1), "\n"), fixtures)
			if !compiles {
				continue
			}
			if mutants++; same {
				survivors++
				fmt.Printf("policies/%s:%d: %s\n", file, i+1, strings.TrimSpace(lines[i]))
			}
		}
	}
	fmt.Printf("%d conditions dropped, %d not noticed\n", mutants, survivors)
	return nil
}

func read(ctx context.Context) ([]fixture, error) {
	dirs, err := filepath.Glob("policies/testdata/*")
	if err != nil || len(dirs) == 0 {
		return nil, fmt.Errorf("no fixtures: run it at the root of the repository: %w", err)
	}
	var all []fixture
	for _, dir := range dirs {
		want, err := policytest.Expected(dir)
		if err != nil {
			return nil, err
		}
		in, err := plan.Read(ctx, plan.Options{Path: filepath.Join(dir, "plan.json"), Dir: dir})
		if err != nil {
			return nil, err
		}
		all = append(all, fixture{in, want})
	}
	return all, nil
}

// condition tells of a line that is one whole condition in a rule's body.
func condition(lines []string, i int) bool {
	line := lines[i]
	if !strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "\t\t") || strings.HasPrefix(line, "\t}") || strings.HasSuffix(line, ",") ||
		strings.HasSuffix(line, "{") || strings.HasSuffix(line, "[") || strings.HasSuffix(line, "(") || strings.HasPrefix(line, "\t#") {
		return false
	}
	for i >= 0 && (lines[i] == "" || strings.HasPrefix(lines[i], "\t")) {
		i--
	}
	return i >= 0 && strings.HasSuffix(lines[i], " if {")
}

// judge tells whether a rule with this text says what is expected, and whether it
// is a rule at all.
func judge(ctx context.Context, file, rule, text string, fixtures []fixture) (same, compiles bool) {
	files := fstest.MapFS{file: &fstest.MapFile{Data: []byte(text)}}
	for _, pattern := range []string{"lib/*.rego", strings.TrimSuffix(file, ".rego") + "_test.rego"} {
		names, _ := fs.Glob(policies.FS, pattern)
		for _, name := range names {
			if body, err := fs.ReadFile(policies.FS, name); err == nil && !strings.HasPrefix(name, "lib/") || !strings.HasSuffix(name, "_test.rego") {
				files[name] = &fstest.MapFile{Data: body}
			}
		}
	}
	engine, err := gate.Load([]fs.FS{files})
	if err != nil {
		return false, false
	}
	modules := map[string]*ast.Module{}
	if err := policytest.Parse(modules, "", files, true); err != nil {
		return false, false
	}
	results, err := policytest.Rego(ctx, modules, nil)
	if err != nil {
		return false, false
	}
	for _, result := range results {
		if !result.Pass() {
			return false, true
		}
	}
	its := func(id string) bool { return id == rule }
	for _, f := range fixtures {
		want := map[string][]string{}
		for address, all := range f.want {
			for _, v := range all {
				if strings.HasSuffix(v, " "+rule) {
					want[address] = append(want[address], v)
				}
			}
		}
		if len(want) == 0 {
			continue
		}
		report, err := engine.Evaluate(ctx, f.input)
		if err != nil {
			return false, true // noticed: the gate says so
		}
		if len(policytest.Differences(want, policytest.Verdicts(report, its))) > 0 {
			return false, true
		}
	}
	return true, true
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/normal"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/internal/gate/policytest"
	"github.com/portcullis-chat/portcullis/policies"
)

// fixture is a plan as rules see it, and the groups of rules that it has cases of.
type fixture struct {
	name   string
	input  *ast.Term
	groups map[string]bool
}

// read reads the fixtures. Each document is what `portcullis gate normalize`
// prints.
func read(ctx context.Context) ([]fixture, error) {
	dirs, err := filepath.Glob("policies/testdata/*")
	if err != nil || len(dirs) == 0 {
		return nil, errors.Join(errors.New("no fixtures: run it at the root of the repository"), err)
	}
	var all []fixture
	for _, dir := range dirs {
		want, err := policytest.Expected(dir)
		if err != nil {
			return nil, err
		}
		groups := map[string]bool{}
		for _, verdicts := range want {
			for _, verdict := range verdicts {
				_, rule, _ := strings.Cut(verdict, " ")
				groups[path.Dir(rule)] = true
			}
		}
		in, err := plan.Read(ctx, plan.Options{Path: filepath.Join(dir, "plan.json"), Dir: dir})
		if err != nil {
			return nil, err
		}
		document, err := normal.New(in, nil)
		if err != nil {
			return nil, err
		}
		body, err := json.Marshal(document)
		if err != nil {
			return nil, err
		}
		input, err := ast.ValueFromReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		all = append(all, fixture{dir, ast.NewTerm(input), groups})
	}
	return all, nil
}

// try judges the mutants of the rules of one group, all compiled together, each
// as a package of its own.
func try(ctx context.Context, group string, files []string, fixtures []fixture, reasons map[string]string) (tally, error) {
	var t tally
	modules := map[string]*ast.Module{}
	lib, err := fs.Sub(policies.FS, "lib")
	if err != nil {
		return t, err
	}
	if err := policytest.Parse(modules, "lib/", lib, false); err != nil {
		return t, err
	}
	mutants := map[string][]mutant{} // of a file; the first is the rule as it is
	for _, file := range files {
		if mutants[file], err = parse(modules, file); err != nil {
			return t, err
		}
	}
	compiler, err := compile(modules)
	if err != nil {
		return t, err
	}
	same, err := unnoticedByFixtures(ctx, group, mutants, modules, compiler, fixtures)
	if err != nil {
		return t, err
	}
	noticed, err := noticedByTests(ctx, group, modules, same)
	if err != nil {
		return t, err
	}
	known := map[string]bool{}
	for file, all := range mutants {
		for i, m := range all {
			if i == 0 || modules[packageOf(file, i)] == nil {
				continue
			}
			known[m.name] = true
			survived := slices.Contains(same[file], i) && !noticed[packageOf(file, i)]
			_, excused := reasons[m.name]
			switch {
			case survived && excused:
				t.equivalent++
			case survived:
				t.survived = append(t.survived, m.name)
			case excused:
				t.wrong = append(t.wrong, "makes a difference after all: "+m.name)
			default:
				t.noticed++
			}
		}
	}
	for name := range reasons {
		file, _, _ := strings.Cut(strings.TrimPrefix(name, "policies/"), " ")
		if mutants[file] != nil && !known[name] {
			t.wrong = append(t.wrong, "there is no such mutant (any more): "+name)
		}
	}
	return t, nil
}

// parse adds a rule and its mutants to modules.
func parse(modules map[string]*ast.Module, file string) ([]mutant, error) {
	body, err := fs.ReadFile(policies.FS, file)
	if err != nil {
		return nil, err
	}
	changed, err := mutate(file, string(body))
	if err != nil {
		return nil, err
	}
	all := append([]mutant{{text: string(body)}}, changed...)
	for i, m := range all {
		name := packageOf(file, i)
		if module, err := ast.ParseModuleWithOpts(name, ownPackage.ReplaceAllString(m.text, "package "+name), ast.ParserOptions{RegoVersion: ast.RegoV1}); err == nil {
			modules[name] = module
		}
	}
	return all, nil
}

// unnoticedByFixtures gives, by file, the numbers of the mutants that say what the
// rule says of each fixture that has cases of its group.
func unnoticedByFixtures(ctx context.Context, group string, mutants map[string][]mutant, modules map[string]*ast.Module, compiler *ast.Compiler, fixtures []fixture) (map[string][]int, error) {
	left := map[string][]int{}
	for file, all := range mutants {
		for i := range all {
			if i > 0 && modules[packageOf(file, i)] != nil {
				left[file] = append(left[file], i)
			}
		}
	}
	for _, f := range fixtures {
		if !f.groups[group] {
			continue
		}
		cache := topdown.NewVirtualCache() // shared: most is asked of the helpers
		for file, numbers := range left {
			want, err := ask(ctx, packageOf(file, 0), f, compiler, cache)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			left[file] = slices.DeleteFunc(numbers, func(i int) bool {
				got, err := ask(ctx, packageOf(file, i), f, compiler, cache)
				return err != nil || got != want
			})
		}
	}
	return left, ctx.Err()
}

var ownPackage = regexp.MustCompile(`(?m)^package .*$`)

func packageOf(file string, number int) string {
	return fmt.Sprintf("mutants.%s.m%d", strings.ReplaceAll(strings.TrimSuffix(file, ".rego"), "/", "."), number)
}

// compile takes modules out until the rest compiles. The helpers and the rules as
// they are have to.
func compile(modules map[string]*ast.Module) (*ast.Compiler, error) {
	for {
		compiler := ast.NewCompiler().WithCapabilities(gate.Capabilities())
		compiler.SetErrorLimit(0)
		compiler.Compile(maps.Clone(modules))
		if !compiler.Failed() {
			return compiler, nil
		}
		for _, err := range compiler.Errors {
			if !strings.HasPrefix(err.Location.File, "mutants.") || strings.HasSuffix(err.Location.File, ".m0") {
				return nil, err
			}
			delete(modules, err.Location.File)
		}
	}
}

var instance = regexp.MustCompile(`\[.*\]$`)

// ask gives what a rule says of a fixture, as text: of each resource what is
// written above its block.
func ask(ctx context.Context, name string, f fixture, compiler *ast.Compiler, cache topdown.VirtualCache) (string, error) {
	body, err := ast.ParseBody(fmt.Sprintf("subjects = [s | s = data.%[1]s.subjects[_]]; fail = [d.address | d = data.%[1]s.deny[_]]; unknown = [u.address | u = data.%[1]s.unknown[_]]", name))
	if err != nil {
		return "", err
	}
	results, err := topdown.NewQuery(body).WithCompiler(compiler).WithInput(f.input).WithStrictBuiltinErrors(true).WithVirtualCache(cache).Run(ctx)
	if err != nil {
		return "", err
	}
	if len(results) != 1 {
		return "", errors.New("no result")
	}
	verdicts, found := map[string]bool{}, map[string]bool{}
	for _, kind := range []string{"fail", "unknown", "subjects"} {
		list, ok := results[0][ast.Var(kind)].Value.(*ast.Array)
		if !ok {
			return "", fmt.Errorf("%s is no list", kind)
		}
		list.Foreach(func(term *ast.Term) {
			address := strings.Trim(term.Value.String(), `"`)
			if kind != "subjects" {
				found[address] = true
				verdicts[kind+" "+instance.ReplaceAllString(address, "")] = true
			} else if !found[address] {
				verdicts["pass "+instance.ReplaceAllString(address, "")] = true
			}
		})
	}
	return strings.Join(slices.Sorted(maps.Keys(verdicts)), "\n"), nil
}

var ownImport = regexp.MustCompile(`(?m)^import data\.portcullis\.rules\.([a-z0-9_]+)\.([a-z0-9_]+)$`)

// noticedByTests gives the packages of mutants that fail a test in Rego. Each test
// of a rule is there once for each of its mutants.
func noticedByTests(ctx context.Context, group string, compiled map[string]*ast.Module, survivors map[string][]int) (map[string]bool, error) {
	tests, err := fs.Glob(policies.FS, group+"/*_test.rego")
	if err != nil {
		return nil, err
	}
	modules, mutantOf := map[string]*ast.Module{}, map[string]string{}
	for name, module := range compiled {
		if !strings.HasPrefix(name, "mutants.") || strings.HasSuffix(name, ".m0") {
			modules[name] = module
		}
	}
	for n, test := range tests {
		body, err := fs.ReadFile(policies.FS, test)
		if err != nil {
			return nil, err
		}
		for _, tested := range ownImport.FindAllStringSubmatch(string(body), -1) {
			file := tested[1] + "/" + tested[2] + ".rego"
			for _, i := range survivors[file] {
				text := ownImport.ReplaceAllStringFunc(string(body), func(line string) string {
					of := ownImport.FindStringSubmatch(line)
					if line == tested[0] {
						return "import data." + packageOf(file, i) + " as " + of[2]
					}
					return "import data." + packageOf(of[1]+"/"+of[2]+".rego", 0) + " as " + of[2]
				})
				name := fmt.Sprintf("tests.%s.t%d", packageOf(file, i), n)
				module, err := ast.ParseModuleWithOpts(name, ownPackage.ReplaceAllString(text, "package "+name), ast.ParserOptions{RegoVersion: ast.RegoV1})
				if err != nil {
					return nil, err
				}
				modules[name], modules[packageOf(file, i)], mutantOf["data."+name] = module, compiled[packageOf(file, i)], packageOf(file, i)
			}
		}
	}
	noticed := map[string]bool{}
	if len(mutantOf) == 0 {
		return noticed, nil
	}
	runner := tester.NewRunner().SetCompiler(ast.NewCompiler().WithCapabilities(gate.Capabilities())).SetModules(modules).SetStore(inmem.New()).SetTimeout(time.Minute)
	results, err := runner.RunTests(ctx, nil)
	if err != nil {
		return nil, err
	}
	for result := range results {
		if !result.Pass() {
			noticed[mutantOf[result.Package]] = true
		}
	}
	return noticed, ctx.Err()
}

package policies_test

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/policies"
)

func load(t *testing.T, options ...gate.Option) *gate.Engine {
	t.Helper()
	e, err := gate.Load([]fs.FS{policies.FS}, options...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// expected are the verdicts written above the blocks of a fixture:
//
//	# fail: websocket/connect-authorizer
//	resource "aws_apigatewayv2_route" "open" {
//
// by address without keys, as "fail websocket/connect-authorizer".
func expected(t *testing.T, dir string) map[string][]string {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var (
		verdict = regexp.MustCompile(`^# (pass|fail|unknown): (.+)$`)
		head    = regexp.MustCompile(`^resource "([^"]+)" "([^"]+)"`)
		all     = map[string][]string{}
		above   []string
	)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		if m := verdict.FindStringSubmatch(line); m != nil {
			for _, rule := range strings.Split(m[2], ", ") {
				above = append(above, m[1]+" "+rule)
			}
			continue
		}
		if m := head.FindStringSubmatch(line); m != nil {
			all[m[1]+"."+m[2]] = above
		}
		if !strings.HasPrefix(line, "#") {
			above = nil
		}
	}
	return all
}

// fixtures are the roots with plans of the real provider: `make gate-fixtures`.
// Each holds the cases of the rules of the group that it is named after; adrift
// has those of several where something is known of no other resource of the plan.
func fixtures(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("testdata/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no fixtures", err)
	}
	return dirs
}

func report(t *testing.T, e *gate.Engine, dir string, sources bool) *gate.Report {
	t.Helper()
	o := plan.Options{Path: filepath.Join(dir, "plan.json")}
	if sources {
		o.Dir = dir
	}
	in, err := plan.Read(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := e.Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// groups are those of the rules that a fixture has cases of.
func groups(want map[string][]string) map[string]bool {
	all := map[string]bool{}
	for _, verdicts := range want {
		for _, v := range verdicts {
			_, rule, _ := strings.Cut(v, " ")
			group, _, _ := strings.Cut(rule, "/")
			all[group] = true
		}
	}
	return all
}

// verdicts are what the rules of some groups say of a fixture.
func verdicts(r *gate.Report, groups map[string]bool) map[string][]string {
	key := regexp.MustCompile(`\[.*\]$`)
	all := map[string][]string{}
	add := func(address, rule, verdict string) {
		base := key.ReplaceAllString(address, "")
		group, _, _ := strings.Cut(rule, "/")
		if groups[group] && !slices.Contains(all[base], verdict+" "+rule) {
			all[base] = append(all[base], verdict+" "+rule)
		}
	}
	for _, f := range r.Findings {
		add(f.Address, f.Rule, map[gate.Kind]string{gate.Fail: "fail", gate.CannotTell: "unknown"}[f.Kind])
	}
	for _, p := range r.Passed {
		add(p.Address, p.Rule, "pass")
	}
	return all
}

func TestEachResourceOfTheFixturesGetsJustTheVerdictsWrittenAboveIt(t *testing.T) {
	for _, dir := range fixtures(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			want := expected(t, dir)
			got := verdicts(report(t, load(t), dir, true), groups(want))
			for address := range got {
				if _, ok := want[address]; !ok {
					t.Errorf("%s is not in the fixture: %v", address, got[address])
				}
			}
			for address, all := range want {
				slices.Sort(all)
				slices.Sort(got[address])
				if !slices.Equal(all, got[address]) {
					t.Errorf("%s\n  want %s\n  have %s", address, strings.Join(all, ", "), strings.Join(got[address], ", "))
				}
			}
		})
	}
}

// What the policies do not name is not in their input; it must not matter.
func TestRulesSayTheSameOfTheWholePlan(t *testing.T) {
	for _, dir := range fixtures(t) {
		part, whole := report(t, load(t), dir, true), report(t, load(t, gate.WithWholeInput()), dir, true)
		if !reflect.DeepEqual(part, whole) {
			t.Errorf("%s: %d findings and %d passes on what is needed, %d and %d on all", dir, len(part.Findings), len(part.Passed), len(whole.Findings), len(whole.Passed))
		}
	}
}

func TestRulesSayTheSameWithoutTheIndexOfRules(t *testing.T) {
	for _, dir := range fixtures(t) {
		with, without := report(t, load(t), dir, true), report(t, load(t, gate.WithoutIndexing()), dir, true)
		if len(with.Findings) == 0 || !reflect.DeepEqual(with, without) {
			t.Errorf("%s: %d findings with the index, %d without", dir, len(with.Findings), len(without.Findings))
		}
	}
}

// Without sources less can be told; but what fails with them must not pass, and
// what passes must not fail.
func TestWithoutSourcesNothingTurnsIntoItsOpposite(t *testing.T) {
	for _, dir := range fixtures(t) {
		groups := groups(expected(t, dir))
		with, without := verdicts(report(t, load(t), dir, true), groups), verdicts(report(t, load(t), dir, false), groups)
		for address, all := range with {
			for _, v := range all {
				kind, rule, _ := strings.Cut(v, " ")
				opposite := map[string]string{"fail": "pass ", "pass": "fail "}[kind] + rule
				if slices.Contains(without[address], opposite) && !slices.Contains(all, opposite) {
					t.Errorf("%s: %s, and without sources %s", address, v, opposite)
				}
			}
		}
	}
}

func TestEachRuleHasCasesThatPassFailAndCannotBeTold(t *testing.T) {
	seen := map[string]bool{}
	for _, dir := range fixtures(t) {
		for _, all := range expected(t, dir) {
			for _, v := range all {
				seen[v] = true
			}
		}
	}
	for _, rule := range load(t).Rules {
		for _, verdict := range []string{"pass", "fail", "unknown"} {
			if !seen[verdict+" "+rule.ID] {
				t.Errorf("%s has no case for %s", rule.ID, verdict)
			}
		}
	}
}

func modules(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(policies.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(policies.FS, name)
		all[name] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPoliciesAreFormatted(t *testing.T) {
	for name, body := range modules(t) {
		formatted, err := format.SourceWithOpts(name, []byte(body), format.Opts{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if string(formatted) != body {
			t.Errorf("%s is not formatted: `make fmt` does it", name)
		}
	}
}

// A walk over the whole input costs a hundred times what by_type does.
func TestPoliciesDoNotWalk(t *testing.T) {
	for name, body := range modules(t) {
		if regexp.MustCompile(`\bwalk\(`).MatchString(body) {
			t.Errorf("%s walks", name)
		}
	}
}

func TestTheFixturesReachEachLineOfEachRule(t *testing.T) {
	tracer := cover.New()
	e := load(t, gate.WithTracer(tracer))
	for _, dir := range fixtures(t) {
		report(t, e, dir, true)
		report(t, e, dir, false)
	}
	regoTests(t, tracer)
	parsed := map[string]*ast.Module{}
	for name, body := range modules(t) {
		if strings.HasSuffix(name, "_test.rego") {
			continue
		}
		module, err := ast.ParseModuleWithOpts(name, body, ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
		parsed[name] = module
	}
	for name, file := range tracer.Report(parsed).Files {
		for _, missed := range file.NotCovered {
			t.Errorf("%s:%d to %d is never reached", name, missed.Start.Row, missed.End.Row)
		}
	}
}

// regoTests runs the tests in Rego and reports those that fail. A test with
// cases, test_x[case], is true for each of them.
func regoTests(t *testing.T, tracer *cover.Cover) {
	t.Helper()
	parsed := map[string]*ast.Module{}
	for name, body := range modules(t) {
		module, err := ast.ParseModuleWithOpts(name, body, ast.ParserOptions{RegoVersion: ast.RegoV1})
		if err != nil {
			t.Fatal(err)
		}
		parsed[name] = module
	}
	runner := tester.NewRunner().SetCompiler(ast.NewCompiler().WithStrict(true).WithCapabilities(gate.Capabilities())).
		SetModules(parsed).SetStore(inmem.New()).SetTimeout(time.Minute)
	if tracer != nil {
		runner = runner.SetCoverageQueryTracer(tracer)
	}
	results, err := runner.RunTests(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for result := range results {
		ran++
		if !result.Pass() {
			t.Errorf("%s", result)
		}
	}
	if ran < 10 {
		t.Errorf("%d tests ran", ran)
	}
}

func TestTheHelpersHold(t *testing.T) { regoTests(t, nil) }

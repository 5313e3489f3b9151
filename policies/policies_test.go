package policies_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/format"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/output"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/internal/gate/policytest"
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

var loaded = sync.OnceValues(func() (*gate.Engine, error) { return gate.Load([]fs.FS{policies.FS}) })

// every is the engine with all rules, which is compiled once.
func every(t *testing.T) *gate.Engine {
	t.Helper()
	e, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// expected are the verdicts written above the blocks of a fixture.
func expected(t *testing.T, dir string) map[string][]string {
	t.Helper()
	all, err := policytest.Expected(dir)
	if err != nil {
		t.Fatal(err)
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
	r, err := policytest.Fixture(t.Context(), e, dir, sources)
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
	return policytest.Verdicts(r, func(rule string) bool {
		group, _, _ := strings.Cut(rule, "/")
		return groups[group]
	})
}

func TestEachResourceOfTheFixturesGetsJustTheVerdictsWrittenAboveIt(t *testing.T) {
	for _, dir := range fixtures(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			want := expected(t, dir)
			got := verdicts(report(t, every(t), dir, true), groups(want))
			for _, difference := range policytest.Differences(want, got) {
				t.Error(difference)
			}
		})
	}
}

// What the policies do not name is not in their input; a plan of one resource has
// few rules compiled; the command has its rules packed. None of it must matter.
func TestRulesSayTheSameOfTheWholePlanCompiledAsNeededAndPacked(t *testing.T) {
	packed, err := gate.Pack(policies.FS)
	if err != nil {
		t.Fatal(err)
	}
	others := map[string]*gate.Engine{"of the whole plan": load(t, gate.WithWholeInput()), "as needed": load(t, gate.Lazily()), "packed": load(t, gate.Packed(string(packed)))}
	for _, dir := range fixtures(t) {
		want := report(t, every(t), dir, true)
		for how, e := range others {
			if got := report(t, e, dir, true); !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %s: %d findings and %d passes, else %d and %d", dir, how, len(got.Findings), len(got.Passed), len(want.Findings), len(want.Passed))
			}
		}
	}
	got, err := json.Marshal(others["packed"].Rules)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := json.Marshal(every(t).Rules); err != nil || string(got) != string(want) {
		t.Errorf("packed rules say something else of themselves: %v", err)
	}
}

// The gate takes the rules that name a type of the plan. One that speaks of a type
// that it does not name is silent where nothing else has it taken.
func TestRulesNameTheTypesOfWhatTheySpeakOf(t *testing.T) {
	e := load(t)
	rules, typ := e.ByID(), regexp.MustCompile(`(?:^|\.)(aws_[a-z0-9_]+)\.[^.\[\]]+(?:\[.*\])?$`)
	missing := map[string]bool{}
	look := func(rule, address string) {
		if m := typ.FindStringSubmatch(address); m != nil && !slices.Contains(rules[rule].Types, m[1]) {
			missing[rule+" "+m[1]] = true
		}
	}
	for _, dir := range fixtures(t) {
		r := report(t, e, dir, true)
		for _, f := range r.Findings {
			look(f.Rule, f.Address)
		}
		for _, p := range r.Passed {
			look(p.Rule, p.Address)
		}
	}
	for _, one := range slices.Sorted(maps.Keys(missing)) {
		t.Error(one)
	}
}

// The fixture has a secret that is written down. Reports name its block alone.
func TestASecretThatIsFoundIsNotPrinted(t *testing.T) {
	dir := filepath.Join("testdata", "edge")
	in, err := plan.Read(t.Context(), plan.Options{Path: filepath.Join(dir, "plan.json"), Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	e := every(t)
	r, err := e.Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	view := &output.View{Report: r, Rules: e.ByID(), Sources: in.Sources, Unknown: output.UnknownWarns, FailOn: gate.Low, Passed: true}
	for _, format := range output.Formats() {
		var out strings.Builder
		if err := output.Write(view, format, &out); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "edge/literal-origin-secret") || strings.Contains(out.String(), "written-down") {
			t.Errorf("%s does not have the finding, or has the secret", format)
		}
	}
}

func TestRulesSayTheSameWithoutTheIndexOfRules(t *testing.T) {
	unindexed := load(t, gate.WithoutIndexing())
	for _, dir := range fixtures(t) {
		with, without := report(t, every(t), dir, true), report(t, unindexed, dir, true)
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
		with, without := verdicts(report(t, every(t), dir, true), groups), verdicts(report(t, every(t), dir, false), groups)
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
	for _, rule := range every(t).Rules {
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
	if err := policytest.Parse(parsed, "", policies.FS, false); err != nil {
		t.Fatal(err)
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
	if err := policytest.Parse(parsed, "", policies.FS, true); err != nil {
		t.Fatal(err)
	}
	results, err := policytest.Rego(t.Context(), parsed, tracer)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, result := range results {
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

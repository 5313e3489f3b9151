// Package gatesteps_test sees that no rule of the gate takes ever longer for
// each resource the more there are.
package gatesteps_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/portcullis-chat/portcullis/internal/gate"
	"github.com/portcullis-chat/portcullis/internal/gate/normal"
	"github.com/portcullis-chat/portcullis/internal/gate/plan"
	"github.com/portcullis-chat/portcullis/internal/gate/policytest"
	"github.com/portcullis-chat/portcullis/policies"
	"github.com/portcullis-chat/portcullis/test/internal/bigplan"
)

// copies of a fixture's resources in the smaller plan; the larger has twice as
// many.
const copies = 24

// most is how much more a plan of twice the size may take, for each thing that
// there is to say of it. What is linear takes twice as much, or less; what looks
// at each pair comes close to four times.
const most = 2.25

// mostBytes is the same for what is allocated: tables that grow by doubling take
// more than twice as much where the larger plan has just made one grow.
const mostBytes = 2.6

// cost of an evaluation, in what no clock or load changes: how often OPA went on
// to an expression, and what it allocated, which copies in built-in functions do.
// Said is the number of subjects and findings.
type cost struct{ steps, bytes, said float64 }

// counter counts steps: OPA asks it before each.
type counter struct{ steps int }

func (c *counter) Cancel()         {}
func (c *counter) Cancelled() bool { c.steps++; return false }

func TestEachRuleTakesTwiceAsMuchForTwiceTheResources(t *testing.T) {
	modules := map[string]*ast.Module{}
	if err := policytest.Parse(modules, "", policies.FS, false); err != nil {
		t.Fatal(err)
	}
	compiler := ast.NewCompiler()
	if compiler.Compile(modules); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	engine, err := gate.Load([]fs.FS{policies.FS})
	if err != nil {
		t.Fatal(err)
	}
	searched := searches(t)
	fixtures, err := filepath.Glob("../../policies/testdata/*/plan.json")
	if err != nil || len(fixtures) == 0 {
		t.Fatal("no fixtures", err)
	}
	measured := 0
	for _, fixture := range fixtures {
		group := filepath.Base(filepath.Dir(fixture))
		small, large := input(t, fixture, copies, engine.Needs()), input(t, fixture, 2*copies, engine.Needs())
		for _, rule := range engine.Rules {
			if !strings.HasPrefix(rule.ID, group+"/") {
				continue
			}
			query := ast.NewBody(ast.Equality.Expr(ast.VarTerm("result"), ast.RefTerm(append([]*ast.Term{ast.DefaultRootDocument}, path(rule.ID)...)...)))
			one, two := evaluate(t, compiler, query, small, searched), evaluate(t, compiler, query, large, searched)
			measured++
			// A name with a wildcard fits the more the more there are.
			fits := max(1, two.said/one.said/2)
			if two.steps > most*fits*one.steps || two.bytes > mostBytes*fits*one.bytes {
				t.Errorf("%s: %.0f steps and %.0f kB, and for twice the resources %.0f and %.0f: gather once, by lib.targets, what each resource is asked for",
					rule.ID, one.steps, one.bytes/1e3, two.steps, two.bytes/1e3)
			}
		}
	}
	if measured != len(engine.Rules) {
		t.Errorf("%d of %d rules were measured", measured, len(engine.Rules))
	}
}

// path is that of a rule's package below data.
func path(id string) []*ast.Term {
	path := []*ast.Term{ast.StringTerm("portcullis"), ast.StringTerm("rules")}
	for name := range strings.SplitSeq(id, "/") {
		path = append(path, ast.StringTerm(strings.ReplaceAll(name, "-", "_")))
	}
	return path
}

// input is that of a plan with copies of a fixture's resources.
func input(t *testing.T, fixture string, copies int, needs *normal.Needs) *ast.Term {
	t.Helper()
	base, err := os.ReadFile(fixture)
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	if _, err := bigplan.Write(&body, base, copies); err != nil {
		t.Fatal(err)
	}
	in, err := plan.Read(t.Context(), plan.Options{Path: "-", Stdin: &body})
	if err != nil {
		t.Fatal(err)
	}
	document, err := normal.New(in, needs)
	if err != nil {
		t.Fatal(err)
	}
	value, err := gate.Input(document)
	if err != nil {
		t.Fatal(err)
	}
	return ast.NewTerm(value)
}

func evaluate(t *testing.T, compiler *ast.Compiler, query ast.Body, input *ast.Term, searched *int) cost {
	t.Helper()
	var before, after runtime.MemStats
	var steps counter
	*searched = 0
	store := inmem.New()
	txn, err := store.NewTransaction(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&before)
	results, err := topdown.NewQuery(query).WithStore(store).WithTransaction(txn).WithCompiler(compiler).WithInput(input).WithStrictBuiltinErrors(true).WithCancel(&steps).Run(t.Context())
	runtime.ReadMemStats(&after)
	if err != nil || len(results) != 1 {
		t.Fatal(query, results, err)
	}
	said := 0.0
	for _, kind := range []string{"subjects", "deny", "unknown"} {
		if set, err := results[0]["result"].Value.Find(ast.Ref{ast.StringTerm(kind)}); err == nil {
			said += float64(set.(ast.Set).Len()) //nolint:forcetypeassert // rules are sets
		}
	}
	return cost{steps: float64(steps.steps + *searched), bytes: float64(after.TotalAlloc - before.TotalAlloc), said: said}
}

// searches counts the elements that x in y looks at where y is a list: OPA goes
// through all of it in one step.
func searches(t *testing.T) *int {
	t.Helper()
	searched := new(int)
	name := ast.Member.Name
	search := topdown.GetBuiltin(name)
	if search == nil {
		t.Fatal("no ", name)
	}
	topdown.RegisterBuiltinFunc(name, func(ctx topdown.BuiltinContext, operands []*ast.Term, found func(*ast.Term) error) error {
		if list, ok := operands[1].Value.(*ast.Array); ok {
			*searched += list.Len()
		}
		return search(ctx, operands, found)
	})
	t.Cleanup(func() { topdown.RegisterBuiltinFunc(name, search) })
	return searched
}

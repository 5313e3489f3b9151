package packed

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/portcullis-chat/portcullis/policies"
)

// spelled has what Rego has to offer.
const spelled = `package spelled.out

import data.other.lib

default allowed := false

allowed if {
	not lib.closed
	every i, x in input.list {
		x > i
	}
	lib.open with input as {"a": [1, -2.5e3, null, true, false, {"s", "t"}, ""]} with data.x as {}
} else := "perhaps" if {
	input.list[_].name == "ä\n"
} else := {"never": set()}

f(x, [y, _]) := z if z := (x + y) * 2

names contains name if {
	some i
	name := [n | some n in input.names; n != "x"][i]
}

by[a][b] := {k: v | some k, v in object.union(a, b)} if some a, b in input.pairs

parts := {p | p := concat("-", ["a", sprintf("%d", [f(1, [2, 3])])])}
`

func compiled(t *testing.T, modules map[string]string) map[string]*ast.Module {
	t.Helper()
	parsed := map[string]*ast.Module{}
	for name, body := range modules {
		module, err := ast.ParseModule(name, body)
		if err != nil {
			t.Fatal(err)
		}
		parsed[name] = module
	}
	compiler := ast.NewCompiler()
	if compiler.Compile(parsed); compiler.Failed() {
		t.Fatal(compiler.Errors)
	}
	return compiler.Modules
}

func TestModulesAreReadAsTheyWereWritten(t *testing.T) {
	sources := map[string]string{"spelled.rego": spelled, "lib.rego": "package other.lib\n\nopen := input.a\n\nclosed := data.x\n"}
	err := fs.WalkDir(policies.FS, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !strings.HasSuffix(name, "_test.rego") {
			var body []byte
			body, err = fs.ReadFile(policies.FS, name)
			sources[name] = string(body)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	modules := compiled(t, sources)
	w := NewWriter()
	places := map[string]int{}
	for name, module := range modules {
		places[name] = w.Place()
		w.Module(module)
	}
	body, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	r := NewReader(string(body))
	for name, want := range modules {
		got := r.From(places[name]).Module(name)
		if !got.Package.Path.Equal(want.Package.Path) || len(got.Rules) != len(want.Rules) {
			t.Fatalf("%s: %s with %d rules", name, got.Package, len(got.Rules))
		}
		for i := range want.Rules {
			same(t, got.Rules[i], want.Rules[i])
			if got.Rules[i].Module != got {
				t.Errorf("%s: a rule without its module", name)
			}
		}
	}
}

func same(t *testing.T, got, want *ast.Rule) {
	t.Helper()
	if got.Compare(want) != 0 || got.String() != want.String() {
		t.Errorf("want %s\nhave %s", want, got)
	}
	var expressions []*ast.Expr
	ast.WalkExprs(want, func(e *ast.Expr) bool {
		expressions = append(expressions, e)
		return false
	})
	ast.WalkExprs(got, func(e *ast.Expr) bool {
		other := expressions[0]
		expressions = expressions[1:]
		at, where := e.Location, other.Location
		if e.Index != other.Index || e.Generated != other.Generated || (at == nil) != (where == nil) || at != nil && (at.File != where.File || at.Row != where.Row || at.Col != where.Col) {
			t.Errorf("want %v at %v\nhave %v at %v", other, where, e, at)
		}
		return false
	})
}

// A text behind the compiler's stages is one of the parts that no compiled
// module has.
func TestWhatCannotBeReadBackIsNotWritten(t *testing.T) {
	module, err := ast.ParseModule("a.rego", "package a\n\np := $\"{input.x}\"\n")
	if err != nil {
		t.Fatal(err)
	}
	w := NewWriter()
	w.Module(module)
	if _, err := w.Bytes(); err == nil || !strings.Contains(err.Error(), "packed") {
		t.Error(err)
	}
}

func TestNumbersTextsAndFlagsComeBack(t *testing.T) {
	w := NewWriter()
	w.Number(0)
	w.Number(1 << 40)
	w.Texts([]string{"a", "", "a", "ä"})
	w.Texts(nil)
	w.Bool(true)
	w.Bool(false)
	body, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	r := NewReader(string(body))
	if r.Number() != 0 || r.Number() != 1<<40 || strings.Join(r.Texts(), ",") != "a,,a,ä" || r.Texts() != nil || !r.Bool() || r.Bool() {
		t.Errorf("%q", body)
	}
}

package gate

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/portcullis-chat/portcullis/internal/gate/normal"
)

// The hash of an object is the same whichever of its names has which of its
// values, and that of everything empty.
func TestValuesOfOneHashStayWhatTheyAre(t *testing.T) {
	values := map[string]any{
		"one": map[string]any{"a": "x", "b": "y"}, "other": map[string]any{"a": "y", "b": "x"}, "again": map[string]any{"b": "y", "a": "x"},
		"object": map[string]any{}, "list": []any{}, "lists": []any{[]any{}, map[string]any{}},
	}
	value, err := Input(&normal.Document{ByType: map[string][]*normal.Resource{"t": {{Address: "t.a", Type: "t", Values: values}}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := value.Find(ast.MustParseRef("input.by_type.t[0].values")[1:])
	if err != nil {
		t.Fatal(err)
	}
	if want := ast.MustInterfaceToValue(values); got.Compare(want) != 0 {
		t.Errorf("%v, want %v", got, want)
	}
	term := func(name string) *ast.Term { return got.(ast.Object).Get(ast.StringTerm(name)) } //nolint:forcetypeassert // it has been compared with one
	if term("one") != term("again") {
		t.Error("what is the same is there twice")
	}
}

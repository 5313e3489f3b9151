package gate

import (
	"fmt"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

// key is that of a function on a resource.
func key(n int) ast.Ref {
	return ast.Ref{ast.StringTerm("f"), ast.ObjectTerm(ast.Item(ast.StringTerm("address"), ast.StringTerm(fmt.Sprint(n))))}
}

func TestTheCacheGivesOnlyWhatWasPutForAKey(t *testing.T) {
	const resources = 3 * recent // more than it keeps
	c := newCache(resources)
	for n := range resources {
		if n%2 == 0 {
			c.Put(key(n), ast.InternedTerm(n))
		} else {
			c.Put(key(n), nil)
		}
		if value, undefined := c.Get(key(n)); n%2 == 0 && (value == nil || !value.Equal(ast.InternedTerm(n))) || undefined != (n%2 == 1) {
			t.Fatalf("%d gives %v, undefined %v", n, value, undefined)
		}
	}
	kept := 0
	for n := range resources {
		value, undefined := c.Get(key(n))
		if value == nil && !undefined {
			continue
		}
		if kept++; undefined != (n%2 == 1) || value != nil && !value.Equal(ast.InternedTerm(n)) {
			t.Errorf("%d gives %v, undefined %v", n, value, undefined)
		}
	}
	if kept == 0 || kept > recent {
		t.Errorf("%d results are kept", kept)
	}
}

func TestTheCacheIsAnotherOneForAnotherRuleAndWithinWith(t *testing.T) {
	c := newCache(1)
	all := func() string {
		text := ""
		for _, key := range []ast.Ref{key(0), append(ast.Ref{ast.NewTerm(libRoot)}, key(0)...), ast.MustParseRef("data.x.y"), libRoot.Append(ast.StringTerm("z"))} {
			value, undefined := c.Get(key)
			text += fmt.Sprint(value != nil, undefined, " ")
		}
		return text
	}
	put := func() {
		c.Put(key(0), ast.InternedTerm(1))
		c.Put(append(ast.Ref{ast.NewTerm(libRoot)}, key(0)...), nil)
		c.Put(ast.MustParseRef("data.x.y"), ast.InternedTerm(2))
		c.Put(libRoot.Append(ast.StringTerm("z")), ast.InternedTerm(3))
	}
	const none, whole = "false false false false false false false false ", "true false false true true false true false "
	if put(); all() != whole || len(c.Keys()) != 3 {
		t.Error(all(), c.Keys())
	}
	if c.Push(); all() != none {
		t.Error("within with: ", all())
	}
	if c.Pop(); all() != whole {
		t.Error("behind with: ", all())
	}
	if c.next(); all() != "false false false false false false true false " {
		t.Error("in the next rule: ", all())
	}
}

package gate

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/portcullis-chat/portcullis/internal/gate/normal"
)

// libRoot is the package of the helpers, which look only at what rules name.
var libRoot = ast.MustParseRef("data.portcullis.lib")

// unit is what has to be known of a module before it is asked for.
type unit struct {
	rule *Rule // nil for helpers
	// texts are all that stand in it: each may be the type of a resource or the
	// name of an attribute.
	texts []string
	// generic tells that it takes what it looks at from the plan itself.
	generic bool
	// uses are the modules that it refers to, by name.
	uses []string
	// indexed tells that OPA indexes the results of a comprehension in it. To find
	// out takes longer than to read all other packed modules.
	indexed bool
}

// look fills in what a module may look at. The helpers of libRoot do so only for
// what a rule names.
func (u *unit) look(module *ast.Module) {
	texts := map[string]bool{}
	ast.WalkTerms(module, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.String:
			texts[string(v)] = true
		case ast.Ref:
			u.generic = u.generic || asksForAny(v)
		}
		return false
	})
	u.texts = slices.Sorted(maps.Keys(texts))
	u.generic = u.generic && (u.rule != nil || !module.Package.Path.Equal(libRoot))
}

// needs tells what modules may look at. A rule that takes what it looks at from
// the plan itself gets all attributes of its types.
func needs(units []*unit) *normal.Needs {
	n := &normal.Needs{Types: map[string]bool{}, Names: map[string]bool{}, Whole: map[string]bool{}}
	note := func(text string) {
		n.Types[text] = true
		for piece := range strings.SplitSeq(text, ".") {
			n.Names[piece] = true
		}
	}
	for _, u := range units {
		for _, text := range u.texts {
			note(text)
		}
		if u.rule == nil {
			if u.generic {
				n.Whole["*"] = true
			}
			continue
		}
		for _, typ := range u.rule.Types {
			note(typ)
			if u.generic || typ == "*" {
				n.Whole[typ] = true
			}
		}
	}
	return n
}

// asksForAny tells of r.values[x] and r.values as a whole.
func asksForAny(ref ast.Ref) bool {
	for i, step := range ref {
		text, ok := step.Value.(ast.String)
		if !ok || i == 0 || text != "values" && text != "unknown" && text != "refs" && text != "templates" {
			continue
		}
		if i == len(ref)-1 {
			return true
		}
		if _, constant := ref[i+1].Value.(ast.String); !constant {
			return true
		}
	}
	return false
}

package gate

import (
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/portcullis-chat/portcullis/internal/gate/normal"
)

// libRoot is the package of the helpers, which look only at what rules name.
var libRoot = ast.MustParseRef("data.portcullis.lib")

// needs tells what the policies may look at: every text in them may be the type
// of a resource or the name of an attribute. A rule that takes what it looks at
// from the plan itself gets all attributes of its types.
func needs(modules map[string]*ast.Module, rules map[string]*Rule) *normal.Needs {
	n := &normal.Needs{Types: map[string]bool{}, Names: map[string]bool{}, Whole: map[string]bool{}}
	note := func(text string) {
		n.Types[text] = true
		for piece := range strings.SplitSeq(text, ".") {
			n.Names[piece] = true
		}
	}
	for name, module := range modules {
		generic := false
		ast.WalkTerms(module, func(t *ast.Term) bool {
			switch v := t.Value.(type) {
			case ast.String:
				note(string(v))
			case ast.Ref:
				generic = generic || asksForAny(v)
			}
			return false
		})
		rule := rules[name]
		if rule != nil {
			for _, typ := range rule.Types {
				note(typ)
				if generic || typ == "*" {
					n.Whole[typ] = true
				}
			}
		} else if generic && !module.Package.Path.Equal(libRoot) {
			n.Whole["*"] = true
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

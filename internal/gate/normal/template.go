package normal

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Hole stands in a template for a part that is known after apply, or that
// cannot be followed.
const Hole = "${}"

// shapesOf writes what an attribute is set to with holes for what is not known:
// "${}/prod/$connect" for "${aws_apigatewayv2_api.this.execution_arn}/prod/$connect".
// A list gives one for each element. So a policy can judge the part of an
// unknown text that is written in the configuration.
func (n *normaliser) shapesOf(r *Resource, s *scope, expr hcl.Expression) []string {
	var all []string
	if list, ok := expr.(*hclsyntax.TupleConsExpr); ok {
		for _, element := range list.Exprs {
			all = append(all, n.shape(r, s, element, nil, 0))
		}
		return all
	}
	return []string{n.shape(r, s, expr, nil, 0)}
}

// shape follows way, the rest of a traversal, into objects.
func (n *normaliser) shape(r *Resource, s *scope, expr hcl.Expression, way []part, hops int) string {
	if hops > maxHops {
		return Hole
	}
	for len(way) > 0 {
		object, ok := expr.(*hclsyntax.ObjectConsExpr)
		if !ok {
			return Hole
		}
		member := memberOf(object, way[0])
		if member == nil {
			return Hole
		}
		expr, way = member, way[1:]
	}
	switch e := expr.(type) {
	case *hclsyntax.LiteralValueExpr:
		if e.Val.Type() == cty.String && e.Val.IsKnown() && !e.Val.IsNull() {
			return e.Val.AsString()
		}
	case *hclsyntax.TemplateExpr:
		var b strings.Builder
		for _, piece := range e.Parts {
			b.WriteString(n.shape(r, s, piece, nil, hops+1))
		}
		return b.String()
	case *hclsyntax.TemplateWrapExpr:
		return n.shape(r, s, e.Wrapped, nil, hops+1)
	case *hclsyntax.ParenthesesExpr:
		return n.shape(r, s, e.Expression, nil, hops+1)
	case *hclsyntax.ScopeTraversalExpr:
		return n.shapeOfTraversal(r, s, e.Traversal, hops)
	}
	return Hole
}

func (n *normaliser) shapeOfTraversal(r *Resource, s *scope, traversal hcl.Traversal, hops int) string {
	parts, err := splitAddress(written(traversal))
	if err != nil || len(parts) < 2 {
		return Hole
	}
	switch name := parts[1].text; parts[0].text {
	case "each":
		// Only in the resource's own block: in a caller's it is the module's.
		if key, ok := r.Index.(string); ok && name == "key" && s.instance == r.Module {
			return key
		}
	case "local":
		if expr := n.input.Sources.Local(s.key, name); expr != nil {
			return n.shape(r, s, expr, slices.Clone(parts[2:]), hops+1)
		}
	case "var":
		if s.caller == nil {
			return Hole
		}
		if expr := n.input.Sources.Input(s.key, name); expr != nil {
			return n.shape(r, s.caller, expr, slices.Clone(parts[2:]), hops+1)
		}
	}
	return Hole
}

package normal

import (
	"bytes"
	"reflect"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// secrets makes out what is sensitive of sets of blocks: Terraform marks the
// whole set for one secret in it. The source tells which attributes are made
// from nothing that is sensitive; without it the plan tells which are constants.
func (n *normaliser) secrets(r *Resource, config *plan.Resource, values, hidden any) any {
	tree, ok := hidden.(map[string]any)
	inside, _ := values.(map[string]any)
	if !ok || config == nil || !blocksMarked(inside, tree) {
		return hidden
	}
	s := n.modules[r.Module]
	if top := n.blocksOf(r, s); len(top) > 0 {
		flat := map[string][]string{}
		flatten(flat, nil, config.Expressions)
		if agree(top, flat) {
			n.walk().secretsIn(r, top, nil, inside, tree)
			return tree
		}
	}
	return secretParts(config, inside, tree)
}

// blocksMarked tells whether something as a whole is marked that may be blocks.
func blocksMarked(values any, tree any) bool {
	switch t := tree.(type) {
	case bool:
		list, ok := values.([]any)
		return t && ok && len(list) > 0
	case map[string]any:
		for name, child := range t {
			if blocksMarked(get(values, []string{name}), child) {
				return true
			}
		}
	case []any:
		for i, child := range t {
			if blocksMarked(get(values, []string{strconv.Itoa(i)}), child) {
				return true
			}
		}
	}
	return false
}

// secretsIn goes through a block of the plan and what is marked in it, and puts
// for each mark of a set of blocks what of the set may be secret.
func (w *walk) secretsIn(r *Resource, from []block, steps []string, planned any, tree map[string]any) {
	names := blockNames(from)
	for name, mark := range tree {
		list, ok := get(planned, []string{name}).([]any)
		if !ok || !slices.Contains(names, name) {
			continue
		}
		at := append(slices.Clone(steps), name)
		marks, apart := mark.([]any)
		if !apart {
			tree[name] = w.secretBlocks(r, from, at, list)
			continue
		}
		for i, found := range w.match(r, from, at, list) {
			if i < len(marks) {
				if inner, ok := marks[i].(map[string]any); ok {
					w.secretsIn(r, found, append(slices.Clone(at), strconv.Itoa(i)), list[i], inner)
				}
			}
		}
	}
}

// secretBlocks tells for each of the planned blocks of a name what may be secret
// in it, or true for all of them.
func (w *walk) secretBlocks(r *Resource, from []block, steps []string, planned []any) any {
	for _, b := range from {
		for _, inner := range b.body.Blocks {
			if inner.Type != "dynamic" || len(inner.Labels) != 1 || inner.Labels[0] != steps[len(steps)-1] {
				continue
			}
			a, ok := inner.Body.Attributes["for_each"]
			if w.begin(); !ok || !w.counted(term{expr: a.Expr, env: b.env}, 0) {
				return true // how many there are may tell something of the secret
			}
		}
	}
	found := w.match(r, from, steps, planned)
	trees := make([]any, len(planned))
	for i, one := range planned {
		trees[i] = true
		if values, ok := one.(map[string]any); ok && i < len(found) {
			trees[i] = w.secretAttributes(r, found[i], append(slices.Clone(steps), strconv.Itoa(i)), values)
		}
	}
	return trees
}

// secretAttributes tells what may be secret in a planned block that comes from
// one of some blocks of the source. What none of them writes is the provider's
// default, and lists that it computes are nobody's.
func (w *walk) secretAttributes(r *Resource, from []block, steps []string, planned map[string]any) map[string]any {
	tree, names := map[string]any{}, blockNames(from)
	for name, value := range planned {
		list, isList := value.([]any)
		written, open := false, true
		for _, b := range from {
			if a, ok := b.body.Attributes[name]; ok {
				written, open = true, open && w.public(a.Expr, b.env)
			}
		}
		switch {
		case written:
			if !open {
				tree[name] = true
			}
		case slices.Contains(names, name) && isList:
			tree[name] = w.secretBlocks(r, from, append(slices.Clone(steps), name), list)
		case isList && len(list) > 0:
			tree[name] = true
		}
	}
	return tree
}

// public tells whether what an expression gives is no secret: whether it is made
// from nothing that is sensitive, conditions included. What cannot be followed
// may be.
func (w *walk) public(expr hcl.Expression, in *env) bool {
	w.begin()
	return w.open(term{expr: expr, env: in}, 0)
}

func (w *walk) open(t term, hops int) bool {
	if w.spent(hops) {
		return false
	}
	at := func(expr hclsyntax.Expression, way []part) bool {
		return w.open(term{expr: expr, env: t.env, way: way}, hops+1)
	}
	switch e := t.expr.(type) {
	case nil:
		return t.text != nil || len(t.refs) > 0 && !slices.ContainsFunc(t.refs, func(ref Ref) bool { return !w.n.openRef(ref) })
	case *hclsyntax.ScopeTraversalExpr:
		parts, ok := partsOf(e.Traversal)
		return ok && w.openName(t.env, append(parts, t.way...), hops+1, w.open)
	case *hclsyntax.RelativeTraversalExpr:
		parts, ok := partsOf(e.Traversal)
		return ok && at(e.Source, append(parts, t.way...))
	case *hclsyntax.IndexExpr:
		return at(e.Key, nil) && at(e.Collection, append([]part{w.keyOf(e.Key, t.env, hops)}, t.way...))
	case *hclsyntax.ParenthesesExpr:
		return at(e.Expression, t.way)
	case *hclsyntax.TemplateWrapExpr:
		return at(e.Wrapped, t.way)
	case *hclsyntax.ConditionalExpr:
		return at(e.Condition, nil) && at(e.TrueResult, t.way) && at(e.FalseResult, t.way)
	case *hclsyntax.ObjectConsExpr:
		if len(t.way) > 0 && w.n.objectOf(e).whole {
			return w.openEach(w.n.members(e, t.way[0]), t, hops)
		}
	case *hclsyntax.TupleConsExpr:
		if len(t.way) > 0 {
			return w.openEach(elements(e, t.way[0]), t, hops)
		}
	case *hclsyntax.FunctionCallExpr:
		if slices.Contains([]string{"merge", "try", "coalesce", "tomap", "tolist"}, e.Name) {
			return !slices.ContainsFunc(e.Args, func(arg hclsyntax.Expression) bool { return !at(arg, t.way) })
		}
	}
	return w.openAll(t, hops)
}

// openEach goes on in each of some expressions, a step further.
func (w *walk) openEach(found []hcl.Expression, t term, hops int) bool {
	return !slices.ContainsFunc(found, func(expr hcl.Expression) bool {
		return !w.open(term{expr: expr, env: t.env, way: t.way[1:]}, hops+1)
	})
}

// openAll asks of all that an expression names, whatever it makes of it.
func (w *walk) openAll(t term, hops int) bool {
	node, ok := t.expr.(hclsyntax.Node)
	if !ok {
		return false
	}
	marked := false
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		call, ok := n.(*hclsyntax.FunctionCallExpr)
		marked = marked || ok && call.Name == "sensitive"
		return nil
	})
	return !marked && !slices.ContainsFunc(t.expr.Variables(), func(traversal hcl.Traversal) bool {
		parts, ok := partsOf(traversal)
		return !ok || !w.openName(t.env, parts, hops+1, w.open)
	})
}

// counted tells whether it is no secret which elements a collection has, though
// some may be secrets themselves.
func (w *walk) counted(t term, hops int) bool {
	if w.spent(hops) {
		return false
	}
	at := func(expr hclsyntax.Expression) bool {
		return w.counted(term{expr: expr, env: t.env, way: t.way}, hops+1)
	}
	switch e := t.expr.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		parts, ok := partsOf(e.Traversal)
		return ok && w.openName(t.env, append(parts, t.way...), hops+1, w.counted)
	case *hclsyntax.ParenthesesExpr:
		return at(e.Expression)
	case *hclsyntax.ConditionalExpr:
		return w.open(term{expr: e.Condition, env: t.env}, hops+1) && at(e.TrueResult) && at(e.FalseResult)
	case *hclsyntax.TupleConsExpr:
		if len(t.way) == 0 {
			return true
		}
	case *hclsyntax.ObjectConsExpr:
		if len(t.way) == 0 && w.n.objectOf(e).whole {
			return true
		}
	case *hclsyntax.ForExpr:
		bound := bindLoop(e, t.env, anyOf)
		within := func(expr hclsyntax.Expression) bool {
			return expr == nil || w.open(term{expr: expr, env: bound}, hops+1)
		}
		return len(t.way) == 0 && w.counted(term{expr: e.CollExpr, env: t.env}, hops+1) && within(e.CondExpr) && within(e.KeyExpr)
	case *hclsyntax.FunctionCallExpr:
		if slices.Contains([]string{"concat", "merge", "tolist", "tomap", "values"}, e.Name) {
			return !slices.ContainsFunc(e.Args, func(arg hclsyntax.Expression) bool { return !at(arg) })
		}
	}
	return w.open(t, hops)
}

// openName asks of a name and the way behind it.
func (w *walk) openName(in *env, parts []part, hops int, ask func(t term, hops int) bool) bool {
	if in == nil {
		return false
	}
	if bound, ok := in.named(parts[0].text); ok {
		return ask(bound.to(parts[1:]...), hops)
	}
	if len(parts) < 2 {
		return false
	}
	name, way := parts[1].text, parts[2:]
	if bound, ok := in.named(parts[0].text + "." + name); ok {
		return ask(bound.to(way...), hops)
	}
	s := in.scope
	if s.module == nil {
		return false
	}
	here := func(expr hcl.Expression, where *env, way []part) bool {
		return expr != nil && ask(term{expr: expr, env: where, way: way}, hops)
	}
	switch parts[0].text {
	case "path", "terraform", "count":
		return true
	case "each": // Terraform refuses a secret as a key
		return name == "key" || in.value != nil && ask(in.value.to(way...), hops)
	case "var":
		declared, ok := s.module.Variables[name]
		switch {
		case !ok || declared.Sensitive:
			return false
		case s.caller == nil:
			return true
		case s.call == nil:
			return false
		case s.call.Expressions[name] == nil:
			return true // the default is a constant
		}
		return here(w.n.input.Sources.Input(s.key, name), w.n.callerEnv(s), way)
	case "local":
		return here(w.n.input.Sources.Local(s.key, name), &env{scope: s}, way)
	case "module":
		child, rest := w.n.child(s, parts)
		if child == nil || child.module == nil || len(rest) == 0 {
			return false
		}
		out, ok := child.module.Outputs[rest[0].text]
		return ok && !out.Sensitive && here(w.n.input.Sources.Output(child.key, rest[0].text), &env{scope: child}, rest[1:])
	case "data":
		return len(parts) > 2 && w.n.openRef(w.n.target(s, "data", parts[1:]))
	}
	return w.n.openRef(w.n.target(s, "managed", parts))
}

// openRef tells whether the plan marks nothing of an attribute of a resource, in
// none of its instances.
func (n *normaliser) openRef(ref Ref) bool {
	if n.marked == nil {
		n.marked = map[string][]jsontext.Value{}
		for i := range n.input.Plan.Changes {
			c := &n.input.Plan.Changes[i]
			address := base(c.Module, c.Mode, c.Type, c.Name)
			n.marked[address] = append(n.marked[address], c.Values.Sensitive)
		}
		for address, all := range n.input.Plan.Read {
			for _, one := range all {
				n.marked[address] = append(n.marked[address], one.Sensitive)
			}
		}
	}
	all := n.marked[ref.Address]
	return len(all) > 0 && !slices.ContainsFunc(all, func(hidden jsontext.Value) bool {
		if !marks(hidden) {
			return false
		}
		if ref.Attribute == "" || hidden.Kind() != '{' {
			return true
		}
		var members map[string]jsontext.Value
		return json.Unmarshal(hidden, &members) != nil || bytes.Contains(members[ref.Attribute], []byte("true"))
	})
}

// secretParts makes out what is sensitive of a set of blocks by the plan alone.
// What the configuration writes there as a constant is no secret, nor is what it
// leaves out.
func secretParts(config *plan.Resource, inside, tree map[string]any) map[string]any {
	for name, mark := range tree {
		list, isList := inside[name].([]any)
		blocks, written := blocksIn(config.Expressions[name])
		if mark == true && isList && written && len(list) == len(blocks) {
			tree[name] = secretsOf(list, blocks)
		}
	}
	return tree
}

// blocksIn reads the blocks of a name in the configuration; it is false for an
// attribute.
func blocksIn(raw jsontext.Value) (blocks []map[string]jsontext.Value, ok bool) {
	if raw.Kind() != '[' || json.Unmarshal(raw, &blocks) != nil {
		return nil, false
	}
	return blocks, true
}

// secretsOf tells for each of some blocks of the plan what may be secret in it.
// They come from as many blocks of the configuration, in whatever order.
func secretsOf(planned []any, configs []map[string]jsontext.Value) []any {
	trees := make([]map[string]any, len(planned))
	names := map[string]bool{}
	for i, one := range planned {
		trees[i] = map[string]any{}
		block, _ := one.(map[string]any)
		for name := range block {
			names[name] = true
		}
	}
	for name := range names {
		w := writtenAs(configs, name)
		var inner []any // the blocks of the name in all of the blocks
		for _, one := range planned {
			list, _ := get(one, []string{name}).([]any)
			inner = append(inner, list...)
		}
		var within []any
		if w.nested && len(w.blocks) == len(inner) {
			within = secretsOf(inner, w.blocks)
		}
		for i, one := range planned {
			value := get(one, []string{name})
			list, _ := value.([]any)
			switch {
			case within != nil:
				trees[i][name], within = within[:len(list)], within[len(list):]
			case w.nested:
				trees[i][name] = true // of a dynamic block too, of which the plan says nothing
			case w.constant && (w.written || len(list) == 0):
			case !slices.ContainsFunc(w.constants, func(constant any) bool { return reflect.DeepEqual(constant, value) }):
				trees[i][name] = true
			}
		}
	}
	all := make([]any, len(trees))
	for i, tree := range trees {
		all[i] = tree
	}
	return all
}

// writing is how some blocks of the configuration write one attribute.
type writing struct {
	nested    bool                        // it is a name of blocks
	blocks    []map[string]jsontext.Value // which are these
	written   bool                        // some of them write it
	constant  bool                        // those that do give a constant
	constants []any
}

func writtenAs(configs []map[string]jsontext.Value, name string) writing {
	w := writing{constant: true}
	for _, config := range configs {
		raw, ok := config[name]
		if !ok {
			continue
		}
		w.written = true
		if blocks, ok := blocksIn(raw); ok {
			w.nested, w.blocks = true, append(w.blocks, blocks...)
			continue
		}
		var leaf plan.Expression
		var value any
		if json.Unmarshal(raw, &leaf) != nil || len(leaf.Constant) == 0 || json.Unmarshal(leaf.Constant, &value) != nil {
			w.constant = false
			continue
		}
		w.constants = append(w.constants, strip(value))
	}
	return w
}

// strip takes the nulls out of objects, as the decoder does.
func strip(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for name, child := range v {
			if child == nil {
				delete(v, name)
				continue
			}
			strip(child)
		}
	case []any:
		for _, child := range v {
			strip(child)
		}
	}
	return value
}

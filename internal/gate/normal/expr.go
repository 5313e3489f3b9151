package normal

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Hole stands in a template for a part that is known after apply, or that
// cannot be followed.
const Hole = "${}"

// env is what names mean where an expression stands.
type env struct {
	scope *scope
	value *term // each.value; nil where there is none
	key   *term // each.key
	names map[string]*term
	outer *env // of names
}

// term is an expression where it stands, and the way from its value to the part
// of it that is wanted. A term without an expression is of names that could not
// be followed in the sources, or of none.
type term struct {
	expr hcl.Expression
	env  *env
	way  []part
	refs []Ref
	text *string // a key that is known
}

// anyOf is the step to every element.
var anyOf = part{text: "*", key: true}

func (t *term) to(way ...part) term {
	further := *t
	further.way = append(slices.Clone(t.way), way...)
	return further
}

func (e *env) bind(name string, t *term) *env {
	names := map[string]*term{name: t}
	return &env{scope: e.scope, value: e.value, key: e.key, names: names, outer: e}
}

func (e *env) named(name string) (*term, bool) {
	for ; e != nil; e = e.outer {
		if t, ok := e.names[name]; ok {
			return t, true
		}
	}
	return nil, false
}

// maxTerms bounds what is looked at for one attribute. An attribute that needs
// more leads to nothing that is known.
const maxTerms = 20_000

// walk is the work on one attribute.
type walk struct {
	n     *normaliser
	terms int
	cut   bool // there were too many
	// undecided tells that a condition on the way is known after apply. It is
	// looked for where it matters, since that takes its time.
	looking, undecided bool
}

// begin starts with another attribute.
func (w *walk) begin() { w.terms, w.cut = 0, false }

func (n *normaliser) walk() *walk { return &walk{n: n} }

// spent counts, and tells when it is enough.
func (w *walk) spent(hops int) bool {
	w.terms++
	w.cut = w.cut || w.terms > maxTerms || hops > maxHops
	return w.cut
}

// lost stands for what was not looked at.
var lost = Ref{Address: "too many expressions"}

// reduce follows a term through variables, local values, outputs, iterators,
// conditions and constructors to what it may be. The condition of a conditional
// does not count: only what comes of it.
func (w *walk) reduce(t term, hops int) []term {
	if w.spent(hops) {
		return nil
	}
	switch e := t.expr.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		parts, ok := partsOf(e.Traversal)
		if !ok {
			return []term{t}
		}
		return w.name(t.env, append(parts, t.way...), hops)
	case *hclsyntax.RelativeTraversalExpr:
		parts, ok := partsOf(e.Traversal)
		if !ok {
			return []term{t}
		}
		return w.reduce(term{expr: e.Source, env: t.env, way: append(parts, t.way...)}, hops+1)
	case *hclsyntax.IndexExpr:
		return w.reduce(term{expr: e.Collection, env: t.env, way: append([]part{w.keyOf(e.Key, t.env, hops)}, t.way...)}, hops+1)
	case *hclsyntax.SplatExpr:
		return w.splat(e, t, hops)
	case *hclsyntax.ParenthesesExpr:
		return w.reduce(term{expr: e.Expression, env: t.env, way: t.way}, hops+1)
	case *hclsyntax.TemplateWrapExpr:
		return w.reduce(term{expr: e.Wrapped, env: t.env, way: t.way}, hops+1)
	case *hclsyntax.ConditionalExpr:
		w.undecided = w.undecided || w.looking && w.decidedLater(term{expr: e.Condition, env: t.env}, hops+1)
		return append(w.reduce(term{expr: e.TrueResult, env: t.env, way: t.way}, hops+1),
			w.reduce(term{expr: e.FalseResult, env: t.env, way: t.way}, hops+1)...)
	case *hclsyntax.ObjectConsExpr:
		if len(t.way) > 0 {
			return w.each(w.n.members(e, t.way[0]), t, hops)
		}
	case *hclsyntax.TupleConsExpr:
		if len(t.way) > 0 {
			return w.each(elements(e, t.way[0]), t, hops)
		}
	case *hclsyntax.ForExpr:
		if len(t.way) > 0 {
			return w.loop(e, t, hops)
		}
	case *hclsyntax.FunctionCallExpr:
		if found, ok := w.call(e, t, hops); ok {
			return found
		}
	}
	return []term{t}
}

// each goes on in each of some expressions, a step further.
func (w *walk) each(found []hcl.Expression, t term, hops int) []term {
	var all []term
	for _, expr := range found {
		all = append(all, w.reduce(term{expr: expr, env: t.env, way: t.way[1:]}, hops+1)...)
	}
	return all
}

// partsOf gives a traversal as steps.
func partsOf(traversal hcl.Traversal) ([]part, bool) {
	var parts []part
	for _, step := range traversal {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			parts = append(parts, part{text: s.Name})
		case hcl.TraverseAttr:
			parts = append(parts, part{text: s.Name})
		case hcl.TraverseIndex:
			p, ok := keyPart(s.Key)
			if !ok {
				return nil, false
			}
			parts = append(parts, p)
		default:
			return nil, false
		}
	}
	return parts, true
}

func keyPart(key cty.Value) (part, bool) {
	if !key.IsKnown() || key.IsNull() || key.IsMarked() {
		return part{}, false
	}
	switch key.Type() {
	case cty.String:
		return part{text: strconv.Quote(key.AsString()), key: true}, true
	case cty.Number:
		return part{text: key.AsBigFloat().Text('f', -1), key: true}, true
	}
	return part{}, false
}

// keyOf gives the step of an index that is computed: any, where it is not known.
func (w *walk) keyOf(expr hcl.Expression, in *env, hops int) part {
	if value, diags := expr.Value(nil); !diags.HasErrors() {
		if p, ok := keyPart(value); ok {
			return p
		}
	}
	if text, ok := w.text(term{expr: expr, env: in}, hops+1); ok && !strings.Contains(text, Hole) {
		if isNumber(text) && counts(expr) {
			return part{text: text, key: true}
		}
		return part{text: strconv.Quote(text), key: true}
	}
	return anyOf
}

// counts tells of an expression that is made from count.index. As a key it is a
// number, where that of a for_each is a text.
func counts(expr hcl.Expression) bool {
	return slices.ContainsFunc(expr.Variables(), func(traversal hcl.Traversal) bool { return traversal.RootName() == "count" })
}

// wanted gives the name that a step asks an object for.
func wanted(step part) (string, bool) {
	if !step.key {
		return step.text, true
	}
	text, err := strconv.Unquote(step.text)
	return text, err == nil
}

// members gives the expressions that a step into an object may lead to. None is
// there for a name that the object has not: an optional one, left out.
func (n *normaliser) members(object *hclsyntax.ObjectConsExpr, step part) []hcl.Expression {
	byName := n.objectOf(object)
	if name, ok := wanted(step); ok && byName.whole {
		if expr := byName.members[name]; expr != nil {
			return []hcl.Expression{expr}
		}
		return nil
	}
	var all []hcl.Expression
	for _, item := range object.Items {
		all = append(all, item.ValueExpr)
	}
	return all
}

// object is an object constructor by the names in it; whole tells that all of
// them are constants.
type object struct {
	members map[string]hcl.Expression
	whole   bool
}

func (n *normaliser) objectOf(e *hclsyntax.ObjectConsExpr) *object {
	if known := n.objects[e]; known != nil {
		return known
	}
	found := &object{members: map[string]hcl.Expression{}, whole: true}
	for _, item := range e.Items {
		key, diags := item.KeyExpr.Value(nil)
		if diags.HasErrors() || key.IsNull() || !key.IsKnown() || key.Type() != cty.String {
			found.whole = false
			continue
		}
		found.members[key.AsString()] = item.ValueExpr
	}
	n.objects[e] = found
	return found
}

// elements gives the expressions that a step into a tuple may lead to.
func elements(tuple *hclsyntax.TupleConsExpr, step part) []hcl.Expression {
	if i, err := strconv.Atoi(step.text); err == nil && step.key {
		if i >= 0 && i < len(tuple.Exprs) {
			return []hcl.Expression{tuple.Exprs[i]}
		}
		return nil
	}
	exprs := make([]hcl.Expression, len(tuple.Exprs))
	for i, e := range tuple.Exprs {
		exprs[i] = e
	}
	return exprs
}

// splat goes into list[*].rest.
func (w *walk) splat(e *hclsyntax.SplatExpr, t term, hops int) []term {
	step, rest := anyOf, t.way
	if len(rest) > 0 && rest[0].key {
		step, rest = rest[0], rest[1:]
	}
	way := []part{step}
	inner := e.Each
	for {
		traversal, ok := inner.(*hclsyntax.RelativeTraversalExpr)
		if !ok {
			break
		}
		parts, ok := partsOf(traversal.Traversal)
		if !ok {
			return []term{t}
		}
		way = append([]part{way[0]}, append(parts, way[1:]...)...)
		inner = traversal.Source
	}
	if _, ok := inner.(*hclsyntax.AnonSymbolExpr); !ok {
		return []term{t}
	}
	return w.reduce(term{expr: e.Source, env: t.env, way: append(way, rest...)}, hops+1)
}

// loop goes to an element of what a for expression makes.
func (w *walk) loop(e *hclsyntax.ForExpr, t term, hops int) []term {
	step, rest := anyOf, t.way[1:]
	if e.KeyExpr != nil {
		if name, ok := e.KeyExpr.(*hclsyntax.ScopeTraversalExpr); ok && len(name.Traversal) == 1 && name.Traversal.RootName() == e.KeyVar {
			step = t.way[0]
		}
	}
	if e.Group && len(rest) > 0 {
		rest = rest[1:]
	}
	return w.reduce(term{expr: e.ValExpr, env: bindLoop(e, t.env, step), way: rest}, hops+1)
}

func bindLoop(e *hclsyntax.ForExpr, in *env, step part) *env {
	element := term{expr: e.CollExpr, env: in, way: []part{step}}
	bound := in.bind(e.ValVar, &element)
	if e.KeyVar != "" {
		bound = bound.bind(e.KeyVar, keyTerm(step))
	}
	return bound
}

func keyTerm(step part) *term {
	if name, ok := wanted(step); ok && step != anyOf {
		return &term{text: &name}
	}
	return &term{}
}

// call goes through functions that give their arguments, or elements of them,
// as they are.
func (w *walk) call(e *hclsyntax.FunctionCallExpr, t term, hops int) ([]term, bool) {
	through := func(args []hclsyntax.Expression, ways ...[]part) ([]term, bool) {
		var all []term
		for _, arg := range args {
			for _, way := range ways {
				all = append(all, w.reduce(term{expr: arg, env: t.env, way: way}, hops+1)...)
			}
		}
		return all, true
	}
	inside := func(steps int) []part {
		way := []part{anyOf}
		for range steps - 1 {
			way = append(way, anyOf)
		}
		return append(way, t.way[1:]...)
	}
	if len(e.Args) == 0 {
		return nil, false
	}
	switch e.Name {
	case "try", "coalesce", "nonsensitive", "sensitive", "tolist", "tomap", "toobject", "merge", "defaults":
		if e.Name == "merge" && len(t.way) == 0 {
			return nil, false
		}
		return through(e.Args, t.way)
	case "one":
		return through(e.Args, append([]part{anyOf}, t.way...))
	case "element":
		return through(e.Args[:1], append([]part{anyOf}, t.way...))
	case "lookup":
		found, _ := through(e.Args[:1], append([]part{anyOf}, t.way...))
		if len(e.Args) > 1 {
			found, _ = through(e.Args[:1], append([]part{w.keyOf(e.Args[1], t.env, hops)}, t.way...))
		}
		if len(e.Args) > 2 {
			other, _ := through(e.Args[2:], t.way)
			found = append(found, other...)
		}
		return found, true
	}
	if len(t.way) == 0 {
		return nil, false
	}
	switch e.Name {
	case "toset", "concat", "distinct", "compact", "reverse", "sort", "setunion", "coalescelist", "values":
		return through(e.Args, inside(1))
	case "slice", "setsubtract":
		return through(e.Args[:1], inside(1))
	case "flatten":
		return through(e.Args, inside(1), inside(2))
	}
	return nil, false
}

// name follows a name and the way behind it.
func (w *walk) name(in *env, parts []part, hops int) []term {
	if in == nil {
		return nil
	}
	if bound, ok := in.named(parts[0].text); ok {
		return w.bound(bound, parts[1:], hops)
	}
	if len(parts) < 2 {
		return nil
	}
	if bound, ok := in.named(parts[0].text + "." + parts[1].text); ok {
		return w.bound(bound, parts[2:], hops)
	}
	s, name := in.scope, parts[1].text
	var expr hcl.Expression
	where, way := &env{scope: s}, parts[2:]
	switch parts[0].text {
	case "each", "count":
		bound := in.key
		if name == "value" {
			bound = in.value
		}
		if bound == nil {
			return nil
		}
		return w.bound(bound, parts[2:], hops)
	case "var":
		if s.caller == nil || s.call == nil {
			return w.outside(s, name, parts[2:], hops)
		}
		if expr = w.n.input.Sources.Input(s.key, name); expr != nil {
			where = w.n.callerEnv(s)
		} else if s.call.Expressions[name] == nil {
			expr = w.n.input.Sources.Default(s.key, name)
		}
	case "local":
		expr = w.n.input.Sources.Local(s.key, name)
	case "module":
		if child, rest := w.n.child(s, parts); child != nil && len(rest) > 0 {
			expr, where, way = w.n.input.Sources.Output(child.key, rest[0].text), &env{scope: child}, rest[1:]
		}
	}
	if expr != nil {
		return w.reduce(term{expr: expr, env: where, way: way}, hops+1)
	}
	return []term{{refs: w.n.lookup(s, parts, hops+1)}}
}

// nothing stands for what may be null, or without blocks.
var nothing = Ref{Address: "null"}

func (w *walk) decidedLater(condition term, hops int) bool {
	return slices.ContainsFunc(w.refs(condition, hops), w.n.later)
}

// later tells whether the attribute that a reference is to is known after apply.
func (n *normaliser) later(ref Ref) bool {
	i, ok := n.changes[ref.instance()]
	if !ok || ref.Attribute == "" || n.input.Plan.Changes[i].Values.Unknown.Kind() != '{' {
		return false
	}
	unknown, err := n.decoder.members(n.input.Plan.Changes[i].Values.Unknown, func(name string) bool { return name == ref.Attribute })
	return err == nil && unknown[ref.Attribute] == true
}

// outside is a variable of the root: nothing of the plan's resources.
func (w *walk) outside(s *scope, name string, way []part, hops int) []term {
	if value, ok := w.n.input.Plan.Variables[name]; ok {
		value = get(value, steps(way))
		if value == nil {
			return []term{{expr: &hclsyntax.LiteralValueExpr{Val: cty.NullVal(cty.DynamicPseudoType)}}}
		}
		if text, ok := scalar(value); ok {
			return []term{{text: &text}}
		}
		return nil
	}
	if expr := w.n.input.Sources.Default(s.key, name); expr != nil {
		if found := w.reduce(term{expr: expr, env: &env{scope: s}, way: way}, hops+1); len(found) > 0 {
			return []term{{}} // perhaps set on the command line
		}
	}
	return nil
}

func steps(way []part) []string {
	all := make([]string, len(way))
	for i, step := range way {
		all[i] = step.text
		if name, ok := wanted(step); ok {
			all[i] = name
		}
	}
	return all
}

func (w *walk) bound(t *term, rest []part, hops int) []term {
	if t.expr == nil {
		return []term{{refs: deeper(t.refs, append(slices.Clone(t.way), rest...)), text: t.text}}
	}
	return w.reduce(t.to(rest...), hops+1)
}

// deeper goes from resources into their instances and attributes.
func deeper(refs []Ref, way []part) []Ref {
	all := slices.Clone(refs)
	for i := range all {
		if all[i].Type != "" && all[i].Attribute == "" {
			all[i].into(way)
		}
	}
	return all
}

// callerEnv is where the block stands that calls a module instance.
func (n *normaliser) callerEnv(s *scope) *env {
	if s.outside != nil {
		return s.outside
	}
	s.outside = &env{scope: s.caller}
	if s.index.key {
		s.outside = n.repeated(s.caller, n.input.Sources.Repeats(s.key), s.index)
	}
	return s.outside
}

// repeated is the inside of a block with for_each or count, of the instance with
// that key.
func (n *normaliser) repeated(s *scope, forEach hcl.Expression, key part) *env {
	in := &env{scope: s}
	if key.key {
		in.key = keyTerm(key)
		if _, quoted := wanted(key); !quoted {
			text := key.text
			in.key = &term{text: &text}
		}
	}
	if forEach != nil {
		in.value = &term{expr: forEach, env: &env{scope: s}, way: []part{key}}
	}
	return in
}

// refs gives what an expression is made from. Never nil.
func (w *walk) refs(t term, hops int) []Ref {
	all := []Ref{}
	for _, found := range w.reduce(t, hops) {
		all = append(all, w.own(found, hops+1)...)
	}
	return all
}

// own gives what a term is made from that cannot be reduced further.
func (w *walk) own(t term, hops int) []Ref {
	if t.expr == nil {
		return t.refs
	}
	var all []Ref
	of := func(exprs ...hclsyntax.Expression) {
		for _, expr := range exprs {
			if expr != nil {
				all = append(all, w.refs(term{expr: expr, env: t.env}, hops+1)...)
			}
		}
	}
	switch e := t.expr.(type) {
	case *hclsyntax.LiteralValueExpr:
	case *hclsyntax.TemplateExpr:
		of(e.Parts...)
	case *hclsyntax.TupleConsExpr:
		of(e.Exprs...)
	case *hclsyntax.ObjectConsExpr:
		for _, item := range e.Items {
			of(item.ValueExpr)
		}
	case *hclsyntax.FunctionCallExpr:
		of(e.Args...)
	case *hclsyntax.BinaryOpExpr:
		of(e.LHS, e.RHS)
	case *hclsyntax.UnaryOpExpr:
		of(e.Val)
	case *hclsyntax.ForExpr:
		all = append(all, w.refs(term{expr: e.ValExpr, env: bindLoop(e, t.env, anyOf)}, hops+1)...)
	default:
		if e == nil {
			return nil
		}
		for _, traversal := range e.Variables() {
			if parts, ok := partsOf(traversal); ok {
				for _, found := range w.name(t.env, parts, hops+1) {
					all = append(all, w.own(found, hops+1)...)
				}
			} else {
				w.cut = true
			}
		}
	}
	return all
}

// text writes what an expression gives, with holes. It is false where that is
// null, or nothing.
func (w *walk) text(t term, hops int) (string, bool) {
	found, any := "", false
	for _, one := range w.reduce(t, hops) {
		text, ok := w.ownText(one, hops+1)
		switch {
		case !ok:
		case any && text != found:
			return Hole, true
		default:
			found, any = text, true
		}
	}
	return found, any
}

func (w *walk) ownText(t term, hops int) (string, bool) {
	switch e := t.expr.(type) {
	case nil:
		if t.text != nil {
			return *t.text, true
		}
		if len(t.refs) == 1 {
			if text, ok := w.n.planned(t.refs[0]); ok {
				return text, true
			}
		}
	case *hclsyntax.LiteralValueExpr:
		if e.Val.IsNull() {
			return "", false
		}
		if text, ok := constant(e.Val); ok {
			return text, true
		}
	case *hclsyntax.TemplateExpr:
		var b strings.Builder
		for _, piece := range e.Parts {
			text, ok := w.text(term{expr: piece, env: t.env}, hops+1)
			if !ok {
				text = Hole
			}
			b.WriteString(text)
		}
		return b.String(), true
	case *hclsyntax.FunctionCallExpr:
		if e.Name == "join" && len(e.Args) == 2 && len(t.way) == 0 {
			return w.joined(e, t.env, hops), true
		}
	}
	return Hole, true
}

// joined writes what join gives. A hole stands for an element that is perhaps
// not there, and for the separator before it.
func (w *walk) joined(e *hclsyntax.FunctionCallExpr, in *env, hops int) string {
	separator, ok := w.text(term{expr: e.Args[0], env: in}, hops+1)
	if !ok || strings.Contains(separator, Hole) {
		return Hole
	}
	var b strings.Builder
	certain := false // an element is before it
	for _, one := range w.items(term{expr: e.Args[1], env: in}, hops+1) {
		if one.optional || one.many || len(one.alternatives) != 1 {
			b.WriteString(Hole)
			continue
		}
		if certain {
			b.WriteString(separator)
		}
		text, ok := w.text(one.alternatives[0].value, hops+1)
		if !ok {
			text = Hole
		}
		b.WriteString(text)
		certain = true
	}
	return b.String()
}

// constant writes a value as Terraform turns it into a text.
func constant(value cty.Value) (string, bool) {
	if !value.IsKnown() || value.IsNull() || value.IsMarked() {
		return "", false
	}
	switch value.Type() {
	case cty.String:
		return value.AsString(), true
	case cty.Number:
		return value.AsBigFloat().Text('f', -1), true
	case cty.Bool:
		return strconv.FormatBool(value.True()), true
	}
	return "", false
}

// scalar writes a value of the plan as Terraform turns it into a text.
func scalar(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}

// planned gives the value that a reference leads to, where the plan knows it.
func (n *normaliser) planned(ref Ref) (string, bool) {
	if ref.Type == "" || ref.Attribute == "" {
		return "", false
	}
	i, ok := n.changes[ref.instance()]
	if !ok {
		return "", false
	}
	known := &n.input.Plan.Changes[i].Values
	wanted := func(name string) bool { return name == ref.Attribute }
	if known.Sensitive.Kind() == '{' {
		if hidden, err := n.decoder.members(known.Sensitive, wanted); err != nil || hidden[ref.Attribute] != nil {
			return "", false
		}
	}
	if known.After.Kind() != '{' {
		return "", false
	}
	values, err := n.decoder.members(known.After, wanted)
	if err != nil {
		return "", false
	}
	return scalar(values[ref.Attribute])
}

// texts writes the elements of a list, each with holes. It is nil where the
// elements cannot be told one from the other.
func (w *walk) texts(t term, hops int) []string {
	found := w.reduce(t, hops)
	if len(found) != 1 {
		text, ok := w.text(t, hops)
		if !ok {
			text = Hole
		}
		return []string{text}
	}
	t = found[0]
	var all []string
	switch e := t.expr.(type) {
	case *hclsyntax.TupleConsExpr:
		for _, element := range e.Exprs {
			text, ok := w.text(term{expr: element, env: t.env}, hops+1)
			if !ok {
				text = Hole
			}
			all = append(all, text)
		}
		return all
	case *hclsyntax.FunctionCallExpr:
		if slices.Contains([]string{"concat", "compact", "distinct", "toset", "sort", "reverse", "flatten", "setunion"}, e.Name) {
			for _, arg := range e.Args {
				all = append(all, w.texts(term{expr: arg, env: t.env}, hops+1)...)
			}
			return all
		}
	case *hclsyntax.ForExpr:
		for _, one := range w.items(t, hops+1) {
			if one.many || len(one.alternatives) != 1 {
				return []string{Hole}
			}
			text, ok := w.text(one.alternatives[0].value, hops+1)
			if !ok {
				text = Hole
			}
			all = append(all, text)
		}
		return all
	}
	text, ok := w.ownText(t, hops)
	if !ok {
		text = Hole
	}
	return []string{text}
}

// item is what a for_each gives in one place: one of the alternatives; none at
// all, if optional; or several of them, if many.
type item struct {
	alternatives   []element
	optional, many bool
}

type element struct{ value, key term }

// items gives what the elements of a list, set or map may be, in their order.
func (w *walk) items(t term, hops int) []item {
	found := w.reduce(t, hops)
	var all []item
	for _, one := range found {
		for _, i := range w.ownItems(one, hops+1) {
			i.optional = i.optional || len(found) > 1
			all = append(all, i)
		}
	}
	return all
}

func (w *walk) ownItems(t term, hops int) []item {
	opaque := []item{{alternatives: []element{{value: t.to(anyOf)}}, optional: true, many: true}}
	if w.spent(hops) || len(t.way) > 0 {
		return opaque
	}
	of := func(expr hclsyntax.Expression) []item { return w.items(term{expr: expr, env: t.env}, hops+1) }
	var all []item
	switch e := t.expr.(type) {
	case nil:
		if len(t.refs) == 0 && t.text == nil {
			return opaque
		}
	case *hclsyntax.LiteralValueExpr:
		return nil
	case *hclsyntax.TupleConsExpr:
		for _, expr := range e.Exprs {
			all = append(all, item{alternatives: []element{{value: term{expr: expr, env: t.env}}}})
		}
		return all
	case *hclsyntax.ObjectConsExpr:
		byName := w.n.objectOf(e)
		for _, name := range slices.Sorted(maps.Keys(byName.members)) {
			all = append(all, item{alternatives: []element{{value: term{expr: byName.members[name], env: t.env}, key: term{text: &name}}}})
		}
		if byName.whole {
			return all
		}
		return bag(append(all, opaque...))
	case *hclsyntax.ForExpr:
		for _, one := range w.items(term{expr: e.CollExpr, env: t.env}, hops+1) {
			for i, a := range one.alternatives {
				bound := t.env.bind(e.ValVar, &a.value)
				if e.KeyVar != "" {
					bound = bound.bind(e.KeyVar, &a.key)
				}
				one.alternatives[i] = element{value: term{expr: e.ValExpr, env: bound}}
				if e.KeyExpr != nil {
					one.alternatives[i].key = term{expr: e.KeyExpr, env: bound}
				}
			}
			one.optional = one.optional || e.CondExpr != nil
			all = append(all, one)
		}
		if e.KeyExpr != nil {
			return bag(all)
		}
		return all
	case *hclsyntax.FunctionCallExpr:
		for _, arg := range e.Args {
			all = append(all, of(arg)...)
		}
		switch e.Name {
		case "concat":
			return all
		case "distinct", "compact":
			for i := range all {
				all[i].optional = all[i].optional || i > 0 || e.Name == "compact" // the first is no repetition
			}
			return all
		case "toset", "merge", "values", "sort", "reverse", "setunion", "slice":
			return bag(all)
		case "flatten":
			return w.flat(all, hops+1)
		}
	}
	return opaque
}

// bag gives the same elements in any order.
func bag(all []item) []item {
	if len(all) < 2 {
		return all
	}
	one := item{optional: true, many: true}
	for _, i := range all {
		one.alternatives = append(one.alternatives, i.alternatives...)
	}
	return []item{one}
}

// flat gives the elements of lists in a list.
func (w *walk) flat(lists []item, hops int) []item {
	var all []item
	for _, list := range lists {
		for _, a := range list.alternatives {
			for _, i := range w.items(a.value, hops+1) {
				i.optional = i.optional || list.optional || len(list.alternatives) > 1
				i.many = i.many || list.many
				all = append(all, i)
			}
		}
	}
	return all
}

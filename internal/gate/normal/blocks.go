package normal

import (
	_ "embed"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// A set of blocks has another order in a plan than in the source. setsText lists
// the types of resources that have such blocks, and the blocks' names: make
// gate-sets.
//
//go:embed sets.txt
var setsText string

var sets = sync.OnceValue(func() map[string][]string {
	all := map[string][]string{}
	for line := range strings.Lines(setsText) {
		words := strings.Fields(line)
		all[words[0]] = words[1:]
	}
	return all
})

// unordered tells whether the blocks at a path may have any order. Of those in
// other blocks, and those of other providers, nobody knows.
func unordered(typ string, steps []string) bool {
	return !strings.HasPrefix(typ, "aws_") || len(steps) > 3 || slices.Contains(sets()[typ], steps[0])
}

// block is one that a block of the plan may come from: a block of the source,
// or the content of a dynamic one for one element.
type block struct {
	file string
	head hcl.Range
	body *hclsyntax.Body
	env  *env
}

// group is one place in the order of blocks.
type group struct {
	blocks         []block
	optional, many bool
}

// metaArguments are of Terraform, not of the resource.
var metaArguments = []string{"count", "depends_on", "for_each", "lifecycle", "provider", "provisioner", "connection"}

// written fills in what a resource is set from by its source. It is false where
// the source is not at hand, or is another one than the plan was made from.
func (n *normaliser) written(r *Resource, s *scope, flat map[string][]string) bool {
	top := n.blocksOf(r, s)
	if len(top) == 0 || !agree(top, flat) {
		return false
	}
	w := n.walk()
	w.block(r, top, nil, r.Values)
	for at, refs := range r.Refs {
		r.Refs[at] = n.there(unique(refs))
	}
	return true
}

// blocksOf gives the blocks of a resource in the source, overrides first.
func (n *normaliser) blocksOf(r *Resource, s *scope) []block {
	var top []block
	for _, b := range n.input.Sources.Bodies(s.key, r.Mode, r.Type, r.Name) {
		if r.Mode == modeProvider && plan.Alias(b.Body) != r.Name {
			continue
		}
		top = append(top, block{file: b.File, head: b.Head, body: b.Body})
	}
	if len(top) == 0 {
		return nil
	}
	in := &env{scope: s}
	if key, ok := keyOf(r.Index); ok {
		in = n.repeated(s, attribute(top, "for_each"), key)
	}
	for i := range top {
		top[i].env = in
	}
	return top
}

func keyOf(index any) (part, bool) {
	switch i := index.(type) {
	case string:
		return part{text: strconv.Quote(i), key: true}, true
	case float64:
		return part{text: strconv.FormatFloat(i, 'f', -1, 64), key: true}, true
	}
	return part{}, false
}

func attribute(all []block, name string) hcl.Expression {
	for _, b := range all {
		if a, ok := b.body.Attributes[name]; ok {
			return a.Expr
		}
	}
	return nil
}

// agree tells whether a source refers to what the plan says that it refers to.
func agree(top []block, flat map[string][]string) bool {
	for name, references := range flat {
		if strings.Contains(name, ".") {
			continue
		}
		expr := attribute(top, name)
		if expr == nil {
			return false
		}
		written := map[string]bool{}
		for _, traversal := range expr.Variables() {
			written[traversal.RootName()] = true
		}
		for _, reference := range references {
			root, _, _ := strings.Cut(reference, ".")
			if root, _, _ = strings.Cut(root, "["); !written[root] {
				return false
			}
		}
		if len(references) == 0 && len(written) > 0 && !onlyLocal(written) {
			return false
		}
	}
	return true
}

// onlyLocal tells of names that a plan does not list as references.
func onlyLocal(written map[string]bool) bool {
	for name := range written {
		if name != "path" && name != "terraform" && name != "self" {
			return false
		}
	}
	return true
}

// block notes what a block of the plan is set from: each attribute, and each
// block in it. Several blocks of the source are alternatives, but for overrides
// at the top.
func (w *walk) block(r *Resource, from []block, steps []string, planned any) {
	names := map[string]bool{}
	for number, b := range from {
		for name, a := range b.body.Attributes {
			if len(steps) == 0 && (slices.Contains(metaArguments, name) || number > 0 && names[name] || !w.n.needs.wants(r.Type, name)) {
				continue
			}
			names[name] = true
			w.attribute(r, append(slices.Clone(steps), name), a.Expr, b.env)
		}
	}
	for _, name := range blockNames(from) {
		if len(steps) == 0 && (slices.Contains(metaArguments, name) || !w.n.needs.wants(r.Type, name)) {
			continue
		}
		at := append(slices.Clone(steps), name)
		switch inside := get(planned, []string{name}).(type) {
		case []any:
			for i, found := range w.match(r, from, at, inside) {
				number := append(slices.Clone(at), strconv.Itoa(i))
				if len(found) > 0 {
					w.block(r, found, number, inside[i])
				}
			}
		case map[string]any:
			var found []block
			for _, g := range w.groups(from, at) {
				found = append(found, g.blocks...)
			}
			w.block(r, found, at, inside)
		default:
			// Where nothing decides that is known after apply, the provider fills the
			// blocks in.
			if _, hidden := r.Unknown[path(at)]; hidden {
				if decides := w.forEach(from, name); len(decides) > 0 {
					r.Refs[path(at)] = append(decides, r.Refs[path(at)]...)
				}
			}
		}
	}
}

func (w *walk) attribute(r *Resource, steps []string, expr hcl.Expression, in *env) {
	at := path(steps)
	w.begin()
	t := term{expr: expr, env: in}
	found := w.reduce(t, 0)
	if !w.cut && null(found) {
		return // the same as left out
	}
	seen := r.Refs[at] != nil
	refs := []Ref{}
	for _, one := range found {
		refs = append(refs, w.own(one, 1)...)
	}
	r.Refs[at] = append(refs, r.Refs[at]...)
	if w.cut {
		r.Refs[at] = append(r.Refs[at], lost)
	}
	if !hidesUnknown(r, at) {
		return
	}
	texts := w.texts(t, 0)
	if w.cut {
		texts = []string{Hole}
	}
	if seen && !slices.Equal(texts, r.Templates[at]) {
		texts = []string{Hole} // nobody can tell which of them it is
	}
	r.Templates[at] = texts
	if !seen {
		w.members(r, at, t)
	}
}

// null tells whether an expression is null whatever comes of its conditions.
func null(found []term) bool {
	for _, one := range found {
		literal, ok := one.expr.(*hclsyntax.LiteralValueExpr)
		if !ok || !literal.Val.IsNull() {
			return false
		}
	}
	return len(found) > 0
}

// members writes what each member of an object gives of which, as a whole, the
// plan says nothing since one member is known after apply. The name * stands for
// members whose names cannot be told.
func (w *walk) members(r *Resource, at string, t term) {
	if r.Unknown[at] != unknown {
		return
	}
	w.begin()
	found := map[string]string{}
	for _, i := range w.items(t, 0) {
		for _, a := range i.alternatives {
			name, ok := w.text(a.key, 0)
			if !ok || strings.Contains(name, Hole) {
				name = anyOf.text
			}
			text, ok := w.text(a.value, 0)
			if before, twice := found[name]; !ok || twice && before != text {
				text = Hole // nobody can tell which of them it is
			}
			found[name] = text
		}
	}
	for name, text := range found {
		if w.cut {
			text = Hole
		}
		r.Templates[at+"."+name] = []string{text}
	}
}

// hidesUnknown tells whether something of an attribute is known after apply.
func hidesUnknown(r *Resource, at string) bool {
	if r.Unknown[at] == unknown {
		return true
	}
	for hidden, why := range r.Unknown {
		if why == unknown && strings.HasPrefix(hidden, at) && len(hidden) > len(at) && hidden[len(at)] == '.' {
			return true
		}
	}
	return false
}

// blockNames lists the names of the blocks in some blocks, dynamic ones too.
func blockNames(from []block) []string {
	var names []string
	for _, b := range from {
		for _, inner := range b.body.Blocks {
			name := inner.Type
			if name == "dynamic" && len(inner.Labels) == 1 {
				name = inner.Labels[0]
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// forEach gives what decides how many blocks of a name there are.
func (w *walk) forEach(from []block, name string) []Ref {
	all := []Ref{}
	for _, b := range from {
		for _, inner := range b.body.Blocks {
			if inner.Type != "dynamic" || len(inner.Labels) != 1 || inner.Labels[0] != name {
				continue
			}
			if a, ok := inner.Body.Attributes["for_each"]; ok {
				w.begin()
				w.looking, w.undecided = true, false
				if all = append(all, w.refs(term{expr: a.Expr, env: b.env}, 0)...); w.cut {
					all = append(all, lost)
				}
				if w.undecided {
					all = append(all, nothing)
				}
				w.looking = false
			}
		}
	}
	return all
}

// groups lists what the blocks at a path come from, in the order of the source.
// At the top an override's blocks replace those of the same name. The
// alternatives further in come one after the other, and each may be the one
// that is not meant.
func (w *walk) groups(from []block, steps []string) []group {
	var all []group
	name, top := steps[len(steps)-1], len(steps) == 1
	for _, b := range from {
		before := len(all)
		for _, inner := range b.body.Blocks {
			switch {
			case inner.Type == name:
				all = append(all, group{blocks: []block{{file: b.file, head: inner.DefRange(), body: inner.Body, env: b.env}}})
			case inner.Type == "dynamic" && len(inner.Labels) == 1 && inner.Labels[0] == name:
				all = append(all, w.dynamic(b, inner)...)
			}
		}
		if top && len(all) > 0 {
			break
		}
		for i := before; i < len(all); i++ {
			all[i].optional = all[i].optional || len(from) > 1
		}
	}
	return all
}

// dynamic lists what a dynamic block makes.
func (w *walk) dynamic(in block, inner *hclsyntax.Block) []group {
	forEach, ok := inner.Body.Attributes["for_each"]
	if !ok {
		return nil
	}
	iterator := inner.Labels[0]
	if a, ok := inner.Body.Attributes["iterator"]; ok {
		if name := hcl.ExprAsKeyword(a.Expr); name != "" {
			iterator = name
		}
	}
	var content *hclsyntax.Block
	for _, b := range inner.Body.Blocks {
		if b.Type == "content" {
			content = b
		}
	}
	if content == nil {
		return nil
	}
	w.begin()
	var all []group
	items := w.items(term{expr: forEach.Expr, env: in.env}, 0)
	if w.cut {
		items = []item{{alternatives: []element{{value: term{refs: []Ref{lost}}}}, optional: true, many: true}}
	}
	for _, one := range items {
		g := group{optional: one.optional, many: one.many}
		for _, a := range one.alternatives {
			bound := in.env.bind(iterator+".value", &a.value).bind(iterator+".key", &a.key)
			g.blocks = append(g.blocks, block{file: in.file, head: inner.DefRange(), body: content.Body, env: bound})
		}
		all = append(all, g)
	}
	return all
}

// maxPairs bounds the comparisons of blocks of the plan with those of the
// source; beyond it, each may be each.
const maxPairs = 250_000

// match finds the blocks of the source that each block of the plan may come
// from: those whose constants are the plan's values, and, where blocks keep
// their order, that leave places for the others.
func (w *walk) match(r *Resource, from []block, steps []string, planned []any) [][]block {
	groups := w.groups(from, steps)
	if len(groups) == 0 {
		return nil
	}
	var (
		found = make([][]block, len(planned))
		every []block
	)
	for _, g := range groups {
		every = append(every, g.blocks...)
	}
	if len(every)*len(planned) > maxPairs {
		for p := range found {
			found[p] = every
		}
		return found
	}
	constants := make([]map[string][]string, len(every))
	for i, b := range every {
		constants[i] = w.constants(b)
	}
	fits := make([][][]block, len(planned)) // by block of the plan and group
	for p := range planned {
		fits[p] = make([][]block, len(groups))
		i := 0
		for g := range groups {
			for _, b := range groups[g].blocks {
				if agrees(r, append(slices.Clone(steps), strconv.Itoa(p)), planned[p], constants[i]) {
					fits[p][g] = append(fits[p][g], b)
				}
				i++
			}
		}
	}
	possible := inOrder(groups, fits)
	if possible == nil || unordered(r.Type, append(slices.Clone(steps), "0", "x")) {
		possible = func(int, int) bool { return true }
	}
	for p := range planned {
		for g := range groups {
			if possible(p, g) {
				found[p] = append(found[p], fits[p][g]...)
			}
		}
		if len(found[p]) == 0 {
			found[p] = every
		}
	}
	return found
}

// inOrder tells for each block of the plan and each group of the source whether
// one can be of the other when both keep their order. It is nil if that cannot
// be at all.
func inOrder(groups []group, fits [][][]block) func(p, g int) bool {
	// forth[p][g]: the first p blocks can come from the groups before g, or from
	// g too if that gives many. back: the others from g on.
	forth, back := make([][]bool, len(fits)+1), make([][]bool, len(fits)+1)
	for p := range forth {
		forth[p], back[p] = make([]bool, len(groups)+1), make([]bool, len(groups)+1)
	}
	after := func(g int) int {
		if groups[g].many {
			return g
		}
		return g + 1
	}
	forth[0][0] = true
	for p := range forth {
		for g := range groups {
			if !forth[p][g] {
				continue
			}
			if groups[g].optional || groups[g].many {
				forth[p][g+1] = true
			}
			if p < len(fits) && len(fits[p][g]) > 0 {
				forth[p+1][after(g)] = true
			}
		}
	}
	back[len(fits)][len(groups)] = true
	for p := len(fits); p >= 0; p-- {
		for g := len(groups) - 1; g >= 0; g-- {
			back[p][g] = (groups[g].optional || groups[g].many) && back[p][g+1] ||
				p < len(fits) && len(fits[p][g]) > 0 && back[p+1][after(g)]
		}
	}
	if !back[0][0] {
		return nil
	}
	return func(p, g int) bool {
		return forth[p][g] && len(fits[p][g]) > 0 && back[p+1][after(g)]
	}
}

// constants are the attributes of a block whose values the source tells.
func (w *walk) constants(b block) map[string][]string {
	all := map[string][]string{}
	for name, a := range b.body.Attributes {
		w.begin()
		t := term{expr: a.Expr, env: b.env}
		list := w.texts(t, 0)
		if !w.cut && !slices.ContainsFunc(list, func(text string) bool { return strings.Contains(text, Hole) }) {
			all[name] = list
		}
	}
	return all
}

// agrees tells whether a block of the plan has these constants, as far as it is
// known.
func agrees(r *Resource, steps []string, planned any, constants map[string][]string) bool {
	for name, want := range constants {
		at := append(slices.Clone(steps), name)
		if hides(r, path(at)) {
			continue
		}
		have := texts(get(planned, []string{name}))
		slices.Sort(have)
		want = slices.Clone(want)
		slices.Sort(want)
		if !slices.Equal(slices.Compact(have), slices.Compact(want)) && len(want) > 0 && !(len(have) == 0 && slices.Equal(want, []string{""})) {
			return false
		}
	}
	return true
}

// Place finds where an attribute of a resource is written: the attribute, if it
// is, else the innermost block around it. Path is that in the plan.
func (d *Document) Place(r *Resource, path []string) (plan.Range, bool) {
	sources := d.work.input.Sources
	s := d.work.modules[r.Module]
	if s == nil {
		return plan.Range{}, false
	}
	top := d.work.blocksOf(r, s)
	if len(top) == 0 {
		return sources.Find(r.key, r.Mode, r.Type, r.Name, path)
	}
	d.work.remember(r)
	w, found := d.work.walk(), top
	last := top[len(top)-1]
	best := sources.At(s.key, last.file, last.head)
	var around []string
	planned := any(r.Values)
	for depth := 0; depth < len(path); {
		for _, b := range found {
			if a, ok := b.body.Attributes[path[depth]]; ok {
				return sources.At(s.key, b.file, a.SrcRange), true
			}
		}
		around = append(around, path[depth])
		planned = get(planned, path[depth:depth+1])
		var inner []block
		list, ok := planned.([]any)
		number := 0
		if depth++; depth < len(path) {
			if i, err := strconv.Atoi(path[depth]); err == nil {
				number = i
				depth++
			}
		}
		switch {
		case ok && number < len(list):
			if all := w.match(r, found, around, list); all != nil {
				inner = all[number]
			}
			around = append(around, strconv.Itoa(number))
			planned = list[number]
		default:
			for _, g := range w.groups(found, around) {
				inner = append(inner, g.blocks...)
			}
		}
		if len(inner) == 0 {
			break
		}
		best, found = sources.At(s.key, inner[0].file, inner[0].head), inner
	}
	return best, true
}

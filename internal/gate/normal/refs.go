package normal

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// Ref is one thing that an attribute is set from, followed through variables,
// locals and outputs of modules to a resource or data source.
type Ref struct {
	// Address is the resource's: with the keys of the modules where they are
	// known, without its own. It is that of the variable, local value or module
	// itself where it could not be followed, or "null" for what may be nothing;
	// Type is empty then.
	Address   string `json:"address"`
	Type      string `json:"type,omitempty"`
	Mode      string `json:"mode,omitempty"` // managed or data
	Index     any    `json:"index,omitempty"`
	Attribute string `json:"attribute,omitempty"`
}

// maxHops bounds the way from an attribute to a resource: plan JSON cannot nest
// more modules. The memory of what was followed ends each circle.
const maxHops = 10_000

// setFrom fills in what a resource's attributes are set from: by the source
// where it is at hand, else by the configuration in plan JSON, which does not
// show local values and dynamic blocks.
func (n *normaliser) setFrom(r *Resource, s *scope) {
	r.Refs, r.Templates = map[string][]Ref{}, map[string][]string{}
	config := n.config(s.module, r)
	if config == nil {
		return
	}
	flat := n.expressions(config)
	if n.written(r, s, flat) {
		return
	}
	for at, references := range flat {
		r.Refs[at] = n.follow(s, references, config.ForEach.References)
		if n.nullVariable(s, references) {
			r.Refs[at] = append(slices.Clip(r.Refs[at]), nothing)
		}
	}
	// What lies in a dynamic block is set. Where the configuration has another
	// number of blocks than the plan, or the plan has them in another order,
	// their numbers mean nothing.
	for at := range r.Unknown {
		steps := strings.Split(at, ".")
		if len(steps) < 3 {
			continue
		}
		same := sameBlocks(r.Refs, steps)
		switch {
		case blocks(flat, steps[0]) != planned(r, steps[0]):
			r.Refs[attributePath(steps)] = []Ref{}
		case same != nil && (nearestPath(r.Refs, at) == "" || unordered(r.Type, steps)):
			r.Refs[attributePath(steps)] = same
		}
	}
}

// expressions lists the references of a block by path, as far as they are needed.
// They are the same for all of its instances.
func (n *normaliser) expressions(config *plan.Resource) map[string][]string {
	return n.flat.get(config, func() map[string][]string {
		flat := map[string][]string{}
		for name, raw := range config.Expressions {
			if n.needs.wants(config.Type, name) {
				flatten(flat, nil, map[string]jsontext.Value{name: raw})
			}
		}
		for at, references := range flat {
			flat[at] = longest(references)
		}
		return flat
	})
}

// nullVariable tells whether all that an expression of the root refers to is one
// variable that is null: so may be what comes of it.
func (n *normaliser) nullVariable(s *scope, references []string) bool {
	kept := longest(references)
	if s.caller != nil || len(kept) != 1 {
		return false
	}
	name, ok := strings.CutPrefix(kept[0], "var.")
	value, known := n.input.Plan.Variables[name]
	return ok && known && value == nil
}

// planned is the number of blocks of a name in the plan, or -1 where it is no
// list.
func planned(r *Resource, name string) int {
	if list, ok := r.Values[name].([]any); ok {
		return len(list)
	}
	return -1
}

// there leaves out of several references those to what the plan has no instance
// of: Terraform takes another branch of a condition then, or of try.
func (n *normaliser) there(refs []Ref) []Ref {
	if len(refs) < 2 {
		return refs
	}
	var kept []Ref
	for _, ref := range refs {
		if ref.Type == "" || n.exists(ref) {
			kept = append(kept, ref)
		}
	}
	if len(kept) == 0 {
		return refs
	}
	return kept
}

// exists tells whether the plan has an instance that a reference may mean. Where
// it does not name the instances of the modules around it, each may be meant.
func (n *normaliser) exists(ref Ref) bool {
	if n.instance == nil {
		n.instance = map[string]bool{}
		add := func(address string, index any) {
			n.instance[address], n.instance[withoutKeys(address)] = true, true
			if index != nil {
				n.instance[Ref{Address: address, Index: index}.instance()] = true
			}
		}
		for i := range n.input.Plan.Changes {
			if c := &n.input.Plan.Changes[i]; !c.Goes() {
				add(base(c.Module, c.Mode, c.Type, c.Name), c.Index)
			}
		}
		for address, all := range n.input.Plan.Read {
			for _, one := range all {
				add(address, one.Index)
			}
		}
	}
	return n.instance[ref.instance()]
}

// withoutKeys cuts the keys of modules from an address.
func withoutKeys(address string) string {
	if !strings.Contains(address, "[") {
		return address
	}
	parts, _ := splitAddress(address)
	var names []string
	for _, p := range parts {
		if !p.key {
			names = append(names, p.text)
		}
	}
	return strings.Join(names, ".")
}

// base is the address of a resource without its own key.
func base(module, mode, typ, name string) string {
	own := typ + "." + name
	if mode == "data" {
		own = "data." + own
	}
	return join(module, own)
}

// blocks is the number of blocks of a name in the configuration, or -1 where
// there is an attribute of that name.
func blocks(flat map[string][]string, name string) int {
	if _, ok := flat[name]; ok {
		return -1
	}
	n := 0
	for at := range flat {
		if rest, ok := strings.CutPrefix(at, name+"."); ok {
			number, _, _ := strings.Cut(rest, ".")
			if i, err := strconv.Atoi(number); err == nil {
				n = max(n, i+1)
			}
		}
	}
	return n
}

// config finds the block of a resource.
func (n *normaliser) config(m *plan.Module, r *Resource) *plan.Resource {
	if m == nil {
		return nil
	}
	byName := n.configs[m]
	if byName == nil {
		byName = map[[3]string]*plan.Resource{}
		for i := range m.Resources {
			c := &m.Resources[i]
			byName[[3]string{c.Mode, c.Type, c.Name}] = c
		}
		n.configs[m] = byName
	}
	return byName[[3]string{r.Mode, r.Type, r.Name}]
}

// attributePath cuts the number of an element from the path of a list's.
func attributePath(steps []string) string {
	if isNumber(steps[len(steps)-1]) {
		steps = steps[:len(steps)-1]
	}
	return path(steps)
}

// nearestPath gives the path of the references that nearest finds, or "".
func nearestPath(refs map[string][]Ref, at string) string {
	for at != "" {
		if _, ok := refs[at]; ok {
			return at
		}
		at = at[:max(strings.LastIndexByte(at, '.'), 0)]
	}
	return ""
}

// nearest gives the references of a path or of what is around it.
func nearest(refs map[string][]Ref, at string) ([]Ref, bool) {
	found := nearestPath(refs, at)
	return refs[found], found != ""
}

// isNumber tells the number of a block or an element from a name.
func isNumber(step string) bool { return step != "" && strings.Trim(step, "0123456789") == "" }

// sameBlocks gathers what an attribute is set from in all blocks of its name:
// those of a set come in another order in the plan than in the configuration.
func sameBlocks(refs map[string][]Ref, steps []string) []Ref {
	var all []Ref
	for at, found := range refs {
		if !strings.HasPrefix(at, steps[0]) {
			continue
		}
		other := strings.Split(at, ".")
		if len(other) > len(steps) {
			continue
		}
		same := true
		for i, step := range other {
			same = same && (step == steps[i] || isNumber(step) && isNumber(steps[i]))
		}
		if same {
			all = append(all, append([]Ref{}, found...)...)
			if all == nil {
				all = []Ref{}
			}
		}
	}
	return unique(all)
}

// flatten lists the expressions of a block and of the blocks in it, by path.
func flatten(into map[string][]string, steps []string, expressions map[string]jsontext.Value) {
	for name, raw := range expressions {
		at := append(slices.Clone(steps), name)
		switch raw.Kind() {
		case '[':
			var blocks []map[string]jsontext.Value
			if json.Unmarshal(raw, &blocks) == nil {
				for i, block := range blocks {
					flatten(into, append(at, strconv.Itoa(i)), block)
				}
			}
		case '{':
			var leaf plan.Expression
			if err := json.Unmarshal(raw, &leaf); err == nil && (leaf.References != nil || leaf.Constant != nil || bytes.Equal(raw, []byte("{}"))) {
				into[path(at)] = leaf.References
				continue
			}
			var block map[string]jsontext.Value
			if json.Unmarshal(raw, &block) == nil {
				flatten(into, at, block)
			}
		}
	}
}

// argument names one of a module block.
type argument struct {
	call *plan.Call
	name string
}

// leaves lists the references of everything in an argument of a module block.
// They are the same for all instances of the module.
func (n *normaliser) leaves(a argument) []string {
	return n.arguments.get(a, func() []string {
		flat := map[string][]string{}
		flatten(flat, nil, map[string]jsontext.Value{"x": a.call.Expressions[a.name]})
		var all []string
		for _, references := range flat {
			all = append(all, references...)
		}
		return longest(all)
	})
}

// follow gives what references in a module instance, of which none begins with
// another, lead to. Never nil.
func (n *normaliser) follow(s *scope, references, forEach []string) []Ref {
	all := []Ref{}
	for _, reference := range references {
		found := n.resolve(s, reference, forEach, 0)
		if len(references) == 1 && len(found) == 1 {
			return slices.Clip(found)
		}
		all = append(all, found...)
	}
	return unique(all)
}

// longest leaves out what others begin with: the plan lists a.b.c and a.b for
// one reference.
func longest(references []string) []string {
	sorted := slices.Compact(slices.Sorted(slices.Values(references)))
	var kept []string
	for i, r := range sorted {
		shorter := false
		for _, other := range sorted[i+1:] {
			if !strings.HasPrefix(other, r) {
				break
			}
			shorter = shorter || other[len(r)] == '.' || other[len(r)] == '['
		}
		if !shorter {
			kept = append(kept, r)
		}
	}
	return kept
}

// unique sorts, since the plan's order is one of names and maps.
func unique(refs []Ref) []Ref {
	if len(refs) < 2 {
		return refs
	}
	var kept []Ref
	slices.SortStableFunc(refs, func(a, b Ref) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Attribute, b.Attribute))
	})
	for _, r := range refs {
		if !slices.Contains(kept, r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// forgetFollowed gives back the memory of what references lead to. It must not be
// called while one is followed.
func (n *normaliser) forgetFollowed() {
	for _, s := range n.followed {
		s.memo = nil
	}
	n.followed = n.followed[:0]
}

func (n *normaliser) resolve(s *scope, reference string, forEach []string, hops int) []Ref {
	if known, ok := s.memo[reference]; ok {
		return known
	}
	parts := n.steps(reference)
	if len(parts) == 0 || hops > maxHops {
		return nil
	}
	if parts[0].text == "each" {
		if len(parts) > 1 && parts[1].text == "key" {
			return nil // known whenever there is a plan
		}
		var all []Ref
		for _, r := range longest(forEach) {
			all = append(all, n.resolve(s, r, nil, hops+1)...)
		}
		if len(parts) > 2 && parts[1].text == "value" {
			return deeper(all, parts[2:])
		}
		return all
	}
	if s.memo == nil {
		s.memo = map[string][]Ref{}
		n.followed = append(n.followed, s)
	}
	s.memo[reference] = nil // ends a circle
	found := n.lookup(s, parts, hops)
	s.memo[reference] = found
	return found
}

// steps splits a reference; there are none in what is no reference.
func (n *normaliser) steps(reference string) []part {
	return n.split.get(reference, func() []part {
		parts, err := splitAddress(reference)
		if err != nil {
			return nil
		}
		return parts
	})
}

// lookup follows a name by what plan JSON says of the configuration: what an
// expression refers to, not how.
func (n *normaliser) lookup(s *scope, parts []part, hops int) []Ref {
	if len(parts) < 2 {
		return nil // the name of an iterator, or nothing
	}
	name := parts[1].text
	unresolved := []Ref{{Address: join(s.instance, parts[0].text+"."+name)}}
	switch parts[0].text {
	case "count", "path", "terraform", "self":
		return nil
	case "var":
		return n.variable(s, name, hops)
	case "local":
		return unresolved
	case "module":
		return n.output(s, parts, unresolved, hops)
	case "data":
		if len(parts) < 3 {
			return unresolved
		}
		return []Ref{n.target(s, "data", parts[1:])}
	default:
		if s.module != nil && n.config(s.module, &Resource{Mode: "managed", Type: parts[0].text, Name: name}) == nil {
			return unresolved // the iterator of a dynamic block or a for expression
		}
		return []Ref{n.target(s, "managed", parts)}
	}
}

// variable follows a variable to what the caller sets it from. A variable of the
// root or one that is left to its default comes from outside of the plan's
// resources.
func (n *normaliser) variable(s *scope, name string, hops int) []Ref {
	if s.caller == nil || s.call == nil {
		return nil
	}
	return n.each(s.caller, n.leaves(argument{s.call, name}), s.call.ForEach.References, hops)
}

func (n *normaliser) each(s *scope, references, forEach []string, hops int) []Ref {
	var all []Ref
	for _, r := range references {
		all = append(all, n.resolve(s, r, forEach, hops+1)...)
	}
	return all
}

// output follows an output of a module to what it is made from.
func (n *normaliser) output(s *scope, parts []part, unresolved []Ref, hops int) []Ref {
	child, rest := n.child(s, parts)
	if child == nil || child.module == nil || len(rest) == 0 {
		return unresolved
	}
	out, ok := child.module.Outputs[rest[0].text]
	if !ok {
		return unresolved
	}
	return n.each(child, longest(out.Expression.References), nil, hops)
}

// child finds the module instance that a reference names, and what of it.
func (n *normaliser) child(s *scope, parts []part) (*scope, []part) {
	if len(parts) < 3 || s.module == nil {
		return nil, nil
	}
	name, rest := parts[1].text, parts[2:]
	instance, index := join(s.instance, "module."+name), part{}
	if rest[0].key {
		if rest[0] != anyOf {
			instance += "[" + rest[0].text + "]"
		}
		index, rest = rest[0], rest[1:]
	}
	known := n.modules[instance]
	if known == nil {
		known = &scope{caller: s, instance: instance, index: index}
		n.enter(known, name)
		n.modules[instance] = known
	}
	return known, rest
}

// target is the resource that a reference names.
func (n *normaliser) target(s *scope, mode string, parts []part) Ref {
	own := parts[0].text + "." + parts[1].text
	if mode == "data" {
		own = "data." + own
	}
	ref := Ref{Address: n.decoder.same(join(s.instance, own)), Type: parts[0].text, Mode: mode}
	ref.into(parts[2:])
	return ref
}

// instance is the address of the instance that is meant, or of all of them.
func (r Ref) instance() string {
	switch index := r.Index.(type) {
	case string:
		return r.Address + "[" + strconv.Quote(index) + "]"
	case float64:
		return r.Address + "[" + strconv.FormatFloat(index, 'f', -1, 64) + "]"
	}
	return r.Address
}

// into goes from a resource into its instance and attribute.
func (r *Ref) into(way []part) {
	if len(way) > 0 && way[0].key {
		if text, err := strconv.Unquote(way[0].text); err == nil {
			r.Index = text
		} else if number, err := strconv.ParseFloat(way[0].text, 64); err == nil {
			r.Index = number
		}
		way = way[1:]
	}
	if len(way) > 0 && !way[0].key {
		r.Attribute = way[0].text
	}
}

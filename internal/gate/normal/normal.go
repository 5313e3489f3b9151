// Package normal turns a plan into the one form that policies see: resources by
// type, what is unknown and why, what each attribute is set from, and IAM
// policies of every spelling as statements. docs/gate-input.schema.json
// describes it.
package normal

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// Version is that of the form. It grows when something is taken out or changes
// its meaning.
const Version = 1

// Document is what policies get as input.
type Document struct {
	Version   int    `json:"version"`
	Terraform string `json:"terraform_version"`
	// ByType has the managed resources, Data the data sources that are read
	// while the plan is applied, and the policy documents read before.
	ByType   map[string][]*Resource `json:"by_type"`
	Data     map[string][]*Resource `json:"data"`
	Policies []*Policy              `json:"policies"`
	// Bearers has who bears the identity policies, Attachments how they came to
	// it.
	Bearers     []*Bearer    `json:"bearers"`
	Attachments []Attachment `json:"attachments"`
	// Accounts are the accounts that the plan is known to be for; empty where
	// the plan does not tell.
	Accounts []string `json:"accounts"`
	// Providers are the provider blocks and Calls the module blocks of the
	// configuration; the mode of the ones is provider, that of the others module.
	Providers []*Resource `json:"providers"`
	Calls     []*Resource `json:"calls"`
	// Lookup has, for each type, the places in ByType of the resources of an
	// address, with and without keys, and of a known id, ARN or name.
	Lookup map[string]map[string][]int `json:"lookup"`

	managed int // those that are not needed, too
	index   map[string]*Resource
	work    *normaliser
}

// Resource is one instance of a resource as it will be.
type Resource struct {
	Address  string   `json:"address"`
	Base     string   `json:"base"`   // the address without the instance's own key
	Config   string   `json:"config"` // the address without any key
	Module   string   `json:"module"` // address of the module instance, "" at the root
	Mode     string   `json:"mode"`
	Type     string   `json:"type"`
	Name     string   `json:"name"`
	Index    any      `json:"index,omitempty"`
	Actions  []string `json:"actions"`
	Previous string   `json:"previous_address,omitempty"`
	Imported bool     `json:"imported,omitempty"`

	// Values are the values known now, without nulls and without those that
	// are sensitive.
	Values map[string]any `json:"values"`
	// Unknown has the paths whose values are not in Values though they are or
	// will be there, and says why: "unknown" until apply, "sensitive", or
	// "defaulted", which is known after apply too, but of what the configuration
	// leaves to the provider or to AWS.
	Unknown map[string]string `json:"unknown"`
	// Refs has the paths that the configuration sets, and what they are set
	// from: an empty list for a constant.
	Refs map[string][]Ref `json:"refs"`
	// Templates has, for unknown paths whose source is at hand, what is written
	// there with ${} for each part that is not known: one text, or one for each
	// element of a list, whose order need not be that of the plan.
	Templates map[string][]string `json:"templates"`

	key string // of the module in the manifest: "chat.api"
}

// Why a value is not to be seen.
const (
	unknown   = "unknown"
	sensitive = "sensitive"
	defaulted = "defaulted"
)

// ByAddress gives a resource of the document, or nil.
func (d *Document) ByAddress(address string) *Resource { return d.index[address] }

// ModuleKey is the module's path in the manifest of modules: chat.api.
func (r *Resource) ModuleKey() string { return r.key }

// Forget gives back the memory of what only policies need, once they have it.
func (d *Document) Forget() {
	d.Policies, d.Lookup, d.Bearers, d.Attachments = nil, nil, nil, nil
}

// Forget does so for a resource. Its place can still be found.
func (r *Resource) Forget() { r.Values, r.Unknown, r.Refs, r.Templates = nil, nil, nil, nil }

// Managed is the number of managed resources.
func (d *Document) Managed() int { return d.managed }

// New makes the document of a plan. What goes is left out; what stays as it is,
// is replaced, imported or moved is in, as it will be. What is not needed is
// left out, too.
func New(in *plan.Input, needs *Needs) (*Document, error) {
	d := &Document{
		Version: Version, Terraform: in.Plan.TerraformVersion,
		ByType: map[string][]*Resource{}, Data: map[string][]*Resource{}, Policies: []*Policy{},
		Bearers: []*Bearer{}, Attachments: []Attachment{}, Accounts: []string{}, Providers: []*Resource{}, Calls: []*Resource{},
		index: map[string]*Resource{},
	}
	n := &normaliser{
		input: in, needs: needs, decoder: newDecoder(needs), document: d, changes: map[string]int{}, modules: map[string]*scope{},
		callers: map[called]*plan.Call{}, configs: map[*plan.Module]map[[3]string]*plan.Resource{}, objects: map[*hclsyntax.ObjectConsExpr]*object{}, byBase: map[string][]*Resource{},
		flat: recent[*plan.Resource, map[string][]string]{}, arguments: recent[argument, []string]{}, split: recent[string, []part]{},
		unknowns: recent[uint64, map[string]string]{}, untold: map[string][]string{},
		trees: recent[tree, map[string]string]{}, known: map[string]string{},
	}
	d.work = n
	// Without sources nobody comes back to what the plan says of a resource.
	once := in.Once && in.Sources.Empty()
	// What is written in one resource may be known of another.
	for i := range in.Plan.Changes {
		c := &in.Plan.Changes[i]
		if c.Goes() {
			continue
		}
		if _, twice := n.changes[c.Address]; twice {
			return nil, &plan.Error{File: in.Name, Problem: "has two resources of one address", Remedy: remedy}
		}
		n.changes[c.Address] = i
	}
	for i := range in.Plan.Changes {
		c := &in.Plan.Changes[i]
		if c.Goes() {
			continue
		}
		if c.Mode == "managed" {
			d.managed++
		}
		if !needs.wantsType(c.Mode, c.Type) {
			continue
		}
		r := n.resource()
		*r = Resource{
			Address: c.Address, Module: c.Module, Mode: c.Mode, Type: c.Type, Name: c.Name, Index: c.Index,
			Actions: c.Values.Actions, Previous: c.PreviousAddress, Imported: len(c.Values.Importing) > 0 && c.Values.Importing.Kind() == '{',
		}
		if err := n.add(r, c.Values.After, c.Values.Unknown, c.Values.Sensitive); err != nil {
			return nil, err
		}
		if once {
			c.Values = plan.Values{}
		}
	}
	for i := range in.Plan.Documents {
		s := &in.Plan.Documents[i]
		if d.index[s.Address] != nil {
			continue // read again while the plan is applied
		}
		r := n.resource()
		*r = Resource{Address: s.Address, Module: s.Module, Mode: s.Mode, Type: s.Type, Name: s.Name, Index: s.Index, Actions: []string{"no-op"}}
		if err := n.add(r, s.Values, nil, s.Sensitive); err != nil {
			return nil, err
		}
		if once {
			s.Values = nil
		}
	}
	if once {
		in.Plan.Changes, in.Plan.Documents, n.changes = nil, nil, nil
	}
	for _, address := range slices.Sorted(maps.Keys(d.index)) {
		r := d.index[address]
		n.setFrom(r, n.modules[r.Module])
		r.leftOut()
		n.share(r)
		// A module's resources lie beside each other, and lead to each other mostly.
		if len(n.followed) > 16 {
			n.forgetFollowed()
		}
	}
	if err := n.blocks(); err != nil {
		return nil, err
	}
	n.policies()
	n.bearers()
	n.accounts()
	for _, byType := range []map[string][]*Resource{d.ByType, d.Data} {
		for _, list := range byType {
			slices.SortFunc(list, func(a, b *Resource) int { return cmp.Compare(a.Address, b.Address) })
		}
	}
	d.look()
	// To find a place takes none of this, or little of it again.
	n.byBase, n.byName, n.marked, n.instance = nil, nil, nil, nil
	n.forgetFollowed()
	return d, nil
}

const remedy = "make the plan again; it is not as Terraform writes it"

// look fills in where resources are found.
func (d *Document) look() {
	d.Lookup = map[string]map[string][]int{}
	for typ, list := range d.ByType {
		places := map[string][]int{}
		for i, r := range list {
			keys := []string{r.Address, r.Base, r.Config, r.Config + strings.TrimPrefix(r.Address, r.Base)}
			for _, attribute := range []string{"id", "arn", "name", "bucket", "function_name"} {
				if text, ok := r.Values[attribute].(string); ok {
					keys = append(keys, text)
				}
			}
			slices.Sort(keys)
			for _, key := range slices.Compact(keys) {
				places[key] = append(places[key], i)
			}
		}
		d.Lookup[typ] = places
	}
}

// normaliser is the work on one plan.
type normaliser struct {
	input    *plan.Input
	needs    *Needs
	decoder  *decoder
	changes  map[string]int // place of a resource in the plan, by address
	document *Document
	modules  map[string]*scope                             // by module instance
	configs  map[*plan.Module]map[[3]string]*plan.Resource // by mode, type and name
	callers  map[called]*plan.Call
	objects  map[*hclsyntax.ObjectConsExpr]*object
	byBase   map[string][]*Resource      // by address without the instance's own key, and without any
	marked   map[string][]jsontext.Value // what is sensitive of each instance, see openRef
	instance map[string]bool             // addresses that the plan has, with and without keys, see exists
	byName   map[string]*Resource        // by type and name, see names
	// What was read of the configuration, which all instances have in common.
	flat      recent[*plan.Resource, map[string][]string]
	arguments recent[argument, []string]
	split     recent[string, []part]
	followed  []*scope                          // those with a memo
	slab      []Resource                        // those that are to come
	unknowns  recent[uint64, map[string]string] // by hash, see share
	untold    map[string][]string               // the templates of a resource that has none
	trees     recent[tree, map[string]string]
	known     map[string]string // what is unknown of a resource that is wholly known
}

// recent remembers what was made of something, for a while: a configuration may
// be as large as the plan.
type recent[K comparable, V any] map[K]V

func (m recent[K, V]) get(key K, make func() V) V {
	value, known := m[key]
	if !known {
		if value = make(); len(m) == 4096 {
			clear(m)
		}
		m[key] = value
	}
	return value
}

func (n *normaliser) add(r *Resource, after, unknowns, hidden jsontext.Value) error {
	scope, err := n.scope(r.Module)
	if err != nil {
		return &plan.Error{File: n.input.Name, Problem: "has the address of a module that cannot be read", Remedy: remedy, Err: err}
	}
	r.key = scope.key
	if r.Base = base(r.Module, r.Mode, r.Type, r.Name); r.Base == r.Address {
		r.Base = r.Address // one text of the two
	} else {
		r.Base = n.decoder.same(r.Base)
	}
	r.Config = n.decoder.same(base(scope.config, r.Mode, r.Type, r.Name))
	if err := n.values(r, n.config(scope.module, r), after, unknowns, hidden); err != nil {
		return err
	}
	if n.document.index[r.Address] != nil {
		return &plan.Error{File: n.input.Name, Problem: "has two resources of one address"}
	}
	n.document.index[r.Address] = r
	n.byBase[r.Base] = append(n.byBase[r.Base], r)
	if r.Config != r.Base {
		n.byBase[r.Config] = append(n.byBase[r.Config], r)
	}
	into := n.document.ByType
	if r.Mode == "data" {
		into = n.document.Data
	}
	into[r.Type] = append(into[r.Type], r)
	return nil
}

// values fills in what is known of a resource, and what is not.
func (n *normaliser) values(r *Resource, config *plan.Resource, after, unknowns, hidden jsontext.Value) error {
	values, err := n.decoder.attributes(r.Type, after)
	var hiddenTree any
	if err == nil {
		r.Unknown, err = n.unknownIn(r.Type, unknowns)
	}
	if err == nil && marks(hidden) {
		hiddenTree, err = n.decoder.attributes(r.Type, hidden)
	}
	if err != nil {
		return &plan.Error{File: n.input.Name, Problem: "has a resource whose values cannot be read", Remedy: remedy, Err: err}
	}
	if secret := n.secrets(r, config, values, hiddenTree); secret != nil {
		r.Unknown = maps.Clone(r.Unknown)
		hide(r.Unknown, nil, values, secret)
	}
	r.Values, _ = values.(map[string]any)
	if r.Values == nil {
		r.Values = map[string]any{}
	}
	return nil
}

// resource gives an empty one. They lie together, since they are there for longer
// than what is in them.
func (n *normaliser) resource() *Resource {
	if len(n.slab) == 0 {
		n.slab = make([]Resource, 64)
	}
	r := &n.slab[0]
	n.slab = n.slab[1:]
	return r
}

// share has resources of which the same is unknown, or nothing is to be said of
// templates, have one map in common: it does not change any more.
func (n *normaliser) share(r *Resource) {
	if len(r.Templates) == 0 {
		r.Templates = n.untold
	}
	hash := uint64(len(r.Unknown))
	for at, why := range r.Unknown {
		hash += maphash.String(n.decoder.seed, at) ^ maphash.String(n.decoder.seed, why)<<1
	}
	known := n.unknowns.get(hash, func() map[string]string { return r.Unknown })
	if maps.Equal(known, r.Unknown) {
		r.Unknown = known
	}
}

// tree is one of the plan's that marks attributes of a type.
type tree struct{ typ, text string }

// unknownIn gives the paths that a tree of the plan's marks. Many resources have
// them in common, so they must not be changed.
func (n *normaliser) unknownIn(typ string, raw jsontext.Value) (map[string]string, error) {
	if !marks(raw) {
		return n.known, nil
	}
	decode := func() (map[string]string, error) {
		marked, err := n.decoder.attributes(typ, raw)
		all := map[string]string{}
		n.mark(all, nil, marked, unknown)
		return all, err
	}
	if len(raw) > 2048 {
		return decode()
	}
	var err error
	all := n.trees.get(tree{typ, string(raw)}, func() (all map[string]string) {
		all, err = decode()
		return all
	})
	return all, err
}

// leftOut marks what is known after apply and nobody has set.
func (r *Resource) leftOut() {
	var left []string
	for at, why := range r.Unknown {
		if why == unknown && nearestPath(r.Refs, at) == "" {
			left = append(left, at)
		}
	}
	if len(left) > 0 {
		r.Unknown = maps.Clone(r.Unknown)
	}
	for _, at := range left {
		r.Unknown[at] = defaulted
	}
}

// remember reads again what was forgotten.
func (n *normaliser) remember(r *Resource) {
	if i, ok := n.changes[r.Address]; ok && r.Values == nil {
		c := &n.input.Plan.Changes[i].Values
		_ = n.values(r, n.config(n.modules[r.Module].module, r), c.After, c.Unknown, c.Sensitive) // it was read before
	}
}

func join(module, own string) string {
	if module == "" {
		return own
	}
	return module + "." + own
}

// path is written with dots: statement.0.actions.
func path(steps []string) string { return strings.Join(steps, ".") }

// marks tells whether there is a true leaf in a tree of the plan's.
func marks(tree jsontext.Value) bool { return bytes.Contains(tree, []byte("true")) }

// mark notes each true leaf of a tree of the plan's.
func (n *normaliser) mark(into map[string]string, steps []string, tree any, why string) {
	switch t := tree.(type) {
	case bool:
		if t {
			into[n.decoder.same(path(steps))] = why
		}
	case map[string]any:
		for name, child := range t {
			n.mark(into, append(steps, name), child, why)
		}
	case []any:
		for i, child := range t {
			n.mark(into, append(steps, strconv.Itoa(i)), child, why)
		}
	}
}

// hide takes sensitive values out of values, whose maps and lists it changes,
// and notes where they were. What is null is not there and hides nothing.
func hide(into map[string]string, steps []string, values, tree any) {
	switch t := tree.(type) {
	case map[string]any:
		inside, ok := values.(map[string]any)
		if !ok {
			return
		}
		for name, child := range t {
			if child == true {
				if inside[name] != nil {
					into[path(append(steps, name))] = sensitive
				}
				delete(inside, name)
				continue
			}
			hide(into, append(steps, name), inside[name], child)
		}
	case []any:
		inside, ok := values.([]any)
		if !ok {
			return
		}
		for i, child := range t {
			if i >= len(inside) {
				return
			}
			if child == true {
				if inside[i] != nil {
					into[path(append(steps, strconv.Itoa(i)))] = sensitive
				}
				inside[i] = nil
				continue
			}
			hide(into, append(steps, strconv.Itoa(i)), inside[i], child)
		}
	}
}

// scope is a module instance.
type scope struct {
	instance string // address, "" for the root
	config   string // address without keys
	key      string // in the manifest
	caller   *scope
	index    part // the instance's key, if it has one
	call     *plan.Call
	module   *plan.Module     // nil where the configuration does not have it
	outside  *env             // where the block stands that calls it
	memo     map[string][]Ref // what a reference in it leads to
}

// scope finds the configuration of a module instance by its address.
func (n *normaliser) scope(address string) (*scope, error) {
	if s := n.modules[address]; s != nil {
		return s, nil
	}
	s := &scope{instance: address, module: &n.input.Plan.Config.Root}
	if address != "" {
		caller, name, key, err := splitModule(address)
		if err != nil {
			return nil, err
		}
		if s.caller, err = n.scope(caller); err != nil {
			return nil, err
		}
		s.index = key
		n.enter(s, name)
	}
	n.modules[address] = s
	return s, nil
}

// called is a module block.
type called struct {
	in   *plan.Module
	name string
}

// enter fills a scope in from its caller's. All instances of a module have the
// same configuration.
func (n *normaliser) enter(s *scope, name string) {
	s.config = join(s.caller.config, "module."+name)
	s.key = join(s.caller.key, name)
	s.module = nil
	if s.caller.module == nil {
		return
	}
	block := called{s.caller.module, name}
	if n.callers[block] == nil {
		call, ok := s.caller.module.Calls[name]
		if !ok {
			return
		}
		n.callers[block] = &call
	}
	s.call = n.callers[block]
	s.module = &s.call.Module
}

// splitModule splits the address of a module instance in that of its caller,
// its name and its key: module.a["x.y"].module.b[0] in module.a["x.y"], b and 0.
func splitModule(address string) (caller, name string, key part, err error) {
	parts, err := splitAddress(address)
	if err != nil || len(parts) == 0 {
		return "", "", key, fmt.Errorf("%q is not an address: %w", address, err)
	}
	last := len(parts) - 1
	if parts[last].key {
		key = part{text: parts[last].text, key: true}
		last--
	}
	if last < 1 || parts[last-1].text != "module" {
		return "", "", key, fmt.Errorf("%q is not the address of a module", address)
	}
	if last == 1 {
		return "", parts[last].text, key, nil
	}
	return address[:parts[last-1].at-1], parts[last].text, key, nil
}

// part is a step of an address or a reference: a name, or a key in brackets.
type part struct {
	text string // without brackets; a key as it is written
	key  bool
	at   int // where it begins in the whole
}

// splitAddress splits at dots and brackets outside of quotes.
func splitAddress(address string) ([]part, error) {
	var parts []part
	for i := 0; i < len(address); {
		switch address[i] {
		case '.':
			i++
		case '[':
			end := closing(address, i)
			if end < 0 {
				return nil, fmt.Errorf("a bracket is not closed")
			}
			parts = append(parts, part{text: address[i+1 : end], key: true, at: i})
			i = end + 1
		default:
			end := i
			for end < len(address) && address[end] != '.' && address[end] != '[' {
				end++
			}
			parts = append(parts, part{text: address[i:end], at: i})
			i = end
		}
	}
	return parts, nil
}

// closing gives the place of the bracket that closes the one at open.
func closing(text string, open int) int {
	quoted := false
	for i := open + 1; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case !quoted && text[i] == ']':
			return i
		}
	}
	return -1
}

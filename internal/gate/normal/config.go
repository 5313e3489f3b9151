package normal

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// Modes of blocks that are no resources.
const (
	modeProvider = "provider"
	modeModule   = "module"
)

// Planned tells of a resource or data source, and not of another block of the
// configuration.
func (r *Resource) Planned() bool { return r.Mode != modeProvider && r.Mode != modeModule }

// blocks adds the provider and module blocks of the configuration. Both are the
// same for all instances of the module that they are in.
func (n *normaliser) blocks() error {
	providers := n.input.Plan.Config.Providers
	for _, key := range slices.Sorted(maps.Keys(providers)) {
		p := providers[key]
		if len(p.Expressions) == 0 {
			continue // no block, or one that sets nothing
		}
		r := &Resource{
			Address: strings.TrimSuffix(join(p.Module, "provider."+p.Name+"."+p.Alias), "."),
			Module:  p.Module, Mode: modeProvider, Type: p.Name, Name: p.Alias,
		}
		if err := n.block(r, p.Expressions); err != nil {
			return err
		}
		n.document.Providers = append(n.document.Providers, r)
	}
	return n.calls("", &n.input.Plan.Config.Root)
}

// calls adds the module blocks of a module and of those it calls.
func (n *normaliser) calls(module string, m *plan.Module) error {
	for _, name := range slices.Sorted(maps.Keys(m.Calls)) {
		c := m.Calls[name]
		r := &Resource{Address: join(module, "module."+name), Module: module, Mode: modeModule, Type: modeModule, Name: name}
		if err := n.block(r, nil); err != nil {
			return err
		}
		for name, value := range map[string]string{"source": c.Source, "version": c.Version} {
			if value != "" {
				r.Values[name], r.Refs[name] = value, []Ref{}
			}
		}
		n.document.Calls = append(n.document.Calls, r)
		if err := n.calls(r.Address, &c.Module); err != nil {
			return err
		}
	}
	return nil
}

// block fills in the attributes of a block that is no resource, as far as they
// are constants or can be followed to one; blocks in it are left out.
func (n *normaliser) block(r *Resource, expressions map[string]jsontext.Value) error {
	s, err := n.scope(r.Module)
	if err != nil || n.document.index[r.Address] != nil {
		return &plan.Error{File: n.input.Name, Problem: "has a provider or a module twice, or in a module that cannot be read", Remedy: remedy, Err: err}
	}
	r.key, r.Base, r.Config, r.Actions = s.key, r.Address, r.Address, []string{"no-op"}
	r.Values, r.Unknown, r.Refs, r.Templates = map[string]any{}, map[string]string{}, map[string][]Ref{}, map[string][]string{}
	n.document.index[r.Address] = r
	top := n.blocksOf(r, s)
	for name, raw := range expressions {
		var leaf plan.Expression
		if raw.Kind() != '{' || json.Unmarshal(raw, &leaf) != nil {
			continue
		}
		r.Refs[name] = n.follow(s, longest(leaf.References), nil)
		if len(leaf.Constant) > 0 {
			var value any
			if err := json.Unmarshal(leaf.Constant, &value); err == nil && value != nil {
				r.Values[name] = value
			}
			continue
		}
		if text, ok := n.told(s, top, name, leaf.References); ok {
			r.Values[name] = text
			continue
		}
		r.Unknown[name] = unknown
	}
	return nil
}

// told follows what an attribute is set to where it is no constant: by the
// source, else by the value of the one variable of the root that it names.
func (n *normaliser) told(s *scope, top []block, name string, references []string) (string, bool) {
	if expr := attribute(top, name); expr != nil {
		text, ok := n.walk().text(term{expr: expr, env: top[0].env}, 0)
		return text, ok && !strings.Contains(text, Hole)
	}
	if len(references) != 1 || s.instance != "" {
		return "", false
	}
	variable, ok := strings.CutPrefix(references[0], "var.")
	text, isText := n.input.Plan.Variables[variable].(string)
	return text, ok && isText
}

//go:build linux

package main

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// The flat root is made of three things that Terraform says of the same
// configuration: the first plan tells which values are given and which come from
// other resources, the provider's schema which of them one writes, and the state
// after apply what they were. So nothing of a module is left in it, and no
// resource is written by hand.

// plan is what is read of `terraform show -json` of a plan.
type plan struct {
	Changes []struct {
		Address string `json:"address"`
		Mode    string `json:"mode"`
		Type    string `json:"type"`
		Change  struct {
			After        map[string]any `json:"after"`
			AfterUnknown map[string]any `json:"after_unknown"`
		} `json:"change"`
	} `json:"resource_changes"`
	Configuration struct {
		Root module `json:"root_module"`
	} `json:"configuration"`
}

type module struct {
	Resources []struct {
		Address     string         `json:"address"`
		Expressions map[string]any `json:"expressions"`
	} `json:"resources"`
	Calls map[string]struct {
		Module module `json:"module"`
	} `json:"module_calls"`
}

// given are the arguments that the configuration of each resource gives, by the
// resource's address without indexes.
func (m module) given(path string, all map[string]map[string]any) {
	for _, r := range m.Resources {
		all[path+r.Address] = r.Expressions
	}
	for name, call := range m.Calls {
		call.Module.given(path+"module."+name+".", all)
	}
}

// schema is what is read of `terraform providers schema -json`.
type schema struct {
	Providers map[string]struct {
		Resources map[string]struct {
			Block block `json:"block"`
		} `json:"resource_schemas"`
	} `json:"provider_schemas"`
}

type block struct {
	Attributes map[string]struct {
		Optional bool `json:"optional"`
		Required bool `json:"required"`
	} `json:"attributes"`
	Blocks map[string]struct {
		Block block `json:"block"`
	} `json:"block_types"`
}

// arguments are the names of all that a block has.
func (b block) arguments() map[string]bool {
	names := map[string]bool{}
	for name := range b.Attributes {
		names[name] = true
	}
	for name := range b.Blocks {
		names[name] = true
	}
	return names
}

// state is what is read of terraform.tfstate.
type state struct {
	Resources []struct {
		Module    string `json:"module"`
		Mode      string `json:"mode"`
		Type      string `json:"type"`
		Name      string `json:"name"`
		Instances []struct {
			Index        any            `json:"index_key"`
			Attributes   map[string]any `json:"attributes"`
			Dependencies []string       `json:"dependencies"`
		} `json:"instances"`
	} `json:"resources"`
}

// resource is one instance of a managed resource.
type resource struct {
	Type   string
	Name   string // in the flat root
	config string // its address without indexes
	block  block

	after, unknown map[string]any // of the first plan
	given          map[string]any
	now            map[string]any // of the state
	needs          []string       // addresses without indexes
}

var (
	index   = regexp.MustCompile(`\[[^\]]*\]`)
	foreign = regexp.MustCompile(`[^A-Za-z0-9]+`)
)

// resources joins plan, schema and state.
func resources(p plan, s schema, st state) ([]*resource, error) {
	given := map[string]map[string]any{}
	p.Configuration.Root.given("", given)
	blocks := map[string]block{}
	for _, provider := range s.Providers {
		for kind, r := range provider.Resources {
			blocks[kind] = r.Block
		}
	}
	byAddress := map[string]*resource{}
	var all []*resource
	for _, c := range p.Changes {
		if c.Mode != "managed" {
			continue
		}
		config := index.ReplaceAllString(c.Address, "")
		if _, ok := blocks[c.Type]; !ok || given[config] == nil {
			return nil, fmt.Errorf("%s: no schema or no configuration", c.Address)
		}
		r := &resource{
			Type: c.Type, Name: strings.Trim(foreign.ReplaceAllString(strings.Replace(c.Address, c.Type+".", "", 1), "_"), "_"), config: config,
			block: blocks[c.Type], after: c.Change.After, unknown: c.Change.AfterUnknown, given: given[config],
		}
		byAddress[c.Address] = r
		all = append(all, r)
	}
	for _, r := range st.Resources {
		for _, instance := range r.Instances {
			address := r.Type + "." + r.Name
			if r.Module != "" {
				address = r.Module + "." + address
			}
			switch key := instance.Index.(type) {
			case string:
				address += fmt.Sprintf("[%q]", key)
			case float64:
				address += fmt.Sprintf("[%.0f]", key)
			}
			if found := byAddress[address]; found != nil {
				found.now, found.needs = instance.Attributes, instance.Dependencies
			}
		}
	}
	for address, r := range byAddress {
		if r.now == nil {
			return nil, fmt.Errorf("%s is planned, and not in the state", address)
		}
	}
	slices.SortFunc(all, func(a, b *resource) int { return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name)) })
	return all, nil
}

// source is a value that another resource gets when it is made, and that nobody
// gives it.
type source struct{ text, reference string }

// sources are those that the resource can have its values from, the longest
// first: an ARN before the id that is a part of it.
func (r *resource) sources(all []*resource) []source {
	var found []source
	for _, other := range all {
		if other == r || !slices.Contains(r.needs, other.config) {
			continue
		}
		for name, value := range other.now {
			if text, ok := value.(string); ok && text != "" && other.unknown[name] == true && other.given[name] == nil {
				found = append(found, source{text, "${" + other.Type + "." + other.Name + "." + name + "}"})
			}
		}
	}
	slices.SortFunc(found, func(a, b source) int {
		return cmp.Or(cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.reference, b.reference))
	})
	return found
}

// body is the resource as one writes it, in Terraform's JSON syntax.
func (r *resource) body(all []*resource) map[string]any {
	w := writer{r.sources(all)}
	body := w.block(r.block, r.after, r.unknown, r.now, func(attribute string) bool { return r.given[attribute] != nil })
	delete(body, "tags_all") // the provider's own: tags and its default tags
	return body
}

type writer struct{ sources []source }

// block writes what is given of a block: what the first plan knows as it is
// there, the rest as it became, with references for the parts that come from
// other resources.
func (w writer) block(b block, after, unknown, now map[string]any, given func(string) bool) map[string]any {
	body := map[string]any{}
	for name, attribute := range b.Attributes {
		if !attribute.Optional && !attribute.Required {
			continue
		}
		switch {
		case isUnknown(unknown[name]):
			if text, ok := now[name].(string); ok && given(name) {
				body[name] = w.whole(text)
			} else if given(name) && now[name] != nil {
				body[name] = w.value(now[name])
			}
		case after[name] != nil:
			body[name] = literal(after[name])
		}
	}
	for name, nested := range b.Blocks {
		planned, now := elements(after[name]), elements(now[name])
		var list []any
		if unknown[name] == true && !given(name) { // AWS's own, which nobody wrote
			continue
		}
		if !isUnknown(unknown[name]) {
			for _, element := range planned {
				list = append(list, w.block(nested.Block, element, nil, nil, nil))
			}
		} else {
			// The order of a set's elements is not that of the state.
			for _, element := range now {
				list = append(list, w.made(nested.Block, element))
			}
		}
		if len(list) > 0 {
			body[name] = list
		}
	}
	return body
}

// made writes a block as it became.
func (w writer) made(b block, now map[string]any) map[string]any {
	body := map[string]any{}
	for name, attribute := range b.Attributes {
		if value := now[name]; (attribute.Optional || attribute.Required) && value != nil && value != "" {
			body[name] = w.value(value)
		}
	}
	for name, nested := range b.Blocks {
		var list []any
		for _, element := range elements(now[name]) {
			list = append(list, w.made(nested.Block, element))
		}
		if len(list) > 0 {
			body[name] = list
		}
	}
	return body
}

// value writes a value with references for the parts of its texts that come
// from other resources.
func (w writer) value(v any) any {
	switch v := v.(type) {
	case string:
		return w.text(v)
	case []any:
		list := make([]any, 0, len(v))
		for _, element := range v {
			list = append(list, w.value(element))
		}
		return list
	case map[string]any:
		values := map[string]any{}
		for key, element := range v {
			values[key] = w.value(element)
		}
		return values
	}
	return v
}

// whole writes a text that comes from another resource as a whole, if there is
// one that has it. Such a text may be short, as the number of a version is.
func (w writer) whole(text string) string {
	for _, s := range w.sources {
		if s.text == text {
			return s.reference
		}
	}
	return w.text(text)
}

// shortest is the length below which a part of a text is taken for chance.
const shortest = 6

func (w writer) text(text string) string {
	for _, s := range w.sources {
		if len(s.text) < shortest {
			continue
		}
		if before, after, found := strings.Cut(text, s.text); found {
			return w.text(before) + s.reference + w.text(after)
		}
	}
	return escape(text)
}

// escape keeps Terraform from reading a text as a template.
func escape(text string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(text)
}

// literal writes a value as it is.
func literal(v any) any { return writer{}.value(v) }

// isUnknown tells whether a value, or a part of it, is known after apply.
func isUnknown(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case []any:
		return slices.ContainsFunc(v, isUnknown)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(v)), isUnknown)
	}
	return false
}

// elements are those of a nested block, which is a list, a set or one object.
func elements(v any) []map[string]any {
	var list []map[string]any
	switch v := v.(type) {
	case []any:
		for _, element := range v {
			if object, ok := element.(map[string]any); ok {
				list = append(list, object)
			}
		}
	case map[string]any:
		list = append(list, v)
	}
	return list
}

// flatten is the flat root, with the provider block that is given.
func flatten(all []*resource, provider map[string]any) map[string]any {
	byType := map[string]map[string]any{}
	for _, r := range all {
		if byType[r.Type] == nil {
			byType[r.Type] = map[string]any{}
		}
		byType[r.Type][r.Name] = r.body(all)
	}
	return map[string]any{"provider": map[string]any{"aws": provider}, "resource": byType}
}

// different lists where the plan of the flat root is not that of the modules:
// another resource, or one that lacks a value that the modules' plan knows. It
// may know more: a hash of ids is a text like any other when it is written flat.
func different(all []*resource, flat plan) []string {
	var differences []string
	planned, unknown := map[string]map[string]any{}, map[string]map[string]any{}
	for _, c := range flat.Changes {
		if c.Mode != "managed" {
			differences = append(differences, c.Address+" is no resource")
		}
		planned[c.Address], unknown[c.Address] = c.Change.After, c.Change.AfterUnknown
	}
	for _, r := range all {
		address := r.Type + "." + r.Name
		after, ok := planned[address]
		if !ok {
			differences = append(differences, address+" is not planned")
			continue
		}
		delete(planned, address)
		for _, name := range slices.Sorted(maps.Keys(r.block.arguments())) {
			if !isUnknown(r.unknown[name]) && (isUnknown(unknown[address][name]) || !reflect.DeepEqual(r.after[name], after[name])) {
				differences = append(differences, fmt.Sprintf("%s.%s is %v instead of %v", address, name, after[name], r.after[name]))
			}
		}
	}
	for address := range planned {
		differences = append(differences, address+" is planned, and was not")
	}
	slices.Sort(differences)
	return differences
}

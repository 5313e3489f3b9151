package normal

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Needs says what policies look at, so that the rest of a large plan takes
// neither time nor memory. Nil asks for everything.
type Needs struct {
	// Types and Names are the texts in the policies: what is not among them is
	// not the type of a resource, or the name of an attribute, that they ask for.
	Types, Names map[string]bool
	// Whole are the types of which all attributes are looked at, "*" all of them.
	Whole map[string]bool
}

// wantsType tells whether resources of a type are needed.
func (n *Needs) wantsType(mode, typ string) bool {
	return n == nil || n.Whole["*"] || n.Types[typ] || n.Whole[typ] || policyAttributes[typ] != nil || joining[typ] != nil || mode == "data" && typ == policyDocument
}

// wants tells whether an attribute of a type is needed.
func (n *Needs) wants(typ, name string) bool {
	return n == nil || n.Whole["*"] || n.Whole[typ] || n.Names[name] || typ == policyDocument || holdsPolicy(typ, name) || slices.Contains(joining[typ], name)
}

// policyDocument is the type of data source that statements are written in.
const policyDocument = "aws_iam_policy_document"

func holdsPolicy(typ, name string) bool {
	for attribute := range policyAttributes[typ] {
		if attribute == name || len(attribute) > len(name) && attribute[:len(name)] == name && attribute[len(name)] == '.' {
			return true
		}
	}
	return false
}

// decode reads the attributes that are needed.
func (n *Needs) decode(typ string, raw jsontext.Value) (any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	if n == nil || raw.Kind() != '{' {
		var value any
		err := json.Unmarshal(raw, &value)
		return value, err
	}
	members, err := members(raw, func(name string) bool { return n.wants(typ, name) })
	return members, err
}

// members reads the members of an object that are wanted.
func members(raw jsontext.Value, wants func(name string) bool) (map[string]any, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	all := map[string]any{}
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		if !wants(name) {
			if err := d.SkipValue(); err != nil {
				return nil, err
			}
			continue
		}
		var value any
		if err := json.UnmarshalDecode(d, &value); err != nil {
			return nil, err
		}
		all[name] = value
	}
	return all, nil
}

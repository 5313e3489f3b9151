package normal

import "slices"

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

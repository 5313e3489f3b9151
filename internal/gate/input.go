package gate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/portcullis-chat/portcullis/internal/gate/normal"
)

// Input is a document as policies see it: what its JSON says, without the way
// through JSON.
func Input(document *normal.Document) (ast.Value, error) { return build(document, false) }

// build makes the input, and can give back the memory of the document as it goes.
func build(document *normal.Document, forget bool) (ast.Value, error) {
	b := &builder{forget: forget, keys: map[string]*ast.Term{}, words: map[string]*ast.Term{}, targets: map[normal.Ref]*ast.Term{}, made: map[made]*ast.Term{}, empty: ast.ArrayTerm(), none: ast.ObjectTerm()}
	top := []member{
		{"version", ast.IntNumberTerm(document.Version)},
		{"terraform_version", ast.StringTerm(document.Terraform)},
	}
	byType, data := b.resources(document.ByType, document.Data)
	top = append(top, member{"by_type", byType}, member{"data", data})
	top = append(top, member{"providers", terms(document.Providers, b.resource)}, member{"calls", terms(document.Calls, b.resource)},
		member{"policies", terms(document.Policies, b.policy)}, member{"lookup", b.lookup(document.Lookup)},
		member{"bearers", terms(document.Bearers, b.bearer)}, member{"attachments", terms(document.Attachments, b.attachment)}, member{"accounts", b.texts(document.Accounts)})
	if forget {
		document.Forget()
	}
	return b.object(top).Value, b.err
}

// builder makes terms, and the same ones for the words that come again and
// again.
type builder struct {
	keys, words map[string]*ast.Term
	targets     map[normal.Ref]*ast.Term
	made        map[made]*ast.Term
	pairs       [][2]*ast.Term // of the object that is being made
	members     []member       // of the objects that are being made, the outer ones first
	empty, none *ast.Term      // a list and an object
	forget      bool
	err         error
}

// alike is how many different terms of one hash are known: the hash of an object
// is the same whichever of its names has which of its values.
const alike = 16

// same gives the term that was made before of the same value: many resources
// have the same blocks, the same references and the same that is not known.
func (b *builder) same(term *ast.Term) *ast.Term {
	for i := range alike {
		place := made{term.Hash(), i}
		known := b.made[place]
		if known == nil {
			b.made[place] = term
			return term
		}
		if known.Equal(term) {
			return known
		}
	}
	return term
}

// made is a place for a term: its hash, and how many others of that came before.
type made struct{ hash, number int }

type member struct {
	name  string
	value *ast.Term
}

func (b *builder) key(name string) *ast.Term {
	term := b.keys[name]
	if term == nil {
		term = ast.StringTerm(name)
		b.keys[name] = term
	}
	return term
}

// longest is the length of the texts that may stand in more than one place.
const longest = 256

// word is a text that may come again.
func (b *builder) word(text string) *ast.Term {
	if len(text) > longest {
		return ast.StringTerm(text)
	}
	term := b.words[text]
	if term == nil {
		term = ast.StringTerm(text)
		b.words[text] = term
	}
	return term
}

func (b *builder) object(members []member) *ast.Term {
	b.pairs = b.pairs[:0]
	for _, m := range members {
		b.pairs = append(b.pairs, [2]*ast.Term{b.key(m.name), m.value})
	}
	return ast.ObjectTerm(b.pairs...)
}

func (b *builder) any(value any) *ast.Term {
	switch v := value.(type) {
	case nil:
		return ast.NullTerm()
	case bool:
		return ast.InternedTerm(v)
	case string:
		return b.word(v)
	case float64:
		if v == float64(int(v)) {
			return ast.InternedTerm(int(v))
		}
		number, err := ast.NumberChecked(strconv.FormatFloat(v, 'g', -1, 64))
		if err != nil {
			b.err = fmt.Errorf("a number cannot be written: %w", err)
			return ast.NullTerm()
		}
		return ast.NewTerm(number)
	case []any:
		return b.same(terms(v, b.any))
	case map[string]any:
		return b.same(table(b, v, b.any))
	}
	b.err = fmt.Errorf("a value of the kind %T", value)
	return ast.NullTerm()
}

// list writes a slice as JSON does: null, where there is none.
func terms[T any](all []T, one func(T) *ast.Term) *ast.Term {
	if all == nil {
		return ast.NullTerm()
	}
	made := make([]*ast.Term, len(all))
	for i, v := range all {
		made[i] = one(v)
	}
	return ast.ArrayTerm(made...)
}

func (b *builder) texts(all []string) *ast.Term {
	if all != nil && len(all) == 0 {
		return b.empty
	}
	return terms(all, func(text string) *ast.Term { return b.any(text) })
}

// table writes a map as JSON does.
func table[T any](b *builder, all map[string]T, one func(T) *ast.Term) *ast.Term {
	switch {
	case all == nil:
		return ast.NullTerm()
	case len(all) == 0:
		return b.none
	}
	before := len(b.members)
	for name, v := range all {
		value := one(v)
		b.members = append(b.members, member{name, value})
	}
	made := b.object(b.members[before:])
	b.members = b.members[:before]
	return made
}

func (b *builder) resource(r *normal.Resource) *ast.Term {
	members := []member{
		{"address", b.word(r.Address)},
		{"base", b.word(r.Base)},
		{"config", b.word(r.Config)},
		{"module", b.word(r.Module)},
		{"mode", b.word(r.Mode)},
		{"type", b.word(r.Type)},
		{"name", b.word(r.Name)},
		{"actions", b.same(b.texts(r.Actions))},
		{"values", b.any(r.Values)},
		{"unknown", b.same(table(b, r.Unknown, b.word))},
		{"refs", b.same(table(b, r.Refs, b.refs))},
		{"templates", b.same(table(b, r.Templates, b.texts))},
	}
	if r.Index != nil {
		members = append(members, member{"index", b.any(r.Index)})
	}
	if r.Previous != "" {
		members = append(members, member{"previous_address", ast.StringTerm(r.Previous)})
	}
	if r.Imported {
		members = append(members, member{"imported", ast.InternedTerm(true)})
	}
	if b.forget {
		r.Forget()
	}
	return b.object(members)
}

// resources makes those of both modes, by type. It goes through them by address, as
// they were made, so that what they took comes free in one piece.
func (b *builder) resources(managed, data map[string][]*normal.Resource) (byType, dataByType *ast.Term) {
	var all []*normal.Resource
	for _, mode := range []map[string][]*normal.Resource{managed, data} {
		for _, list := range mode {
			all = append(all, list...)
		}
	}
	slices.SortFunc(all, func(a, b *normal.Resource) int { return cmp.Compare(a.Address, b.Address) })
	made := map[*normal.Resource]*ast.Term{}
	for _, r := range all {
		made[r] = b.resource(r)
	}
	of := func(all map[string][]*normal.Resource) *ast.Term {
		return table(b, all, func(list []*normal.Resource) *ast.Term {
			return terms(list, func(r *normal.Resource) *ast.Term { return made[r] })
		})
	}
	return of(managed), of(data)
}

func (b *builder) refs(refs []normal.Ref) *ast.Term {
	if refs != nil && len(refs) == 0 {
		return b.empty
	}
	return b.same(terms(refs, b.ref))
}

func (b *builder) ref(r normal.Ref) *ast.Term {
	if known := b.targets[r]; known != nil {
		return known
	}
	members := []member{{"address", b.word(r.Address)}}
	for _, m := range []struct{ name, text string }{{"type", r.Type}, {"mode", r.Mode}, {"attribute", r.Attribute}} {
		if m.text != "" {
			members = append(members, member{m.name, b.word(m.text)})
		}
	}
	if r.Index != nil {
		members = append(members, member{"index", b.any(r.Index)})
	}
	b.targets[r] = b.object(members)
	return b.targets[r]
}

func (b *builder) policy(p *normal.Policy) *ast.Term {
	members := []member{
		{"address", b.word(p.Address)},
		{"type", b.word(p.Type)},
		{"attribute", b.word(p.Attribute)},
		{"kind", b.word(p.Kind)},
		{"state", b.word(p.State)},
		{"documents", b.texts(p.Documents)},
		{"statements", terms(p.Statements, b.statement)},
	}
	if p.Reason != "" {
		members = append(members, member{"reason", b.word(p.Reason)})
	}
	if b.forget {
		p.Statements = nil
	}
	return b.object(members)
}

func (b *builder) statement(s normal.Statement) *ast.Term {
	members := []member{
		{"effect", b.word(s.Effect)},
		{"actions", b.same(b.texts(s.Actions))},
		{"not_actions", b.same(b.texts(s.NotActions))},
		{"resources", b.same(b.texts(s.Resources))},
		{"not_resources", b.same(b.texts(s.NotResources))},
		{"principals", b.same(terms(s.Principals, b.principal))},
		{"not_principals", b.same(terms(s.NotPrincipals, b.principal))},
		{"conditions", b.same(terms(s.Conditions, b.condition))},
		{"unknown", b.same(table(b, s.Unknown, number))},
		{"refs", b.same(table(b, s.Refs, b.refs))},
		{"templates", b.same(table(b, s.Templates, b.texts))},
		{"at", b.object([]member{{"address", b.word(s.At.Address)}, {"path", b.same(b.texts(s.At.Path))}})},
	}
	if s.Sid != "" {
		members = append(members, member{"sid", b.any(s.Sid)})
	}
	return b.object(members)
}

func number(n int) *ast.Term { return ast.InternedTerm(n) }

func (b *builder) principal(p normal.Principal) *ast.Term {
	return b.object([]member{{"type", b.word(p.Type)}, {"identifiers", b.texts(p.Identifiers)}, {"unknown", number(p.Unknown)}, {"refs", b.refs(p.Refs)}})
}

func (b *builder) condition(c normal.Condition) *ast.Term {
	return b.object([]member{{"test", b.word(c.Test)}, {"variable", b.word(c.Variable)}, {"values", b.texts(c.Values)}, {"unknown", number(c.Unknown)}, {"refs", b.refs(c.Refs)}})
}

func (b *builder) bearer(p *normal.Bearer) *ast.Term {
	members := []member{{"key", b.word(p.Key)}, {"type", b.word(p.Type)}, {"policies", terms(p.Policies, number)}}
	if p.Address != "" {
		members = append(members, member{"address", b.word(p.Address)})
	}
	return b.object(members)
}

func (b *builder) attachment(a normal.Attachment) *ast.Term {
	members := []member{{"address", b.word(a.Address)}, {"path", b.word(a.Path)}, {"bearer", b.word(a.Bearer)}, {"type", b.word(a.Type)}}
	for _, m := range []struct{ name, text string }{{"policy", a.Policy}, {"arn", a.ARN}} {
		if m.text != "" {
			members = append(members, member{m.name, b.word(m.text)})
		}
	}
	return b.object(members)
}

func (b *builder) lookup(all map[string]map[string][]int) *ast.Term {
	types := make([]member, 0, len(all))
	for typ, places := range all {
		pairs := make([][2]*ast.Term, 0, len(places))
		for key, numbers := range places {
			pairs = append(pairs, [2]*ast.Term{b.word(key), b.same(terms(numbers, number))})
		}
		types = append(types, member{typ, ast.ObjectTerm(pairs...)})
	}
	return b.object(types)
}

// Package packed writes compiled Rego so that it can be read back without being
// parsed and compiled again, which takes longer than a small plan takes to be
// judged. It holds what evaluation needs: of places in the source only those of
// rules and expressions, which errors name.
package packed

import (
	"encoding/binary"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// The kinds of values, in one byte before each.
const (
	null byte = iota
	no
	yes
	number
	text
	variable
	reference
	array
	set
	object
	call
	listOf
	setOf
	objectOf
)

// The kinds of expressions.
const (
	single byte = iota
	several
	every
	some
)

// Writer writes numbers, texts and modules one after the other. Each text is
// stored once.
type Writer struct {
	known map[string]int
	words []string
	body  []byte
	err   error
}

// NewWriter gives a writer with nothing in it.
func NewWriter() *Writer { return &Writer{known: map[string]int{}} }

// Bytes gives what was written. It is an error if a module had something in it
// that compiled modules do not have.
func (w *Writer) Bytes() ([]byte, error) {
	if w.err != nil {
		return nil, w.err
	}
	head := binary.AppendUvarint(nil, uint64(len(w.words)))
	var all []byte
	for _, word := range w.words {
		head = binary.AppendUvarint(head, uint64(len(word)))
		all = append(all, word...)
	}
	return append(append(head, all...), w.body...), nil
}

// Place is how much has been written behind the texts.
func (w *Writer) Place() int { return len(w.body) }

// Number writes a number that is not negative.
func (w *Writer) Number(n int) { w.body = binary.AppendUvarint(w.body, uint64(n)) }

// Bool writes a flag.
func (w *Writer) Bool(is bool) {
	if is {
		w.body = append(w.body, 1)
	} else {
		w.body = append(w.body, 0)
	}
}

// Text writes a text.
func (w *Writer) Text(word string) {
	n, ok := w.known[word]
	if !ok {
		n = len(w.words)
		w.known[word] = n
		w.words = append(w.words, word)
	}
	w.Number(n)
}

// Texts writes a list of texts.
func (w *Writer) Texts(words []string) {
	w.Number(len(words))
	for _, word := range words {
		w.Text(word)
	}
}

// Module writes a module that the compiler has been through.
func (w *Writer) Module(m *ast.Module) {
	w.ref(m.Package.Path)
	w.Number(len(m.Rules))
	for _, rule := range m.Rules {
		w.rule(rule)
	}
}

func (w *Writer) place(at *ast.Location) {
	if at == nil {
		at = &ast.Location{}
	}
	w.Number(at.Row)
	w.Number(at.Col)
}

func (w *Writer) rule(r *ast.Rule) {
	w.place(r.Location)
	w.Bool(r.Default)
	w.Text(string(r.Head.Name))
	w.ref(r.Head.Reference)
	w.terms(r.Head.Args)
	w.optional(r.Head.Key)
	w.optional(r.Head.Value)
	w.Bool(r.Head.Assign)
	w.bodyOf(r.Body)
	w.Bool(r.Else != nil)
	if r.Else != nil {
		w.rule(r.Else)
	}
}

func (w *Writer) bodyOf(body ast.Body) {
	w.Number(len(body))
	for _, e := range body {
		w.place(e.Location)
		w.Bool(e.Negated)
		w.Bool(e.Generated)
		w.Number(len(e.With))
		for _, with := range e.With {
			w.term(with.Target)
			w.term(with.Value)
		}
		switch t := e.Terms.(type) {
		case *ast.Term:
			w.body = append(w.body, single)
			w.term(t)
		case []*ast.Term:
			w.body = append(w.body, several)
			w.terms(t)
		case *ast.Every:
			w.body = append(w.body, every)
			w.optional(t.Key)
			w.term(t.Value)
			w.term(t.Domain)
			w.bodyOf(t.Body)
		case *ast.SomeDecl:
			w.body = append(w.body, some)
			w.terms(t.Symbols)
		default:
			w.err = fmt.Errorf("an expression of the kind %T cannot be packed", t)
		}
	}
}

func (w *Writer) terms(all []*ast.Term) {
	w.Number(len(all))
	for _, t := range all {
		w.term(t)
	}
}

func (w *Writer) optional(t *ast.Term) {
	w.Bool(t != nil)
	if t != nil {
		w.term(t)
	}
}

func (w *Writer) ref(ref ast.Ref) { w.terms(ref) }

func (w *Writer) term(t *ast.Term) {
	switch v := t.Value.(type) {
	case ast.Null:
		w.body = append(w.body, null)
	case ast.Boolean:
		w.body = append(w.body, map[ast.Boolean]byte{false: no, true: yes}[v])
	case ast.Number:
		w.body = append(w.body, number)
		w.Text(string(v))
	case ast.String:
		w.body = append(w.body, text)
		w.Text(string(v))
	case ast.Var:
		w.body = append(w.body, variable)
		w.Text(string(v))
	case ast.Ref:
		w.body = append(w.body, reference)
		w.terms(v)
	case ast.Call:
		w.body = append(w.body, call)
		w.terms(v)
	case *ast.Array:
		w.body = append(w.body, array)
		w.Number(v.Len())
		v.Foreach(w.term)
	case ast.Set:
		w.body = append(w.body, set)
		w.Number(v.Len())
		v.Foreach(w.term)
	case ast.Object:
		w.body = append(w.body, object)
		w.Number(v.Len())
		v.Foreach(func(key, value *ast.Term) {
			w.term(key)
			w.term(value)
		})
	case *ast.ArrayComprehension:
		w.body = append(w.body, listOf)
		w.term(v.Term)
		w.bodyOf(v.Body)
	case *ast.SetComprehension:
		w.body = append(w.body, setOf)
		w.term(v.Term)
		w.bodyOf(v.Body)
	case *ast.ObjectComprehension:
		w.body = append(w.body, objectOf)
		w.term(v.Key)
		w.term(v.Value)
		w.bodyOf(v.Body)
	default:
		w.err = fmt.Errorf("a value of the kind %T cannot be packed", v)
	}
}

// Reader reads in the order of writing. What it reads is trusted: whoever opens
// it has seen that it is what a Writer wrote.
type Reader struct {
	words []string
	body  string
	at    int
	file  string     // that places are in
	slab  []ast.Term // of the next terms: one at a time takes longer
}

// NewReader reads the texts. They stay parts of what was given.
func NewReader(data string) *Reader {
	r := &Reader{body: data}
	r.words = make([]string, r.Number())
	lengths := make([]int, len(r.words))
	for i := range lengths {
		lengths[i] = r.Number()
	}
	for i, n := range lengths {
		r.words[i], r.at = data[r.at:r.at+n], r.at+n
	}
	r.body, r.at = data[r.at:], 0
	return r
}

// From gives a reader of the same texts that goes on at a place.
func (r *Reader) From(place int) *Reader { return &Reader{words: r.words, body: r.body, at: place} }

// Number reads a number.
func (r *Reader) Number() int {
	n, shift := 0, 0
	for {
		b := r.next()
		n |= int(b&0x7F) << shift
		if b < 0x80 {
			return n
		}
		shift += 7
	}
}

func (r *Reader) next() byte {
	b := r.body[r.at]
	r.at++
	return b
}

// Bool reads a flag.
func (r *Reader) Bool() bool { return r.next() == 1 }

// Text reads a text.
func (r *Reader) Text() string { return r.words[r.Number()] }

// Texts reads a list of texts, nil if there are none.
func (r *Reader) Texts() []string {
	n := r.Number()
	if n == 0 {
		return nil
	}
	words := make([]string, n)
	for i := range words {
		words[i] = r.Text()
	}
	return words
}

// Module reads a module. Places in it are in the file of that name.
func (r *Reader) Module(file string) *ast.Module {
	r.file = file
	m := &ast.Module{Package: &ast.Package{Path: r.ref()}}
	m.Rules = make([]*ast.Rule, r.Number())
	for i := range m.Rules {
		m.Rules[i] = r.rule(m)
	}
	return m
}

func (r *Reader) place() *ast.Location {
	at := &ast.Location{File: r.file, Row: r.Number(), Col: r.Number()}
	if at.Row == 0 {
		return nil
	}
	return at
}

func (r *Reader) rule(m *ast.Module) *ast.Rule {
	rule := &ast.Rule{Module: m, Location: r.place(), Default: r.Bool(), Head: &ast.Head{}}
	rule.Head.Location = rule.Location
	rule.Head.Name = ast.Var(r.Text())
	rule.Head.Reference = r.ref()
	rule.Head.Args = r.terms()
	rule.Head.Key = r.optional()
	rule.Head.Value = r.optional()
	rule.Head.Assign = r.Bool()
	rule.Body = r.bodyOf()
	if r.Bool() {
		rule.Else = r.rule(m)
	}
	return rule
}

func (r *Reader) bodyOf() ast.Body {
	body := make(ast.Body, r.Number())
	for i := range body {
		e := &ast.Expr{Index: i, Location: r.place(), Negated: r.Bool(), Generated: r.Bool()}
		if n := r.Number(); n > 0 {
			e.With = make([]*ast.With, n)
			for j := range e.With {
				e.With[j] = &ast.With{Target: r.term(), Value: r.term(), Location: e.Location}
			}
		}
		switch r.next() {
		case single:
			e.Terms = r.term()
		case several:
			e.Terms = r.terms()
		case every:
			e.Terms = &ast.Every{Key: r.optional(), Value: r.term(), Domain: r.term(), Body: r.bodyOf(), Location: e.Location}
		case some:
			e.Terms = &ast.SomeDecl{Symbols: r.terms(), Location: e.Location}
		}
		body[i] = e
	}
	return body
}

func (r *Reader) terms() []*ast.Term {
	n := r.Number()
	if n == 0 {
		return nil
	}
	all := make([]*ast.Term, n)
	for i := range all {
		all[i] = r.term()
	}
	return all
}

func (r *Reader) optional() *ast.Term {
	if r.Bool() {
		return r.term()
	}
	return nil
}

func (r *Reader) ref() ast.Ref { return r.terms() }

func (r *Reader) term() *ast.Term {
	if len(r.slab) == 0 {
		r.slab = make([]ast.Term, 512)
	}
	t := &r.slab[0]
	r.slab = r.slab[1:]
	t.Value = r.value()
	return t
}

func (r *Reader) value() ast.Value {
	switch r.next() {
	case no:
		return ast.Boolean(false)
	case yes:
		return ast.Boolean(true)
	case number:
		return ast.Number(r.Text())
	case text:
		return ast.String(r.Text())
	case variable:
		return ast.Var(r.Text())
	case reference:
		return ast.Ref(r.terms())
	case call:
		return ast.Call(r.terms())
	case array:
		return ast.NewArray(r.terms()...)
	case set:
		return ast.NewSet(r.terms()...)
	case object:
		pairs := make([][2]*ast.Term, r.Number())
		for i := range pairs {
			pairs[i] = [2]*ast.Term{r.term(), r.term()}
		}
		return ast.NewObject(pairs...)
	case listOf:
		return &ast.ArrayComprehension{Term: r.term(), Body: r.bodyOf()}
	case setOf:
		return &ast.SetComprehension{Term: r.term(), Body: r.bodyOf()}
	case objectOf:
		return &ast.ObjectComprehension{Key: r.term(), Value: r.term(), Body: r.bodyOf()}
	}
	return ast.NullValue
}

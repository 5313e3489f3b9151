package metricmath

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// token is a word of an expression.
type token struct {
	kind tokenKind
	text string
}

type tokenKind int

const (
	end tokenKind = iota
	number
	name   // an id or a function
	quoted // without its quotes
	symbol
)

var lexicon = regexp.MustCompile(`\A\s*(?:((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|([a-zA-Z][a-zA-Z0-9_]*)|"([^"]*)"|'([^']*)'|(==|!=|<=|>=|&&|\|\||[-+*/^()\[\],<>]))`)

func tokens(text string) ([]token, error) {
	var list []token
	for rest := text; strings.TrimSpace(rest) != ""; {
		m := lexicon.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("%q is not understood", strings.TrimSpace(rest))
		}
		rest = rest[len(m[0]):]
		switch {
		case m[1] != "":
			list = append(list, token{number, m[1]})
		case m[2] != "":
			list = append(list, token{name, m[2]})
		case m[5] != "":
			list = append(list, token{symbol, m[5]})
		default:
			list = append(list, token{quoted, m[3] + m[4]})
		}
	}
	return list, nil
}

// parser reads an expression by recursive descent.
type parser struct {
	list  []token
	depth int
}

// maxDepth bounds how deep expressions are nested.
const maxDepth = 50

// parse reads a whole expression.
func parse(text string) (node, error) {
	list, err := tokens(text)
	if err != nil {
		return nil, err
	}
	p := &parser{list: list}
	n, err := p.binary(0)
	if err == nil && len(p.list) > 0 {
		err = fmt.Errorf("%q is not expected there", p.list[0].text)
	}
	return n, err
}

func (p *parser) peek() token {
	if len(p.list) == 0 {
		return token{}
	}
	return p.list[0]
}

// accept takes the next token when it is one of these symbols or words.
func (p *parser) accept(texts ...string) (string, bool) {
	next := p.peek()
	for _, text := range texts {
		if (next.kind == symbol || next.kind == name) && next.text == text {
			p.list = p.list[1:]
			return text, true
		}
	}
	return "", false
}

func (p *parser) expect(text string) error {
	if _, ok := p.accept(text); !ok {
		return fmt.Errorf("%q is missing", text)
	}
	return nil
}

// levels are the binary operators, the weakest first.
var levels = [][]string{
	{"||", "OR"},
	{"&&", "AND"},
	{"==", "!=", "<=", ">=", "<", ">"},
	{"+", "-"},
	{"*", "/"},
}

func (p *parser) binary(level int) (node, error) {
	if level == len(levels) {
		return p.power()
	}
	left, err := p.binary(level + 1)
	for err == nil {
		operator, ok := p.accept(levels[level]...)
		if !ok {
			return left, nil
		}
		var right node
		if right, err = p.binary(level + 1); err == nil {
			left = binary{operators[operator], left, right}
		}
	}
	return nil, err
}

// power binds to the right and tighter than a sign before it.
func (p *parser) power() (node, error) {
	if _, ok := p.accept("-"); ok {
		inner, err := p.power()
		return binary{operators["*"], scalar(-1), inner}, err
	}
	base, err := p.primary()
	if err != nil {
		return nil, err
	}
	if _, ok := p.accept("^"); !ok {
		return base, nil
	}
	exponent, err := p.power()
	return binary{operators["^"], base, exponent}, err
}

func (p *parser) primary() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("it is nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	if _, ok := p.accept("("); ok {
		inner, err := p.binary(0)
		if err == nil {
			err = p.expect(")")
		}
		return inner, err
	}
	if _, ok := p.accept("["); ok {
		members, err := p.arguments("]")
		return array(members), err
	}
	next := p.peek()
	if len(p.list) > 0 {
		p.list = p.list[1:]
	}
	switch next.kind {
	case number:
		value, err := strconv.ParseFloat(next.text, 64)
		return scalar(value), err
	case quoted:
		return text(next.text), nil
	case name:
		if _, ok := p.accept("("); !ok {
			return reference(next.text), nil
		}
		arguments, err := p.arguments(")")
		return call{next.text, arguments}, err
	case end:
		return nil, errors.New("it ends too early")
	default:
		return nil, fmt.Errorf("%q is not expected there", next.text)
	}
}

// arguments reads what is between commas up to a closing bracket.
func (p *parser) arguments(closing string) ([]node, error) {
	var list []node
	if _, ok := p.accept(closing); ok {
		return list, nil
	}
	for {
		argument, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		list = append(list, argument)
		if _, ok := p.accept(","); !ok {
			return list, p.expect(closing)
		}
	}
}

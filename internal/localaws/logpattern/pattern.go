// Package logpattern reads the filter patterns of CloudWatch Logs, which metric
// filters and FilterLogEvents select log events with: terms, fields of lines that
// are delimited by spaces, and members of JSON objects.
//
// It follows the user guide (FilterAndPatternSyntax) and, where that says
// nothing, answers of AWS's TestMetricFilter that others have recorded.
package logpattern

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The limits of a pattern: characters, regular expressions, and wildcards in all
// selectors and in one.
const (
	maxLength        = 1024
	maxRegexes       = 2
	maxWildcards     = 3
	maxPathWildcards = 1
)

// Pattern is a filter pattern that has been read. It can be used by several
// goroutines at once.
type Pattern struct {
	kind  kind
	terms terms
	space *fields
	json  condition
}

// kind is which of the three languages a pattern is in.
type kind int

const (
	ofTerms kind = iota
	ofFields
	ofJSON
)

// SyntaxError says where a pattern is wrong.
type SyntaxError struct {
	At  int // the character, counting from 1
	Why string
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("invalid filter pattern at character %d: %s", e.At, e.Why)
}

// Parse reads a pattern. Its errors are *SyntaxError.
func Parse(text string) (*Pattern, error) {
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxLength {
		return nil, &SyntaxError{1, fmt.Sprintf("a pattern has at most %d characters of UTF-8", maxLength)}
	}
	s := &scanner{text: text}
	s.space()
	p := &Pattern{}
	var err error
	switch s.peek() {
	case '{':
		p.kind = ofJSON
		s.next()
		if p.json, err = s.or(s.member); err == nil && !s.accept("}") {
			err = s.wrong("a closing brace is missing, or something stands before it")
		}
	case '[':
		p.kind = ofFields
		p.space, err = s.fields()
	default:
		p.terms, err = s.terms()
	}
	if err != nil {
		return nil, err
	}
	if s.space(); s.rest() != "" {
		return nil, s.wrong("nothing may follow the pattern")
	}
	return p, nil
}

// Match is what a matching message gives to be extracted from it.
type Match struct {
	root   any     // of JSON
	fields []field // of a line with fields
}

// Match tells whether a message matches. JSON patterns match no message that is
// not one JSON object.
func (p *Pattern) Match(message string) (Match, bool) {
	switch p.kind {
	case ofJSON:
		root, ok := decode(message)
		return Match{root: root}, ok && p.json(root)
	case ofFields:
		fields, ok := p.space.match(message)
		return Match{fields: fields}, ok
	default:
		return Match{}, p.terms.match(message)
	}
}

// scanner goes through a pattern.
type scanner struct {
	text      string
	at        int // bytes
	regexes   int
	wildcards int
}

func (s *scanner) wrong(why string) error {
	return &SyntaxError{utf8.RuneCountInString(s.text[:s.at]) + 1, why}
}

func (s *scanner) rest() string { return s.text[s.at:] }

// peek is the next byte, 0 at the end.
func (s *scanner) peek() byte {
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

func (s *scanner) next() { s.at++ }

func (s *scanner) space() {
	for isSpace(s.peek()) {
		s.next()
	}
}

// accept goes over space and a token, when it comes next.
func (s *scanner) accept(token string) bool {
	s.space()
	if !strings.HasPrefix(s.rest(), token) {
		return false
	}
	s.at += len(token)
	return true
}

// while goes over the bytes that are of a kind and returns them.
func (s *scanner) while(of func(byte) bool) string {
	begin := s.at
	for s.at < len(s.text) && of(s.text[s.at]) {
		s.at++
	}
	return s.text[begin:s.at]
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// isWord tells what needs no quotes.
func isWord(c byte) bool {
	return c == '_' || c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// escapes are the characters that mean others after a backslash.
var escapes = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t'}

// quoted reads a text in quotes, in which a backslash makes most characters
// ordinary ones.
func (s *scanner) quoted() (string, error) {
	begin, quote := s.at, s.peek()
	s.next()
	var b strings.Builder
	for s.at < len(s.text) {
		c := s.text[s.at]
		s.next()
		switch {
		case c == quote:
			return b.String(), nil
		case c == '\\' && s.at < len(s.text):
			escaped, special := escapes[s.text[s.at]]
			if !special {
				escaped = s.text[s.at]
			}
			b.WriteByte(escaped)
			s.next()
		default:
			b.WriteByte(c)
		}
	}
	s.at = begin
	return "", s.wrong("the closing quote is missing")
}

// condition judges a value: of a JSON member, or the text of a field.
type condition func(value any) bool

// or reads conditions that are joined by || and &&, of which && binds more.
func (s *scanner) or(one func() (condition, error)) (condition, error) {
	left, err := s.and(one)
	for err == nil && s.accept("||") {
		var right condition
		first := left
		right, err = s.and(one)
		left = func(value any) bool { return first(value) || right(value) }
	}
	return left, err
}

func (s *scanner) and(one func() (condition, error)) (condition, error) {
	left, err := s.group(one)
	for err == nil && s.accept("&&") {
		var right condition
		first := left
		right, err = s.group(one)
		left = func(value any) bool { return first(value) && right(value) }
	}
	return left, err
}

func (s *scanner) group(one func() (condition, error)) (condition, error) {
	if !s.accept("(") {
		s.space()
		return one()
	}
	inner, err := s.or(one)
	if err == nil && !s.accept(")") {
		err = s.wrong("a closing parenthesis is missing")
	}
	return inner, err
}

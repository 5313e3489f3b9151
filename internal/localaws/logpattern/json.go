package logpattern

import (
	"encoding/json"
	"io"
	"strconv"
	"strings"
)

// decode reads a message that is one JSON object. Of members with the same name
// the last one counts.
func decode(message string) (any, bool) {
	decoder := json.NewDecoder(strings.NewReader(message))
	decoder.UseNumber()
	var root map[string]any
	if decoder.Decode(&root) != nil || root == nil {
		return nil, false
	}
	_, err := decoder.Token()
	return root, err == io.EOF
}

// path leads from the root of a JSON object to a value.
type path []step

// step is the name of a member, an index, or any of either.
type step struct {
	name  string
	index int // -1 for a name
	any   bool
}

// find calls visit with each value that a path leads to, until it returns true.
func (p path) find(value any, visit func(any) bool) bool {
	if len(p) == 0 {
		return visit(value)
	}
	switch value := value.(type) {
	case map[string]any:
		if p[0].any {
			for _, child := range value {
				if p[1:].find(child, visit) {
					return true
				}
			}
			return false
		}
		child, ok := value[p[0].name]
		return ok && p[0].index < 0 && p[1:].find(child, visit)
	case []any:
		if p[0].any {
			for _, child := range value {
				if p[1:].find(child, visit) {
					return true
				}
			}
			return false
		}
		return p[0].index >= 0 && p[0].index < len(value) && p[1:].find(value[p[0].index], visit)
	default:
		return false
	}
}

// path reads a selector, such as $.a.b[0] or $.['a.b'].
func (s *scanner) path() (path, error) {
	if !s.accept("$.") {
		return nil, s.wrong("a selector that begins with $. is expected")
	}
	var p path
	wildcards := 0
	for {
		one, err := s.step()
		if err != nil {
			return nil, err
		}
		if one.any {
			wildcards++
			s.wildcards++
		}
		if wildcards > maxPathWildcards || s.wildcards > maxWildcards {
			return nil, s.wrong("a selector has at most one wildcard, and a pattern three")
		}
		p = append(p, one)
		switch s.peek() {
		case '.':
			s.next()
		case '[':
		default:
			return p, nil
		}
	}
}

func (s *scanner) step() (step, error) {
	switch s.peek() {
	case '*':
		s.next()
		return step{any: true, index: -1}, nil
	case '[':
		s.next()
		one, err := s.bracket()
		if err == nil && s.peek() != ']' {
			err = s.wrong("a closing bracket is missing")
		}
		s.next()
		return one, err
	default:
		name := s.while(isWord)
		if name == "" {
			return step{}, s.wrong("the name of a member is expected")
		}
		return step{name: name, index: -1}, nil
	}
}

func (s *scanner) bracket() (step, error) {
	switch c := s.peek(); {
	case c == '*':
		s.next()
		return step{any: true, index: -1}, nil
	case c == '\'' || c == '"':
		name, err := s.quoted()
		return step{name: name, index: -1}, err
	default:
		index, err := strconv.Atoi(s.while(func(c byte) bool { return '0' <= c && c <= '9' }))
		if err != nil {
			return step{}, s.wrong("an index, a name in quotes or * is expected")
		}
		return step{index: index}, nil
	}
}

// member reads one condition on a member of a JSON object.
func (s *scanner) member() (condition, error) {
	p, err := s.path()
	if err != nil {
		return nil, err
	}
	switch {
	case s.word("IS"):
		return s.is(p)
	case s.word("NOT"):
		if !s.word("EXISTS") {
			return nil, s.wrong("EXISTS is expected after NOT")
		}
		return func(root any) bool { return !p.find(root, func(any) bool { return true }) }, nil
	}
	compare, err := s.comparison()
	return func(root any) bool { return p.find(root, compare) }, err
}

// is reads NULL, TRUE or FALSE. An array that has a null counts as null.
func (s *scanner) is(p path) (condition, error) {
	switch {
	case s.word("NULL"):
		return func(root any) bool {
			return p.find(root, func(value any) bool {
				list, _ := value.([]any)
				for _, item := range list {
					if item == nil {
						return true
					}
				}
				return value == nil
			})
		}, nil
	case s.word("TRUE"):
		return func(root any) bool { return p.find(root, func(value any) bool { return value == true }) }, nil
	case s.word("FALSE"):
		return func(root any) bool { return p.find(root, func(value any) bool { return value == false }) }, nil
	default:
		return nil, s.wrong("NULL, TRUE or FALSE is expected after IS")
	}
}

// word goes over a keyword.
func (s *scanner) word(keyword string) bool {
	s.space()
	rest, ok := strings.CutPrefix(s.rest(), keyword)
	if !ok || rest != "" && isWord(rest[0]) {
		return false
	}
	s.at += len(keyword)
	return true
}

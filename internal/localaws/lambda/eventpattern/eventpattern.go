// Package eventpattern matches JSON documents with the patterns of Lambda's
// event filters: the comparison operators of Lambda's "Filter rule syntax", no
// others of EventBridge's.
package eventpattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// MaxLength is the longest pattern, in bytes (Lambda API, Filter).
const MaxLength = 4096

// Pattern is a compiled pattern.
type Pattern struct{ root matcher }

// matcher decides on a value of an event. present is false for what the event
// does not have.
type matcher interface {
	match(value any, present bool) bool
}

// Parse compiles a pattern. It refuses what Lambda's documentation does not
// have, so that nothing in a pattern is ignored.
func Parse(text string) (*Pattern, error) {
	if len(text) > MaxLength {
		return nil, fmt.Errorf("longer than %d bytes", MaxLength)
	}
	value, err := decode([]byte(text))
	if err != nil {
		return nil, err
	}
	root, err := parse(value)
	if err != nil {
		return nil, err
	}
	return &Pattern{root}, nil
}

// Member returns what a pattern asks of one member, and reports that it asks
// nothing of others. fields tells a pattern for an object from rules for a
// value.
func (p *Pattern) Member(name string) (member *Pattern, fields, only bool) {
	object, ok := p.root.(object)
	if !ok || len(object.fields) != 1 || object.alternatives != nil {
		return nil, false, false
	}
	m, ok := object.fields[name]
	if !ok {
		return nil, false, false
	}
	_, isRules := m.(rules)
	return &Pattern{m}, !isRules, true
}

// MatchJSON tells whether a JSON document matches. What is no JSON does not.
func (p *Pattern) MatchJSON(document []byte) bool {
	value, err := decode(document)
	return err == nil && p.root.match(value, true)
}

// MatchString tells whether a string that is no JSON matches.
func (p *Pattern) MatchString(s string) bool { return p.root.match(s, true) }

// decode keeps numbers as they are written: Lambda compares them so.
func decode(document []byte) (any, error) {
	d := json.NewDecoder(strings.NewReader(string(document)))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return value, nil
}

// object asks for members, and for one of its alternatives if it has some.
type object struct {
	fields       map[string]matcher
	alternatives []matcher
}

func parse(value any) (matcher, error) {
	members, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("a pattern is an object")
	}
	if len(members) == 0 {
		return nil, errors.New("an empty object asks for nothing")
	}
	o := object{fields: make(map[string]matcher)}
	for name, member := range members {
		var err error
		switch m := member.(type) {
		case map[string]any:
			o.fields[name], err = parse(m)
		case []any:
			if name == "$or" {
				o.alternatives, err = parseAlternatives(m)
			} else {
				o.fields[name], err = parseRules(m)
			}
		default:
			err = errors.New("a member is an object or a list of rules")
		}
		if err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
	}
	return o, nil
}

func parseAlternatives(list []any) ([]matcher, error) {
	if len(list) < 2 {
		return nil, errors.New("needs two patterns or more")
	}
	alternatives := make([]matcher, 0, len(list))
	for _, value := range list {
		m, err := parse(value)
		if err != nil {
			return nil, err
		}
		alternatives = append(alternatives, m)
	}
	return alternatives, nil
}

// match takes what is no object for an empty one. Of a list, one element has to
// match as a whole.
func (o object) match(value any, present bool) bool {
	if list, ok := value.([]any); ok {
		return slices.ContainsFunc(list, func(element any) bool { return o.match(element, present) })
	}
	members, _ := value.(map[string]any)
	for name, m := range o.fields {
		member, ok := members[name]
		if !m.match(member, ok) {
			return false
		}
	}
	return o.alternatives == nil || slices.ContainsFunc(o.alternatives, func(m matcher) bool { return m.match(value, present) })
}

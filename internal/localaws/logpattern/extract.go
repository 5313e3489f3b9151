package logpattern

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// Selector names a value that matching messages have.
type Selector struct {
	path path
	name string // of a field
}

// Selector reads a selector that goes with the pattern: $.a.b for JSON, $name or
// $3 for fields.
func (p *Pattern) Selector(text string) (*Selector, error) {
	s := &scanner{text: text}
	switch p.kind {
	case ofJSON:
		found, err := s.path()
		if err == nil && s.rest() != "" {
			err = s.wrong("nothing may follow the selector")
		}
		if err == nil && s.wildcards > 0 {
			err = s.wrong("a selector with a wildcard names no single value")
		}
		return &Selector{path: found}, err
	case ofFields:
		s.accept("$")
		name := s.while(isWord)
		if name == "" || "$"+name != text {
			return nil, s.wrong("a selector of a field is $ and its name or number")
		}
		return &Selector{name: name}, nil
	default:
		return nil, errors.New("a pattern of terms has no fields to select")
	}
}

// Of returns the value as text; false when the message has none, or one that is
// null, an array or an object.
func (s *Selector) Of(m Match) (string, bool) {
	if s.path == nil {
		return m.field(s.name)
	}
	var text string
	found := s.path.find(m.root, func(value any) bool {
		switch value := value.(type) {
		case string:
			text = value
		case json.Number:
			text = string(value)
		case bool:
			text = strconv.FormatBool(value)
		default:
			return false
		}
		return true
	})
	return text, found
}

func (m Match) field(name string) (string, bool) {
	for _, field := range m.fields {
		if field.name == name {
			return field.value, true
		}
	}
	// Fields without a name have numbers.
	if n, err := strconv.Atoi(name); err == nil && n >= 1 && n <= len(m.fields) && m.fields[n-1].name == "" {
		return m.fields[n-1].value, true
	}
	return "", false
}

// Number is the value as a number.
func (s *Selector) Number(m Match) (float64, bool) {
	text, ok := s.Of(m)
	if !ok {
		return 0, false
	}
	return parseNumber(strings.TrimSpace(text))
}

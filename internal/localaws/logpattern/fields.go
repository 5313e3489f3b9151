package logpattern

import (
	"encoding/json"
	"strings"
)

// fields are the columns of a line. The condition of a column may be nil.
type fields struct {
	columns []column
	// ellipsis is the index of the column that stands for any number of columns;
	// -1 when there is none.
	ellipsis int
}

type column struct {
	name  string
	holds condition
}

// field is a part of a line, with the name that the pattern gives it, if any.
type field struct {
	name, value string
	at          int // where it begins in the line
}

// fields reads [a, b = x, ..., c].
func (s *scanner) fields() (*fields, error) {
	s.next()
	f := &fields{ellipsis: -1}
	if s.accept("]") {
		return f, nil
	}
	names := make(map[string]bool)
	for {
		if s.accept("...") {
			if f.ellipsis >= 0 {
				return nil, s.wrong("there can be one ellipsis only")
			}
			f.ellipsis = len(f.columns)
			f.columns = append(f.columns, column{})
		} else {
			one, err := s.column()
			if err != nil {
				return nil, err
			}
			if names[one.name] {
				return nil, s.wrong("two fields have the name " + one.name)
			}
			names[one.name] = true
			f.columns = append(f.columns, one)
		}
		if s.accept("]") {
			return f, nil
		}
		if !s.accept(",") {
			return nil, s.wrong("a comma or a closing bracket is expected")
		}
	}
}

// column reads a name, or conditions on the field of that name.
func (s *scanner) column() (column, error) {
	s.space()
	begin := s.at
	grouped := s.while(func(c byte) bool { return c == '(' || isSpace(c) }) != ""
	name := s.while(isWord)
	if name == "" {
		return column{}, s.wrong("the name of a field is expected")
	}
	if s.space(); !grouped && (s.peek() == ',' || s.peek() == ']') {
		return column{name: name}, nil
	}
	s.at = begin
	holds, err := s.or(func() (condition, error) {
		if s.while(isWord) != name {
			return nil, s.wrong("only conditions on field " + name + " can stand here")
		}
		return s.comparison()
	})
	return column{name, holds}, err
}

// split cuts a line into its fields: what is between spaces, in brackets or in
// double quotes. A bracket or a quote that is not closed is an ordinary one.
func split(line string) []field {
	var list []field
	for at := 0; at < len(line); {
		if isSpace(line[at]) {
			at++
			continue
		}
		if end := enclosed(line, at); end > 0 {
			list = append(list, field{value: line[at+1 : end], at: at})
			at = end + 1
			continue
		}
		begin := at
		for at < len(line) && !isSpace(line[at]) {
			at++
		}
		list = append(list, field{value: line[begin:at], at: begin})
	}
	return list
}

// enclosed returns where the bracket or quote that stands at a place is closed,
// before a space or the end of the line; 0 if it is none, or nowhere.
func enclosed(line string, at int) int {
	closing := byte('"')
	switch line[at] {
	case '[':
		closing = ']'
	case '"':
	default:
		return 0
	}
	for end := at + 1; end < len(line); end++ {
		switch line[end] {
		case '\\':
			end++
		case closing:
			if end+1 == len(line) || isSpace(line[end+1]) {
				return end
			}
			return 0
		}
	}
	return 0
}

// match names the fields of a line and tells whether all conditions hold. Without
// an ellipsis the last column takes the rest of a line that has more fields.
func (f *fields) match(line string) ([]field, bool) {
	list := split(line)
	needed := len(f.columns)
	if f.ellipsis >= 0 {
		needed--
	}
	if len(list) == 0 || len(list) < needed {
		return nil, false
	}
	if f.ellipsis < 0 && needed > 0 && len(list) > needed {
		last := &list[needed-1]
		last.value = strings.TrimRight(line[last.at:], " \t\r\n")
		list = list[:needed]
	}
	for i, column := range f.columns {
		if i == f.ellipsis {
			continue
		}
		at := i
		if f.ellipsis >= 0 && i > f.ellipsis {
			at = len(list) - (len(f.columns) - i)
		}
		list[at].name = column.name
		if column.holds != nil && !column.holds(scalar(list[at].value)) {
			return nil, false
		}
	}
	return list, true
}

// scalar is a field as a number, if it is one.
func scalar(text string) any {
	if _, ok := parseNumber(text); ok {
		return json.Number(text)
	}
	return text
}

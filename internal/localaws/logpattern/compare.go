package logpattern

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// number is what counts as a number, in patterns and in fields.
var number = regexp.MustCompile(`\A[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\z`)

// parseNumber reads a number. It refuses what Go knows besides: hexadecimal
// digits, infinities.
func parseNumber(text string) (float64, bool) {
	if !number.MatchString(text) {
		return 0, false
	}
	value, err := strconv.ParseFloat(text, 64)
	return value, err == nil
}

// operand is what a value is compared with.
type operand struct {
	text    string
	regex   *regexp.Regexp
	number  float64
	numeric bool
}

// isOperand tells what needs no quotes on the right of an operator.
func isOperand(c byte) bool { return isWord(c) || c == '*' || c == '.' || c == '+' }

// comparison reads an operator and what it compares with.
func (s *scanner) comparison() (condition, error) {
	operator := ""
	for _, candidate := range []string{"!=", ">=", "<=", "=", ">", "<"} {
		if s.accept(candidate) {
			operator = candidate
			break
		}
	}
	if operator == "" {
		return nil, s.wrong("an operator is expected")
	}
	s.space()
	var with operand
	var err error
	switch s.peek() {
	case '"':
		with.text, err = s.quoted()
	case '%':
		with.regex, err = s.regex()
	default:
		with.text = s.while(isOperand)
		with.number, with.numeric = parseNumber(with.text)
		if with.text == "" || with.text == "null" {
			err = s.wrong("a value is expected; other texts than words need double quotes")
		}
	}
	if err != nil {
		return nil, err
	}
	switch operator {
	case "=":
		return func(value any) bool { equal, comparable := with.equals(value); return comparable && equal }, nil
	case "!=":
		return func(value any) bool { equal, comparable := with.equals(value); return comparable && !equal }, nil
	}
	if !with.numeric {
		return nil, s.wrong("the operator " + operator + " needs a number")
	}
	return func(value any) bool {
		text, ok := value.(json.Number)
		if !ok {
			return false
		}
		n, ok := parseNumber(string(text))
		if !ok {
			return false
		}
		switch operator {
		case ">":
			return n > with.number
		case "<":
			return n < with.number
		case ">=":
			return n >= with.number
		default:
			return n <= with.number
		}
	}, nil
}

// equals compares numbers by value with a number that has no quotes, and all
// other texts and numbers by their characters. Objects, arrays, booleans and null
// cannot be compared.
func (o operand) equals(value any) (equal, comparable bool) {
	switch value := value.(type) {
	case json.Number:
		if o.numeric {
			n, ok := parseNumber(string(value))
			return n == o.number, ok
		}
		return o.matches(string(value)), true
	case string:
		return o.matches(value), true
	default:
		return false, false
	}
}

func (o operand) matches(text string) bool {
	if o.regex != nil {
		return o.regex.MatchString(text)
	}
	// Each * stands for any characters.
	parts := strings.Split(o.text, "*")
	if len(parts) == 1 {
		return text == o.text
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, last)
}

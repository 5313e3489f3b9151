// Package policydoc reads what IAM's policy documents are made of: patterns,
// ARNs, and elements that may be one value or several.
package policydoc

import (
	"encoding/json"
	"slices"
	"strings"
)

// Match tells whether the whole of value is what a pattern describes: * stands
// for any run of characters, also none, and ? for one. The time grows with the
// product of both lengths, never faster.
func Match(pattern, value string) bool {
	star, mark := -1, 0
	p, v := 0, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p++
			v++
		case star >= 0:
			mark++
			p, v = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// MatchARN compares the six parts of two ARNs one by one, so that a wildcard in
// one part does not reach into the next (IAM, "ARN condition operators").
func MatchARN(pattern, arn string) bool {
	patterns, parts := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(patterns) != 6 || len(parts) != 6 {
		return false
	}
	for i := range parts {
		if !Match(patterns[i], parts[i]) {
			return false
		}
	}
	return true
}

// List is a JSON element that may be one value or several.
type List[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *List[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		return json.Unmarshal(b, (*[]T)(l))
	}
	var one T
	if err := json.Unmarshal(b, &one); err != nil {
		return err
	}
	*l = List[T]{one}
	return nil
}

// Any tells whether one of the values is what is looked for.
func (l List[T]) Any(is func(T) bool) bool { return slices.ContainsFunc(l, is) }

package eventpattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// rules match a value when one of them does, and a list when one matches one of
// its elements.
type rules []rule

// rule decides on a string, number, boolean or null, or on what the event does
// not have.
type rule func(value any, present bool) bool

func (r rules) match(value any, present bool) bool {
	switch v := value.(type) {
	case []any:
		if len(v) == 0 {
			return r.match(nil, false)
		}
		return slices.ContainsFunc(v, func(element any) bool { return r.match(element, present) })
	case map[string]any:
		return false // rules are about leaves
	}
	return slices.ContainsFunc(r, func(one rule) bool { return one(value, present) })
}

func parseRules(list []any) (rules, error) {
	if len(list) == 0 {
		return nil, errors.New("an empty list matches nothing")
	}
	all := make(rules, 0, len(list))
	for _, element := range list {
		one, err := parseRule(element)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func parseRule(element any) (rule, error) {
	operator, ok := element.(map[string]any)
	if !ok {
		return parseEquals(element)
	}
	if len(operator) != 1 {
		return nil, errors.New("a rule has one operator")
	}
	for name, operand := range operator {
		one, err := parseOperator(name, operand)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return one, nil
	}
	panic("unreachable: it has one member")
}

// parseEquals compares numbers as they are written: 300 is not 300.0.
func parseEquals(want any) (rule, error) {
	if !isScalar(want) {
		return nil, errors.New("a rule is a value or an operator")
	}
	return func(value any, present bool) bool { return present && value == want }, nil
}

func isScalar(value any) bool {
	switch value.(type) {
	case nil, bool, string, json.Number:
		return true
	default:
		return false
	}
}

func parseOperator(name string, operand any) (rule, error) {
	switch name {
	case "exists":
		want, ok := operand.(bool)
		if !ok {
			return nil, errors.New("needs true or false")
		}
		return func(_ any, present bool) bool { return present == want }, nil
	case "prefix":
		return parseText(operand, strings.HasPrefix)
	case "suffix":
		return parseText(operand, strings.HasSuffix)
	case "equals-ignore-case":
		return parseText(operand, strings.EqualFold)
	case "anything-but":
		return parseAnythingBut(operand)
	case "numeric":
		return parseNumeric(operand)
	default:
		return nil, errors.New("is no operator of Lambda's event filters")
	}
}

func parseText(operand any, is func(s, want string) bool) (rule, error) {
	want, ok := operand.(string)
	if !ok {
		return nil, errors.New("needs a string")
	}
	return func(value any, present bool) bool {
		s, ok := value.(string)
		return present && ok && is(s, want)
	}, nil
}

func parseAnythingBut(operand any) (rule, error) {
	unwanted, ok := operand.([]any)
	if !ok {
		unwanted = []any{operand}
	}
	if len(unwanted) == 0 {
		return nil, errors.New("needs a value")
	}
	for _, value := range unwanted {
		switch value.(type) {
		case string, json.Number:
		default:
			return nil, errors.New("needs strings or numbers")
		}
	}
	return func(value any, present bool) bool { return present && !slices.Contains(unwanted, value) }, nil
}

// comparisons by their operator.
var comparisons = map[string]func(value, limit float64) bool{
	"=":  func(value, limit float64) bool { return value == limit },
	">":  func(value, limit float64) bool { return value > limit },
	">=": func(value, limit float64) bool { return value >= limit },
	"<":  func(value, limit float64) bool { return value < limit },
	"<=": func(value, limit float64) bool { return value <= limit },
}

func parseNumeric(operand any) (rule, error) {
	list, ok := operand.([]any)
	if !ok || len(list) != 2 && len(list) != 4 {
		return nil, errors.New("needs one comparison or a range")
	}
	var operators []string
	var limits []float64
	for i := 0; i < len(list); i += 2 {
		operator, isOperator := list[i].(string)
		limit, isNumber := number(list[i+1])
		if !isOperator || comparisons[operator] == nil || !isNumber {
			return nil, errors.New("needs pairs of an operator (=, <, <=, >, >=) and a number")
		}
		operators, limits = append(operators, operator), append(limits, limit)
	}
	if len(limits) == 2 && (!strings.HasPrefix(operators[0], ">") || !strings.HasPrefix(operators[1], "<") || limits[0] >= limits[1]) {
		return nil, errors.New("a range goes from a lower limit (>, >=) to an upper one (<, <=)")
	}
	return func(value any, present bool) bool {
		n, ok := number(value)
		if !present || !ok {
			return false
		}
		for i, operator := range operators {
			if !comparisons[operator](n, limits[i]) {
				return false
			}
		}
		return true
	}, nil
}

func number(value any) (float64, bool) {
	text, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(text.String(), 64)
	return n, err == nil && !math.IsInf(n, 0)
}

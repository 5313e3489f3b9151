package metricmath

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// kind is what an expression results in.
type kind int

const (
	ofScalar kind = iota + 1
	ofSeries
	ofList
	ofText
)

// value is a result. Of the members the one counts that its kind names.
type value struct {
	kind   kind
	scalar float64
	series Series
	list   []Series
}

// scope is where a node is checked or evaluated.
type scope struct {
	program *Program
	path    []string
	data    map[string]Series
	times   []int64
}

// value is the result of a query, which the caller may change.
func (s *scope) value(id string) value {
	if n, ok := s.program.nodes[id]; ok {
		return n.value(s)
	}
	series := maps.Clone(s.data[id])
	if series == nil {
		series = Series{}
	}
	return value{kind: ofSeries, series: series}
}

// node is a part of an expression.
type node interface {
	// kind checks the node.
	kind(s *scope) (kind, error)
	value(s *scope) value
}

type scalar float64

func (n scalar) kind(*scope) (kind, error) { return ofScalar, nil }
func (n scalar) value(*scope) value        { return value{kind: ofScalar, scalar: float64(n)} }

type text string

func (n text) kind(*scope) (kind, error) { return ofText, nil }
func (n text) value(*scope) value        { return value{kind: ofText} }

type reference string

func (n reference) kind(s *scope) (kind, error) { return s.program.kind(string(n), s.path) }
func (n reference) value(s *scope) value        { return s.value(string(n)) }

// array is [a, b].
type array []node

func (n array) kind(s *scope) (kind, error) {
	for _, member := range n {
		if k, err := member.kind(s); err != nil || k != ofSeries {
			return 0, errors.Join(err, errors.New("a list has something that is no time series"))
		}
	}
	return ofList, nil
}

func (n array) value(s *scope) value {
	v := value{kind: ofList}
	for _, member := range n {
		v.list = append(v.list, member.value(s).series)
	}
	return v
}

// operators take two numbers; a comparison gives 1 or 0.
var operators = map[string]func(a, b float64) float64{
	"+":   func(a, b float64) float64 { return a + b },
	"-":   func(a, b float64) float64 { return a - b },
	"*":   func(a, b float64) float64 { return a * b },
	"/":   func(a, b float64) float64 { return a / b },
	"^":   math.Pow,
	"==":  func(a, b float64) float64 { return truth(a == b) },
	"!=":  func(a, b float64) float64 { return truth(a != b) },
	"<":   func(a, b float64) float64 { return truth(a < b) },
	"<=":  func(a, b float64) float64 { return truth(a <= b) },
	">":   func(a, b float64) float64 { return truth(a > b) },
	">=":  func(a, b float64) float64 { return truth(a >= b) },
	"&&":  func(a, b float64) float64 { return truth(a != 0 && b != 0) },
	"AND": func(a, b float64) float64 { return truth(a != 0 && b != 0) },
	"||":  func(a, b float64) float64 { return truth(a != 0 || b != 0) },
	"OR":  func(a, b float64) float64 { return truth(a != 0 || b != 0) },
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// binary is an operator between two operands.
type binary struct {
	apply       func(a, b float64) float64
	left, right node
}

func (n binary) kind(s *scope) (kind, error) {
	left, err := n.left.kind(s)
	if err != nil {
		return 0, err
	}
	right, err := n.right.kind(s)
	if err != nil {
		return 0, err
	}
	if left == ofText || right == ofText || left == ofList && right == ofList {
		return 0, errors.New("an operator stands between texts or two lists")
	}
	return max(left, right), nil
}

func (n binary) value(s *scope) value { return zip(n.left.value(s), n.right.value(s), n.apply) }

// zip applies a function to each pair of values. Where one is missing, or the
// result is no number, as after a division by zero, the result is missing.
func zip(a, b value, apply func(a, b float64) float64) value {
	switch {
	case a.kind == ofScalar && b.kind == ofScalar:
		return value{kind: ofScalar, scalar: apply(a.scalar, b.scalar)}
	case a.kind == ofList:
		return each(a.list, func(member value) value { return zip(member, b, apply) })
	case b.kind == ofList:
		return each(b.list, func(member value) value { return zip(a, member, apply) })
	}
	times := a.series
	if a.kind == ofScalar {
		times = b.series
	}
	result := Series{}
	for at := range times {
		left, ok := a.at(at)
		right, both := b.at(at)
		if !ok || !both {
			continue
		}
		if r := apply(left, right); !math.IsNaN(r) && !math.IsInf(r, 0) {
			result[at] = r
		}
	}
	return value{kind: ofSeries, series: result}
}

// at is the value at a time; a number is the same at any time.
func (v value) at(time int64) (float64, bool) {
	if v.kind == ofScalar {
		return v.scalar, !math.IsNaN(v.scalar) && !math.IsInf(v.scalar, 0)
	}
	x, ok := v.series[time]
	return x, ok
}

func each(list []Series, apply func(value) value) value {
	result := value{kind: ofList}
	for _, series := range list {
		result.list = append(result.list, apply(value{kind: ofSeries, series: series}).series)
	}
	return result
}

// call is a function with its arguments.
type call struct {
	name      string
	arguments []node
}

// aggregates make a number of a time series, and a time series of a list.
var aggregates = map[string]func([]float64) float64{
	"SUM": sum,
	"AVG": func(list []float64) float64 { return sum(list) / float64(len(list)) },
	"MIN": slices.Min[[]float64],
	"MAX": slices.Max[[]float64],
}

func sum(list []float64) float64 {
	total := 0.0
	for _, x := range list {
		total += x
	}
	return total
}

// roundings change each value.
var roundings = map[string]func(float64) float64{"ABS": math.Abs, "CEIL": math.Ceil, "FLOOR": math.Floor}

func (n call) kind(s *scope) (kind, error) {
	kinds := make([]kind, len(n.arguments))
	for i, argument := range n.arguments {
		if n.name == "FILL" && i == 1 {
			switch argument {
			case reference("REPEAT"):
				kinds[i] = ofScalar
				continue
			case reference("LINEAR"):
				return 0, fmt.Errorf("%w: FILL with LINEAR", ErrNotServed)
			}
		}
		var err error
		if kinds[i], err = argument.kind(s); err != nil {
			return 0, err
		}
	}
	wrong := fmt.Errorf("the arguments of %s are not as they should be", n.name)
	one := len(kinds) == 1
	switch {
	case aggregates[n.name] != nil:
		if !one || kinds[0] == ofText || kinds[0] == ofScalar {
			return 0, wrong
		}
		return kinds[0] - 1, nil
	case roundings[n.name] != nil:
		if !one || kinds[0] == ofText {
			return 0, wrong
		}
		return kinds[0], nil
	}
	switch n.name {
	case "METRICS":
		if len(kinds) > 1 || one && kinds[0] != ofText {
			return 0, wrong
		}
		return ofList, nil
	case "PERIOD":
		if !one || kinds[0] != ofSeries {
			return 0, wrong
		}
		return ofScalar, nil
	case "FILL":
		if len(kinds) != 2 || kinds[0] != ofSeries && kinds[0] != ofList || kinds[1] != ofScalar && kinds[1] != ofSeries {
			return 0, wrong
		}
		return kinds[0], nil
	case "IF":
		if len(kinds) != 2 && len(kinds) != 3 || slices.Max(kinds) > ofSeries {
			return 0, wrong
		}
		return slices.Max(kinds), nil
	default:
		return 0, fmt.Errorf("%w: the function %s", ErrNotServed, n.name)
	}
}

func (n call) value(s *scope) value {
	if aggregate := aggregates[n.name]; aggregate != nil {
		return fold(n.arguments[0].value(s), aggregate)
	}
	if round := roundings[n.name]; round != nil {
		return zip(n.arguments[0].value(s), value{kind: ofScalar}, func(a, _ float64) float64 { return round(a) })
	}
	switch n.name {
	case "METRICS":
		part := ""
		if len(n.arguments) == 1 {
			part = string(n.arguments[0].(text))
		}
		v := value{kind: ofList}
		for _, id := range s.program.metrics {
			if strings.Contains(id, part) {
				v.list = append(v.list, s.value(id).series)
			}
		}
		return v
	case "PERIOD":
		return value{kind: ofScalar, scalar: float64(s.program.period)}
	case "FILL":
		return n.fill(s)
	default: // IF
		return n.choose(s)
	}
}

// fold aggregates the values of a series, or those that a list has at each time.
func fold(v value, aggregate func([]float64) float64) value {
	if v.kind == ofSeries {
		if len(v.series) == 0 {
			return value{kind: ofScalar, scalar: math.NaN()}
		}
		return value{kind: ofScalar, scalar: aggregate(slices.Collect(maps.Values(v.series)))}
	}
	at := map[int64][]float64{}
	for _, series := range v.list {
		for time, x := range series {
			at[time] = append(at[time], x)
		}
	}
	result := Series{}
	for time, list := range at {
		result[time] = aggregate(list)
	}
	return value{kind: ofSeries, series: result}
}

// fill puts values where there are none, in all periods that the alarm looks at.
func (n call) fill(s *scope) value {
	filled := n.arguments[0].value(s)
	if n.arguments[1] == reference("REPEAT") {
		repeat := func(v value) value {
			for i, at := range s.times[min(1, len(s.times)):] {
				before, ok := v.series[s.times[i]]
				if _, present := v.series[at]; ok && !present {
					v.series[at] = before
				}
			}
			return v
		}
		return over(filled, repeat)
	}
	filler := n.arguments[1].value(s)
	return over(filled, func(v value) value {
		for _, at := range s.times {
			if _, present := v.series[at]; present {
				continue
			}
			if x, ok := filler.at(at); ok {
				v.series[at] = x
			}
		}
		return v
	})
}

// over applies a function to a series, or to each of a list.
func over(v value, apply func(value) value) value {
	if v.kind == ofList {
		return each(v.list, apply)
	}
	return apply(v)
}

// choose is IF(condition, then, otherwise); without otherwise there is nothing
// where the condition does not hold.
func (n call) choose(s *scope) value {
	condition := n.arguments[0].value(s)
	options := make([]value, len(n.arguments)-1)
	for i, argument := range n.arguments[1:] {
		options[i] = argument.value(s)
	}
	pick := func(condition float64) int {
		if condition != 0 {
			return 0
		}
		return 1
	}
	result := value{kind: ofScalar, scalar: math.NaN()}
	times := map[int64]bool{}
	for _, v := range append(options, condition) {
		if v.kind == ofSeries {
			result.kind, result.series = ofSeries, Series{}
			for at := range v.series {
				times[at] = true
			}
		}
	}
	if result.kind == ofScalar {
		if i := pick(condition.scalar); i < len(options) {
			return options[i]
		}
		return result
	}
	for at := range times {
		c, ok := condition.at(at)
		if i := pick(c); ok && i < len(options) {
			if x, ok := options[i].at(at); ok {
				result.series[at] = x
			}
		}
	}
	return result
}

// Package metricmath evaluates the metric math of CloudWatch's alarms, as far as
// the local stack serves it: numbers, metrics and other expressions by their ids,
// + - * / ^, comparisons, AND and OR, lists, IF, FILL, METRICS, SUM, AVG, MIN,
// MAX, ABS, CEIL, FLOOR and PERIOD (CloudWatch user guide, "Using math expressions
// with CloudWatch metrics"). Whatever else AWS has is refused when a Program is
// made, with ErrNotServed.
package metricmath

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// ErrNotServed is wrapped in the errors about what AWS has and this package has
// not. Other errors are about what AWS refuses as well.
var ErrNotServed = errors.New("metric math that the local stack does not evaluate")

// MaxQueries is how many metrics and expressions an alarm may have.
const MaxQueries = 10

// Series are values by the beginning of their period, in Unix seconds.
type Series map[int64]float64

// Query is a metric or an expression of an alarm.
type Query struct {
	ID string
	// Expression is empty for a metric, whose Period is in seconds.
	Expression string
	Period     int
	// Returned is set of the one by which the alarm is judged.
	Returned bool
}

// Program is the metric math of one alarm.
type Program struct {
	period   int
	returned string
	nodes    map[string]node // of expressions
	metrics  []string
}

// Period is that of all metrics, in seconds.
func (p *Program) Period() int { return p.period }

var idPattern = regexp.MustCompile(`\A[a-z][a-zA-Z0-9_]{0,254}\z`)

// Compile checks the queries of an alarm.
func Compile(queries []Query) (*Program, error) {
	if len(queries) > MaxQueries {
		return nil, fmt.Errorf("an alarm has at most %d metrics and expressions", MaxQueries)
	}
	p := &Program{nodes: map[string]node{}}
	returned := 0
	seen := map[string]bool{}
	for _, q := range queries {
		if !idPattern.MatchString(q.ID) || seen[q.ID] {
			return nil, fmt.Errorf("the id %q is not unique or does not begin with a lower case letter, or has other characters than letters, digits and underscores", q.ID)
		}
		seen[q.ID] = true
		if q.Returned {
			returned++
			p.returned = q.ID
		}
		if err := p.add(q); err != nil {
			return nil, err
		}
	}
	if returned != 1 {
		return nil, fmt.Errorf("exactly one of the metrics and expressions must return data, not %d", returned)
	}
	if len(p.metrics) == 0 {
		return nil, errors.New("there is no metric")
	}
	slices.Sort(p.metrics)
	for id := range p.nodes {
		if _, err := p.kind(id, nil); err != nil {
			return nil, fmt.Errorf("expression %s: %w", id, err)
		}
	}
	if kind, err := p.kind(p.returned, nil); err != nil || kind != ofSeries {
		return nil, errors.Join(err, fmt.Errorf("the expression %s is not a single time series", p.returned))
	}
	return p, nil
}

// elsewhere are beginnings of expressions that are no metric math proper.
var elsewhere = regexp.MustCompile(`(?i)\A\s*SELECT\s|\b(SEARCH|ANOMALY_DETECTION_BAND|INSIGHT_RULE_METRIC|DB_PERF_INSIGHTS|LAMBDA|SERVICE_QUOTA)\s*\(`)

func (p *Program) add(q Query) error {
	if q.Expression == "" {
		if p.period != 0 && q.Period != p.period {
			return fmt.Errorf("%w: metrics of different periods", ErrNotServed)
		}
		if q.Period <= 0 {
			return fmt.Errorf("the metric %s has no period", q.ID)
		}
		p.period = q.Period
		p.metrics = append(p.metrics, q.ID)
		return nil
	}
	if m := elsewhere.FindString(q.Expression); m != "" {
		return fmt.Errorf("%w: %s", ErrNotServed, strings.TrimRight(strings.TrimSpace(m), "( "))
	}
	n, err := parse(q.Expression)
	if err != nil {
		return fmt.Errorf("expression %s: %w", q.ID, err)
	}
	p.nodes[q.ID] = n
	return nil
}

// kind is what a query results in. path are the expressions that led here.
func (p *Program) kind(id string, path []string) (kind, error) {
	if slices.Contains(p.metrics, id) {
		return ofSeries, nil
	}
	n, ok := p.nodes[id]
	if !ok {
		return 0, fmt.Errorf("there is no metric or expression %s", id)
	}
	if slices.Contains(path, id) {
		return 0, fmt.Errorf("%s refers to itself", id)
	}
	return n.kind(&scope{program: p, path: append(slices.Clone(path), id)})
}

// Metrics are the ids of the metrics whose data Evaluate wants.
func (p *Program) Metrics() []string { return p.metrics }

// Evaluate returns the values by which the alarm is judged. times are the
// beginnings of all periods that it looks at, the oldest first.
func (p *Program) Evaluate(data map[string]Series, times []int64) Series {
	s := &scope{program: p, data: data, times: times}
	result := s.value(p.returned).series
	for at, value := range result {
		if math.IsNaN(value) || math.IsInf(value, 0) || !slices.Contains(times, at) {
			delete(result, at)
		}
	}
	return result
}

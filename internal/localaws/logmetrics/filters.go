package logmetrics

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	cloudwatch "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/logpattern"
	"github.com/portcullis-chat/portcullis/internal/localaws/logship"
	"github.com/portcullis-chat/portcullis/internal/localaws/metrics"
)

// maxFilterDimensions is the limit of a metric filter (MetricTransformation).
const maxFilterDimensions = 3

// definition is a metric filter as it is put and described.
type definition struct {
	LogGroupName, FilterName, FilterPattern string
	MetricTransformations                   []transformation
	// These are not served.
	ApplyOnTransformedLogs    bool
	FieldSelectionCriteria    string
	EmitSystemFieldDimensions []string
}

type transformation struct {
	MetricNamespace, MetricName, MetricValue, Unit string
	DefaultValue                                   *float64
	Dimensions                                     map[string]string
}

// filter is a metric filter that is ready for use.
type filter struct {
	pattern *logpattern.Pattern
	transformation
	constant   float64
	value      *logpattern.Selector // nil for the constant
	dimensions map[string]*logpattern.Selector
}

// notServed says what of a definition the stack does not serve; empty for none.
func (d definition) notServed() string {
	switch {
	case d.ApplyOnTransformedLogs:
		return "metric filters on transformed logs"
	case d.FieldSelectionCriteria != "":
		return "metric filters with field selection criteria"
	case len(d.EmitSystemFieldDimensions) > 0:
		return "metric filters with system field dimensions"
	default:
		return ""
	}
}

// compile makes a filter ready, or says why CloudWatch Logs would refuse it.
func compile(d definition) (*filter, error) {
	pattern, err := logpattern.Parse(d.FilterPattern)
	if err != nil {
		return nil, err
	}
	if len(d.MetricTransformations) != 1 {
		return nil, errors.New("a metric filter has exactly one metric transformation")
	}
	f := &filter{pattern: pattern, transformation: d.MetricTransformations[0], dimensions: make(map[string]*logpattern.Selector)}
	for what, name := range map[string]string{"metricName": f.MetricName, "metricNamespace": f.MetricNamespace} {
		if name == "" || len(name) > 255 || strings.ContainsAny(name, ":*$") {
			return nil, fmt.Errorf("%s has 1 to 255 characters, and none of :, * and $", what)
		}
	}
	if f.Unit != "" && !slices.Contains(cloudwatch.StandardUnit("").Values(), cloudwatch.StandardUnit(f.Unit)) {
		return nil, errors.New("unit is none of CloudWatch's")
	}
	if strings.HasPrefix(f.MetricValue, "$") {
		f.value, err = pattern.Selector(f.MetricValue)
	} else {
		f.constant, err = strconv.ParseFloat(f.MetricValue, 64)
	}
	if err != nil {
		return nil, fmt.Errorf("metricValue is neither a number nor a selector that goes with the pattern: %w", err)
	}
	if len(f.Dimensions) > maxFilterDimensions {
		return nil, errors.New("a metric filter has at most three dimensions")
	}
	if len(f.Dimensions) > 0 && f.DefaultValue != nil {
		return nil, errors.New("a metric filter with dimensions has no default value")
	}
	for name, text := range f.Dimensions {
		if f.dimensions[name], err = pattern.Selector(text); err != nil {
			return nil, fmt.Errorf("dimension %s is no selector that goes with the pattern: %w", name, err)
		}
	}
	return f, nil
}

// point is what the filter makes of an event; false for nothing. An event that
// does not match gives the default value, if there is one. An event that matches
// but lacks the value or a dimension gives nothing.
func (f *filter) point(event logship.Event) (metrics.Point, bool) {
	point := metrics.Point{Namespace: f.MetricNamespace, Name: f.MetricName, Unit: f.Unit, Value: f.constant, Time: event.Time}
	match, ok := f.pattern.Match(event.Message)
	if !ok {
		if f.DefaultValue == nil {
			return point, false
		}
		point.Value = *f.DefaultValue
		return point, true
	}
	if f.value != nil {
		if point.Value, ok = f.value.Number(match); !ok {
			return point, false
		}
	}
	for name, selector := range f.dimensions {
		value, ok := selector.Of(match)
		if !ok || value == "" {
			return point, false
		}
		if point.Dimensions == nil {
			point.Dimensions = make(map[string]string, len(f.dimensions))
		}
		point.Dimensions[name] = value
	}
	return point, true
}

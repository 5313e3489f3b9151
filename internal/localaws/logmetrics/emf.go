package logmetrics

import (
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/metrics"
)

// The limits of an embedded metric format document: dimensions of a set, metrics
// of a directive, values of a metric (CloudWatch user guide, "Specification:
// Embedded metric format").
const (
	maxDimensions = 30
	maxMetrics    = 100
	maxValues     = 100
)

// errNotJSON says that a line with embedded metrics is no JSON object.
var errNotJSON = errors.New("the line is not one JSON object")

// mayBeEmbedded tells quickly that a line has no embedded metrics.
func mayBeEmbedded(line string) bool {
	return strings.Contains(line, `"CloudWatchMetrics"`) && strings.Contains(line, `"_aws"`)
}

// embedded returns the data points of a line in the embedded metric format,
// without Region. Lambda may have put something before the document. A document
// that breaks a rule has none, and the error tells the rule, without anything that
// stands in the document.
func embedded(line string) ([]metrics.Point, error) {
	begin := strings.IndexByte(line, '{')
	if begin < 0 {
		return nil, errNotJSON
	}
	decoder := json.NewDecoder(strings.NewReader(line[begin:]))
	var root map[string]json.RawMessage
	if err := decoder.Decode(&root); err != nil {
		return nil, errNotJSON
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	var metadata struct {
		Timestamp         *float64
		CloudWatchMetrics []directive
	}
	if err := json.Unmarshal(root["_aws"], &metadata); err != nil {
		return nil, errors.New("_aws is not an object with Timestamp and CloudWatchMetrics as they have to be")
	}
	if metadata.Timestamp == nil {
		return nil, errors.New("_aws has no Timestamp")
	}
	at := time.UnixMilli(int64(*metadata.Timestamp))
	var points []metrics.Point
	for _, d := range metadata.CloudWatchMetrics {
		more, err := d.points(root, at)
		if err != nil {
			return nil, err
		}
		points = append(points, more...)
	}
	return points, nil
}

// directive is a MetricDirective.
type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []struct {
		Name, Unit        string
		StorageResolution int
	}
}

func (d directive) points(root map[string]json.RawMessage, at time.Time) ([]metrics.Point, error) {
	switch {
	case d.Namespace == "":
		return nil, errors.New("a directive has no Namespace")
	case len(d.Dimensions) == 0:
		return nil, errors.New("a directive has no Dimensions")
	case len(d.Metrics) > maxMetrics:
		return nil, errors.New("a directive has more than 100 metrics")
	}
	var sets []map[string]string
	for _, names := range d.Dimensions {
		set, err := dimensionSet(root, names)
		if err != nil {
			return nil, err
		}
		sets = append(sets, set)
	}
	var points []metrics.Point
	for _, metric := range d.Metrics {
		if metric.Unit != "" && !slices.Contains(types.StandardUnit("").Values(), types.StandardUnit(metric.Unit)) {
			return nil, errors.New("a metric has a unit that CloudWatch does not know")
		}
		if metric.StorageResolution != 0 && metric.StorageResolution != 1 && metric.StorageResolution != 60 {
			return nil, errors.New("a StorageResolution is neither 1 nor 60")
		}
		values, err := numbers(root[metric.Name])
		if err != nil {
			return nil, err
		}
		for _, set := range sets {
			for _, value := range values {
				points = append(points, metrics.Point{
					Namespace: d.Namespace, Name: metric.Name, Unit: metric.Unit, Value: value, Dimensions: set,
					Time: at, HighResolution: metric.StorageResolution == 1,
				})
			}
		}
	}
	return points, nil
}

func dimensionSet(root map[string]json.RawMessage, names []string) (map[string]string, error) {
	if len(names) > maxDimensions {
		return nil, errors.New("a dimension set has more than 30 dimensions")
	}
	set := make(map[string]string, len(names))
	for _, name := range names {
		var value *string
		if err := json.Unmarshal(root[name], &value); err != nil || value == nil {
			return nil, errors.New("a dimension is no member of the document that is a string")
		}
		set[name] = *value
	}
	return set, nil
}

// numbers are the values of a metric: a number or up to 100.
func numbers(raw json.RawMessage) ([]float64, error) {
	var one *float64
	if json.Unmarshal(raw, &one) == nil && one != nil {
		return []float64{*one}, nil
	}
	var many []*float64
	if json.Unmarshal(raw, &many) != nil || many == nil || slices.Contains(many, nil) {
		return nil, errors.New("a metric is no member of the document that is a number or an array of numbers")
	}
	if len(many) > maxValues {
		return nil, errors.New("a metric has more than 100 values")
	}
	values := make([]float64, len(many))
	for i, value := range many {
		values[i] = *value
	}
	return values, nil
}

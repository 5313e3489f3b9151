// Package logmetrics makes metrics of log events, as CloudWatch Logs does: of
// those in the embedded metric format, and by metric filters. It also serves
// FilterLogEvents, of which MiniStack ignores most patterns and all further pages.
//
// MiniStack keeps events and metric filters. This package is told which events
// have arrived (Tap), asks MiniStack for a group's filters, and sees changes of
// them pass (Middleware).
package logmetrics

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/logship"
	"github.com/portcullis-chat/portcullis/internal/localaws/metrics"
)

// callTimeout bounds a question to MiniStack.
const callTimeout = 10 * time.Second

// Logs is the part of CloudWatch Logs' client that a Service needs.
type Logs interface {
	cloudwatchlogs.DescribeMetricFiltersAPIClient
	cloudwatchlogs.FilterLogEventsAPIClient
}

// Metrics takes data points. It must not block.
type Metrics interface {
	Add(point metrics.Point)
}

// Service makes metrics of log events.
type Service struct {
	logs    Logs
	metrics Metrics
	logger  *slog.Logger

	mu     sync.Mutex
	groups map[groupKey]*group
}

type groupKey struct{ region, name string }

// group holds the filters of a log group.
type group struct {
	filters []*filter
	known   bool
	// changes counts the writes that were seen. Filters that were read before a
	// write are not kept.
	changes int
}

// New returns a Service.
func New(logs Logs, metrics Metrics, logger *slog.Logger) *Service {
	return &Service{logs: logs, metrics: metrics, logger: logger, groups: make(map[groupKey]*group)}
}

// Tap is a logship.Tap.
func (s *Service) Tap(region, group string, events []logship.Event) {
	filters, err := s.filters(region, group)
	if err != nil {
		s.logger.Warn("metric filters could not be read", "region", region, "group", group, "events", len(events), "error", err)
	}
	for _, event := range events {
		if mayBeEmbedded(event.Message) {
			s.embedded(region, group, event)
		}
		for _, filter := range filters {
			if point, ok := filter.point(event); ok {
				point.Region = region
				s.metrics.Add(point)
			}
		}
	}
}

// embedded publishes the embedded metrics of an event. Whether they were refused
// is a metric as well, as in CloudWatch Logs.
func (s *Service) embedded(region, group string, event logship.Event) {
	points, err := embedded(event.Message)
	if err != nil {
		name := "EMFValidationErrors"
		if errors.Is(err, errNotJSON) {
			name = "EMFParsingErrors"
		}
		s.logger.Warn("embedded metrics ignored", "region", region, "group", group, "reason", err.Error())
		s.metrics.Add(metrics.Point{
			Region: region, Namespace: "AWS/Logs", Name: name, Unit: "Count", Value: 1, Dimensions: map[string]string{"LogGroupName": group}, Time: event.Time,
		})
		return
	}
	for _, point := range points {
		point.Region = region
		s.metrics.Add(point)
	}
}

// filters returns the metric filters of a group.
func (s *Service) filters(region, name string) ([]*filter, error) {
	key := groupKey{region, name}
	s.mu.Lock()
	g := s.groups[key]
	if g == nil {
		g = &group{}
		s.groups[key] = g
	}
	filters, known, changes := g.filters, g.known, g.changes
	s.mu.Unlock()
	if known {
		return filters, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	filters = nil
	pages := cloudwatchlogs.NewDescribeMetricFiltersPaginator(s.logs, &cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, func(o *cloudwatchlogs.Options) { o.Region = region })
		if err != nil {
			return nil, err
		}
		for _, described := range page.MetricFilters {
			f, err := compile(definitionOf(described))
			if err != nil {
				// It came past the door, or from an older version of the stack.
				s.logger.Warn("a metric filter is not served", "region", region, "group", name, "filter", aws.ToString(described.FilterName), "error", err)
				continue
			}
			filters = append(filters, f)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.changes == changes {
		g.filters, g.known = filters, true
	}
	return filters, nil
}

func definitionOf(f types.MetricFilter) definition {
	d := definition{LogGroupName: aws.ToString(f.LogGroupName), FilterName: aws.ToString(f.FilterName), FilterPattern: aws.ToString(f.FilterPattern)}
	for _, t := range f.MetricTransformations {
		d.MetricTransformations = append(d.MetricTransformations, transformation{
			MetricNamespace: aws.ToString(t.MetricNamespace), MetricName: aws.ToString(t.MetricName), MetricValue: aws.ToString(t.MetricValue),
			Unit: string(t.Unit), DefaultValue: t.DefaultValue, Dimensions: t.Dimensions,
		})
	}
	return d
}

// forget drops what is known of a group's filters.
func (s *Service) forget(region, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g := s.groups[groupKey{region, name}]; g != nil {
		g.known = false
		g.changes++
	}
}

// groupName is the name in what may be the ARN of a log group.
func groupName(identifier string) string {
	parts := strings.SplitN(identifier, ":", 7)
	if len(parts) < 7 || parts[0] != "arn" {
		return identifier
	}
	return strings.TrimSuffix(parts[6], ":*")
}

// inRegion makes a call go to a Region.
func inRegion(region string) func(*cloudwatchlogs.Options) {
	return func(o *cloudwatchlogs.Options) { o.Region = region }
}

// errToken says that a page token is none.
var errToken = errors.New("the specified nextToken is invalid")

// Package metrics sends data points to CloudWatch in the background, for all
// parts of the local stack that publish metrics. What is put within a short time
// is sent as one distribution for each metric, so that millions of points cost
// the emulator behind the stack little.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
)

// Limits of PutMetricData (CloudWatch API reference, PutMetricData and
// MetricDatum): metrics and bytes of a call, distinct values and dimensions of a
// metric, length of a name and of a dimension's value, the largest value.
const (
	maxData           = 1000
	maxBytes          = 1_000_000
	maxValues         = 150
	maxDimensions     = 30
	maxName           = 255
	maxDimensionValue = 1024
)

var maxValue = math.Pow(2, 360)

var units = func() map[types.StandardUnit]bool {
	known := make(map[types.StandardUnit]bool)
	for _, unit := range types.StandardUnit("").Values() {
		known[unit] = true
	}
	return known
}()

// Data points may be two weeks old and two hours ahead (PutMetricData).
const (
	maxAge   = 14 * 24 * time.Hour
	maxAhead = 2 * time.Hour
)

const (
	flushInterval = time.Second
	// maxPause is how long at most data of the current minute wait while more
	// come: the first is sent at once, and each time the pause doubles. Each
	// sending leaves points in the emulator for good.
	maxPause = 16 * time.Second
	// maxSeries bounds what is held in memory.
	maxSeries = 20_000
	// callTimeout bounds the calls of one round.
	callTimeout = 10 * time.Second
)

// Point is one data point, or Count equal ones.
type Point struct {
	Region, Namespace, Name string
	// Unit is one of CloudWatch's; empty for None.
	Unit       string
	Value      float64
	Count      float64 // 0 for 1
	Dimensions map[string]string
	// Time counts by its minute, or with HighResolution by its second.
	Time           time.Time
	HighResolution bool
}

// CloudWatch is the part of its client that a Publisher needs.
type CloudWatch interface {
	PutMetricData(context.Context, *cloudwatch.PutMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error)
}

// Publisher aggregates and sends data points.
type Publisher struct {
	client  CloudWatch
	lost    func(namespace, reason string, values int)
	now     func() time.Time
	stop    chan struct{}
	stopped chan struct{}

	mu        sync.Mutex
	pending   map[string]*series // by what Point.series gives
	pauses    map[seriesKey]pause
	published func(region string)
	// overflow counts values by namespace that came while maxSeries were held.
	overflow map[string]int
}

// seriesKey is a metric at a time.
type seriesKey struct {
	region, namespace, name, unit string
	dimensions                    string // encoded
	stamp                         int64  // Unix seconds
	high                          bool
}

// stamp is the second, or the first of the minute, that a point counts for.
func (p Point) stamp() int64 {
	unix := p.Time.Unix()
	if p.HighResolution {
		return unix
	}
	return unix - unix%60
}

// series names what the point is one of. Equal series have equal names.
func (p Point) series(name []byte) []byte {
	for _, text := range [...]string{p.Region, p.Namespace, p.Name, p.Unit} {
		name = appendText(name, text)
	}
	name = strconv.AppendInt(name, p.stamp(), 10)
	name = strconv.AppendBool(name, p.HighResolution)
	return appendDimensions(name, p.Dimensions)
}

// pause says when a series may be sent again.
type pause struct {
	length time.Duration
	until  time.Time
}

// New returns a Publisher that calls lost when data could not be sent.
func New(client CloudWatch, lost func(namespace, reason string, values int)) *Publisher {
	p := newPublisher(client, lost, time.Now)
	go p.run()
	return p
}

func newPublisher(client CloudWatch, lost func(namespace, reason string, values int), now func() time.Time) *Publisher {
	return &Publisher{
		client: client, lost: lost, now: now, stop: make(chan struct{}), stopped: make(chan struct{}),
		pending: make(map[string]*series), pauses: make(map[seriesKey]pause), overflow: make(map[string]int),
	}
}

// OnPublish sets what is called after data of a Region have been sent.
func (p *Publisher) OnPublish(published func(region string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published = published
}

// Put adds a data point of this minute. It does not block.
func (p *Publisher) Put(region, namespace, name, unit string, value float64, dimensions map[string]string) {
	p.Add(Point{Region: region, Namespace: namespace, Name: name, Unit: unit, Value: value, Dimensions: dimensions, Time: p.now()})
}

// Add adds a data point. It does not block. What CloudWatch would refuse is
// reported as lost.
func (p *Publisher) Add(point Point) {
	if point.Count == 0 {
		point.Count = 1
	}
	if point.Unit == "" {
		point.Unit = string(types.StandardUnitNone)
	}
	// On the way of each message, many times.
	var space [256]byte
	name := point.series(space[:0])
	p.mu.Lock()
	s := p.pending[string(name)]
	if s != nil && usable(point.Value) { // of the rest others of the series have been checked
		s.add(point.Value, point.Count)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	if err := p.check(point); err != nil {
		p.lost(point.Namespace, err.Error(), int(point.Count))
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s = p.pending[string(name)]
	if s == nil {
		if len(p.pending) >= maxSeries {
			p.overflow[point.Namespace] += int(point.Count)
			return
		}
		s = &series{dimensions: maps.Clone(point.Dimensions), key: seriesKey{
			point.Region, point.Namespace, point.Name, point.Unit, string(appendDimensions(nil, point.Dimensions)), point.stamp(), point.HighResolution,
		}}
		p.pending[string(name)] = s
	}
	s.add(point.Value, point.Count)
}

// usable tells whether CloudWatch takes a value.
func usable(value float64) bool { return math.Abs(value) <= maxValue } // not for NaN

func (p *Publisher) check(point Point) error {
	switch {
	case !usable(point.Value):
		return errors.New("a value is not a number that CloudWatch takes")
	case point.Namespace == "" || len(point.Namespace) > maxName || point.Name == "" || len(point.Name) > maxName:
		return errors.New("a namespace or name of a metric is empty or longer than 255 characters")
	case len(point.Dimensions) > maxDimensions:
		return fmt.Errorf("metric %s has more than %d dimensions", point.Name, maxDimensions)
	case !units[types.StandardUnit(point.Unit)]:
		return fmt.Errorf("metric %s has a unit that CloudWatch does not know", point.Name)
	case point.Time.Before(p.now().Add(-maxAge)) || point.Time.After(p.now().Add(maxAhead)):
		return fmt.Errorf("metric %s has a time that is more than two weeks ago or two hours ahead", point.Name)
	}
	for name, value := range point.Dimensions {
		if name == "" || len(name) > maxName || strings.TrimSpace(value) == "" || len(value) > maxDimensionValue {
			return fmt.Errorf("metric %s has a dimension that is empty or too long", point.Name)
		}
	}
	return nil
}

// appendDimensions gives equal maps equal bytes and others others.
func appendDimensions(to []byte, dimensions map[string]string) []byte {
	var few [4]string
	names := few[:0]
	for name := range dimensions {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		to = appendText(appendText(to, name), dimensions[name])
	}
	return to
}

// appendText adds a text so that it is plain where it ends.
func appendText(to []byte, text string) []byte {
	to = strconv.AppendInt(to, int64(len(text)), 10)
	return append(append(to, ':'), text...)
}

func (p *Publisher) run() {
	defer close(p.stopped)
	ticker := time.NewTicker(flushInterval)
	defer ticker.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
			ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
			p.flush(ctx, false)
			cancel()
		}
	}
}

// Close sends what is left.
func (p *Publisher) Close(ctx context.Context) error {
	close(p.stop)
	select {
	case <-p.stopped:
	case <-ctx.Done():
		return fmt.Errorf("metrics not sent: %w", ctx.Err())
	}
	p.flush(ctx, true)
	return ctx.Err()
}

// flush sends what is due, or everything.
func (p *Publisher) flush(ctx context.Context, everything bool) {
	due, overflow, published := p.takeDue(everything)
	for namespace, values := range overflow {
		p.lost(namespace, fmt.Sprintf("more than %d metrics at once", maxSeries), values)
	}
	regions := make(map[string]bool)
	for target, data := range due {
		for len(data) > 0 {
			n := batch(data)
			if err := p.send(ctx, target, data[:n]); err != nil {
				p.lost(target.namespace, reason(err), countValues(data[:n]))
			} else {
				regions[target.region] = true
			}
			data = data[n:]
		}
	}
	if published != nil {
		for region := range regions {
			published(region)
		}
	}
}

// target is what one call of PutMetricData is for.
type target struct{ region, namespace string }

func (p *Publisher) takeDue(everything bool) (map[target][]types.MetricDatum, map[string]int, func(string)) {
	now := p.now()
	due := make(map[target][]types.MetricDatum)
	p.mu.Lock()
	defer p.mu.Unlock()
	waiting := make(map[seriesKey]bool)
	for name, s := range p.pending {
		key := s.key
		if !everything && now.Before(p.pauses[key].until) {
			waiting[key] = true
			continue
		}
		delete(p.pending, name)
		p.pauses[key] = p.pauses[key].next(key, now)
		to := target{key.region, key.namespace}
		due[to] = append(due[to], s.data(key)...)
	}
	maps.DeleteFunc(p.pauses, func(key seriesKey, pause pause) bool {
		return !waiting[key] && now.After(pause.until.Add(maxPause))
	})
	overflow := p.overflow
	if len(overflow) > 0 {
		p.overflow = make(map[string]int)
	}
	return due, overflow, p.published
}

// next is the pause after one more sending. It ends with the minute that the
// data are of, after which no more of them should come.
func (p pause) next(key seriesKey, now time.Time) pause {
	length := min(max(2*p.length, flushInterval), maxPause)
	until := now.Add(length)
	if end := time.Unix(key.stamp, 0).Add(time.Minute); now.Before(end) && until.After(end) {
		until = end
	}
	return pause{length, until}
}

func (p *Publisher) send(ctx context.Context, to target, data []types.MetricDatum) error {
	_, err := p.client.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: &to.namespace, MetricData: data},
		func(o *cloudwatch.Options) { o.Region = to.region })
	return err
}

// batch says how many of the data fit into one PutMetricData.
func batch(data []types.MetricDatum) int {
	size := 0
	for i, datum := range data {
		size += 256 + len(*datum.MetricName) + 18*(len(datum.Values)+len(datum.Counts))
		for _, dimension := range datum.Dimensions {
			size += 32 + len(*dimension.Name) + len(*dimension.Value)
		}
		if i == maxData || size > maxBytes {
			return i
		}
	}
	return len(data)
}

func countValues(data []types.MetricDatum) int {
	count := 0.0
	for _, datum := range data {
		for _, n := range datum.Counts {
			count += n
		}
	}
	return int(count)
}

// reason is AWS's error without the ids that make every one different.
func reason(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return err.Error()
}

// data are the values of a series as CloudWatch takes them.
func (s *series) data(key seriesKey) []types.MetricDatum {
	names := slices.Sorted(maps.Keys(s.dimensions))
	dimensions := make([]types.Dimension, len(names))
	for i, name := range names {
		dimensions[i] = types.Dimension{Name: aws.String(name), Value: aws.String(s.dimensions[name])}
	}
	values, counts := s.distribution()
	var data []types.MetricDatum
	for len(values) > 0 {
		n := min(len(values), maxValues)
		datum := types.MetricDatum{
			MetricName: aws.String(key.name), Unit: types.StandardUnit(key.unit), Dimensions: dimensions,
			Timestamp: aws.Time(time.Unix(key.stamp, 0)), Values: values[:n], Counts: counts[:n],
		}
		if key.high {
			datum.StorageResolution = aws.Int32(1)
		}
		data = append(data, datum)
		values, counts = values[n:], counts[n:]
	}
	return data
}

package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
)

var start = time.Date(2026, 2, 9, 18, 11, 43, 0, time.UTC)

// world plays CloudWatch and the clock.
type world struct {
	*testing.T
	*Publisher

	mu    sync.Mutex
	now   time.Time
	fails error
	calls []*cloudwatch.PutMetricDataInput
	where []string // the Region of each call
	lost  []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, now: start}
	w.Publisher = newPublisher(w, func(namespace, reason string, values int) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.lost = append(w.lost, fmt.Sprintf("%s: %s: %d", namespace, reason, values))
	}, func() time.Time { return w.now })
	return w
}

func (w *world) PutMetricData(_ context.Context, in *cloudwatch.PutMetricDataInput, change ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var options cloudwatch.Options
	for _, f := range change {
		f(&options)
	}
	w.calls = append(w.calls, in)
	w.where = append(w.where, options.Region)
	return nil, w.fails
}

func (w *world) tick(d time.Duration) {
	w.now = w.now.Add(d)
	w.flush(w.Context(), false)
}

// sent describes the data of a call, a line each.
func sent(in *cloudwatch.PutMetricDataInput) []string {
	var lines []string
	for _, datum := range in.MetricData {
		line := *in.Namespace + " " + *datum.MetricName
		for _, dimension := range datum.Dimensions {
			line += " " + *dimension.Name + "=" + *dimension.Value
		}
		line += fmt.Sprint(" ", datum.Timestamp.UTC().Format("15:04:05"), " ", datum.Values, datum.Counts, datum.Unit)
		if datum.StorageResolution != nil {
			line += fmt.Sprint(" ", *datum.StorageResolution)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

func (w *world) want(call int, region string, lines ...string) {
	w.Helper()
	if len(w.calls) <= call {
		w.Fatalf("%d calls, want %d", len(w.calls), call+1)
	}
	if got := sent(w.calls[call]); !slices.Equal(got, lines) || w.where[call] != region {
		w.Errorf("call %d in %s:\n%s\nwant in %s:\n%s", call, w.where[call], strings.Join(got, "\n"), region, strings.Join(lines, "\n"))
	}
}

func TestPointsOfAMinuteAreSentAsADistribution(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.Put("eu-west-1", "AWS/Lambda", "Errors", "Count", 1, map[string]string{"FunctionName": "a"})
	}
	w.Put("eu-west-1", "AWS/Lambda", "Errors", "Count", 0, map[string]string{"FunctionName": "a"})
	w.Put("eu-west-1", "AWS/Lambda", "Errors", "Count", 1, map[string]string{"FunctionName": "b", "Resource": "b:live"})
	w.Put("eu-west-1", "AWS/Lambda", "Errors", "", 0.1, nil)
	w.Add(Point{Region: "eu-west-1", Namespace: "AWS/Lambda", Name: "Old", Value: 2, Count: 5, Time: start.Add(-2 * time.Minute)})
	w.Add(Point{Region: "eu-west-1", Namespace: "AWS/Lambda", Name: "Fine", Value: 7, Time: start, HighResolution: true})
	w.tick(time.Second)
	w.want(0, "eu-west-1",
		"AWS/Lambda Errors 18:11:00 [0.1] [1]None",
		"AWS/Lambda Errors FunctionName=a 18:11:00 [0 1] [1 3]Count",
		"AWS/Lambda Errors FunctionName=b Resource=b:live 18:11:00 [1] [1]Count",
		"AWS/Lambda Fine 18:11:43 [7] [1]None 1",
		"AWS/Lambda Old 18:09:00 [2] [5]None")
	w.tick(time.Second)
	if len(w.calls) != 1 {
		t.Errorf("%d calls without new data", len(w.calls))
	}
}

func TestRegionsAndNamespacesHaveCallsOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	var published []string
	w.OnPublish(func(region string) { published = append(published, region) })
	w.Put("eu-west-1", "one", "m", "", 1, nil)
	w.Put("us-east-1", "one", "m", "", 1, nil)
	w.Put("us-east-1", "two", "m", "", 1, nil)
	w.tick(time.Second)
	var calls []string
	for i, call := range w.calls {
		calls = append(calls, w.where[i]+" "+*call.Namespace)
	}
	slices.Sort(calls)
	slices.Sort(published)
	if got := fmt.Sprint(calls, published); got != "[eu-west-1 one us-east-1 one us-east-1 two] [eu-west-1 us-east-1]" {
		t.Error(got)
	}
}

func TestASteadyMetricIsSentAtOnceAndThenMoreAndMoreSeldom(t *testing.T) {
	w := newWorld(t)
	w.now = start.Truncate(time.Minute)
	var seconds []int
	total := 0.0
	for i := range 90 {
		w.Put("us-east-1", "n", "m", "", 1, nil)
		before := len(w.calls)
		w.tick(time.Second)
		if len(w.calls) > before {
			seconds = append(seconds, i+1)
			total += w.calls[before].MetricData[0].Counts[0]
		}
	}
	// Its second minute begins at once again.
	if want := []int{1, 2, 4, 8, 16, 32, 48, 60, 61, 62, 64, 68, 76}; !slices.Equal(seconds[:len(want)], want) {
		t.Errorf("sent after seconds %v, want %v …", seconds, want)
	}
	w.flush(t.Context(), true)
	total += w.calls[len(w.calls)-1].MetricData[0].Counts[0]
	if total != 90 {
		t.Errorf("%g values sent", total)
	}
}

func TestNothingIsKeptOfAMetricThatEnded(t *testing.T) {
	w := newWorld(t)
	for i := range 100 {
		w.Put("us-east-1", "n", fmt.Sprint("m", i), "", 1, nil)
	}
	w.tick(time.Second)
	w.tick(2 * time.Minute)
	if len(w.pending)+len(w.pauses) != 0 {
		t.Errorf("%d series and %d pauses are kept", len(w.pending), len(w.pauses))
	}
}

func TestManyValuesKeepTheirSumAndExtremes(t *testing.T) {
	w := newWorld(t)
	wantSum, n := 0.0, 20_000
	for i := range n {
		v := 0.25 + float64(i)*0.37
		if i%100 == 1 {
			v = 0.2501 // in one bin with the least
		}
		wantSum += v
		w.Put("us-east-1", "n", "latency", "Milliseconds", v, nil)
	}
	w.tick(time.Second)
	sum, count, low, high := 0.0, 0.0, math.Inf(1), math.Inf(-1)
	var values, counts []float64
	for _, datum := range w.calls[0].MetricData {
		if len(datum.Values) > maxValues {
			t.Errorf("%d values in one datum", len(datum.Values))
		}
		for i, v := range datum.Values {
			sum, count, low, high = sum+v*datum.Counts[i], count+datum.Counts[i], min(low, v), max(high, v)
		}
		values, counts = append(values, datum.Values...), append(counts, datum.Counts...)
	}
	if math.Abs(sum-wantSum) > 1e-6*wantSum || count != float64(n) || low != 0.25 || high != 0.25+float64(n-1)*0.37 {
		t.Errorf("sum %g of %g, count %g, from %g to %g", sum, wantSum, count, low, high)
	}
	if !slices.IsSorted(values) || len(values) > 3*maxExact {
		t.Errorf("%d values, sorted: %t", len(values), slices.IsSorted(values))
	}
	seen, median := 0.0, 0.0
	for i, v := range values {
		if seen += counts[i]; seen >= float64(n)/2 {
			median = v
			break
		}
	}
	if want := 0.25 + float64(n)/2*0.37; math.Abs(median-want) > 0.06*want {
		t.Errorf("median %g, want about %g", median, want)
	}
}

func TestCallsKeepAWSsLimits(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", 200)
	for i := range 2500 {
		w.Put("us-east-1", "n", fmt.Sprint("m", i), "", 1, map[string]string{"d": long})
	}
	for i := range 700 {
		for v := range maxExact {
			w.Put("us-east-1", "wide", fmt.Sprint("m", i), "", float64(v), nil)
		}
	}
	for v := range 700 { // in more bins than a datum may have values
		w.Put("us-east-1", "wide", "all magnitudes", "", math.Pow(2, float64(v-350)), nil)
	}
	w.tick(time.Second)
	total := 0
	for _, call := range w.calls {
		total += len(call.MetricData)
		values := 0
		for _, datum := range call.MetricData {
			values += len(datum.Values)
			if len(datum.Values) > maxValues {
				t.Errorf("a metric with %d values", len(datum.Values))
			}
		}
		if len(call.MetricData) > maxData || 18*2*values > maxBytes {
			t.Errorf("a call with %d metrics and %d values", len(call.MetricData), values)
		}
	}
	if total < 3203 || len(w.calls) < 5 {
		t.Errorf("%d metrics in %d calls", total, len(w.calls))
	}
}

func TestWhatIsLostIsReported(t *testing.T) {
	many := map[string]string{}
	for i := range maxDimensions + 1 {
		many[fmt.Sprint(i)] = "v"
	}
	for want, point := range map[string]Point{
		"not a number":         {Namespace: "n", Name: "m", Value: math.NaN()},
		"number that":          {Namespace: "n", Name: "m", Value: math.Inf(1)},
		"empty or longer":      {Namespace: "n"},
		"more than 30":         {Namespace: "n", Name: "m", Dimensions: many},
		"dimension that is":    {Namespace: "n", Name: "m", Dimensions: map[string]string{"d": " "}},
		"unit that":            {Namespace: "n", Name: "m", Unit: "Furlongs"},
		"two weeks ago":        {Namespace: "n", Name: "m", Time: start.Add(-15 * 24 * time.Hour)},
		"or two hours ahead: ": {Namespace: "n", Name: "m", Time: start.Add(3 * time.Hour)},
	} {
		w := newWorld(t)
		if point.Time.IsZero() {
			point.Time = start
		}
		w.Add(point)
		w.tick(time.Second)
		if len(w.lost) != 1 || !strings.Contains(w.lost[0], want) || len(w.calls) != 0 {
			t.Errorf("%s: lost %q, %d calls", want, w.lost, len(w.calls))
		}
	}

	w := newWorld(t)
	w.fails = errors.New("no answer")
	w.Put("us-east-1", "n", "m", "", 1, nil)
	w.Put("us-east-1", "n", "m", "", 2, nil)
	w.tick(time.Second)
	if fmt.Sprint(w.lost) != "[n: no answer: 2]" {
		t.Errorf("lost %q", w.lost)
	}

	w = newWorld(t)
	for i := range maxSeries + 7 {
		w.Put("us-east-1", "n", fmt.Sprint("m", i), "", 1, nil)
	}
	w.tick(time.Second)
	if len(w.lost) != 1 || !strings.HasSuffix(w.lost[0], ": 7") {
		t.Errorf("lost %q", w.lost)
	}
}

func TestCloseSendsWhatIsLeft(t *testing.T) {
	w := newWorld(t)
	p := New(w, func(string, string, int) {})
	p.Put("us-east-1", "n", "m", "", 1, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := p.Close(ctx); err != nil || len(w.calls) != 1 {
		t.Errorf("%d calls, %v", len(w.calls), err)
	}
}

func FuzzSeries(f *testing.F) {
	f.Add(uint64(1), 1.5, -2.0)
	f.Fuzz(func(t *testing.T, seed uint64, scale, offset float64) {
		if math.IsNaN(scale) || math.IsNaN(offset) || math.Abs(scale) > 1e100 || math.Abs(offset) > 1e100 {
			return // Put takes no such value
		}
		var s series
		x, n := seed, 0.0
		low, high := math.Inf(1), math.Inf(-1)
		for range 400 {
			x = x*6364136223846793005 + 1442695040888963407
			v := offset + scale*float64(x>>40)
			s.add(v, 1)
			low, high, n = min(low, v), max(high, v), n+1
		}
		values, counts := s.distribution()
		total := 0.0
		for _, c := range counts {
			if c <= 0 {
				t.Fatalf("count %g", c)
			}
			total += c
		}
		if total != n || values[0] > low*(1-1e-9) && values[0] > low+math.Abs(low)*1e-9 || slices.Max(values) < high-math.Abs(high)*1e-9 {
			t.Fatalf("%g values from %g to %g, want %g from %g to %g", total, values[0], slices.Max(values), n, low, high)
		}
	})
}

var _ CloudWatch = (*cloudwatch.Client)(nil)

func TestAValueThatIsNoneIsLostAlsoAfterOthers(t *testing.T) {
	w := newWorld(t)
	w.Put("us-east-1", "n", "m", "", 1, nil)
	w.Put("us-east-1", "n", "m", "", math.NaN(), nil)
	w.tick(time.Second)
	if len(w.lost) != 1 || len(w.calls) != 1 || !slices.Equal(w.calls[0].MetricData[0].Values, []float64{1}) {
		t.Errorf("lost %q, sent %+v", w.lost, w.calls)
	}
}

func TestMetricsThatSpellAlikeAreSeveral(t *testing.T) {
	w := newWorld(t)
	points := []Point{
		{Region: "r", Namespace: "ab", Name: "c"},
		{Region: "r", Namespace: "a", Name: "bc"},
		{Region: "ra", Namespace: "b", Name: "c"},
		{Region: "r", Namespace: "ab", Name: "c", HighResolution: true},
		{Region: "r", Namespace: "ab", Name: "c", Dimensions: map[string]string{"d": "ef"}},
		{Region: "r", Namespace: "ab", Name: "c", Dimensions: map[string]string{"de": "f"}},
		{Region: "r", Namespace: "ab", Name: "c", Dimensions: map[string]string{"d": "e", "f": "g"}},
		{Region: "r", Namespace: "ab", Name: "c", Dimensions: map[string]string{"d": "e1:f1:g"}},
	}
	for range 2 {
		for _, point := range points {
			point.Time, point.Value = start, 1
			w.Add(point)
		}
	}
	if len(w.pending) != len(points) {
		t.Errorf("%d series of %d metrics", len(w.pending), len(points))
	}
}

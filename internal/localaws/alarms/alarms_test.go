package alarms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// start is the beginning of a minute.
var start = time.Date(2026, 2, 9, 18, 11, 0, 0, time.UTC)

// world plays CloudWatch and the clock.
type world struct {
	*testing.T
	*Evaluator

	mu     sync.Mutex
	now    time.Time
	alarms map[string]types.MetricAlarm // by name
	// values are the sums of the minutes, by metric and dimensions.
	values    map[string]map[int64]float64
	sets      []string
	described int
	asked     []*cloudwatch.GetMetricDataInput
	fails     error
	during    func() // GetMetricData
	regions   []string
	math      map[string][]types.MetricDataQuery // by the name of the alarm
}

func (w *world) queries(region, alarm string) ([]types.MetricDataQuery, error) {
	if region != "us-east-1" {
		w.Errorf("asked for %s", region)
	}
	return w.math[alarm], nil
}

func newWorld(t *testing.T, alarms ...types.MetricAlarm) *world {
	t.Helper()
	w := &world{T: t, now: start, alarms: map[string]types.MetricAlarm{}, values: map[string]map[int64]float64{}}
	for _, alarm := range alarms {
		w.alarms[*alarm.AlarmName] = alarm
	}
	w.Evaluator = newEvaluator(w, w.queries, "us-east-1", slog.New(slog.NewTextHandler(io.Discard, nil)), func() time.Time { return w.now })
	return w
}

// alarm is on the sum of a metric, above 1 in 1 of 1 minute.
func alarm(name string, change ...func(*types.MetricAlarm)) types.MetricAlarm {
	a := types.MetricAlarm{
		AlarmName: aws.String(name), Namespace: aws.String("n"), MetricName: aws.String("m"), Statistic: types.StatisticSum,
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(1),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, StateValue: types.StateValueInsufficientData,
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

func treat(as string) func(*types.MetricAlarm) {
	return func(a *types.MetricAlarm) { a.TreatMissingData = aws.String(as) }
}

func (w *world) see(change []func(*cloudwatch.Options)) {
	var options cloudwatch.Options
	for _, f := range change {
		f(&options)
	}
	if !slices.Contains(w.regions, options.Region) {
		w.regions = append(w.regions, options.Region)
	}
}

// DescribeAlarms implements CloudWatch, two alarms a page.
func (w *world) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput, change ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.see(change)
	w.described++
	out := &cloudwatch.DescribeAlarmsOutput{}
	names := make([]string, 0, len(w.alarms))
	for name := range w.alarms {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if name < aws.ToString(in.NextToken) {
			continue
		}
		if len(out.MetricAlarms) == 2 {
			out.NextToken = aws.String(name)
			break
		}
		out.MetricAlarms = append(out.MetricAlarms, w.alarms[name])
	}
	return out, w.fails
}

func metric(namespace, name string, dimensions []types.Dimension) string {
	key := namespace + " " + name
	for _, d := range dimensions {
		key += " " + *d.Name + "=" + *d.Value
	}
	return key
}

// GetMetricData implements CloudWatch for periods of minutes.
func (w *world) GetMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput, change ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	if w.during != nil {
		w.during()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.see(change)
	w.asked = append(w.asked, in)
	out := &cloudwatch.GetMetricDataOutput{}
	for _, query := range in.MetricDataQueries {
		result := types.MetricDataResult{Id: query.Id}
		period := int64(*query.MetricStat.Period)
		sums := map[int64]float64{}
		for minute, value := range w.values[metric(*query.MetricStat.Metric.Namespace, *query.MetricStat.Metric.MetricName, query.MetricStat.Metric.Dimensions)] {
			if at := time.Unix(minute, 0); !at.Before(*in.StartTime) && at.Before(*in.EndTime) {
				sums[minute/period*period] += value
			}
		}
		for at, value := range sums {
			result.Timestamps, result.Values = append(result.Timestamps, time.Unix(at, 0)), append(result.Values, value)
		}
		out.MetricDataResults = append(out.MetricDataResults, result)
	}
	return out, nil
}

// SetAlarmState implements CloudWatch.
func (w *world) SetAlarmState(_ context.Context, in *cloudwatch.SetAlarmStateInput, change ...func(*cloudwatch.Options)) (*cloudwatch.SetAlarmStateOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.see(change)
	a, ok := w.alarms[*in.AlarmName]
	if !ok {
		return nil, errors.New("no such alarm")
	}
	a.StateValue, a.StateReason = in.StateValue, in.StateReason
	w.alarms[*in.AlarmName] = a
	w.sets = append(w.sets, *in.AlarmName+" "+string(in.StateValue)+": "+*in.StateReason)
	return nil, nil
}

// happens adds to a metric at the present time.
func (w *world) happens(key string, value float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.values[key] == nil {
		w.values[key] = map[int64]float64{}
	}
	w.values[key][w.now.Truncate(time.Minute).Unix()] += value
	w.Evaluator.Touch("us-east-1")
}

// passes lets time pass, with a round each second.
func (w *world) passes(d time.Duration) {
	for end := w.now.Add(d); w.now.Before(end); {
		w.now = w.now.Add(time.Second)
		w.round(w.Context())
	}
}

func (w *world) state(name, want string) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if got := string(w.alarms[name].StateValue); got != want {
		w.Errorf("at %s alarm %s is %s, want %s", w.now.Sub(start), name, got, want)
	}
}

func TestAnAlarmFiresWithinASecondAndEndsWithItsPeriods(t *testing.T) {
	w := newWorld(t, alarm("missing"), alarm("notBreaching", treat("notBreaching")), alarm("breaching", treat("breaching")), alarm("ignore", treat("ignore")))
	w.passes(10 * time.Second)
	w.state("missing", "INSUFFICIENT_DATA")
	w.state("notBreaching", "OK")
	w.state("breaching", "ALARM")
	w.state("ignore", "INSUFFICIENT_DATA")
	w.happens("n m", 1)
	w.passes(time.Second)
	w.state("missing", "INSUFFICIENT_DATA") // 1 is not above 1, and the minute goes on
	w.happens("n m", 1)
	w.passes(time.Second)
	for _, name := range []string{"missing", "notBreaching", "ignore"} {
		w.state(name, "ALARM")
	}
	// The data point is the last one for three periods (spare), and then gone.
	w.passes(3 * time.Minute)
	w.state("notBreaching", "ALARM")
	w.passes(time.Minute)
	w.state("missing", "INSUFFICIENT_DATA")
	w.state("notBreaching", "OK")
	w.state("breaching", "ALARM")
	w.state("ignore", "ALARM")
	w.happens("n m", 0)
	w.passes(time.Minute + grace + time.Second)
	for _, name := range []string{"missing", "notBreaching", "breaching", "ignore"} {
		w.state(name, "OK")
	}
}

func TestAnAlarmLooksAtItsOwnDimensionsOnly(t *testing.T) {
	of := func(value string) func(*types.MetricAlarm) {
		return func(a *types.MetricAlarm) {
			a.Dimensions = []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(value)}}
		}
	}
	w := newWorld(t, alarm("all"), alarm("one", of("one")), alarm("two", of("two")))
	w.happens("n m FunctionName=one", 5)
	w.passes(time.Second)
	w.state("all", "INSUFFICIENT_DATA")
	w.state("one", "ALARM")
	w.state("two", "INSUFFICIENT_DATA")
}

func TestAPeriodThatGoesOnCountsOnlyWhenNothingCanTakeItBack(t *testing.T) {
	with := func(s types.Statistic, extended string, op types.ComparisonOperator) func(*types.MetricAlarm) {
		return func(a *types.MetricAlarm) {
			a.Statistic, a.ComparisonOperator = s, op
			if extended != "" {
				a.ExtendedStatistic = &extended
			}
		}
	}
	const greater, less = types.ComparisonOperatorGreaterThanOrEqualToThreshold, types.ComparisonOperatorLessThanOrEqualToThreshold
	w := newWorld(t)
	for name, a := range map[string]types.MetricAlarm{
		"sum above":     alarm("sum above", with(types.StatisticSum, "", greater)),
		"count above":   alarm("count above", with(types.StatisticSampleCount, "", greater)),
		"maximum above": alarm("maximum above", with(types.StatisticMaximum, "", greater)),
		"minimum below": alarm("minimum below", with(types.StatisticMinimum, "", less)),
		"average above": alarm("average above", with(types.StatisticAverage, "", greater)),
		"p99 above":     alarm("p99 above", with(types.StatisticAverage, "p99", greater)),
		"sum below":     alarm("sum below", with(types.StatisticSum, "", less)),
		"minimum above": alarm("minimum above", with(types.StatisticMinimum, "", greater)),
		"maximum below": alarm("maximum below", with(types.StatisticMaximum, "", less)),
	} {
		w.alarms[name] = a
	}
	w.happens("n m", 1)
	w.passes(2 * time.Second)
	at := func() (names []string) {
		for name, a := range w.alarms {
			if a.StateValue == types.StateValueAlarm {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}
	if got := strings.Join(at(), ", "); got != "count above, maximum above, minimum below, sum above" {
		t.Errorf("at once: %s", got)
	}
	w.passes(time.Minute + grace + idleInterval)
	if got := at(); len(got) != len(w.alarms) {
		t.Errorf("after the minute: %v", got)
	}
}

func TestMOfNPeriods(t *testing.T) {
	w := newWorld(t, alarm("a", treat("notBreaching"), func(a *types.MetricAlarm) {
		a.EvaluationPeriods, a.DatapointsToAlarm = aws.Int32(3), aws.Int32(2)
	}))
	for _, c := range []struct {
		value float64
		state string
	}{{2, "OK"}, {0, "OK"}, {0, "OK"}, {2, "OK"}, {0, "OK"}, {2, "ALARM"}, {0, "ALARM"}, {0, "OK"}} {
		w.happens("n m", c.value)
		w.passes(grace + idleInterval) // the minute before is over now
		w.state("a", c.state)
		w.passes(time.Minute - grace - idleInterval)
	}
}

func TestPeriodsBeginWithUnixTime(t *testing.T) {
	w := newWorld(t, alarm("a", func(a *types.MetricAlarm) { a.Period = aws.Int32(420) }))
	w.happens("n m", 1)
	w.passes(2 * time.Minute)
	w.happens("n m", 1)
	w.passes(time.Second)
	begin := start.Unix() / 420 * 420
	want := "OK"
	if w.now.Unix()/420*420 == begin {
		want = "ALARM"
	}
	w.passes(7*time.Minute + grace)
	w.state("a", want)
}

func TestNothingIsAskedWithoutAlarms(t *testing.T) {
	w := newWorld(t)
	for range 60 {
		w.Touch("us-east-1")
		w.passes(time.Second)
	}
	if w.described != 1 || len(w.asked) != 0 {
		t.Errorf("%d descriptions, %d questions", w.described, len(w.asked))
	}
	w = newWorld(t, alarm("a"))
	w.passes(time.Minute)
	if w.described != 1 || len(w.asked) != 12 {
		t.Errorf("%d descriptions, %d questions in a minute without data", w.described, len(w.asked))
	}
}

// through sends a request for an operation through the Middleware.
func (w *world) through(operation, region string, during func()) {
	r := httptest.NewRequestWithContext(w.Context(), http.MethodPost, "/", http.NoBody)
	r.Header.Set("X-Amz-Target", "GraniteServiceVersion20100801."+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=k/20260209/"+region+"/monitoring/aws4_request, SignedHeaders=host, Signature=x")
	w.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { during() })).ServeHTTP(httptest.NewRecorder(), r)
}

func TestWritesThroughTheDoorAreNoticed(t *testing.T) {
	w := newWorld(t)
	w.passes(time.Second)
	w.through("PutMetricAlarm", "us-east-1", func() { w.alarms["a"] = alarm("a") })
	w.happens("n m", 2)
	w.passes(time.Second)
	w.state("a", "ALARM")
	w.through("SetAlarmState", "us-east-1", func() {
		a := w.alarms["a"]
		a.StateValue = types.StateValueOk
		w.alarms["a"] = a
	})
	w.passes(time.Second)
	w.state("a", "ALARM") // "lasts only until the next alarm comparison"
	w.through("DescribeAlarms", "us-east-1", func() {})
	before := w.described
	w.passes(6 * time.Second)
	if w.described != before {
		t.Error("a read was taken for a write")
	}
	w.through("DeleteAlarms", "us-east-1", func() { delete(w.alarms, "a") })
	w.passes(10 * time.Second)
	if len(w.sets) != 2 {
		t.Errorf("set: %q", w.sets)
	}
	if fmt.Sprint(w.regions) != "[us-east-1]" {
		t.Errorf("asked %v", w.regions)
	}
	w.through("PutMetricData", "eu-west-1", func() {})
	w.passes(time.Second)
	if fmt.Sprint(w.regions) != "[us-east-1 eu-west-1]" {
		t.Errorf("asked %v", w.regions)
	}
}

// An alarm that is written while it is evaluated is evaluated again as it is then.
func TestAnAlarmThatIsWrittenMeanwhileIsLeftToTheNextRound(t *testing.T) {
	w := newWorld(t, alarm("a"))
	w.happens("n m", 2)
	w.during = func() {
		w.during = nil
		w.through("PutMetricAlarm", "us-east-1", func() { w.alarms["a"] = alarm("a", func(a *types.MetricAlarm) { a.Threshold = aws.Float64(5) }) })
	}
	w.passes(time.Second)
	if len(w.sets) != 0 {
		t.Errorf("set: %q", w.sets)
	}
	w.passes(time.Second)
	w.state("a", "INSUFFICIENT_DATA")
	w.happens("n m", 4)
	w.passes(time.Second)
	w.state("a", "ALARM")
}

func TestWhatCannotBeEvaluatedSaysSo(t *testing.T) {
	w := newWorld(t, alarm("trimmed", func(a *types.MetricAlarm) { a.ExtendedStatistic = aws.String("tm90") }),
		types.MetricAlarm{AlarmName: aws.String("math"), StateValue: types.StateValueInsufficientData})
	w.happens("n m", 2)
	w.passes(10 * time.Second)
	if fmt.Sprint(w.sets) != "[trimmed INSUFFICIENT_DATA: Not evaluated by the local stack: statistic tm90]" {
		t.Errorf("set: %q", w.sets)
	}
}

func TestAnAlarmOnMetricMathIsEvaluated(t *testing.T) {
	w := newWorld(t)
	stat := func(id, metric string) types.MetricDataQuery {
		return types.MetricDataQuery{Id: &id, ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{
			Metric: &types.Metric{Namespace: aws.String("n"), MetricName: &metric}, Period: aws.Int32(60), Stat: aws.String("Sum"),
		}}
	}
	w.math = map[string][]types.MetricDataQuery{}
	for name, expression := range map[string]string{"rate": "100 * e / r", "filled": "FILL(e, 0) / r"} {
		// A statistic and a period as MiniStack invents them.
		w.alarms[name] = alarm(name, func(a *types.MetricAlarm) {
			a.Namespace, a.MetricName, a.Period, a.Threshold = nil, nil, aws.Int32(300), aws.Float64(20)
		})
		w.math[name] = []types.MetricDataQuery{{Id: aws.String("x"), Expression: &expression}, stat("e", "errors"), stat("r", "requests")}
	}
	minute := func() { w.passes(time.Minute) }
	w.happens("n requests", 10)
	minute()
	w.passes(grace + idleInterval)
	w.state("rate", "INSUFFICIENT_DATA") // no errors are no data
	w.state("filled", "OK")
	w.happens("n requests", 10)
	w.happens("n errors", 3)
	w.passes(30 * time.Second)
	w.state("rate", "INSUFFICIENT_DATA") // the minute goes on: there may be more requests
	minute()
	w.state("rate", "ALARM")
	w.happens("n requests", 10)
	w.happens("n errors", 2)
	minute()
	w.passes(grace + idleInterval)
	w.state("rate", "OK")
	if !strings.Contains(w.sets[len(w.sets)-1], "rate OK: Threshold Crossed: the last datapoints [20] were not greater than the threshold (20)") {
		t.Errorf("set: %q", w.sets)
	}
}

func TestReasonsTellTheDataPoints(t *testing.T) {
	w := newWorld(t, alarm("a"), alarm("b", treat("breaching")))
	w.passes(time.Second)
	w.happens("n m", 2.5)
	w.passes(time.Second)
	if fmt.Sprint(w.sets) != "[b ALARM: Threshold Crossed: no datapoints were received for 1 periods and missing datapoints were treated as [breaching]. "+
		"a ALARM: Threshold Crossed: the last datapoints [2.5] were greater than the threshold (1) as often as needed.]" {
		t.Errorf("set: %q", w.sets)
	}
}

func TestAFailureIsTriedAgain(t *testing.T) {
	w := newWorld(t, alarm("a"))
	w.fails = errors.New("no answer")
	w.happens("n m", 2)
	w.passes(time.Second)
	w.state("a", "INSUFFICIENT_DATA")
	w.fails = nil
	w.passes(idleInterval)
	w.state("a", "ALARM")
}

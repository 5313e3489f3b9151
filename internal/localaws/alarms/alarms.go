// Package alarms evaluates CloudWatch's metric alarms for the local stack.
//
// MiniStack keeps the alarms, their history and the metrics, evaluates composite
// alarms and carries out actions. But it would look at the data of all dimensions
// of a metric at once and leave periods and missing data aside. So this package
// decides which state an alarm is in, and sets it as the SetAlarmState API does.
package alarms

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/awscall"
	"github.com/portcullis-chat/portcullis/internal/localaws/metricmath"
)

const (
	// interval is how often alarms whose metrics have new data are evaluated.
	// AWS does once a minute, or every ten seconds for short periods.
	interval = time.Second
	// idleInterval is how often alarms are evaluated without new data, which is
	// when data go missing.
	idleInterval = 5 * time.Second
	// grace is how long data of a period may come after its end.
	grace = 3 * time.Second
	// spare is how many more periods are looked at than an alarm evaluates. AWS's
	// example has two; the figure is not documented.
	spare = 2
	// maxAlarms is how many alarms are evaluated at once: GetMetricData takes 500
	// queries.
	maxAlarms = 500 / metricmath.MaxQueries
	// callTimeout bounds the calls of one round.
	callTimeout = 10 * time.Second
)

// CloudWatch is the part of its client that an Evaluator needs.
type CloudWatch interface {
	cloudwatch.DescribeAlarmsAPIClient
	cloudwatch.GetMetricDataAPIClient
	SetAlarmState(context.Context, *cloudwatch.SetAlarmStateInput, ...func(*cloudwatch.Options)) (*cloudwatch.SetAlarmStateOutput, error)
}

// Math finds what an alarm on metric math looks at, which MiniStack does not keep.
type Math func(region, alarm string) ([]types.MetricDataQuery, error)

// watched is an alarm. One on metric math has the period of its metrics, and no
// statistic.
type watched struct {
	types.MetricAlarm
	math    *metricmath.Program
	metrics []types.MetricDataQuery // of math
}

// Evaluator watches over the alarms of all Regions in which something happens.
type Evaluator struct {
	client  CloudWatch
	math    Math
	logger  *slog.Logger
	now     func() time.Time
	stop    chan struct{}
	stopped chan struct{}

	mu      sync.Mutex
	regions map[string]*region
}

// region is what is known of one Region.
type region struct {
	// alarms are valid while known is true.
	alarms []watched
	known  bool
	// changes counts the writes that were seen. Alarms that were read before a
	// write are not kept.
	changes   int
	fresh     bool // there are new data
	evaluated time.Time
}

// New returns an Evaluator that knows of one Region from the start, and of
// others once Touch or the Middleware tells it.
func New(client CloudWatch, math Math, first string, logger *slog.Logger) *Evaluator {
	e := newEvaluator(client, math, first, logger, time.Now)
	go e.run()
	return e
}

func newEvaluator(client CloudWatch, math Math, first string, logger *slog.Logger, now func() time.Time) *Evaluator {
	return &Evaluator{
		client: client, math: math, logger: logger, now: now, stop: make(chan struct{}), stopped: make(chan struct{}),
		regions: map[string]*region{first: {}},
	}
}

// Close ends the evaluation.
func (e *Evaluator) Close() {
	close(e.stop)
	<-e.stopped
}

// Touch says that a Region has new data.
func (e *Evaluator) Touch(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.region(name).fresh = true
}

func (e *Evaluator) region(name string) *region {
	r := e.regions[name]
	if r == nil {
		r = &region{}
		e.regions[name] = r
	}
	return r
}

// writes are the operations after which alarms, or their data, are others.
var writes = []string{
	"PutMetricAlarm", "DeleteAlarms", "SetAlarmState", "EnableAlarmActions", "DisableAlarmActions", "PutMetricData",
}

// Middleware stands before CloudWatch's API (next) and notices what changes.
func (e *Evaluator) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := awscall.Of(r)
		next.ServeHTTP(w, r)
		if call.Service != "monitoring" || call.Region == "" || !slices.Contains(writes, call.Operation) {
			return
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		changed := e.region(call.Region)
		changed.fresh = true
		if call.Operation != "PutMetricData" {
			changed.known = false
			changed.changes++
		}
	})
}

func (e *Evaluator) run() {
	defer close(e.stopped)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-e.stop:
			return
		case <-ticker.C:
			ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
			e.round(ctx)
			cancel()
		}
	}
}

// round evaluates what is due.
func (e *Evaluator) round(ctx context.Context) {
	for _, name := range e.due() {
		if err := e.evaluate(ctx, name); err != nil {
			e.logger.Warn("alarms could not be evaluated", "region", name, "error", err)
		}
	}
}

func (e *Evaluator) due() []string {
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	var names []string
	for name, r := range e.regions {
		if r.known && len(r.alarms) == 0 || !r.fresh && now.Sub(r.evaluated) < idleInterval {
			continue
		}
		r.fresh, r.evaluated = false, now
		names = append(names, name)
	}
	return names
}

func (e *Evaluator) evaluate(ctx context.Context, name string) error {
	alarms, changes, err := e.alarms(ctx, name)
	if err != nil {
		return err
	}
	inRegion := func(o *cloudwatch.Options) { o.Region = name }
	var failed []error
	for chunk := range slices.Chunk(alarms, maxAlarms) {
		data, err := e.data(ctx, chunk, inRegion)
		if err != nil {
			return err
		}
		for i, alarm := range chunk {
			failed = append(failed, e.decide(ctx, name, changes, alarm, data[i], inRegion))
		}
	}
	return errors.Join(failed...)
}

// alarms returns the alarms of a Region, and which changes they are after.
func (e *Evaluator) alarms(ctx context.Context, name string) ([]watched, int, error) {
	e.mu.Lock()
	r := e.region(name)
	alarms, known, changes := r.alarms, r.known, r.changes
	e.mu.Unlock()
	if known {
		return alarms, changes, nil
	}
	alarms = nil
	pages := cloudwatch.NewDescribeAlarmsPaginator(e.client, &cloudwatch.DescribeAlarmsInput{MaxRecords: aws.Int32(100)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, func(o *cloudwatch.Options) { o.Region = name })
		if err != nil {
			return nil, 0, fmt.Errorf("describe alarms: %w", err)
		}
		for _, alarm := range page.MetricAlarms {
			w, err := e.watch(name, alarm)
			if err != nil {
				return nil, 0, err
			}
			if aws.ToInt32(w.Period) > 0 && aws.ToInt32(w.EvaluationPeriods) > 0 {
				alarms = append(alarms, w)
			}
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.changes == changes {
		r.alarms, r.known = alarms, true
	}
	return alarms, changes, nil
}

// watch completes an alarm on metric math.
func (e *Evaluator) watch(region string, alarm types.MetricAlarm) (watched, error) {
	if aws.ToString(alarm.MetricName) != "" {
		return watched{MetricAlarm: alarm}, nil
	}
	alarm.Period, alarm.Statistic, alarm.ExtendedStatistic = nil, "", nil
	queries, err := e.math(region, *alarm.AlarmName)
	if err != nil || len(queries) == 0 {
		return watched{MetricAlarm: alarm}, err
	}
	w := watched{MetricAlarm: alarm}
	if w.math, err = Compile(queries); err != nil {
		return w, fmt.Errorf("alarm %s: %w", *alarm.AlarmName, err)
	}
	w.Period = aws.Int32(int32(w.math.Period()))
	w.metrics = slices.DeleteFunc(slices.Clone(queries), func(q types.MetricDataQuery) bool { return q.MetricStat == nil })
	return w, nil
}

// Compile checks the metrics and expressions of an alarm on metric math. The
// errors are those of package metricmath.
func Compile(queries []types.MetricDataQuery) (*metricmath.Program, error) {
	list := make([]metricmath.Query, len(queries))
	for i, q := range queries {
		list[i] = metricmath.Query{ID: aws.ToString(q.Id), Expression: aws.ToString(q.Expression), Returned: q.ReturnData == nil || *q.ReturnData}
		if q.MetricStat == nil {
			continue
		}
		list[i].Period = int(aws.ToInt32(q.MetricStat.Period))
		if stat := aws.ToString(q.MetricStat.Stat); !served.MatchString(stat) {
			return nil, fmt.Errorf("%w: the statistic %s", metricmath.ErrNotServed, stat)
		}
	}
	return metricmath.Compile(list)
}

// statistic is what an alarm looks at. MiniStack gives every alarm a Statistic.
func statistic(alarm types.MetricAlarm) string {
	if extended := aws.ToString(alarm.ExtendedStatistic); extended != "" {
		return extended
	}
	return string(alarm.Statistic)
}

// served are the statistics that can be had: MiniStack takes others for Average.
var served = regexp.MustCompile(`\A(SampleCount|Sum|Average|Minimum|Maximum|p\d{1,2}(\.\d{1,10})?|p100)\z`)

// data returns the values by which each alarm is judged.
func (e *Evaluator) data(ctx context.Context, alarms []watched, inRegion func(*cloudwatch.Options)) ([]metricmath.Series, error) {
	now := e.now()
	from := now
	var queries []types.MetricDataQuery
	add := func(alarm int, id string, stat *types.MetricStat) {
		queries = append(queries, types.MetricDataQuery{Id: aws.String(fmt.Sprintf("a%d_%s", alarm, id)), MetricStat: stat})
	}
	values := make([]map[string]metricmath.Series, len(alarms))
	for i, alarm := range alarms {
		values[i] = map[string]metricmath.Series{}
		if oldest := alarmPeriods(alarm.MetricAlarm, now)[0]; oldest.Before(from) {
			from = oldest
		}
		for _, q := range alarm.metrics {
			add(i, *q.Id, q.MetricStat)
		}
		if alarm.math == nil {
			add(i, "", &types.MetricStat{
				Metric: &types.Metric{Namespace: alarm.Namespace, MetricName: alarm.MetricName, Dimensions: alarm.Dimensions},
				Period: alarm.Period, Stat: aws.String(statistic(alarm.MetricAlarm)), Unit: alarm.Unit,
			})
		}
	}
	pages := cloudwatch.NewGetMetricDataPaginator(e.client, &cloudwatch.GetMetricDataInput{
		StartTime: &from, EndTime: aws.Time(now.Add(time.Minute)), MetricDataQueries: queries,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, inRegion)
		if err != nil {
			return nil, fmt.Errorf("get metric data: %w", err)
		}
		for _, result := range page.MetricDataResults {
			index, id, _ := strings.Cut(strings.TrimPrefix(aws.ToString(result.Id), "a"), "_")
			i, err := strconv.Atoi(index)
			if err != nil || i < 0 || i >= len(values) {
				return nil, fmt.Errorf("get metric data: an unknown result %q", aws.ToString(result.Id))
			}
			if values[i][id] == nil {
				values[i][id] = metricmath.Series{}
			}
			for n, at := range result.Timestamps {
				values[i][id][at.Unix()] = result.Values[n]
			}
		}
	}
	judged := make([]metricmath.Series, len(alarms))
	for i, alarm := range alarms {
		if alarm.math == nil {
			judged[i] = values[i][""]
			continue
		}
		var times []int64
		for _, at := range alarmPeriods(alarm.MetricAlarm, now) {
			times = append(times, at.Unix())
		}
		judged[i] = alarm.math.Evaluate(values[i], times)
	}
	return judged, nil
}

// complete is the end of the last period that is surely over. Periods begin with
// Unix time, as those of GetMetricData do.
func complete(period time.Duration, now time.Time) time.Time {
	seconds := int64(period / time.Second)
	return time.Unix(now.Add(-grace).Unix()/seconds*seconds, 0)
}

// alarmPeriods are the beginnings of the periods that an alarm looks at, the
// oldest first. The last ones may not be over.
func alarmPeriods(alarm types.MetricAlarm, now time.Time) []time.Time {
	period := time.Duration(*alarm.Period) * time.Second
	end := complete(period, now)
	var list []time.Time
	for at := end.Add(-time.Duration(*alarm.EvaluationPeriods+spare) * period); !at.After(now); at = at.Add(period) {
		list = append(list, at)
	}
	return list
}

// judge decides the state of an alarm, and says which values it was decided by.
func judge(alarm types.MetricAlarm, values metricmath.Series, now time.Time) (state string, recent []float64) {
	period := time.Duration(*alarm.Period) * time.Second
	over := complete(period, now)
	length := int(*alarm.EvaluationPeriods) + spare
	var points []datapoint
	var waiting []datapoint
	for _, at := range alarmPeriods(alarm, now) {
		value, present := values[at.Unix()]
		point := missing
		if present {
			recent = append(recent, value)
			point = within
			if breaches(alarm, value) {
				point = breaching
			}
		}
		if at.Before(over) {
			points = append(points, point)
			continue
		}
		// A period that goes on counts once nothing can take back what it says.
		waiting = append(waiting, point)
		if point == breaching && final(alarm) {
			points = append(points, waiting...)
			waiting = nil
		}
	}
	points = points[max(0, len(points)-length):]
	need := int(aws.ToInt32(alarm.DatapointsToAlarm))
	if need == 0 {
		need = int(*alarm.EvaluationPeriods)
	}
	treat := aws.ToString(alarm.TreatMissingData)
	if strings.EqualFold(aws.ToString(alarm.Namespace), "AWS/DynamoDB") {
		treat = "ignore" // whatever the alarm says (PutMetricAlarm)
	}
	return verdict(points, need, int(*alarm.EvaluationPeriods), treat), recent
}

func breaches(alarm types.MetricAlarm, value float64) bool {
	threshold := aws.ToFloat64(alarm.Threshold)
	switch alarm.ComparisonOperator {
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return value >= threshold
	case types.ComparisonOperatorGreaterThanThreshold:
		return value > threshold
	case types.ComparisonOperatorLessThanOrEqualToThreshold:
		return value <= threshold
	case types.ComparisonOperatorLessThanThreshold:
		return value < threshold
	default:
		return false
	}
}

// final tells whether a breaching value of a period stays one, whatever else
// comes in that period. Of sums this holds as long as values are not negative.
func final(alarm types.MetricAlarm) bool {
	greater := strings.HasPrefix(string(alarm.ComparisonOperator), "Greater")
	switch statistic(alarm) {
	case "Sum", "SampleCount", "Maximum":
		return greater
	case "Minimum":
		return !greater
	default:
		return false
	}
}

// decide sets the state of an alarm when it is another one now.
func (e *Evaluator) decide(ctx context.Context, name string, changes int, w watched, values metricmath.Series, inRegion func(*cloudwatch.Options)) error {
	alarm := w.MetricAlarm
	state, reason, data := stateInsufficient, "Not evaluated by the local stack: statistic "+statistic(alarm), ""
	if w.math != nil || served.MatchString(statistic(alarm)) {
		var recent []float64
		state, recent = judge(alarm, values, e.now())
		reason, data = explain(alarm, state, recent, e.now())
		if state == retain || state == string(alarm.StateValue) {
			return nil
		}
	} else if reason == aws.ToString(alarm.StateReason) {
		return nil
	}
	e.mu.Lock()
	outdated := e.region(name).changes != changes
	e.mu.Unlock()
	if outdated {
		return nil // somebody has written alarms meanwhile: the next round knows
	}
	input := &cloudwatch.SetAlarmStateInput{AlarmName: alarm.AlarmName, StateValue: types.StateValue(state), StateReason: &reason}
	if data != "" {
		input.StateReasonData = &data
	}
	if _, err := e.client.SetAlarmState(ctx, input, inRegion); err != nil {
		return fmt.Errorf("set the state of alarm %s: %w", *alarm.AlarmName, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	alarms := e.region(name).alarms
	for i := range alarms {
		if *alarms[i].AlarmName == *alarm.AlarmName {
			alarms[i].StateValue, alarms[i].StateReason = types.StateValue(state), &reason
		}
	}
	return nil
}

// explain gives the reason of a state in words and as data.
func explain(alarm types.MetricAlarm, state string, recent []float64, now time.Time) (reason, data string) {
	recent = recent[max(0, len(recent)-int(*alarm.EvaluationPeriods)):]
	comparison := map[types.ComparisonOperator]string{
		types.ComparisonOperatorGreaterThanOrEqualToThreshold: "greater than or equal to",
		types.ComparisonOperatorGreaterThanThreshold:          "greater than",
		types.ComparisonOperatorLessThanOrEqualToThreshold:    "less than or equal to",
		types.ComparisonOperatorLessThanThreshold:             "less than",
	}[alarm.ComparisonOperator]
	not := ""
	if state == stateOK {
		not = "not "
	}
	switch {
	case state == stateInsufficient:
		reason = fmt.Sprintf("Insufficient Data: %d of %d datapoints were unknown.", int(*alarm.EvaluationPeriods)-len(recent), *alarm.EvaluationPeriods)
	case len(recent) == 0:
		reason = fmt.Sprintf("Threshold Crossed: no datapoints were received for %d periods and missing datapoints were treated as [%s].",
			*alarm.EvaluationPeriods, aws.ToString(alarm.TreatMissingData))
	default:
		reason = fmt.Sprintf("Threshold Crossed: the last datapoints %v were %s%s the threshold (%g) as often as needed.", rounded(recent), not, comparison, aws.ToFloat64(alarm.Threshold))
	}
	encoded, err := json.Marshal(map[string]any{
		"version": "1.0", "queryDate": now.UTC().Format("2006-01-02T15:04:05.000-0700"), "statistic": cmp.Or(statistic(alarm), "metric math"), "period": *alarm.Period,
		"recentDatapoints": rounded(recent), "threshold": aws.ToFloat64(alarm.Threshold),
	})
	if err != nil {
		return reason, "" // a threshold that JSON cannot tell
	}
	return reason, string(encoded)
}

func rounded(values []float64) []float64 {
	list := make([]float64, len(values))
	for i, value := range values {
		list[i] = math.Round(value*1e6) / 1e6
	}
	return list
}

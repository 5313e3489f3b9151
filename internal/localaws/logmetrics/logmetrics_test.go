package logmetrics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/portcullis-chat/portcullis/internal/localaws/logship"
	"github.com/portcullis-chat/portcullis/internal/localaws/metrics"
)

var at = time.Date(2026, 2, 9, 18, 11, 43, 0, time.UTC)

// world plays CloudWatch Logs and takes the metrics.
type world struct {
	*testing.T
	*Service

	mu        sync.Mutex
	described map[string][]types.MetricFilter // "<region> <group>"
	asked     int
	fails     error
	events    []types.FilteredLogEvent
	searches  []*cloudwatchlogs.FilterLogEventsInput
	points    []string
	log       bytes.Buffer
	passed    []string // what reached MiniStack
	answers   int      // its status
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, described: map[string][]types.MetricFilter{}, answers: http.StatusOK}
	w.Service = New(w, w, slog.New(slog.NewTextHandler(&w.log, nil)))
	return w
}

func region(change []func(*cloudwatchlogs.Options)) string {
	var options cloudwatchlogs.Options
	for _, f := range change {
		f(&options)
	}
	return options.Region
}

// DescribeMetricFilters implements Logs, one filter a page.
func (w *world) DescribeMetricFilters(_ context.Context, in *cloudwatchlogs.DescribeMetricFiltersInput, change ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeMetricFiltersOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	all := w.described[region(change)+" "+*in.LogGroupName]
	n := len(aws.ToString(in.NextToken))
	out := &cloudwatchlogs.DescribeMetricFiltersOutput{}
	if n < len(all) {
		out.MetricFilters = all[n : n+1]
	}
	if n+1 < len(all) {
		out.NextToken = aws.String(strings.Repeat("x", n+1))
	}
	return out, w.fails
}

// FilterLogEvents implements Logs as MiniStack does: no further pages.
func (w *world) FilterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, change ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.searches = append(w.searches, in)
	if region(change) != "eu-west-1" {
		w.Errorf("searched in %q", region(change))
	}
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	for _, event := range w.events {
		if *event.Timestamp >= *in.StartTime && (in.EndTime == nil || *event.Timestamp <= *in.EndTime) && len(out.Events) < int(*in.Limit) &&
			(len(in.LogStreamNames) == 0 || slices.Contains(in.LogStreamNames, *event.LogStreamName)) {
			out.Events = append(out.Events, event)
		}
	}
	return out, w.fails
}

// Add implements Metrics.
func (w *world) Add(p metrics.Point) {
	w.mu.Lock()
	defer w.mu.Unlock()
	line := fmt.Sprintf("%s %s %s %g %s %s", p.Region, p.Namespace, p.Name, p.Value, p.Unit, p.Time.UTC().Format("15:04:05.000"))
	for _, name := range slices.Sorted(maps.Keys(p.Dimensions)) {
		line += " " + name + "=" + p.Dimensions[name]
	}
	if p.HighResolution {
		line += " high"
	}
	w.points = append(w.points, line)
}

// want compares the points and forgets them.
func (w *world) want(lines ...string) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.points, lines) {
		w.Errorf("points:\n%s\nwant:\n%s", strings.Join(w.points, "\n"), strings.Join(lines, "\n"))
	}
	w.points = nil
}

func (w *world) tap(lines ...string) {
	events := make([]logship.Event, len(lines))
	for i, line := range lines {
		events[i] = logship.Event{Message: line, Time: at}
	}
	w.Tap("eu-west-1", "group", events)
}

func filterOf(pattern, value string, change ...func(*types.MetricTransformation)) types.MetricFilter {
	t := types.MetricTransformation{MetricNamespace: aws.String("Chat"), MetricName: aws.String("m"), MetricValue: &value}
	for _, f := range change {
		f(&t)
	}
	return types.MetricFilter{FilterName: aws.String("f"), LogGroupName: aws.String("group"), FilterPattern: &pattern, MetricTransformations: []types.MetricTransformation{t}}
}

func (w *world) filter(filters ...types.MetricFilter) {
	w.described["eu-west-1 group"] = filters
}

func TestAMetricFilterCountsWhatMatches(t *testing.T) {
	w := newWorld(t)
	w.filter(filterOf("ERROR", "1"))
	w.tap("ERROR one", "fine", "an ERROR two")
	w.want("eu-west-1 Chat m 1  18:11:43.000", "eu-west-1 Chat m 1  18:11:43.000")
	w.Tap("us-east-1", "group", []logship.Event{{Message: "ERROR", Time: at}})
	w.Tap("eu-west-1", "other", []logship.Event{{Message: "ERROR", Time: at}})
	w.want()
}

func TestAMetricFilterTakesValueUnitAndDimensionsFromTheEvent(t *testing.T) {
	w := newWorld(t)
	w.filter(
		filterOf(`{ $.ms = * }`, "$.ms", func(m *types.MetricTransformation) {
			m.Unit, m.Dimensions = types.StandardUnitMilliseconds, map[string]string{"Route": "$.route", "Ok": "$.ok"}
		}),
		filterOf(`[level, ..., bytes]`, "$bytes", func(m *types.MetricTransformation) { m.MetricName = aws.String("bytes") }),
	)
	w.tap(`{"ms":12.5,"route":"send","ok":true}`, `{"ms":1,"route":"send"}`, `{"ms":"x","route":"send","ok":true}`, `{"ms":1,"route":"","ok":true}`, "INFO took 7", "INFO took long")
	w.want("eu-west-1 Chat m 12.5 Milliseconds 18:11:43.000 Ok=true Route=send", "eu-west-1 Chat bytes 7  18:11:43.000")
}

func TestTheDefaultValueIsForEachEventThatDoesNotMatch(t *testing.T) {
	w := newWorld(t)
	w.filter(filterOf("ERROR", "1", func(m *types.MetricTransformation) { m.DefaultValue = aws.Float64(0) }))
	w.tap("fine", "ERROR", "fine")
	w.want("eu-west-1 Chat m 0  18:11:43.000", "eu-west-1 Chat m 1  18:11:43.000", "eu-west-1 Chat m 0  18:11:43.000")
}

const document = `{"_aws":{"Timestamp":1770660700123,"CloudWatchMetrics":[{"Namespace":"Chat","Dimensions":[["Room","User"],["Room"],[]],
	"Metrics":[{"Name":"Sent","Unit":"Count"},{"Name":"Took","Unit":"Milliseconds","StorageResolution":1},{"Name":"Plain"}]}]},
	"Room":"lobby","User":"ann","Sent":1,"Took":[1.5,2],"Plain":-3,"text":"secret"}`

func TestEmbeddedMetrics(t *testing.T) {
	w := newWorld(t)
	w.tap(document)
	w.want(
		"eu-west-1 Chat Sent 1 Count 18:11:40.123 Room=lobby User=ann", "eu-west-1 Chat Sent 1 Count 18:11:40.123 Room=lobby", "eu-west-1 Chat Sent 1 Count 18:11:40.123",
		"eu-west-1 Chat Took 1.5 Milliseconds 18:11:40.123 Room=lobby User=ann high", "eu-west-1 Chat Took 2 Milliseconds 18:11:40.123 Room=lobby User=ann high",
		"eu-west-1 Chat Took 1.5 Milliseconds 18:11:40.123 Room=lobby high", "eu-west-1 Chat Took 2 Milliseconds 18:11:40.123 Room=lobby high",
		"eu-west-1 Chat Took 1.5 Milliseconds 18:11:40.123 high", "eu-west-1 Chat Took 2 Milliseconds 18:11:40.123 high",
		"eu-west-1 Chat Plain -3  18:11:40.123 Room=lobby User=ann", "eu-west-1 Chat Plain -3  18:11:40.123 Room=lobby", "eu-west-1 Chat Plain -3  18:11:40.123",
	)
	w.tap(strings.ReplaceAll("2026-02-09T18:11:43Z\trequest\tINFO\t"+document, "\n", ""))
	if len(w.points) != 12 {
		t.Errorf("%d points of a line that Lambda has put something before", len(w.points))
	}
}

func TestBadEmbeddedMetricsAreIgnoredAndCounted(t *testing.T) {
	names := func(n int) string {
		return `"` + strings.Join(strings.Fields(strings.Repeat(" Room", n)), `","`) + `"`
	}
	const validation, parsing = "EMFValidationErrors", "EMFParsingErrors"
	for name, c := range map[string]struct{ old, replaced, want, reason string }{
		"no timestamp":               {`"Timestamp":1770660700123,`, ``, validation, "Timestamp"},
		"a timestamp that is text":   {`1770660700123`, `"now"`, validation, "_aws is not"},
		"no namespace":               {`"Namespace":"Chat",`, ``, validation, "Namespace"},
		"no dimensions":              {`[["Room","User"],["Room"],[]]`, `[]`, validation, "Dimensions"},
		"dimensions in no set":       {`[["Room","User"],["Room"],[]]`, `["Room"]`, validation, "_aws is not"},
		"too many dimensions":        {`["Room","User"]`, `[` + names(31) + `]`, validation, "30"},
		"a missing dimension":        {`"Room":"lobby"`, `"Place":"lobby"`, validation, "dimension"},
		"a dimension that is none":   {`"Room":"lobby"`, `"Room":7`, validation, "dimension"},
		"a null dimension":           {`"Room":"lobby"`, `"Room":null`, validation, "dimension"},
		"a missing metric":           {`"Sent":1,`, ``, validation, "metric"},
		"a metric that is text":      {`"Sent":1,`, `"Sent":"1",`, validation, "metric"},
		"a null metric":              {`"Sent":1,`, `"Sent":null,`, validation, "metric"},
		"a null among values":        {`[1.5,2]`, `[1.5,null]`, validation, "metric"},
		"too many values":            {`[1.5,2]`, `[1` + strings.Repeat(",1", 100) + `]`, validation, "100"},
		"too many metrics":           {`{"Name":"Plain"}`, `{"Name":"Plain"}` + strings.Repeat(`,{"Name":"Plain"}`, 98), validation, "100"},
		"a unit":                     {`"Unit":"Count"`, `"Unit":"Furlongs"`, validation, "unit"},
		"a resolution":               {`"StorageResolution":1`, `"StorageResolution":5`, validation, "StorageResolution"},
		"text after the document":    {`"text":"secret"}`, `"text":"secret"} and more`, parsing, "JSON"},
		"a document that is cut off": {`"text":"secret"}`, `"text":"sec`, parsing, "JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if !strings.Contains(document, c.old) {
				t.Fatal("the document has no such part")
			}
			w.tap(strings.Replace(document, c.old, c.replaced, 1))
			w.want("eu-west-1 AWS/Logs " + c.want + " 1 Count 18:11:43.000 LogGroupName=group")
			if log := w.log.String(); !strings.Contains(log, c.reason) || strings.Contains(log, "secret") || strings.Contains(log, "lobby") {
				t.Errorf("logged: %s", log)
			}
		})
	}
	w := newWorld(t)
	w.tap(`{"CloudWatchMetrics":1}`, `{"_aws":{"x":1}}`, "plain")
	w.want()
}

// through sends a request through the Middleware and returns status and body.
func (w *world) through(operation, body string) (int, string) {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "Logs_20140328."+operation)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=k/20260209/eu-west-1/logs/aws4_request, SignedHeaders=host, Signature=x")
	recorder := httptest.NewRecorder()
	w.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		if err != nil || string(got) != body {
			w.Errorf("MiniStack gets %q, %v", got, err)
		}
		w.passed = append(w.passed, operation)
		rw.Header().Set("X-From", "ministack")
		rw.WriteHeader(w.answers)
		_, _ = rw.Write([]byte(`{"from":"ministack"}`))
	})).ServeHTTP(recorder, r)
	return recorder.Code, recorder.Body.String()
}

func TestFiltersAreReadOnceAndAgainAfterAWrite(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.tap("ERROR")
	}
	if w.asked != 1 {
		t.Errorf("asked %d times", w.asked)
	}
	w.filter(filterOf("ERROR", "1"))
	put := `{"logGroupName":"group","filterName":"f","filterPattern":"ERROR","metricTransformations":[{"metricNamespace":"Chat","metricName":"m","metricValue":"1"}]}`
	if code, body := w.through("PutMetricFilter", put); code != http.StatusOK || body != `{"from":"ministack"}` {
		t.Errorf("%d %s", code, body)
	}
	w.tap("ERROR")
	w.want("eu-west-1 Chat m 1  18:11:43.000")
	w.filter()
	w.through("DeleteMetricFilter", `{"logGroupName":"group","filterName":"f"}`)
	w.tap("ERROR")
	w.want()
	w.filter(filterOf("ERROR", "2"))
	w.through("DeleteLogGroup", `{"logGroupName":"group"}`)
	w.tap("ERROR")
	w.want("eu-west-1 Chat m 2  18:11:43.000")
	if asked := w.asked; asked != 4 {
		t.Errorf("asked %d times", asked)
	}
}

func TestFiltersThatCannotBeReadAreAskedForAgain(t *testing.T) {
	w := newWorld(t)
	w.filter(filterOf("ERROR", "1"))
	w.fails = errors.New("no answer")
	w.tap("ERROR")
	w.want()
	if !strings.Contains(w.log.String(), "no answer") {
		t.Errorf("logged: %s", w.log.String())
	}
	w.fails = nil
	w.tap("ERROR")
	w.want("eu-west-1 Chat m 1  18:11:43.000")
	w.filter(filterOf("{", "1"), filterOf("ERROR", "3"))
	w.forget("eu-west-1", "group")
	w.tap("ERROR")
	w.want("eu-west-1 Chat m 3  18:11:43.000")
	if !strings.Contains(w.log.String(), "a metric filter is not served") {
		t.Errorf("logged: %s", w.log.String())
	}
}

func TestAMetricFilterIsRefusedWhen(t *testing.T) {
	const good = `{"logGroupName":"group","filterName":"f","filterPattern":"{ $.a = 1 }","metricTransformations":[{"metricNamespace":"Chat","metricName":"m","metricValue":"1"}]}`
	for name, c := range map[string]struct {
		old, replaced string
		code          int
		want          string
	}{
		"nothing is wrong":                {"", "", 200, `{"from":"ministack"}`},
		"its pattern is wrong":            {"{ $.a = 1 }", "{ $.a EXISTS }", 400, "invalid filter pattern at character 7"},
		"its terms need quotes":           {"{ $.a = 1 }", "a: b", 400, "needs double quotes"},
		"it has no transformation":        {`{"metricNamespace":"Chat","metricName":"m","metricValue":"1"}`, "", 400, "exactly one"},
		"its value is no number":          {`"metricValue":"1"`, `"metricValue":"one"`, 400, "metricValue"},
		"its value does not go with it":   {`"metricValue":"1"`, `"metricValue":"$bytes"`, 400, "metricValue"},
		"its namespace is missing":        {`"metricNamespace":"Chat",`, ``, 400, "metricNamespace"},
		"its name has a colon":            {`"metricName":"m"`, `"metricName":"m:n"`, 400, "metricName"},
		"its unit is unknown":             {`"metricValue":"1"`, `"metricValue":"1","unit":"Furlongs"`, 400, "unit"},
		"it has four dimensions":          {`"metricValue":"1"`, `"metricValue":"1","dimensions":{"a":"$.a","b":"$.b","c":"$.c","d":"$.d"}`, 400, "three dimensions"},
		"it has a default and dimensions": {`"metricValue":"1"`, `"metricValue":"1","defaultValue":0,"dimensions":{"a":"$.a"}`, 400, "default value"},
		"a dimension is no selector":      {`"metricValue":"1"`, `"metricValue":"1","dimensions":{"a":"a"}`, 400, "dimension a"},
		"it is for transformed logs":      {`"filterName":"f"`, `"filterName":"f","applyOnTransformedLogs":true`, 501, "not served by the local stack: metric filters on transformed logs"},
		"it selects fields":               {`"filterName":"f"`, `"filterName":"f","fieldSelectionCriteria":"x"`, 501, "not served"},
		"it emits system fields":          {`"filterName":"f"`, `"filterName":"f","emitSystemFieldDimensions":["@aws.region"]`, 501, "not served"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if !strings.Contains(good, c.old) {
				t.Fatal("the definition has no such part")
			}
			code, body := w.through("PutMetricFilter", strings.Replace(good, c.old, c.replaced, 1))
			if code != c.code || !strings.Contains(body, c.want) || (code == 200) != (len(w.passed) == 1) {
				t.Errorf("%d %s, passed %v", code, body, w.passed)
			}
			if code == 400 && !strings.Contains(body, `"__type":"InvalidParameterException"`) {
				t.Error(body)
			}
		})
	}
}

func TestEventsThatComeInByTheAPIAreTold(t *testing.T) {
	w := newWorld(t)
	w.filter(filterOf("ERROR", "1"))
	put := fmt.Sprintf(`{"logGroupName":"group","logStreamName":"s","logEvents":[{"timestamp":%d,"message":"ERROR"},{"timestamp":%d,"message":"fine"}]}`, at.UnixMilli(), at.UnixMilli())
	w.through("PutLogEvents", put)
	w.want("eu-west-1 Chat m 1  18:11:43.000")
	w.answers = http.StatusForbidden
	w.through("PutLogEvents", put)
	w.want()
}

func TestWhatMiniStackWouldGetWrongIsRefused(t *testing.T) {
	w := newWorld(t)
	for operation, what := range unserved {
		if code, body := w.through(operation, "{}"); code != http.StatusNotImplemented || !strings.Contains(body, what) {
			t.Errorf("%s: %d %s", operation, code, body)
		}
	}
	w.through("GetLogEvents", "{}")
	if fmt.Sprint(w.passed) != "[GetLogEvents]" {
		t.Errorf("passed %v", w.passed)
	}
}

// found asks for all pages and returns the messages, joined.
func (w *world) found(input string) (messages []string, pages int) {
	w.Helper()
	token := ""
	for {
		pages++
		code, body := w.through("FilterLogEvents", strings.Replace(input, "{", `{"logGroupName":"group"`+token+`,`, 1))
		var out struct {
			Events []struct {
				Message, EventID, LogStreamName string
				Timestamp, IngestionTime        int64
			}
			NextToken string
		}
		if err := json.Unmarshal([]byte(body), &out); err != nil || code != http.StatusOK {
			w.Fatalf("%d %s", code, body)
		}
		for _, event := range out.Events {
			if event.EventID == "" || event.Timestamp == 0 || event.LogStreamName == "" || event.IngestionTime == 0 {
				w.Errorf("event %+v", event)
			}
			messages = append(messages, event.Message)
		}
		if out.NextToken == "" {
			return messages, pages
		}
		token = `,"nextToken":"` + out.NextToken + `"`
	}
}

// hold makes MiniStack hold events, several of each millisecond.
func (w *world) hold(n int, message func(i int) string) {
	for i := range n {
		w.events = append(w.events, types.FilteredLogEvent{
			EventId: aws.String(fmt.Sprint(i)), Message: aws.String(message(i)), LogStreamName: aws.String(fmt.Sprintf("s%d", i%2)),
			Timestamp: aws.Int64(1000 + int64(i/3)), IngestionTime: aws.Int64(5000),
		})
	}
}

func TestEventsAreSearchedByPattern(t *testing.T) {
	w := newWorld(t)
	w.hold(6, func(i int) string { return []string{"ERROR a", `{"n":1}`, "fine", "WARN", `{"n":2}`, "ERROR WARN"}[i] })
	for input, want := range map[string]string{
		`{"filterPattern":""}`:                       `ERROR a,{"n":1},fine,WARN,{"n":2},ERROR WARN`,
		`{"limit":10}`:                               `ERROR a,{"n":1},fine,WARN,{"n":2},ERROR WARN`,
		`{"filterPattern":"?ERROR ?WARN"}`:           `ERROR a,WARN,ERROR WARN`,
		`{"filterPattern":"{ $.n > 1 }"}`:            `{"n":2}`,
		`{"filterPattern":"error"}`:                  ``,
		`{"filterPattern":"ERROR","startTime":1001}`: `ERROR WARN`,
		`{"filterPattern":"ERROR","endTime":1000}`:   `ERROR a`,
		`{"logStreamNames":["s1"]}`:                  `{"n":1},WARN,ERROR WARN`,
		`{"logStreamNamePrefix":"s1"}`:               `{"n":1},WARN,ERROR WARN`,
	} {
		got, _ := w.found(input)
		if strings.Join(got, ",") != want {
			t.Errorf("%s: %q, want %s", input, got, want)
		}
	}
}

func TestASearchHasPages(t *testing.T) {
	w := newWorld(t)
	w.hold(31, func(i int) string { return fmt.Sprintf("%s %d", []string{"odd", "even"}[i%2], i) })
	for limit, pages := range map[int]int{1: 16, 4: 4, 15: 2, 16: 1} {
		got, n := w.found(fmt.Sprintf(`{"filterPattern":"even","limit":%d}`, limit))
		if len(got) != 15 || got[0] != "even 1" || got[14] != "even 29" || n != pages || len(slices.Compact(slices.Clone(got))) != 15 {
			t.Errorf("limit %d: %d pages, want %d, %q", limit, n, pages, got)
		}
	}
}

func TestASearchGoesOnWhereMiniStackEnds(t *testing.T) {
	w := newWorld(t)
	w.hold(2*maxAnswer+500, func(i int) string { return fmt.Sprintf("n %d", i) })
	got, _ := w.found(`{"filterPattern":"n"}`)
	if len(got) != 2*maxAnswer+500 || got[maxAnswer] != fmt.Sprintf("n %d", maxAnswer) {
		t.Errorf("%d events", len(got))
	}
	got, _ = w.found(`{"filterPattern":"\"n 20400\""}`)
	if fmt.Sprint(got) != "[n 20400]" {
		t.Errorf("got %q", got)
	}
}

func TestASearchIsRefusedWhen(t *testing.T) {
	w := newWorld(t)
	for body, want := range map[string]string{
		`{"logGroupName":"group","filterPattern":"{ a }"}`: `400 {"__type":"InvalidParameterException"`,
		`{"logGroupName":"group","nextToken":"x!"}`:        `400 {"__type":"InvalidParameterException"`,
	} {
		if code, answer := w.through("FilterLogEvents", body); !strings.HasPrefix(fmt.Sprint(code, " ", answer), want) {
			t.Errorf("%s: %d %s", body, code, answer)
		}
	}
	w.answers = http.StatusForbidden
	if code, answer := w.through("FilterLogEvents", `{"logGroupName":"group"}`); code != http.StatusForbidden || answer != `{"from":"ministack"}` || len(w.searches) != 0 {
		t.Errorf("%d %s, %d searches", code, answer, len(w.searches))
	}
	w.answers, w.fails = http.StatusOK, errors.New("no answer")
	if code, answer := w.through("FilterLogEvents", `{"logGroupName":"group"}`); code != http.StatusInternalServerError {
		t.Errorf("%d %s", code, answer)
	}
}

func FuzzEmbedded(f *testing.F) {
	f.Add(document)
	f.Add(`x {"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[[]],"Metrics":[{"Name":"m"}]}]},"m":1}`)
	f.Fuzz(func(t *testing.T, line string) {
		points, err := embedded(line)
		if err != nil && points != nil {
			t.Fatal("points of a bad document")
		}
		for _, point := range points {
			if point.Namespace == "" || point.Time.IsZero() {
				t.Fatalf("%+v", point)
			}
		}
	})
}

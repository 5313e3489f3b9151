// Package metrics writes the functions' own metrics into their logs, in
// CloudWatch's embedded metric format
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html):
// CloudWatch makes metrics of such lines by itself, so that a function needs no
// further right, waits for no further call and loses nothing when it is frozen.
//
// Each combination of dimension values is a metric of its own, and billed. So
// the only dimensions are the function and, of what was refused or failed, the
// reason, which is one of the codes in this program. Nothing of a user, a room
// or a message is ever in such a line.
package metrics

import (
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
)

// Metric is a metric's name and its unit, as CloudWatch calls it.
type Metric struct {
	Name string
	Unit string
}

const (
	count        = "Count"
	bytes        = "Bytes"
	milliseconds = "Milliseconds"
)

// The metrics of the functions. docs/metrics.md says what each is for.
var (
	Handshakes = Metric{"Handshakes", count} // that the authorizer let through
	Connects   = Metric{"Connects", count}
	Ends       = Metric{"Disconnects", count}

	Messages     = Metric{"Messages", count} // stored
	Repeats      = Metric{"Repeats", count}  // sent again, and not stored again
	MessageBytes = Metric{"MessageBytes", bytes}
	MessageTime  = Metric{"MessageTime", milliseconds} // until it was stored

	FanoutTime       = Metric{"FanoutTime", milliseconds}
	FanoutDelivered  = Metric{"FanoutDelivered", count}
	FanoutGone       = Metric{"FanoutGone", count}
	FanoutFailures   = Metric{"FanoutFailures", count}
	FanoutIncomplete = Metric{"FanoutIncomplete", count} // ended by its deadline or a failed read

	HistoryPages = Metric{"HistoryPages", count}
	MembersPages = Metric{"MembersPages", count}

	RateLimits    = Metric{"RateLimits", count}
	SocketsClosed = Metric{"SocketsClosed", count} // by the server
	Refusals      = Metric{"Refusals", count}      // a client's fault
	Failures      = Metric{"Failures", count}      // our own fault
)

// All are all metrics.
var All = []Metric{
	Handshakes, Connects, Ends,
	Messages, Repeats, MessageBytes, MessageTime,
	FanoutTime, FanoutDelivered, FanoutGone, FanoutFailures, FanoutIncomplete,
	HistoryPages, MembersPages,
	RateLimits, SocketsClosed, Refusals, Failures,
}

// Value is a metric's value at one moment.
type Value struct {
	metric Metric
	value  float64
}

// Of is a value of a metric of counts or bytes.
func (m Metric) Of(n int64) Value { return Value{m, float64(n)} }

// Took is a value of a metric of times, to the microsecond.
func (m Metric) Took(d time.Duration) Value {
	return Value{m, float64(d.Microseconds()) / 1000}
}

// Settings are the variables of metrics. Without a namespace none are written.
type Settings struct {
	Namespace string
	Function  string
}

var (
	namespace = regexp.MustCompile(`\A([A-Za-z0-9_#][A-Za-z0-9._/#-]{0,254})?\z`)
	function  = regexp.MustCompile(`\A[A-Za-z0-9_-]{0,140}\z`)
)

// Read reads the settings. Both variables may be missing.
func Read(r *config.Reader) Settings {
	s := Settings{
		Namespace: r.String("METRICS_NAMESPACE", namespace, "a CloudWatch namespace (letters, digits, . _ / # -), or nothing for no metrics"),
		Function:  r.String("AWS_LAMBDA_FUNCTION_NAME", function, "the function's name (Lambda sets it)"),
	}
	if strings.HasPrefix(s.Namespace, "AWS/") {
		r.Refuse("METRICS_NAMESPACE", "a namespace that does not begin with AWS/, which is CloudWatch's own")
	}
	return s
}

// Recorder writes metrics. A nil Recorder writes none.
type Recorder struct {
	w        io.Writer
	settings Settings
	level    string
	now      func() time.Time
}

// New returns a Recorder that writes lines to w; now is the clock. Lambda drops
// lines below the least level that is kept, and takes a line without a level for
// INFO, so metrics are written at that very level, whatever it is.
func New(w io.Writer, settings Settings, level string, now func() time.Time) *Recorder {
	if settings.Namespace == "" {
		return nil
	}
	if level == "" {
		level = "INFO"
	}
	return &Recorder{w: w, settings: settings, level: strings.ToUpper(level), now: now}
}

// Put writes values of some metrics of the function.
func (r *Recorder) Put(values ...Value) {
	r.put("", values)
}

// PutReason writes values that are counted for a reason as well as in all. The
// reason is a constant of the program.
func (r *Recorder) PutReason(reason string, values ...Value) {
	r.put(reason, values)
}

// The names of the dimensions.
const (
	byFunction = "Function"
	byReason   = "Reason"
)

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []Metric
}

type metadata struct {
	Timestamp         int64 // Unix milliseconds
	CloudWatchMetrics []directive
}

func (r *Recorder) put(reason string, values []Value) {
	if r == nil || len(values) == 0 {
		return
	}
	now := r.now().UTC()
	d := directive{Namespace: r.settings.Namespace, Dimensions: [][]string{{byFunction}}}
	line := map[string]any{
		"timestamp": now.Format(time.RFC3339Nano),
		"level":     r.level,
		"message":   "metrics",
		byFunction:  r.settings.Function,
	}
	if reason != "" {
		d.Dimensions = append(d.Dimensions, []string{byFunction, byReason})
		line[byReason] = reason
	}
	for _, v := range values {
		d.Metrics = append(d.Metrics, v.metric)
		line[v.metric.Name] = v.value
	}
	line["_aws"] = metadata{Timestamp: now.UnixMilli(), CloudWatchMetrics: []directive{d}}
	// One Write, so that lines of parallel work do not mix. Everything in it can
	// be encoded, and a log that cannot be written has nobody to be told.
	b, err := json.Marshal(line, json.Deterministic(true), jsontext.AllowDuplicateNames(false))
	if err == nil {
		_, _ = r.w.Write(append(b, '\n'))
	}
}

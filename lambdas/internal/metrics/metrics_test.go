package metrics_test

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
)

var settings = metrics.Settings{Namespace: "Portcullis", Function: "chat-message"}

func now() time.Time { return time.UnixMilli(1_700_000_000_123) }

func TestALineIsWhatCloudWatchReads(t *testing.T) {
	var out bytes.Buffer
	r := metrics.New(&out, settings, "warn", now)
	r.PutReason("text_size", metrics.Refusals.Of(1), metrics.MessageTime.Took(1500*time.Microsecond))
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("%v: %s", err, out.String())
	}
	want := map[string]any{
		"timestamp": "2023-11-14T22:13:20.123Z", "level": "WARN", "message": "metrics",
		"Function": "chat-message", "Reason": "text_size", "Refusals": 1.0, "MessageTime": 1.5,
		"_aws": map[string]any{
			"Timestamp": 1700000000123.0,
			"CloudWatchMetrics": []any{map[string]any{
				"Namespace":  "Portcullis",
				"Dimensions": []any{[]any{"Function"}, []any{"Function", "Reason"}},
				"Metrics": []any{
					map[string]any{"Name": "Refusals", "Unit": "Count"},
					map[string]any{"Name": "MessageTime", "Unit": "Milliseconds"},
				},
			}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestWithoutAReasonThereIsOneSeries(t *testing.T) {
	var out bytes.Buffer
	metrics.New(&out, settings, "", now).Put(metrics.Connects.Of(1))
	if line := out.String(); !strings.Contains(line, `"Dimensions":[["Function"]]`) || strings.Contains(line, "Reason") || !strings.Contains(line, `"level":"INFO"`) {
		t.Error(line)
	}
}

func TestWithoutANamespaceNothingIsWritten(t *testing.T) {
	var out bytes.Buffer
	r := metrics.New(&out, metrics.Settings{Function: "f"}, "INFO", now)
	r.Put(metrics.Connects.Of(1))
	r.PutReason("x", metrics.Refusals.Of(1))
	metrics.New(&out, settings, "", now).Put()
	if out.Len() != 0 {
		t.Error(out.String())
	}
}

func TestTheSettingsAreChecked(t *testing.T) {
	for value, legal := range map[string]bool{
		"": true, "Portcullis": true, "acme/chat-1_x.y#z": true,
		"AWS/Chat": false, "a b": false, "a:b": false, "/a": false, "ä": false, "a\n": false, strings.Repeat("a", 256): false,
	} {
		r := config.NewReader(func(name string) (string, bool) {
			return map[string]string{"METRICS_NAMESPACE": value, "AWS_LAMBDA_FUNCTION_NAME": "f"}[name], true
		})
		if s := metrics.Read(r); (r.Err() == nil) != legal || (legal && s != metrics.Settings{Namespace: value, Function: "f"}) {
			t.Errorf("%q: got %+v, %v", value, s, r.Err())
		}
	}
}

func TestEveryMetricIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range metrics.All {
		if !strings.Contains(string(doc), "\n| `"+m.Name+"` | "+m.Unit+" |") {
			t.Errorf("docs/metrics.md has no row for %s in %s", m.Name, m.Unit)
		}
	}
	if rows := strings.Count(string(doc), "\n| `"); rows != len(metrics.All) {
		t.Errorf("docs/metrics.md has %d rows for %d metrics", rows, len(metrics.All))
	}
}

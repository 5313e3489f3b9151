package async

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	function = "arn:aws:lambda:us-east-1:000000000000:function:f"
	start    = "2026-01-02T03:04:05.006Z"
)

// world is what a queue works with: functions that do as a script says, and a
// clock that only tests move.
type world struct {
	queue *Queue

	mu        sync.Mutex
	time      time.Time
	settings  Settings
	attempts  func(n int) Attempt // n counts from 1
	tried     int
	running   int
	most      int // running at once
	block     chan struct{}
	delivered []delivery
	refuse    error
	metrics   map[string][]float64
}

type delivery struct {
	target string
	Message
}

func newWorld(t *testing.T, settings Settings, attempts func(n int) Attempt) *world {
	begin, err := time.Parse(time.RFC3339, start)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{time: begin, settings: settings, attempts: attempts, metrics: make(map[string][]float64)}
	w.queue = New(w, w.now)
	t.Cleanup(func() { w.queue.Close(context.Background()) })
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

func (w *world) forward(by time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(by)
}

func (w *world) Attempt(ctx context.Context, _ Event) Attempt {
	w.mu.Lock()
	w.tried++
	n := w.tried
	w.running++
	w.most = max(w.most, w.running)
	block := w.block
	w.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running--
	return w.attempts(n)
}

func (w *world) Settings(context.Context, Event) (Settings, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.settings, nil
}

func (w *world) Deliver(_ context.Context, _ Event, target string, m Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.delivered = append(w.delivered, delivery{target, m})
	return w.refuse
}

func (w *world) Publish(_ Event, name, unit string, value float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.metrics[name+" "+unit] = append(w.metrics[name+" "+unit], value)
}

func (w *world) tries() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tried
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not " + what)
		}
	}
}

// over waits until the queue holds nothing.
func (w *world) over(t *testing.T) {
	t.Helper()
	eventually(t, "over", func() bool {
		w.queue.mu.Lock()
		defer w.queue.mu.Unlock()
		return w.queue.held == 0
	})
}

// waits waits until the only event waits for another try after so many.
func (w *world) waits(t *testing.T, tries int) {
	t.Helper()
	eventually(t, fmt.Sprintf("waiting after %d tries", tries), func() bool {
		w.queue.mu.Lock()
		defer w.queue.mu.Unlock()
		return len(w.queue.waiting) == 1 && w.tries() == tries
	})
}

// expectTries moves the clock to just before a wait is over and then over it.
func (w *world) expectTries(t *testing.T, waits ...time.Duration) {
	t.Helper()
	for i, wait := range waits {
		w.waits(t, i+1)
		w.forward(wait - time.Millisecond)
		time.Sleep(3 * tick)
		if got := w.tries(); got != i+1 {
			t.Fatalf("try %d before %v are over", got, wait)
		}
		w.forward(time.Millisecond)
		eventually(t, fmt.Sprintf("tried after %v", wait), func() bool { return w.tries() == i+2 })
	}
}

func always(a Attempt) func(int) Attempt { return func(int) Attempt { return a } }

var (
	answered = Attempt{Succeeded, []byte(`{"a":"<b>"}`), "$LATEST"}
	failed   = Attempt{Failed, []byte(`{"errorMessage":"no","errorType":"errorString"}`), "7"}
)

func TestAnEventIsTriedUntilItSucceeds(t *testing.T) {
	w := newWorld(t, Settings{Retries: 2, MaxAge: time.Hour, OnSuccess: "ok", OnFailure: "bad", DeadLetter: "dead"}, func(n int) Attempt {
		if n < 3 {
			return failed
		}
		return answered
	})
	if err := w.queue.Add(Event{function, "id", []byte(`{"q":1}`)}); err != nil {
		t.Fatal(err)
	}
	w.expectTries(t, time.Minute, 2*time.Minute)
	w.over(t)
	if len(w.delivered) != 1 || w.delivered[0].target != "ok" || w.delivered[0].Attributes != nil {
		t.Fatalf("delivered %+v", w.delivered)
	}
	want := `{"version":"1.0","timestamp":"2026-01-02T03:07:05.006Z","requestContext":{"requestId":"id","functionArn":"` + function + `:$LATEST","condition":"Success","approximateInvokeCount":3},"requestPayload":{"q":1},"responseContext":{"statusCode":200,"executedVersion":"$LATEST"},"responsePayload":{"a":"<b>"}}`
	if got := string(w.delivered[0].Body); got != want {
		t.Errorf("record %s\nwant   %s", got, want)
	}
	if got, want := w.metrics, map[string][]float64{"AsyncEventsReceived Count": {1}, "AsyncEventAge Milliseconds": {0, 60_000, 180_000}}; !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("metrics %v, want %v", got, want)
	}
}

func TestAnEventThatFailsIsGivenUpWhen(t *testing.T) {
	const letter = `{"q":1}`
	tests := []struct {
		name     string
		settings Settings
		attempt  func(int) Attempt
		waits    []time.Duration
		// conditions of the record
		condition string
		invokes   int
		response  string // responseContext and responsePayload
		// attributes of the dead letter
		message, status string
	}{
		{
			"its tries are used up",
			Settings{Retries: 2, MaxAge: time.Hour},
			always(failed),
			[]time.Duration{time.Minute, 2 * time.Minute},
			"RetriesExhausted", 3, `{"statusCode":200,"executedVersion":"7","functionError":"Unhandled"} {"errorMessage":"no","errorType":"errorString"}`,
			"no", "200",
		},
		{
			"it may not be tried again",
			Settings{Retries: 0, MaxAge: time.Hour},
			always(failed), nil,
			"RetriesExhausted", 1, `{"statusCode":200,"executedVersion":"7","functionError":"Unhandled"} {"errorMessage":"no","errorType":"errorString"}`,
			"no", "200",
		},
		{
			"it would be too old for its next try",
			Settings{Retries: 2, MaxAge: 90 * time.Second},
			always(failed),
			[]time.Duration{time.Minute},
			"EventAgeExceeded", 2, `{"statusCode":200,"executedVersion":"7","functionError":"Unhandled"} {"errorMessage":"no","errorType":"errorString"}`,
			"no", "200",
		},
		{
			"it is throttled for too long",
			Settings{Retries: 0, MaxAge: 10 * time.Second},
			always(Attempt{Outcome: Throttled}),
			[]time.Duration{time.Second, 2 * time.Second, 4 * time.Second},
			"EventAgeExceeded", 0, `{"statusCode":429} `,
			"Rate Exceeded.", "429",
		},
		{
			"its function is forbidden to run",
			Settings{Retries: 2, MaxAge: time.Hour},
			always(Attempt{Outcome: Forbidden}), nil,
			"ZeroReservedConcurrency", 0, ` `,
			"Function not invoked. Function is configured with zero reserved concurrent executions", "",
		},
		{
			"errors and throttles take turns",
			Settings{Retries: 1, MaxAge: time.Hour},
			func(n int) Attempt {
				if n == 2 {
					return Attempt{Outcome: Throttled}
				}
				return failed
			},
			[]time.Duration{time.Minute, time.Second},
			"RetriesExhausted", 2, `{"statusCode":200,"executedVersion":"7","functionError":"Unhandled"} {"errorMessage":"no","errorType":"errorString"}`,
			"no", "200",
		},
		{
			"it answers with what is no JSON",
			Settings{Retries: 0, MaxAge: time.Hour},
			always(Attempt{Failed, []byte("oh"), "1"}), nil,
			"RetriesExhausted", 1, `{"statusCode":200,"executedVersion":"1","functionError":"Unhandled"} "oh"`,
			"Unhandled", "200",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.settings.OnSuccess, test.settings.OnFailure, test.settings.DeadLetter = "ok", "bad", "dead"
			w := newWorld(t, test.settings, test.attempt)
			if err := w.queue.Add(Event{function + ":live", "id", []byte(letter)}); err != nil {
				t.Fatal(err)
			}
			w.expectTries(t, test.waits...)
			w.over(t)
			if w.tries() != len(test.waits)+1 || len(w.delivered) != 2 || w.delivered[0].target != "bad" || w.delivered[1].target != "dead" {
				t.Fatalf("%d tries, delivered %+v", w.tries(), w.delivered)
			}
			var r struct {
				RequestContext struct {
					FunctionArn            string
					Condition              string
					ApproximateInvokeCount int
				}
				ResponseContext, ResponsePayload json.RawMessage
			}
			if err := json.Unmarshal(w.delivered[0].Body, &r); err != nil {
				t.Fatal(err)
			}
			c := r.RequestContext
			if c.Condition != test.condition || c.ApproximateInvokeCount != test.invokes || c.FunctionArn != function+":live" {
				t.Errorf("context %+v", c)
			}
			if got := fmt.Sprintf("%s %s", r.ResponseContext, r.ResponsePayload); got != test.response {
				t.Errorf("response %s, want %s", got, test.response)
			}
			want := []Attribute{{"RequestID", "String", "id"}, {"ErrorMessage", "String", test.message}}
			if test.status != "" {
				want = append(want, Attribute{"ErrorCode", "Number", test.status})
			}
			if dead := w.delivered[1]; string(dead.Body) != letter || !slices.Equal(dead.Attributes, want) {
				t.Errorf("dead letter %s, %v, want %v", dead.Body, dead.Attributes, want)
			}
			if got := w.metrics["AsyncEventsDropped Count"]; !slices.Equal(got, []float64{1}) {
				t.Errorf("dropped %v", got)
			}
		})
	}
}

func TestAnEventThatGrewTooOldWhileItWaitedIsNotTried(t *testing.T) {
	w := newWorld(t, Settings{Retries: 2, MaxAge: 10 * time.Minute, OnFailure: "bad"}, always(failed))
	if err := w.queue.Add(Event{function, "id", nil}); err != nil {
		t.Fatal(err)
	}
	w.waits(t, 1)
	w.forward(11 * time.Minute)
	w.over(t)
	if w.tries() != 1 || len(w.delivered) != 1 || !strings.Contains(string(w.delivered[0].Body), `"condition":"EventAgeExceeded","approximateInvokeCount":1`) {
		t.Errorf("%d tries, delivered %+v", w.tries(), w.delivered)
	}
}

func TestAnEventOfADeletedFunctionIsDropped(t *testing.T) {
	w := newWorld(t, Settings{Retries: 2, MaxAge: time.Hour, OnFailure: "bad", DeadLetter: "dead"}, always(Attempt{Outcome: Missing}))
	if err := w.queue.Add(Event{function, "id", nil}); err != nil {
		t.Fatal(err)
	}
	w.over(t)
	if w.tries() != 1 || len(w.delivered) != 0 || !slices.Equal(w.metrics["AsyncEventsDropped Count"], []float64{1}) {
		t.Errorf("%d tries, delivered %+v, metrics %v", w.tries(), w.delivered, w.metrics)
	}
}

func TestAMessageThatCannotBeDeliveredIsCounted(t *testing.T) {
	w := newWorld(t, Settings{MaxAge: time.Hour, OnFailure: "bad", DeadLetter: "dead"}, always(failed))
	w.refuse = errors.New("access denied")
	if err := w.queue.Add(Event{function, "id", nil}); err != nil {
		t.Fatal(err)
	}
	w.over(t)
	for _, name := range []string{"DestinationDeliveryFailures Count", "DeadLetterErrors Count"} {
		if got := w.metrics[name]; !slices.Equal(got, []float64{1}) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestALongErrorIsCutInADeadLetter(t *testing.T) {
	long := Attempt{Failed, []byte(`{"errorMessage":"` + strings.Repeat("x", maxErrorMessage-1) + `ä"}`), "1"}
	w := newWorld(t, Settings{MaxAge: time.Hour, DeadLetter: "dead"}, always(long))
	if err := w.queue.Add(Event{function, "id", nil}); err != nil {
		t.Fatal(err)
	}
	w.over(t)
	if got := w.delivered[0].Attributes[1].Value; got != strings.Repeat("x", maxErrorMessage-1) {
		t.Errorf("%d bytes, ends in %q", len(got), got[len(got)-3:])
	}
}

func TestEventsOfAFunctionRunInParallelUpToALimit(t *testing.T) {
	w := newWorld(t, Settings{MaxAge: time.Hour}, always(answered))
	w.block = make(chan struct{})
	for range 3 * maxRunning {
		if err := w.queue.Add(Event{function, "id", nil}); err != nil {
			t.Fatal(err)
		}
	}
	other := function + ":live"
	if err := w.queue.Add(Event{other, "id", nil}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "running", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.running == maxRunning+1
	})
	close(w.block)
	w.over(t)
	if w.most != maxRunning+1 || w.tries() != 3*maxRunning+1 {
		t.Errorf("%d at once, %d tries", w.most, w.tries())
	}
	if len(w.queue.ready) != 0 || len(w.queue.running) != 0 {
		t.Errorf("left: %v, %v", w.queue.ready, w.queue.running)
	}
}

func TestAFullQueueAndAClosedOneTakeNothing(t *testing.T) {
	w := newWorld(t, Settings{MaxAge: time.Hour}, always(answered))
	w.block = make(chan struct{})
	for range maxEvents {
		if err := w.queue.Add(Event{function, "id", nil}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.queue.Add(Event{function, "id", nil}); !errors.Is(err, ErrFull) {
		t.Errorf("full: %v", err)
	}
	lost, err := w.queue.Close(t.Context())
	if lost != maxEvents || err != nil {
		t.Errorf("lost %d, %v", lost, err)
	}
	if err := w.queue.Add(Event{function, "id", nil}); err == nil {
		t.Error("a closed queue took an event")
	}
	if w.tries() > maxRunning {
		t.Errorf("%d tries after it was closed", w.tries())
	}
}

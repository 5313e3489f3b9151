// Package async holds the events of asynchronous invocations of Lambda
// functions: it runs each until it succeeds, its tries are used up or it is too
// old, and then tells the function's destinations (Lambda, "Invoking a Lambda
// function asynchronously").
//
// The events are in memory: those that wait when the stack stops are lost.
package async

import (
	"container/heap"
	"context"
	"errors"
	"sync"
	"time"
)

// DefaultRetries and DefaultMaxAge hold unless a function's event invoke
// configuration says otherwise.
const (
	DefaultRetries = 2
	DefaultMaxAge  = 6 * time.Hour
)

const (
	// The waits after a function's error are one minute, then two.
	errorWait = time.Minute
	// Throttles and errors of the service are tried again after one second,
	// then twice as long each time.
	firstThrottleWait = time.Second
	maxThrottleWait   = 5 * time.Minute

	// maxRunning is how many events of one function run at once. AWS names no
	// figure.
	maxRunning = 10
	// maxEvents bounds what is held.
	maxEvents = 10_000

	// tick is how late an event may be. A clock that was moved is noticed
	// within it.
	tick = 50 * time.Millisecond
)

// ErrFull says that no more events are taken.
var ErrFull = errors.New("too many events wait for their functions")

// Event is one accepted event.
type Event struct {
	// ARN is the function as it was invoked: unqualified, a version, an alias.
	ARN       string
	RequestID string
	Payload   []byte
}

// Outcome is how one try to run a function ended.
type Outcome int

// The outcomes of a try.
const (
	// NotTried is that of an event that grew too old before its first try.
	NotTried Outcome = iota
	// Succeeded and Failed: the function ran.
	Succeeded
	Failed
	// Throttled and Unavailable (an error of the service): it did not run.
	Throttled
	Unavailable
	// Forbidden: its reserved concurrency is 0, so it will not run.
	Forbidden
	// Missing: there is no such function any more.
	Missing
)

// Attempt is one try to run a function.
type Attempt struct {
	Outcome Outcome
	// Payload is the function's answer or its error document, and Version the
	// version that ran; both are empty unless it ran.
	Payload []byte
	Version string
}

// Settings are a function's event invoke configuration and the dead-letter
// target of its version. Targets are ARNs, or empty.
type Settings struct {
	Retries    int
	MaxAge     time.Duration
	OnSuccess  string
	OnFailure  string
	DeadLetter string
}

// Functions is what the queue works with.
type Functions interface {
	// Attempt runs an event once.
	Attempt(context.Context, Event) Attempt
	// Settings are asked for before and after each try.
	Settings(context.Context, Event) (Settings, error)
	// Deliver sends a message to a target with the function's credentials.
	Deliver(ctx context.Context, e Event, target string, m Message) error
	// Publish publishes a metric of the function.
	Publish(e Event, name, unit string, value float64)
}

// Message is what a target gets.
type Message struct {
	Body []byte
	// Attributes are those of a dead letter; nil for an invocation record.
	Attributes []Attribute
}

// Attribute is a message attribute of SQS and SNS.
type Attribute struct{ Name, Type, Value string }

// Queue holds events and runs them.
type Queue struct {
	functions Functions
	now       func() time.Time
	wake      chan struct{}
	ctx       context.Context
	cancel    context.CancelFunc
	work      sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	held    int // events that wait or run
	waiting byDue
	ready   map[string][]*event // by function, in turn
	running map[string]int      // by function
}

// event is an event on its way.
type event struct {
	Event
	accepted  time.Time
	due       time.Time
	ran       int // how often the function ran
	errors    int // how often it failed
	throttles int // since it last ran
	last      Attempt
}

// New returns a Queue that goes by the given clock.
func New(functions Functions, now func() time.Time) *Queue {
	q := &Queue{
		functions: functions, now: now, wake: make(chan struct{}, 1),
		ready: make(map[string][]*event), running: make(map[string]int),
	}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	q.work.Go(q.run)
	return q
}

// Add takes an event. Its first try is at once.
func (q *Queue) Add(e Event) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.held >= maxEvents {
		return ErrFull
	}
	q.held++
	q.schedule(&event{Event: e, accepted: q.now()}, 0)
	q.functions.Publish(e, "AsyncEventsReceived", "Count", 1)
	return nil
}

// Close stops the queue, waits for what runs and returns how many events are
// lost.
func (q *Queue) Close(ctx context.Context) (lost int, err error) {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.cancel()
	done := make(chan struct{})
	go func() {
		q.work.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.held, err
}

// schedule makes an event due after a wait. The caller holds the lock.
func (q *Queue) schedule(e *event, wait time.Duration) {
	e.due = q.now().Add(wait)
	heap.Push(&q.waiting, e)
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run starts events when they are due.
func (q *Queue) run() {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-q.ctx.Done():
			return
		case <-q.wake:
		case <-ticker.C:
		}
		q.mu.Lock()
		for now := q.now(); len(q.waiting) > 0 && !q.waiting[0].due.After(now); {
			e := heap.Pop(&q.waiting).(*event)
			q.ready[e.ARN] = append(q.ready[e.ARN], e)
			q.next(e.ARN)
		}
		q.mu.Unlock()
	}
}

// next starts events of a function that are ready. The caller holds the lock.
func (q *Queue) next(function string) {
	for len(q.ready[function]) > 0 && q.running[function] < maxRunning && !q.closed {
		e := q.ready[function][0]
		q.ready[function] = q.ready[function][1:]
		q.running[function]++
		q.work.Go(func() {
			again, wait := q.try(e)
			q.mu.Lock()
			defer q.mu.Unlock()
			switch {
			case again:
				q.schedule(e, wait)
			case q.ctx.Err() == nil:
				q.held--
			}
			q.running[function]--
			q.next(function)
		})
	}
	if q.running[function] == 0 && len(q.ready[function]) == 0 {
		delete(q.running, function)
		delete(q.ready, function)
	}
}

// byDue is a heap of events, the next one first.
type byDue []*event

func (h byDue) Len() int           { return len(h) }
func (h byDue) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h byDue) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byDue) Push(e any)        { *h = append(*h, e.(*event)) }
func (h *byDue) Pop() any {
	last := len(*h) - 1
	e := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return e
}

package lambda

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/lambda/uuid"
)

// maxRequest is the largest payload of a synchronous invocation, in bytes.
const maxRequest = 6_291_456

// unhandled is the X-Amz-Function-Error of every error a function can cause.
const unhandled = "Unhandled"

// Result is the outcome of an invocation that reached the function.
type Result struct {
	Payload []byte
	// FunctionError is empty when the function answered, and "Unhandled" when
	// Payload is an error document (AWS's X-Amz-Function-Error).
	FunctionError   string
	RequestID       string
	ExecutedVersion string

	// tail is the end of the function's log of this invocation, if it was
	// asked for.
	tail     []byte
	duration time.Duration
}

// call is what a function is invoked with.
type call struct {
	arn       string
	payload   []byte
	requestID string // a new one when it is empty
	// clientContext is the JSON that the caller sent as X-Amz-Client-Context.
	clientContext string
	// tail asks for the end of the log.
	tail bool
}

// invocation is one request on its way through a sandbox.
type invocation struct {
	call
	traceID  string
	started  time.Time
	deadline time.Time
	done     chan struct{} // closed when the runtime asks for the next request
	// answered gives the caller his answer before the invocation is over. It is
	// called once or never.
	answered func(*Result)

	// Guarded by the sandbox's mutex until finished.
	doomed        bool // its sandbox is being killed on purpose
	responded     bool
	early         bool // answered was called
	finished      bool
	response      []byte
	functionError string
	tooLarge      *failure
}

// Invoke runs the function, version or alias of that ARN and waits for its
// answer. Whether the caller may do so is the caller's business (MayInvoke).
//
// When ctx ends, Invoke returns at once, but the function runs on until it
// answers or its timeout is over, as on AWS.
//
// Errors are ErrNotFound, *ThrottledError, *RoleError, ErrCodeMissing,
// ErrNotServed, ErrRequestTooLarge, ErrClosed, or what MiniStack answered. What
// the function itself did wrong is in the Result.
func (r *Runner) Invoke(ctx context.Context, arn string, payload []byte) (*Result, error) {
	return r.invoke(ctx, call{arn: arn, payload: payload})
}

func (r *Runner) invoke(ctx context.Context, c call) (*Result, error) {
	if len(c.payload) > maxRequest {
		return nil, ErrRequestTooLarge
	}
	f, err := r.functions.find(ctx, c.arn)
	if err != nil {
		return nil, err
	}
	if err := r.admit(ctx, f); err != nil {
		return nil, err
	}
	if c.requestID == "" {
		c.requestID = uuid.New()
	}
	type outcome struct {
		result *Result
		err    error
	}
	over := make(chan outcome, 1)
	inv := &invocation{call: c, traceID: newTraceID(), done: make(chan struct{}), answered: func(result *Result) {
		r.concurrency.answered(f)
		over <- outcome{result, nil}
	}}
	err = r.spawn(func() {
		result, early, err := r.run(f.version, inv)
		if result != nil {
			r.publishInvocation(f, result.duration, result.FunctionError != "")
		}
		r.concurrency.leave(f, early)
		if !early {
			over <- outcome{result, err}
		}
	})
	if err != nil {
		r.concurrency.leave(f, false)
		return nil, err
	}
	select {
	case o := <-over:
		return o.result, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// run runs an invocation to its end, and reports whether its caller has had the
// answer before.
func (r *Runner) run(v *version, inv *invocation) (result *Result, early bool, err error) {
	for {
		p, err := r.pool(v)
		if err != nil {
			return nil, false, err
		}
		s, err := p.acquire()
		if err != nil {
			result, err := r.notStarted(v, inv, err)
			return result, false, err
		}
		if !s.begin(inv) {
			continue // it died while it was idle
		}
		done := s.serve(inv)
		if done.alive {
			p.release(s)
		} else if r.isClosed() && !done.early {
			return nil, false, ErrClosed
		}
		result := inv.result(v, done.failed)
		result.tail, result.duration = done.tail, done.duration
		return result, done.early, nil
	}
}

// result is what an invocation came to; failed is nil when the function answered.
func (inv *invocation) result(v *version, failed *failure) *Result {
	result := &Result{Payload: inv.response, FunctionError: inv.functionError, RequestID: inv.requestID, ExecutedVersion: v.number}
	if failed != nil {
		result.Payload, result.FunctionError = failed.body(inv.requestID), unhandled
	}
	return result
}

// notStarted ends a request for which no sandbox came up. What is wrong with
// the function becomes the request's result and stands in the function's log.
func (r *Runner) notStarted(v *version, inv *invocation, err error) (*Result, error) {
	if r.isClosed() {
		return nil, ErrClosed
	}
	var start *startError
	var failed *failure
	if !errors.As(err, &start) {
		return nil, err
	}
	if !errors.As(err, &failed) {
		r.problems.add("function "+v.name, start.Error(), 1)
		return nil, fmt.Errorf("start sandbox: %w", start.error)
	}
	lines := append([]string{start.log.start(inv.requestID)},
		start.log.end(report{requestID: inv.requestID, duration: start.init, failed: failed})...)
	result := &Result{
		Payload:         failed.body(inv.requestID),
		FunctionError:   unhandled,
		RequestID:       inv.requestID,
		ExecutedVersion: v.number,
		duration:        start.init,
	}
	tail := new(logTail)
	for _, line := range lines {
		start.stream.Append(line)
		tail.add(line)
	}
	if inv.tail {
		result.tail = tail.bytes()
	}
	return result, nil
}

// newTraceID makes an X-Ray tracing header. Nothing is sampled here.
func newTraceID() string {
	return fmt.Sprintf("Root=1-%08x-%x;Parent=%x;Sampled=0", time.Now().Unix(), randomBytes(12), randomBytes(8))
}

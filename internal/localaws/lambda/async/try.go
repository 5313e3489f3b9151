package async

import (
	"errors"
	"time"
)

// Conditions of an invocation record.
const (
	success        = "Success"
	exhausted      = "RetriesExhausted"
	tooOld         = "EventAgeExceeded"
	neverRuns      = "ZeroReservedConcurrency"
	milliseconds   = "Milliseconds"
	count          = "Count"
	droppedMetric  = "AsyncEventsDropped"
	ageMetric      = "AsyncEventAge"
	deliveryMetric = "DestinationDeliveryFailures"
	letterMetric   = "DeadLetterErrors"
)

// try runs an event once. When it is to be tried again, it says after what wait.
func (q *Queue) try(e *event) (again bool, wait time.Duration) {
	age := q.now().Sub(e.accepted)
	if settings, err := q.functions.Settings(q.ctx, e.Event); err == nil && age > settings.MaxAge {
		q.end(e, settings, tooOld)
		return false, 0
	}
	q.functions.Publish(e.Event, ageMetric, milliseconds, float64(age)/float64(time.Millisecond))
	attempt := q.functions.Attempt(q.ctx, e.Event)
	if q.ctx.Err() != nil {
		return false, 0 // the stack stops, and the event is lost
	}
	if attempt.Outcome == Missing {
		// There is no role that could tell anybody.
		q.functions.Publish(e.Event, droppedMetric, count, 1)
		return false, 0
	}
	settings, err := q.functions.Settings(q.ctx, e.Event)
	if err != nil && attempt.Outcome != Succeeded {
		attempt.Outcome = Unavailable
		settings = Settings{MaxAge: DefaultMaxAge}
	}
	e.last = attempt
	switch attempt.Outcome {
	case Succeeded:
		e.ran++
		q.end(e, settings, success)
		return false, 0
	case Forbidden:
		q.end(e, settings, neverRuns)
		return false, 0
	case Failed:
		e.ran++
		e.errors++
		e.throttles = 0
		if e.errors > settings.Retries {
			q.end(e, settings, exhausted)
			return false, 0
		}
		wait = time.Duration(e.errors) * errorWait
	default:
		wait = min(firstThrottleWait<<min(e.throttles, 10), maxThrottleWait)
		e.throttles++
	}
	if q.now().Add(wait).Sub(e.accepted) > settings.MaxAge {
		q.end(e, settings, tooOld)
		return false, 0
	}
	return true, wait
}

// end tells the destinations what became of an event.
func (q *Queue) end(e *event, settings Settings, condition string) {
	if condition == success {
		q.deliver(e, settings.OnSuccess, record(e, condition, q.now()), deliveryMetric)
		return
	}
	q.deliver(e, settings.OnFailure, record(e, condition, q.now()), deliveryMetric)
	q.deliver(e, settings.DeadLetter, deadLetter(e, condition), letterMetric)
	q.functions.Publish(e.Event, droppedMetric, count, 1)
}

func (q *Queue) deliver(e *event, target string, m Message, failures string) {
	if target == "" {
		return
	}
	if err := q.functions.Deliver(q.ctx, e.Event, target, m); err != nil && !errors.Is(err, q.ctx.Err()) {
		q.functions.Publish(e.Event, failures, count, 1)
	}
}

package lambda

import (
	"context"
	"sync"
	"time"
)

// accountConcurrency is the default quota of concurrent executions in one
// region of one account (Lambda quotas).
const accountConcurrency = 1000

// turnaround is how long it may take until a runtime that has answered asks for its
// next request; most do so at once. A request waits that long for a function that
// is at its limit only because of such invocations.
const turnaround = time.Second

// unreservedMinimum is what of it functions without a reservation must be left.
const unreservedMinimum = 100

// concurrency counts running invocations.
type concurrency struct {
	mu         sync.Mutex
	byFunction map[string]*functionConcurrency // by function.id
	byRegion   map[string]*regionConcurrency
}

type functionConcurrency struct {
	running  int           // those whose callers have no answer yet
	answered int           // those whose callers have, but the runtime is not ready for another
	waiting  int           // requests that wait for one of the latter to end
	left     chan struct{} // closed and replaced when one ends that is waited for
}

// regionConcurrency counts invocations without an answer.
type regionConcurrency struct {
	all        int
	unreserved int // those of functions without reserved concurrency
}

func newConcurrency() *concurrency {
	return &concurrency{byFunction: make(map[string]*functionConcurrency), byRegion: make(map[string]*regionConcurrency)}
}

// running is what runs when an invocation was counted in, with it: what has been
// answered is not in it, or callers who make one request after the other would seem
// to make two at once.
type running struct{ ofFunction, inRegion, unreserved int }

// enter counts an invocation in, or says why it is throttled. Whoever entered
// leaves.
func (c *concurrency) enter(ctx context.Context, f function) (now running, throttled string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	region := c.byRegion[f.version.region]
	if region == nil {
		region = new(regionConcurrency)
		c.byRegion[f.version.region] = region
	}
	function := c.function(f)
	if f.reserved != nil && !c.hasRoom(ctx, function, *f.reserved) {
		c.tidy(f)
		return running{}, "ReservedFunctionConcurrentInvocationLimitExceeded"
	}
	if region.all >= accountConcurrency {
		c.tidy(f)
		return running{}, "ConcurrentInvocationLimitExceeded"
	}
	function.running++
	region.all++
	if f.reserved == nil {
		region.unreserved++
	}
	return running{function.running, region.all, region.unreserved}, ""
}

// hasRoom tells whether a function may run once more. If that is only a matter of
// a moment, it waits for it. The caller holds the lock.
func (c *concurrency) hasRoom(ctx context.Context, f *functionConcurrency, limit int) bool {
	if f.running+f.answered < limit {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, turnaround)
	defer cancel()
	for f.running+f.answered >= limit && ctx.Err() == nil {
		if f.running+f.waiting >= limit {
			return false
		}
		f.waiting++
		left := f.left
		c.mu.Unlock()
		select {
		case <-left:
		case <-ctx.Done():
		}
		c.mu.Lock()
		f.waiting--
	}
	return f.running+f.answered < limit
}

// answered notes that the caller of an invocation has its answer.
func (c *concurrency) answered(f function) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end(f)
	c.function(f).answered++
}

// leave counts an invocation out that is over, and was answered before or not.
func (c *concurrency) leave(f function, answered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	function := c.function(f)
	if answered {
		function.answered--
	} else {
		c.end(f)
	}
	if function.waiting > 0 {
		close(function.left)
		function.left = make(chan struct{})
	}
	c.tidy(f)
}

// end counts a running invocation out. The caller holds the lock.
func (c *concurrency) end(f function) {
	c.function(f).running--
	region := c.byRegion[f.version.region]
	region.all--
	if f.reserved == nil {
		region.unreserved--
	}
}

// inTurnaround tells whether there are invocations that are answered and not over.
func (c *concurrency) inTurnaround() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, counts := range c.byFunction {
		if counts.answered > 0 {
			return true
		}
	}
	return false
}

// function are the counts of a function. The caller holds the lock.
func (c *concurrency) function(f function) *functionConcurrency {
	id := f.version.functionID()
	counts := c.byFunction[id]
	if counts == nil {
		counts = &functionConcurrency{left: make(chan struct{})}
		c.byFunction[id] = counts
	}
	return counts
}

// tidy forgets a function of which nothing runs. The caller holds the lock.
func (c *concurrency) tidy(f function) {
	id := f.version.functionID()
	if counts := c.byFunction[id]; counts.running+counts.answered+counts.waiting == 0 {
		delete(c.byFunction, id)
	}
}

// admit counts an invocation in, or refuses it. The caller leaves when the
// invocation is over.
func (r *Runner) admit(ctx context.Context, f function) error {
	if r.isClosed() {
		return ErrClosed
	}
	now, throttled := r.concurrency.enter(ctx, f)
	if throttled != "" {
		r.publishThrottle(f)
		return &ThrottledError{Function: f.version.name, Reason: throttled, Always: f.reserved != nil && *f.reserved == 0}
	}
	r.publishConcurrency(f, now)
	return nil
}

package lambda

import "sync"

// accountConcurrency is the default quota of concurrent executions in one
// region of one account (Lambda quotas).
const accountConcurrency = 1000

// concurrency counts running invocations.
type concurrency struct {
	mu         sync.Mutex
	byFunction map[string]int // by function.id
	byRegion   map[string]*regionConcurrency
}

type regionConcurrency struct {
	all        int
	unreserved int // those of functions without reserved concurrency
}

func newConcurrency() *concurrency {
	return &concurrency{byFunction: make(map[string]int), byRegion: make(map[string]*regionConcurrency)}
}

// running is what runs when an invocation was counted in, with it.
type running struct{ ofFunction, inRegion, unreserved int }

// enter counts an invocation in, or says why it is throttled. Whoever entered
// leaves.
func (c *concurrency) enter(f function) (now running, throttled string) {
	id := f.version.functionID()
	c.mu.Lock()
	defer c.mu.Unlock()
	region := c.byRegion[f.version.region]
	if region == nil {
		region = new(regionConcurrency)
		c.byRegion[f.version.region] = region
	}
	if f.reserved != nil && c.byFunction[id] >= *f.reserved {
		return running{}, "ReservedFunctionConcurrentInvocationLimitExceeded"
	}
	if region.all >= accountConcurrency {
		return running{}, "ConcurrentInvocationLimitExceeded"
	}
	c.byFunction[id]++
	region.all++
	if f.reserved == nil {
		region.unreserved++
	}
	return running{c.byFunction[id], region.all, region.unreserved}, ""
}

func (c *concurrency) leave(f function) {
	id := f.version.functionID()
	c.mu.Lock()
	defer c.mu.Unlock()
	region := c.byRegion[f.version.region]
	region.all--
	if f.reserved == nil {
		region.unreserved--
	}
	if c.byFunction[id]--; c.byFunction[id] == 0 {
		delete(c.byFunction, id)
	}
}

// admit counts an invocation in, or refuses it. The caller leaves when the
// invocation is over.
func (r *Runner) admit(f function) error {
	if r.isClosed() {
		return ErrClosed
	}
	now, throttled := r.concurrency.enter(f)
	if throttled != "" {
		r.publishThrottle(f)
		return &ThrottledError{Function: f.version.name, Reason: throttled, Always: f.reserved != nil && *f.reserved == 0}
	}
	r.publishConcurrency(f, now)
	return nil
}

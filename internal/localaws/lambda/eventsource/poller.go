package eventsource

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"
)

const (
	// pollSeconds is how long one call waits for messages. A call is never cut
	// short, since MiniStack would hand the messages to nobody; so it is also how
	// long it takes to stop.
	pollSeconds = 1

	// A mapping begins with five batches at once; while all are busy it gets as
	// many more each second, up to 1,000 (Lambda, "Configuring scaling behavior
	// for SQS event source mappings": 300 more a minute).
	firstConcurrency = 5
	moreEvery        = time.Second

	// Waits after an error of the queue and while the function is throttled
	// begin with a second and double. AWS names no figures.
	minPause = time.Second
	maxPause = 16 * time.Second

	parallelRemovals = 4
)

// poller reads one queue for one mapping.
type poller struct {
	config  Config
	mapping Mapping
	source  arn.ARN
	filters []bodyPattern
	ctx     context.Context
	stop    context.CancelFunc
	done    chan struct{} // closed when it has stopped and its batches are over
	batches sync.WaitGroup
	// held are messages that did not fit into the last batch. When the poller
	// stops, they come again after their visibility timeout.
	held []heldMessage

	mu      sync.Mutex
	busy    int
	allowed int
	freed   chan struct{} // gets a value when a batch is over
}

type heldMessage struct {
	types.Message
	received time.Time
}

func newPoller(config Config, mapping Mapping) *poller {
	p := &poller{config: config, mapping: mapping, done: make(chan struct{}), allowed: firstConcurrency, freed: make(chan struct{}, 1)}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p
}

func (p *poller) run() {
	defer close(p.done)
	defer p.batches.Wait()
	var err error
	if p.source, err = arn.Parse(p.mapping.EventSourceARN); err == nil {
		p.filters, err = p.mapping.patterns()
	}
	if err != nil {
		p.problem(err)
		return
	}
	pause := minPause
	for p.ctx.Err() == nil && p.acquire() {
		b, err := p.collect()
		if b != nil {
			p.batches.Go(func() {
				defer p.release()
				p.process(b)
			})
		} else {
			p.release()
		}
		if err == nil {
			pause = minPause
			continue
		}
		p.problem(err)
		p.sleep(pause)
		pause = min(2*pause, maxPause)
	}
}

func (p *poller) problem(err error) {
	p.config.Problem("event source mapping "+p.mapping.UUID, err.Error())
}

// sleep waits, or until the poller is stopped.
func (p *poller) sleep(wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.ctx.Done():
	}
}

// acquire waits until another batch may run. It reports false when the poller is
// stopped.
func (p *poller) acquire() bool {
	timer := time.NewTimer(moreEvery)
	defer timer.Stop()
	for {
		p.mu.Lock()
		if p.busy == 0 {
			p.allowed = firstConcurrency
		}
		if p.busy < p.limit() {
			p.busy++
			p.mu.Unlock()
			return true
		}
		p.mu.Unlock()
		select {
		case <-p.freed:
		case <-timer.C:
			p.mu.Lock()
			p.allowed = min(p.allowed+firstConcurrency, maxConcurrency)
			p.mu.Unlock()
			timer.Reset(moreEvery)
		case <-p.ctx.Done():
			return false
		}
	}
}

// limit is how many batches may run now. The caller holds the lock.
func (p *poller) limit() int {
	if most := p.mapping.MaximumConcurrency; most != nil {
		return min(p.allowed, *most)
	}
	return p.allowed
}

func (p *poller) release() {
	p.mu.Lock()
	p.busy--
	p.mu.Unlock()
	select {
	case p.freed <- struct{}{}:
	default:
	}
}

// collect reads messages until the batch is complete. It returns nil when there
// were none; with an error it may return what came before.
func (p *poller) collect() (*batch, error) {
	ctx := context.WithoutCancel(p.ctx)
	q, err := p.config.queue(ctx, p.mapping.FunctionARN, p.source)
	if err != nil {
		return nil, err
	}
	b := newBatch(q)
	p.fill(b)
	for !p.complete(b) {
		messages, err := p.receive(ctx, b)
		if err == nil {
			err = p.filter(ctx, b, messages)
			p.fill(b)
		}
		switch {
		case b.len() == 0:
			return nil, err
		case err != nil:
			return b, err
		}
	}
	return b, nil
}

// complete tells whether a batch is full, its window is over, or its event is
// as large as a function takes.
func (p *poller) complete(b *batch) bool {
	return b.len() > 0 && (b.len() >= p.mapping.BatchSize || len(p.held) > 0 || p.left(b) <= 0 || p.ctx.Err() != nil)
}

// left is what is left of a batch's window.
func (p *poller) left(b *batch) time.Duration {
	return time.Until(b.begun.Add(time.Duration(p.mapping.WindowSeconds) * time.Second))
}

// receive takes messages for a batch. It waits for them, but not beyond the
// batch's window.
func (p *poller) receive(ctx context.Context, b *batch) ([]types.Message, error) {
	wait := pollSeconds
	if b.len() > 0 {
		if wait = min(wait, int(p.left(b)/time.Second)); wait == 0 {
			p.sleep(min(p.left(b), 100*time.Millisecond))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return b.queue.receive(ctx, min(maxReceive, p.mapping.BatchSize-b.len()), wait)
}

// filter holds the messages that a filter wants, and removes the others from the
// queue.
func (p *poller) filter(ctx context.Context, b *batch, messages []types.Message) error {
	now := time.Now()
	var failed error
	for _, m := range messages {
		if p.wants(m) {
			p.held = append(p.held, heldMessage{m, now})
		} else if err := p.remove(ctx, b.queue, m.ReceiptHandle); err != nil {
			failed = err
		}
	}
	return failed
}

// fill puts held messages into a batch, as far as there is room.
func (p *poller) fill(b *batch) {
	for len(p.held) > 0 && b.len() < p.mapping.BatchSize && b.add(p.held[0].Message, p.source, p.held[0].received) {
		p.held = p.held[1:]
	}
}

func (p *poller) wants(m types.Message) bool {
	if len(p.filters) == 0 {
		return true
	}
	for _, filter := range p.filters {
		if filter.matches(*m.Body) {
			return true
		}
	}
	return false
}

func (p *poller) remove(ctx context.Context, q queue, receipt *string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return q.delete(ctx, receipt)
}

// process runs the function with a batch, and removes from the queue what needs
// not come again.
func (p *poller) process(b *batch) {
	ctx := context.WithoutCancel(p.ctx)
	out, ran := p.invoke(ctx, b)
	switch {
	case !ran:
		return // its messages come again after their visibility timeout
	case out.Err != nil:
		p.problem(out.Err)
		return
	case out.Failed:
		return
	}
	if p.mapping.reportsFailures() {
		failed, all := b.failures(out.Payload)
		if all {
			return
		}
		for id := range failed {
			delete(b.messages, id)
		}
	}
	var removals errgroup.Group
	removals.SetLimit(parallelRemovals)
	for _, receipt := range b.messages {
		removals.Go(func() error { return p.remove(ctx, b.queue, &receipt) })
	}
	if err := removals.Wait(); err != nil {
		p.problem(fmt.Errorf("a message that was processed will come again: %w", err))
	}
}

// invoke runs the function. While it is throttled, it tries again until the
// messages are visible once more; then, and when the poller is stopped, it gives
// up.
func (p *poller) invoke(ctx context.Context, b *batch) (out Outcome, ran bool) {
	payload := b.payload()
	var end time.Time
	for wait := minPause; ; wait = min(2*wait, maxPause) {
		out = p.config.Functions.Invoke(ctx, p.mapping.FunctionARN, payload)
		if !out.Throttled {
			return out, true
		}
		if end.IsZero() {
			visibility, err := b.queue.visibility(ctx)
			if err != nil {
				p.problem(err)
				return out, false
			}
			end = b.begun.Add(visibility)
		}
		if !time.Now().Add(wait).Before(end) {
			return out, false
		}
		p.sleep(wait)
		if p.ctx.Err() != nil {
			return out, false
		}
	}
}

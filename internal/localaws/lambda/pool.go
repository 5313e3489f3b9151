package lambda

import (
	"sync"
	"time"
)

// pool holds the sandboxes of one version with one configuration.
type pool struct {
	runner  *Runner
	version *version

	mu      sync.Mutex
	all     map[*sandbox]struct{}
	idle    []*sandbox // the last used one is at the end
	waiting []chan offer
	drained bool // no sandbox stays after its request
	killed  bool
}

// offer is what a waiting request gets.
type offer struct {
	sandbox *sandbox
	err     error
}

func newPool(r *Runner, v *version) *pool {
	return &pool{runner: r, version: v, all: make(map[*sandbox]struct{})}
}

// patience is how long a request waits for a sandbox whose runtime has answered and
// is about to ask for another, before it gets a new one.
const patience = 200 * time.Millisecond

// acquire returns a sandbox for one request: an idle one, or the first that is
// free after a new one was ordered. The caller gives it back with release.
func (p *pool) acquire() (*sandbox, error) {
	p.mu.Lock()
	if s := p.takeIdle(); s != nil {
		p.mu.Unlock()
		return s, nil
	}
	wait := make(chan offer, 1)
	p.waiting = append(p.waiting, wait)
	soon := p.turningAround() >= len(p.waiting)
	p.mu.Unlock()
	if soon {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case o := <-wait:
			return o.sandbox, o.err
		case <-timer.C:
		}
	}
	// For each that waits one sandbox comes up, or says why it did not.
	if err := p.runner.spawn(p.start); err != nil {
		p.give(offer{err: err})
	}
	o := <-wait
	return o.sandbox, o.err
}

// turningAround is how many sandboxes are about to be free. The caller holds the
// lock.
func (p *pool) turningAround() int {
	n := 0
	for s := range p.all {
		if s.turnsAround() {
			n++
		}
	}
	return n
}

// takeIdle takes the idle sandbox that was used last. The caller holds the lock.
func (p *pool) takeIdle() *sandbox {
	for len(p.idle) > 0 {
		s := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if time.Now().Before(s.retireAt) {
			return s
		}
		s.process.kill()
	}
	return nil
}

func (p *pool) start() {
	s, err := p.runner.newSandbox(p.version, p.watch)
	if err != nil {
		p.give(offer{err: err})
		return
	}
	p.release(s)
}

// watch takes a sandbox into account from the start of its process to its end.
func (p *pool) watch(s *sandbox) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[s] = struct{}{}
	if p.killed {
		s.process.kill()
	}
	p.runner.background.Go(func() {
		<-s.process.exited
		p.mu.Lock()
		delete(p.all, s)
		for i, idle := range p.idle {
			if idle == s {
				p.idle = append(p.idle[:i], p.idle[i+1:]...)
				break
			}
		}
		p.mu.Unlock()
		s.shutdown()
	})
}

// give hands an offer to who waits longest.
func (p *pool) give(o offer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giveLocked(o)
}

// giveLocked is give for who holds the lock. It reports false when nobody waits.
func (p *pool) giveLocked(o offer) bool {
	if len(p.waiting) == 0 {
		return false
	}
	p.waiting[0] <- o
	p.waiting = p.waiting[1:]
	return true
}

// release takes a sandbox back that is ready for another request.
func (p *pool) release(s *sandbox) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.process.dying() {
		return // it was killed after its answer
	}
	fresh := time.Now().Before(s.retireAt)
	if fresh && p.giveLocked(offer{sandbox: s}) {
		return
	}
	if p.drained || !fresh {
		s.process.kill()
		return
	}
	if _, alive := p.all[s]; alive {
		p.idle = append(p.idle, s)
	}
}

// drain lets idle sandboxes go now and busy ones after their request.
func (p *pool) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drained = true
	for _, s := range p.idle {
		s.process.kill()
	}
	p.idle = nil
}

// kill ends every sandbox, also those that are coming up.
func (p *pool) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drained, p.killed = true, true
	p.idle = nil
	for s := range p.all {
		s.process.kill()
	}
}

// reap ends sandboxes that have been idle since before the limit. It reports
// that none is left and none is coming up.
func (p *pool) reap(limit time.Time) (empty bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.idle[:0]
	for _, s := range p.idle {
		if s.usedBefore(limit) {
			s.process.kill()
			continue
		}
		kept = append(kept, s)
	}
	clear(p.idle[len(kept):])
	p.idle = kept
	return len(p.all) == 0 && len(p.waiting) == 0
}

package lambda

import (
	"sync"
	"time"
)

// memoryInterval is how often the memory of a working sandbox is measured, and
// how old the figure of a REPORT line may be.
const memoryInterval = 100 * time.Millisecond

// quick is too short for a function to take so much memory that it matters.
const quick = 5 * time.Millisecond

// memory is what a sandbox may use and has used: the resident sets of the
// bootstrap and of the processes it started.
type memory struct {
	limit int64 // bytes

	mu       sync.Mutex
	peak     int64
	measured time.Time
	over     bool
}

// due tells whether a request that took so long is a reason to measure.
func (m *memory) due(took time.Duration) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	age := time.Since(m.measured)
	return took >= quick && age >= quick || age >= memoryInterval
}

// measure takes what a sandbox uses. It reports false when that is more than it
// may, and it has to be killed.
func (m *memory) measure(used int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.measured = time.Now()
	m.peak = max(m.peak, used)
	m.over = m.over || m.peak > m.limit
	return !m.over
}

// ended takes the last figure of a process that is gone.
func (m *memory) ended(p *process) {
	used := p.lastMemory()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.peak = max(m.peak, used)
}

func (m *memory) exceeded() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.over
}

// peakMB is what REPORT lines say: rounded up, and no more than the function
// may use.
func (m *memory) peakMB() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int((min(m.peak, m.limit) + 1<<20 - 1) >> 20)
}

// watchMemory kills what uses more memory than its function may.
func (r *Runner) watchMemory() {
	ticker := time.NewTicker(memoryInterval)
	defer ticker.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-ticker.C:
		}
		for _, s := range r.working() {
			if !s.memory.measure(s.process.groupMemory()) {
				s.process.kill()
			}
		}
	}
}

// working lists the sandboxes that initialise or serve a request.
func (r *Runner) working() []*sandbox {
	r.mu.Lock()
	defer r.mu.Unlock()
	var working []*sandbox
	for p := range r.everyPool() {
		p.mu.Lock()
		for s := range p.all {
			if s.works() {
				working = append(working, s)
			}
		}
		p.mu.Unlock()
	}
	return working
}

func (s *sandbox) works() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.initialised || s.current != nil
}

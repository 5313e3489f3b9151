package lambda

import (
	"cmp"
	"slices"
	"time"
)

// Status is what `portcullis local status` shows of the functions.
type Status struct {
	Sandboxes []SandboxStatus
	Problems  []Problem
}

// SandboxStatus describes one running sandbox.
type SandboxStatus struct {
	Function    string
	Version     string
	Region      string
	PID         int
	State       string // starting, idle or busy
	Started     time.Time
	LastUsed    time.Time
	Invocations int
	LogGroup    string
	LogStream   string
}

// Status lists what runs now, by function, version and age, and what went
// wrong since the start.
func (r *Runner) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	status := Status{Problems: r.problems.list()}
	for p := range r.everyPool() {
		status.Sandboxes = append(status.Sandboxes, p.status()...)
	}
	slices.SortFunc(status.Sandboxes, func(a, b SandboxStatus) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(a.Version, b.Version), a.Started.Compare(b.Started))
	})
	return status
}

func (p *pool) status() []SandboxStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []SandboxStatus
	for s := range p.all {
		list = append(list, s.status())
	}
	return list
}

func (s *sandbox) status() SandboxStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := "idle"
	if !s.initialised {
		state = "starting"
	} else if s.current != nil {
		state = "busy"
	}
	return SandboxStatus{
		Function:    s.version.name,
		Version:     s.version.number,
		Region:      s.version.region,
		PID:         s.process.pid(),
		State:       state,
		Started:     s.started,
		LastUsed:    s.lastUsed,
		Invocations: s.invocations,
		LogGroup:    s.stream.Group(),
		LogStream:   s.stream.Name(),
	}
}

func (s *sandbox) usedBefore(limit time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lastUsed.Before(limit)
}

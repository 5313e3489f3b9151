package lambda

// Faults says what goes wrong on purpose.
type Faults interface {
	// KillSandbox tells whether a sandbox is killed that has just been given a
	// request for a function.
	KillSandbox(function string) bool
}

// KillSandboxes kills what runs of a function, of all functions for an empty
// name: requests under way end as those of a bootstrap that was killed, and
// later ones get new sandboxes. It returns how many there were.
func (r *Runner) KillSandboxes(function string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	killed := 0
	for p := range r.everyPool() {
		if function == "" || p.version.name == function {
			killed += p.killNow()
		}
	}
	return killed
}

// killNow ends every sandbox there is. Others may come up after them.
func (p *pool) killNow() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = nil
	for s := range p.all {
		s.process.kill()
	}
	return len(p.all)
}

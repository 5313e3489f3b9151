package ledger

// Remembered is how many rows a Ledger holds in memory.
func (l *Ledger) Remembered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.seen)
}

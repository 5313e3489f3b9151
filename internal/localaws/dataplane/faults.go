package dataplane

import (
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// Faults says what goes wrong on purpose.
type Faults interface {
	// LoseDisconnect tells whether the $disconnect of a connection, which is due
	// now, does not take place.
	LoseDisconnect(apiID, connectionID string) bool
}

// Cut ends connections as a failing network does, without a close frame: all
// those of an API, or the one of an id. It returns how many.
func (g *Gateway) Cut(apiID, connectionID string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	cut := 0
	for _, c := range g.conns {
		if c.id == connectionID || c.apiID == apiID {
			_ = c.net.Close()
			cut++
		}
	}
	return cut
}

// Stall makes a connection look as if its client had stopped to read and all
// buffers on the way were full. For each write that waits, held is called. The
// client reads again after resume; ok is false when there is no such connection.
func (g *Gateway) Stall(connectionID string, held func()) (resume func(), ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.conns[connectionID]
	if c == nil {
		return nil, false
	}
	c.net.stall(held)
	return c.net.resume, true
}

// ConnectionIDs are the ids of all open connections.
func (g *Gateway) ConnectionIDs() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	ids := make([]string, 0, len(g.conns))
	for id := range g.conns {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// wire is the TCP connection of a client that may be made to read no more.
type wire struct {
	net.Conn

	mu       sync.Mutex
	deadline time.Time // of writes
	full     net.Conn  // takes nothing; written to instead while the client does not read
	held     func()
}

func (w *wire) stall(held func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full == nil {
		w.full, _ = net.Pipe()
		_ = w.full.SetWriteDeadline(w.deadline)
	}
	w.held = held
}

func (w *wire) resume() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.full != nil {
		_ = w.full.Close()
	}
	w.full = nil
}

// Write implements net.Conn.
func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	full, held := w.full, w.held
	w.mu.Unlock()
	if full != nil {
		held()
		// Until the deadline, or until the client reads again or is cut off.
		if _, err := full.Write(b); !errors.Is(err, io.ErrClosedPipe) {
			return 0, err
		}
	}
	return w.Conn.Write(b)
}

// SetWriteDeadline implements net.Conn.
func (w *wire) SetWriteDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = t
	if w.full != nil {
		_ = w.full.SetWriteDeadline(t)
	}
	return w.Conn.SetWriteDeadline(t)
}

// Close implements net.Conn.
func (w *wire) Close() error {
	err := w.Conn.Close()
	w.resume()
	return err
}

//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"golang.org/x/time/rate"
)

// connectRate is how many handshakes a second are begun: API Gateway's quota of
// new connections is 500.
const connectRate = 400

// sockets is a measurement of idle connections.
type sockets struct {
	Open     int
	P50, P99 time.Duration // of a handshake
	KB       float64       // resident memory of the stack for each
}

// socket is a client's connection.
type socket struct{ net.Conn }

// dial opens a connection. Bytes that came with the handshake's answer are
// refused: nobody here sends before being asked.
func dial(ctx context.Context, url, token string) (socket, error) {
	dialer := ws.Dialer{}
	if token != "" {
		dialer.Header = ws.HandshakeHeaderHTTP{"Authorization": {"Bearer " + token}}
	}
	conn, br, _, err := dialer.Dial(ctx, url)
	if err == nil && br != nil {
		_ = conn.Close()
		err = fmt.Errorf("%d bytes came with the handshake", br.Buffered())
	}
	return socket{conn}, err
}

// ask sends a message and returns the next one.
func (s socket) ask(message string) (string, error) {
	if err := wsutil.WriteClientText(s, []byte(message)); err != nil {
		return "", err
	}
	data, err := wsutil.ReadServerText(s)
	return string(data), err
}

// openAll opens connections until there are n, a few at a time.
func openAll(ctx context.Context, open []socket, n int, dial func(context.Context, int) (socket, error)) ([]socket, times, error) {
	var (
		mu    sync.Mutex
		took  times
		fault error
		all   sync.WaitGroup
	)
	limit := rate.NewLimiter(connectRate, 1)
	next := make(chan int)
	for range 8 {
		all.Go(func() {
			for i := range next {
				start := time.Now()
				s, err := dial(ctx, i)
				mu.Lock()
				if err != nil {
					fault = err
				} else {
					open, took = append(open, s), append(took, time.Since(start))
				}
				mu.Unlock()
			}
		})
	}
	for i := len(open); i < n; i++ {
		if err := limit.Wait(ctx); err != nil {
			fault = err
			break
		}
		next <- i
	}
	close(next)
	all.Wait()
	return open, took, fault
}

func closeAll(open []socket) {
	for _, s := range open {
		_ = s.Close()
	}
}

// measureSockets opens connections that nobody uses. There is no authorizer and
// no function: what is measured is the connection itself.
func (b *bench) measureSockets(ctx context.Context, r *report) error {
	dialProbe := func(ctx context.Context, _ int) (socket, error) { return dial(ctx, b.probe.URL, "") }
	// The stack's own growth on first use is not that of a connection. These stay
	// open: what they leave behind would be used again for others.
	warm, _, err := openAll(ctx, nil, b.effort.Sockets[0], dialProbe)
	defer closeAll(warm)
	if err != nil {
		return err
	}
	before, err := b.settledMemory(ctx)
	if err != nil {
		return err
	}
	var open []socket
	defer func() { closeAll(open) }()
	for _, n := range b.effort.Sockets {
		var took times
		if open, took, err = openAll(ctx, open, n, dialProbe); err != nil {
			return err
		}
		after, err := b.settledMemory(ctx)
		if err != nil {
			return err
		}
		r.Sockets = append(r.Sockets, sockets{Open: n, P50: took.At(0.5), P99: took.At(0.99), KB: float64(after-before) / float64(n) / 1024})
	}
	for _, s := range open[:10] { // they are alive
		if answer, err := s.ask(`{"action":"ping"}`); err != nil || answer != "pong" {
			return fmt.Errorf("an idle connection answers %q, %w", answer, err)
		}
	}
	return nil
}

// settledMemory is the stack's resident memory once it has stayed the same for a
// while: a garbage collector gives back what it does not need when it likes.
func (b *bench) settledMemory(ctx context.Context) (int64, error) {
	const (
		still    = 8 * time.Second
		margin   = 256 << 10 // bytes
		patience = time.Minute
	)
	last, since, start := int64(0), time.Now(), time.Now()
	for {
		now, err := residentMemory(b.stack.PID)
		if err != nil {
			return 0, err
		}
		if now-last > margin || last-now > margin {
			last, since = now, time.Now()
		}
		if time.Since(since) > still || time.Since(start) > patience {
			return now, nil
		}
		if pause(ctx, time.Second); ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
}

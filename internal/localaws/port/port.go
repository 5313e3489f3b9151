// Package port chooses the TCP ports of the local stack.
package port

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"time"
)

// Ports are chosen from first on, below the range from which the kernel takes
// ports for outgoing connections and for listeners that ask for any port. That
// range begins at ephemeral unless the machine says otherwise.
const (
	first     = 20000
	ephemeral = 32768
)

// attempts is how many taken ports Free passes over before it gives up.
const attempts = 200

// Free returns a port of 127.0.0.1 that nothing listens on. No process gets it
// by chance before its user listens there, however long that takes: it is none
// of those that the kernel hands out by itself (ip(7), ip_local_port_range).
func Free() (int, error) {
	last := below()
	var err error
	for range attempts {
		port := first + rand.IntN(last-first) //nolint:gosec // no secret
		var l net.Listener
		if l, err = net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("no free port on 127.0.0.1 from %d to %d: %w", first, last-1, err)
}

// below is where the kernel's own range begins, where that leaves a choice.
func below() int {
	var low int
	data, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return ephemeral
	}
	if _, err := fmt.Sscan(string(data), &low); err != nil || low < first+1000 {
		return ephemeral
	}
	return low
}

// patience is how long Listen waits for a port. A process that was killed has
// its port for some milliseconds more.
const patience = 3 * time.Second

// Listen listens on a TCP address of 127.0.0.1. It waits for a moment while the
// port is taken, since a stack that was killed just now may still have it.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		l, err := net.Listen("tcp4", address)
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

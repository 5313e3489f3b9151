package port

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"
)

func TestAFreePortIsNoneThatTheKernelHandsOut(t *testing.T) {
	for range 50 {
		port, err := Free()
		if err != nil {
			t.Fatal(err)
		}
		if port < first || port >= below() {
			t.Fatalf("port %d is not from %d to %d", port, first, below()-1)
		}
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			t.Fatalf("the port is taken: %v", err)
		}
		defer l.Close()
	}
}

func TestAPortThatBecomesFreeIsWaitedFor(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(100*time.Millisecond, func() { _ = taken.Close() })
	l, err := Listen(t.Context(), taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Listen(ctx, taken.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a port that stays taken: %v", err)
	}
}

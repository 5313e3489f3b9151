package port

import (
	"fmt"
	"net"
	"testing"
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

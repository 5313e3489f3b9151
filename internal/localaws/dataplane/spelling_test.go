package dataplane

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// A server keeps TCP connections open between requests; what the client wrote
// in one of them is not taken for what it writes in the next.
func TestTheSpellingIsThatOfTheRequest(t *testing.T) {
	w := newWorld(t)
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	br := bufio.NewReader(conn)
	w.play("connect", returns(`{"statusCode":403}`))
	for i, name := range []string{"x-OnE", "X-one", "X-ONE"} {
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+
			"Sec-WebSocket-Version: 13\r\n%s: 1\r\n\r\n", livePath, name)
		res, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if ev := w.payload("connect", i+1); !strings.Contains(ev, `"`+name+`":"1"`) || !strings.Contains(ev, `"Host":"x"`) {
			t.Errorf("%s is not in %s", name, ev)
		}
	}
	if ev := w.payload("authorizer", 1); !strings.Contains(ev, `"connection":"Upgrade"`) || !strings.Contains(ev, `"x-OnE":"1"`) {
		t.Error(ev)
	}
}

package dataplane

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
)

// maxSpelled bounds what is kept of a request: its URL and headers fit.
const maxSpelled = 64 << 10

// KeepSpelling makes a server remember how clients write the names of headers.
// Events carry them so (developer guide,
// apigateway-websocket-api-integration-requests), whereas net/http gives every
// name one spelling. The server must serve the listener that is returned.
func KeepSpelling(server *http.Server, listener net.Listener) net.Listener {
	server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, spellingKey{}, c)
	}
	server.ConnState = func(c net.Conn, state http.ConnState) {
		if s, ok := c.(*spellingConn); ok && state == http.StateIdle {
			s.forget() // the next request begins
		}
	}
	return spellingListener{listener}
}

type spellingKey struct{}

type spellingListener struct{ net.Listener }

func (l spellingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &spellingConn{Conn: c}, nil
}

// spellingConn keeps the first bytes of the request that is being read. It has a
// lock because net/http goes on reading while a request is served.
type spellingConn struct {
	net.Conn
	mu   sync.Mutex
	head []byte
}

// Read implements net.Conn.
func (c *spellingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.head = append(c.head, p[:min(n, maxSpelled-len(c.head))]...)
	return n, err
}

func (c *spellingConn) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.head = nil
}

// withoutSpelling is the connection itself, for when no more requests come.
func withoutSpelling(c net.Conn) net.Conn {
	s, ok := c.(*spellingConn)
	if !ok {
		return c
	}
	s.forget()
	return s.Conn
}

// spellings gives the client's way to write each header name of a request, by
// the one way that net/http has. Of a name that comes in several the first
// counts.
func spellings(r *http.Request) map[string]string {
	names := make(map[string]string, len(r.Header))
	c, ok := r.Context().Value(spellingKey{}).(*spellingConn)
	if !ok {
		return names
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	head, _, _ := bytes.Cut(c.head, []byte("\r\n\r\n"))
	for line := range strings.Lines(string(head)) {
		name, _, ok := strings.Cut(line, ":")
		if canonical := http.CanonicalHeaderKey(name); ok && names[canonical] == "" {
			names[canonical] = name
		}
	}
	return names
}

// Package runtimehttp is an HTTP/1.1 server for Lambda's Runtime API. net/http
// reads the requests; the loop around it is this package's, because a server for
// everybody costs as much as the rest of a short invocation: here an answer is one
// write, and a request can be held and answered later from anywhere.
package runtimehttp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxHeader is how many bytes a request line and its headers may have. An
	// error's cause for X-Ray is a header of up to 1 MB.
	maxHeader = 1<<20 + 8<<10
	// headerTimeout is how long a request line and its headers may take.
	headerTimeout = 10 * time.Second
	// maxUnread is how much of a body is read that the handler left.
	maxUnread = 256 << 10
	// lingering is how long a connection that is refused stays open, so that the
	// client can read why.
	lingering = 500 * time.Millisecond
	// maxJoined is up to which size a body is put behind its header, so that both
	// leave in one write.
	maxJoined = 32 << 10
)

// Handler serves a request: it calls Answer, or Hold and has Answer called later.
// It may read the request until it returns.
type Handler func(c *Conn, r *http.Request)

// Field is a header field of an answer.
type Field struct{ Name, Value string }

// Server serves the connections of a listener.
type Server struct {
	listener net.Listener
	handler  Handler
	closed   chan struct{}

	mu    sync.Mutex
	conns map[*Conn]struct{} // nil when the server is closed
}

// Serve answers what comes to a listener, until Close.
func Serve(listener net.Listener, handler Handler) *Server {
	s := &Server{listener: listener, handler: handler, closed: make(chan struct{}), conns: make(map[*Conn]struct{})}
	go s.accept()
	return s
}

// Close closes the listener and every connection. Only the first call does.
func (s *Server) Close() {
	s.mu.Lock()
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	if conns == nil {
		return
	}
	close(s.closed)
	_ = s.listener.Close()
	for c := range conns {
		c.Close()
	}
}

func (s *Server) accept() {
	for {
		accepted, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // too many open files, perhaps
			continue
		}
		c := &Conn{server: s, conn: accepted, answered: make(chan struct{}, 1)}
		c.in = bufio.NewReaderSize(budgetReader{c}, 16<<10) // a trailer has to fit in
		s.mu.Lock()
		if s.conns != nil {
			s.conns[c] = struct{}{}
			go c.serve()
		} else {
			c.Close()
		}
		s.mu.Unlock()
	}
}

// Conn is a client's connection. It has one request at a time.
type Conn struct {
	server *Server
	conn   net.Conn
	in     *bufio.Reader
	budget int64 // bytes that may still be read

	// Of the request that is being served.
	head bool // it wants no body
	last bool // the connection ends after it
	held bool
	gone func()

	out      []byte        // the last answer
	answered chan struct{} // has something when a held request is answered
}

// Close ends the connection.
func (c *Conn) Close() { _ = c.conn.Close() }

// Hold leaves the request unanswered when the handler returns, until Answer is
// called. gone is called when the client goes away, which may be after the answer.
func (c *Conn) Hold(gone func()) { c.held, c.gone = true, gone }

// Answer answers the request. A write error is the client's business: it has gone.
func (c *Conn) Answer(status int, body []byte, fields ...Field) {
	c.out = append(c.out[:0], "HTTP/1.1 "...)
	c.out = strconv.AppendInt(c.out, int64(status), 10)
	c.out = append(append(c.out, ' '), http.StatusText(status)...)
	c.out = append(c.out, "\r\nDate: "...)
	c.out = time.Now().UTC().AppendFormat(c.out, http.TimeFormat)
	c.out = append(c.out, "\r\nContent-Length: "...)
	c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
	for _, field := range fields {
		c.out = append(append(append(append(c.out, "\r\n"...), field.Name...), ": "...), oneLine.Replace(field.Value)...)
	}
	if c.last {
		c.out = append(c.out, "\r\nConnection: close"...)
	}
	c.out = append(c.out, "\r\n\r\n"...)
	switch {
	case c.head:
		_, _ = c.conn.Write(c.out)
	case len(body) <= maxJoined:
		c.out = append(c.out, body...)
		_, _ = c.conn.Write(c.out)
	default:
		_, _ = (&net.Buffers{c.out, body}).WriteTo(c.conn)
	}
	if c.held {
		if c.last {
			c.Close()
		}
		c.answered <- struct{}{}
	}
}

// oneLine keeps a value within its line.
var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

// serve answers one request after the other.
func (c *Conn) serve() {
	defer func() {
		c.server.mu.Lock()
		delete(c.server.conns, c)
		c.server.mu.Unlock()
		c.Close()
	}()
	for {
		c.budget = maxHeader
		_, err := c.in.Peek(1)
		if err != nil {
			if c.held {
				c.gone()
			}
			return
		}
		if c.held { // and something comes: the answer is out, or the client does not wait for it
			select {
			case <-c.answered:
			case <-c.server.closed:
				return
			}
		}
		if !c.serveOne() {
			return
		}
	}
}

// serveOne serves a request whose first byte has come. It reports false when the
// connection is at its end.
func (c *Conn) serveOne() bool {
	c.head, c.last, c.held, c.gone = false, false, false, nil
	r, err := c.read()
	switch {
	case errors.Is(err, errTooLong):
		return c.refuse(http.StatusRequestHeaderFieldsTooLarge, "The request line and headers are too large.")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, new(net.Error)):
		return false
	case err != nil:
		return c.refuse(http.StatusBadRequest, "This is not an HTTP request: "+err.Error())
	case r.ProtoMajor != 1:
		return c.refuse(http.StatusHTTPVersionNotSupported, "Only HTTP/1 is spoken here.")
	}
	c.head = r.Method == http.MethodHead
	c.last = r.Close || !r.ProtoAtLeast(1, 1)
	switch expect := r.Header.Get("Expect"); {
	case expect == "":
	case !strings.EqualFold(expect, "100-continue"):
		return c.refuse(http.StatusExpectationFailed, "Nothing but 100-continue can be expected.")
	case r.ProtoAtLeast(1, 1) && r.ContentLength != 0:
		if _, err := io.WriteString(c.conn, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return false
		}
	}
	c.server.handler(c, r)
	if r.Body != http.NoBody {
		if _, err := io.CopyN(io.Discard, r.Body, maxUnread); !errors.Is(err, io.EOF) {
			if c.held {
				c.gone()
			}
			c.linger()
			return false
		}
	}
	return c.held || !c.last
}

// read reads a request up to its body.
func (c *Conn) read() (*http.Request, error) {
	waiting, _ := c.in.Peek(c.in.Buffered())
	whole := bytes.Contains(waiting, []byte("\r\n\r\n"))
	if !whole {
		_ = c.conn.SetReadDeadline(time.Now().Add(headerTimeout))
	}
	r, err := http.ReadRequest(c.in)
	if c.budget <= 0 && err != nil {
		return nil, errTooLong
	}
	if !whole {
		_ = c.conn.SetReadDeadline(time.Time{})
	}
	c.budget = math.MaxInt64 // how large a body may be is the handler's business
	return r, err
}

// refuse answers what is no request of which another could follow.
func (c *Conn) refuse(status int, message string) bool {
	c.last = true
	c.Answer(status, []byte(message), Field{"Content-Type", "text/plain; charset=utf-8"})
	c.linger()
	return false
}

// linger lets the client read the answer before what it still sends is met by a
// reset.
func (c *Conn) linger() {
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(lingering))
	_, _ = io.Copy(io.Discard, c.conn)
}

// errTooLong says that a request's headers have no end within their limit.
var errTooLong = errors.New("the request line and headers are too large")

// budgetReader reads no more than the connection's budget.
type budgetReader struct{ c *Conn }

func (b budgetReader) Read(p []byte) (int, error) {
	if b.c.budget <= 0 {
		return 0, errTooLong
	}
	if int64(len(p)) > b.c.budget {
		p = p[:b.c.budget]
	}
	n, err := b.c.conn.Read(p)
	b.c.budget -= int64(n)
	return n, err
}

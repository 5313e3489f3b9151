package runtimehttp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const patience = 10 * time.Second

// served is a server with the address to reach it. Its handler echoes what is
// posted with its trailer T, leaves /unread unread, and holds /held.
func served(t testing.TB) (address string, held chan *Conn, gone chan struct{}, server *Server) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	held, gone = make(chan *Conn, 10), make(chan struct{}, 10)
	server = Serve(listener, func(c *Conn, r *http.Request) {
		switch r.URL.Path {
		case "/held":
			c.Hold(func() { gone <- struct{}{} })
			held <- c
		case "/unread":
			c.Answer(http.StatusOK, []byte("unread"))
		default:
			body, err := io.ReadAll(r.Body)
			if err != nil {
				c.Answer(http.StatusBadRequest, []byte(err.Error()))
				return
			}
			c.Answer(http.StatusOK, append(body, r.Trailer.Get("T")...), Field{"X-Method", r.Method}, Field{"X-Lines", "a\r\nX-Evil: b"})
		}
	})
	t.Cleanup(server.Close)
	return listener.Addr().String(), held, gone, server
}

func dial(t testing.TB, address string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

func TestAnswersToWhatClientsSend(t *testing.T) {
	address, _, _, _ := served(t)
	long := strings.Repeat("x", 100_000)
	for _, test := range []struct {
		name, sent string
		want       []string // of each answer: status and body
		stays      bool     // the connection does, for another request
	}{
		{"a body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", []string{"200 abc"}, true},
		{"a large body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + long, []string{"200 " + long}, true},
		{"chunks and a trailer", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nT: tail\r\n\r\n", []string{"200 abctail"}, true},
		{"a trailer of some size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n0\r\nT: " + long[:12_000] + "\r\n\r\n", []string{"200 " + long[:12_000]}, true},
		{"several at once", strings.Repeat("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\na", 3), []string{"200 a", "200 a", "200 a"}, true},
		{"a body that the handler leaves", "POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + long, []string{"200 unread"}, true},
		{"too much of it", "POST /unread HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat(long, 10), []string{"200 unread"}, false},
		{"another method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", []string{"200 "}, true},
		{"the client wants to close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", []string{"200 "}, false},
		{"HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc", []string{"200 abc"}, false},
		{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", []string{"505 Only HTTP/1 is spoken here."}, false},
		{"no HTTP", "hello\r\n\r\n", []string{"400 This is not an HTTP request: malformed HTTP request \"hello\""}, false},
		{"a chunk of no size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", []string{"400 invalid byte in chunk length"}, false},
		{"large headers", "GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat(long, 10) + "\r\n\r\n", []string{"200 "}, true},
		{"too large headers", "GET / HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat(long, 11) + "\r\n\r\n", []string{"431 The request line and headers are too large."}, false},
		{"headers without an end", "GET / HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("X: y\r\n", 300_000), []string{"431 The request line and headers are too large."}, false},
		{"an expectation", "POST / HTTP/1.1\r\nHost: h\r\nExpect: a miracle\r\nContent-Length: 1\r\n\r\na", []string{"417 Nothing but 100-continue can be expected."}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn := dial(t, address)
			go io.WriteString(conn, test.sent)
			answers := bufio.NewReader(conn)
			for _, want := range test.want {
				if got := readAnswer(t, answers, "GET"); got != want {
					t.Errorf("got %.200q, want %.200q", got, want)
				}
			}
			if !test.stays {
				if _, err := answers.ReadByte(); !errors.Is(err, io.EOF) {
					t.Errorf("the connection stays: %v", err)
				}
				return
			}
			io.WriteString(conn, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nmore")
			if got := readAnswer(t, answers, "GET"); got != "200 more" {
				t.Errorf("then %q", got)
			}
		})
	}
}

// readAnswer is status and body of an answer.
func readAnswer(t *testing.T, from *bufio.Reader, method string) string {
	t.Helper()
	answer, err := http.ReadResponse(from, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.Header.Get("X-Evil") != "" {
		t.Fatalf("%v, %v", answer.Header, err)
	}
	return fmt.Sprintf("%d %s", answer.StatusCode, body)
}

func TestHeadGetsNoBody(t *testing.T) {
	address, _, _, _ := served(t)
	conn := dial(t, address)
	io.WriteString(conn, "HEAD /unread HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	answers := bufio.NewReader(conn)
	if got := readAnswer(t, answers, "HEAD") + readAnswer(t, answers, "GET"); got != "200 200 " {
		t.Errorf("got %q", got)
	}
}

func TestABodyIsAskedForWhenTheClientWaits(t *testing.T) {
	address, _, _, _ := served(t)
	conn := dial(t, address)
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n")
	answers := bufio.NewReader(conn)
	if got := readAnswer(t, answers, "POST"); got != "100 " {
		t.Fatalf("got %q", got)
	}
	io.WriteString(conn, "abc")
	if got := readAnswer(t, answers, "POST"); got != "200 abc" {
		t.Errorf("got %q", got)
	}
}

func TestAHeldRequestIsAnsweredLater(t *testing.T) {
	address, held, gone, _ := served(t)
	for _, large := range []bool{false, true} {
		conn := dial(t, address)
		answers := bufio.NewReader(conn)
		body := []byte("later")
		if large {
			body = bytes.Repeat([]byte("x"), 6<<20)
		}
		for range 3 { // with the next request already there
			io.WriteString(conn, "GET /held HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n")
			c := <-held
			go c.Answer(http.StatusOK, body)
			if got := readAnswer(t, answers, "GET"); got != "200 "+string(body) {
				t.Errorf("got %.100q", got)
			}
			if got := readAnswer(t, answers, "GET"); got != "200 " {
				t.Errorf("then %q", got)
			}
		}
		conn.Close()
	}
	conn := dial(t, address)
	io.WriteString(conn, "GET /held HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	(<-held).Answer(http.StatusOK, nil)
	if answer, err := io.ReadAll(conn); err != nil || !bytes.Contains(answer, []byte("Connection: close\r\n")) {
		t.Errorf("%q, %v", answer, err)
	}
	for len(gone) > 0 {
		<-gone // of the connection that is closed after its answer
	}
	conn = dial(t, address)
	io.WriteString(conn, "GET /held HTTP/1.1\r\nHost: h\r\n\r\n")
	c := <-held
	conn.Close()
	select {
	case <-gone:
	case <-time.After(patience):
		t.Fatal("nobody notices that the client has gone")
	}
	c.Answer(http.StatusOK, []byte("too late")) // harms nobody
}

func TestCloseEndsEverything(t *testing.T) {
	address, held, _, server := served(t)
	waiting, idle, ahead := dial(t, address), dial(t, address), dial(t, address)
	io.WriteString(waiting, "GET /held HTTP/1.1\r\nHost: h\r\n\r\n")
	io.WriteString(ahead, "GET /held HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n")
	io.WriteString(idle, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")
	<-held
	<-held
	server.Close()
	server.Close()
	for _, conn := range []net.Conn{waiting, idle, ahead} {
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, net.ErrClosed) {
			t.Errorf("a connection is open: %v", err)
		}
	}
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("the server still listens")
	}
}

// FuzzServe sends anything: the server must answer in HTTP or close, and go on
// serving others.
func FuzzServe(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n2\r\nab\r\n0\r\nT: t\r\n\r\n"))
	f.Add([]byte("GET /unread HTTP/1.0\r\n\r\n"))
	f.Add([]byte("HEAD / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na\r\n\r\n"))
	address, _, _, _ := served(f)
	f.Fuzz(func(t *testing.T, sent []byte) {
		// The path that is answered only when a test says so.
		sent = bytes.ReplaceAll(sent, []byte("held"), []byte("read"))
		conn := dial(t, address).(*net.TCPConn)
		go func() {
			conn.Write(sent)
			conn.CloseWrite()
		}()
		said, err := io.ReadAll(conn)
		if errors.Is(err, net.ErrClosed) || len(said) > 0 && !bytes.HasPrefix(said, []byte("HTTP/1.1 ")) {
			t.Errorf("%q, %v", said, err)
		}
	})
}

package dataplane

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"

	"github.com/portcullis-chat/portcullis/internal/localaws/apigw"
)

// A client's bytes end a connection with a close code, and $disconnect hears
// of the same.
func TestAConnectionIsClosedWhen(t *testing.T) {
	text := func(payload string) ws.Frame { return masked(ws.OpText, true, payload) }
	fragments := func(n, size int) []ws.Frame {
		frames := []ws.Frame{masked(ws.OpText, false, strings.Repeat("x", size))}
		for range n - 1 {
			frames = append(frames, masked(ws.OpContinuation, false, strings.Repeat("x", size)))
		}
		return frames
	}
	for name, c := range map[string]struct {
		bytes  []byte
		code   int
		reason string
	}{
		"a frame is above 32 KB":               {compiled(text(strings.Repeat("x", maxFrame+1))), 1009, "Message too long"},
		"a frame claims 2^62 bytes":            {[]byte{0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, 1009, "Message too long"},
		"a length has its highest bit":         {[]byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, 1002, "Protocol error"},
		"a length of 16 bits fits in seven":    {[]byte{0x81, 0xfe, 0, 125, 1, 2, 3, 4}, 1002, "Protocol error"},
		"a length of 64 bits fits in 16":       {[]byte{0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4}, 1002, "Protocol error"},
		"a close frame's length is too wide":   {[]byte{0x88, 0xfe, 0, 2, 0, 0, 0, 0, 0x03, 0xe8}, 1002, "Protocol error"},
		"a message is above 128 KB":            {compiled(append(fragments(4, maxFrame), masked(ws.OpContinuation, true, "x"))...), 1009, "Message too long"},
		"a frame is binary":                    {compiled(masked(ws.OpBinary, true, "x")), 1003, "Binary frames are not supported"},
		"a fragment is binary":                 {compiled(masked(ws.OpBinary, false, "x")), 1003, "Binary frames are not supported"},
		"text is no UTF-8":                     {compiled(text("\xc3\x28")), 1007, "Invalid UTF-8"},
		"text has a surrogate":                 {compiled(text("\xed\xa0\x80")), 1007, "Invalid UTF-8"},
		"text ends in a character":             {compiled(masked(ws.OpText, false, "\xc3"), masked(ws.OpContinuation, true, "")), 1007, "Invalid UTF-8"},
		"a frame is not masked":                {compiled(ws.NewTextFrame([]byte("x"))), 1002, "Protocol error"},
		"the first reserved bit is set":        {[]byte{0x81 | 0x40, 0x80, 1, 2, 3, 4}, 1002, "Protocol error"},
		"the third reserved bit is set":        {[]byte{0x81 | 0x10, 0x80, 1, 2, 3, 4}, 1002, "Protocol error"},
		"the opcode is reserved":               {[]byte{0x83, 0x80, 1, 2, 3, 4}, 1002, "Protocol error"},
		"the control opcode is reserved":       {[]byte{0x8b, 0x80, 1, 2, 3, 4}, 1002, "Protocol error"},
		"a continuation continues nothing":     {compiled(masked(ws.OpContinuation, true, "x")), 1002, "Protocol error"},
		"text begins within a message":         {compiled(masked(ws.OpText, false, "x"), text("y")), 1002, "Protocol error"},
		"a ping is above 125 bytes":            {compiled(masked(ws.OpPing, true, strings.Repeat("x", 126))), 1002, "Protocol error"},
		"a ping is fragmented":                 {compiled(masked(ws.OpPing, false, "x")), 1002, "Protocol error"},
		"a close frame has one byte":           {compiled(masked(ws.OpClose, true, "\x03")), 1002, "Protocol error"},
		"a close code is 999":                  {compiled(masked(ws.OpClose, true, "\x03\xe7")), 1002, "Protocol error"},
		"a close code is 1005":                 {compiled(masked(ws.OpClose, true, "\x03\xed")), 1002, "Protocol error"},
		"a close code is 1015":                 {compiled(masked(ws.OpClose, true, "\x03\xf7")), 1002, "Protocol error"},
		"a close code is 5000":                 {compiled(masked(ws.OpClose, true, "\x13\x88")), 1002, "Protocol error"},
		"a close reason is no UTF-8":           {compiled(masked(ws.OpClose, true, "\x03\xe8\xff")), 1007, "Invalid UTF-8"},
		"the client closes with 1000":          {compiled(masked(ws.OpClose, true, "\x03\xe8bye")), 1000, "bye"},
		"the client closes with 4001":          {compiled(masked(ws.OpClose, true, "\x0f\xa1")), 4001, ""},
		"the client closes without a status":   {compiled(masked(ws.OpClose, true, "")), 1005, "Client-side close frame status not set"},
		"it closes in the middle of a message": {compiled(masked(ws.OpText, false, "x"), masked(ws.OpClose, true, "\x03\xe9")), 1001, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).open()
			r := w.rawDial("")
			r.bytes(c.bytes)
			r.wantClose(c.code)
			_ = r.net.(*net.TCPConn).CloseWrite()
			r.wantEnd()
			code, reason := w.ended()
			equal(t, "code of $disconnect", code, c.code)
			equal(t, "reason of $disconnect", reason, c.reason)
			equal(t, "messages", len(w.called("fallback")), 0)
			equal(t, "connections", w.gateway.Connections(), 0)
		})
	}
}

// Clients wait for the server to end the connection (RFC 6455 section 7.1.1).
func TestAConnectionEndsWhenTheClientHasAnsweredTheCloseFrame(t *testing.T) {
	w := newWorld(t)
	w.gateway.closeHandshake = time.Hour
	w.open()
	for name, c := range map[string]struct {
		frame ws.Frame
		code  int
	}{
		"a long frame":   {masked(ws.OpText, true, strings.Repeat("x", 200<<10)), 1009},
		"a binary frame": {masked(ws.OpBinary, true, "\x88\x80"), 1003},
		"no UTF-8":       {masked(ws.OpText, true, "\xff"), 1007},
		"an odd opcode":  {masked(0x3, true, "x"), 1002},
	} {
		t.Run(name, func(t *testing.T) {
			r := w.rawDial("")
			r.frames(c.frame, masked(ws.OpText, true, "what crosses the close"))
			r.wantClose(c.code)
			r.frames(masked(ws.OpPing, true, ""), ws.MaskFrameInPlace(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusCode(c.code), ""))))
			r.wantEnd()
		})
	}
}

func TestAMessageArrivesWholeWhen(t *testing.T) {
	long := strings.Repeat("x", maxFrame)
	for name, c := range map[string]struct {
		frames []ws.Frame
		want   string
	}{
		"it is empty":                 {[]ws.Frame{masked(ws.OpText, true, "")}, ""},
		"its frame has 32 KB":         {[]ws.Frame{masked(ws.OpText, true, long)}, long},
		"its fragments have 128 KB":   {[]ws.Frame{masked(ws.OpText, false, long), masked(ws.OpContinuation, false, long), masked(ws.OpContinuation, false, long), masked(ws.OpContinuation, true, long)}, long + long + long + long},
		"a character is cut in two":   {[]ws.Frame{masked(ws.OpText, false, "a\xc3"), masked(ws.OpContinuation, true, "\xa9b")}, "aéb"},
		"fragments are empty":         {[]ws.Frame{masked(ws.OpText, false, ""), masked(ws.OpContinuation, false, ""), masked(ws.OpContinuation, true, "x")}, "x"},
		"an unasked pong comes first": {[]ws.Frame{masked(ws.OpPong, true, "y"), masked(ws.OpText, true, "x")}, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).open()
			w.change(func(s *apigw.Stage) { s.Deployment.Routes["$default"] = oneWay("$default", "fallback") })
			w.rawDial("").frames(c.frames...)
			equal(t, "body", bodyOf(t, w.payload("fallback", 1)), c.want)
		})
	}
}

func TestControlFramesBetweenFragmentsAreAnsweredAtOnce(t *testing.T) {
	w := newWorld(t).open()
	r := w.rawDial("")
	r.frames(masked(ws.OpText, false, "a"), masked(ws.OpPing, true, "are you there"))
	if f := r.next(); f.Header.OpCode != ws.OpPong || string(f.Payload) != "are you there" {
		t.Fatalf("got %v %q, want a pong with the ping's payload", f.Header.OpCode, f.Payload)
	}
	r.frames(masked(ws.OpContinuation, true, "b"))
	r.wantText("fallback")
	equal(t, "body", bodyOf(t, w.payload("fallback", 1)), "ab")
}

// Bytes that come one by one, or together with the request, are the same.
func TestFramesNeedNotComeInOneSegment(t *testing.T) {
	w := newWorld(t).open()
	r := w.rawDial("")
	for _, b := range compiled(masked(ws.OpText, true, `{"action":"send"}`)) {
		r.bytes([]byte{b})
	}
	r.wantText("answer")

	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	request := "GET " + livePath + " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	together := append([]byte(request), compiled(masked(ws.OpText, true, `{"action":"send"}`), masked(ws.OpClose, true, ""))...)
	if _, err := conn.Write(together); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(all, []byte("HTTP/1.1 101 ")) {
		t.Errorf("got %q", all)
	}
	w.eventually("the message is served", func() bool { return len(w.called("message")) == 2 })
}

func TestAClientThatVanishesIs1006(t *testing.T) {
	for name, leave := range map[string]func(*raw){
		"by the end of the stream": func(r *raw) { _ = r.net.Close() },
		"by a reset": func(r *raw) {
			_ = r.net.(*net.TCPConn).SetLinger(0)
			_ = r.net.Close()
		},
		"within a frame": func(r *raw) {
			r.bytes([]byte{0x81, 0xfe, 0x10})
			_ = r.net.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).open()
			leave(w.rawDial(""))
			code, reason := w.ended()
			equal(t, "code", code, 1006)
			equal(t, "reason", reason, "Connection closed abnormally")
		})
	}
}

func TestALongAnswerComesInFramesOf32KB(t *testing.T) {
	w := newWorld(t).open()
	long := strings.Repeat("é", maxMessage/2)
	w.play("message", returns(`{"statusCode":200,"body":"`+long+`"}`))
	r := w.rawDial("")
	r.frames(masked(ws.OpText, true, `{"action":"send"}`))
	var got []byte
	for i := range 4 {
		f := r.next()
		equal(t, "length", f.Header.Length, maxFrame)
		equal(t, "final", f.Header.Fin, i == 3)
		equal(t, "opcode", f.Header.OpCode, map[bool]ws.OpCode{true: ws.OpText, false: ws.OpContinuation}[i == 0])
		got = append(got, f.Payload...)
	}
	equal(t, "whole", string(got) == long, true)

	conn := w.dial(nil)
	w.write(conn, `{"action":"send"}`)
	equal(t, "to a usual client", w.read(conn) == long, true)
}

// A client must answer the close frame; what it sends before that is dropped,
// and it gets nothing more.
func TestMessagesThatCrossACloseAreDropped(t *testing.T) {
	w := newWorld(t).open()
	r := w.rawDial("")
	w.wait(idleTimeout)
	w.gateway.closeOverdue()
	r.wantClose(1001)
	r.frames(masked(ws.OpText, true, `{"action":"send"}`), masked(ws.OpPing, true, "x"), masked(ws.OpClose, true, "\x03\xe8"))
	r.wantEnd()
	code, _ := w.ended()
	equal(t, "code", code, 1001)
	equal(t, "messages", len(w.called("message")), 0)
}

func TestAClientThatIgnoresACloseIsCutOff(t *testing.T) {
	w := newWorld(t).open()
	w.gateway.closeHandshake = 20 * time.Millisecond
	r := w.rawDial("")
	w.wait(idleTimeout)
	w.gateway.closeOverdue()
	r.wantClose(1001)
	r.wantEnd()
	code, _ := w.ended()
	equal(t, "code", code, 1001)
}

func TestAUsualClientSeesTheCloseCode(t *testing.T) {
	w := newWorld(t).open()
	conn := w.dial(nil)
	if err := conn.Write(t.Context(), websocket.MessageBinary, []byte("x")); err != nil {
		t.Fatal(err)
	}
	_, _, err := conn.Read(t.Context())
	equal(t, "code", websocket.CloseStatus(err), websocket.StatusUnsupportedData)
}

// Whatever comes in, the reader delivers valid UTF-8 of at most 128 KB, or
// ends with a code that may stand in a close frame.
func FuzzFrames(f *testing.F) {
	f.Add(compiled(masked(ws.OpText, true, "x"), masked(ws.OpClose, true, "\x03\xe8")))
	f.Add(compiled(masked(ws.OpText, false, "x"), masked(ws.OpPing, true, "p"), masked(ws.OpContinuation, true, "y")))
	f.Add([]byte{0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		client, server := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, client) }()
		defer client.Close()
		c := &conn{
			net: &wire{Conn: server}, br: bufio.NewReader(bytes.NewReader(data)), now: time.Now, clock: time.Now, closing: make(chan struct{}),
			writeTimeout: time.Second, closeHandshake: time.Second,
		}
		code, _ := c.read(func(message []byte) {
			if len(message) > maxMessage || !bytes.Equal(bytes.ToValidUTF8(message, nil), message) {
				t.Errorf("delivered %q", message)
			}
		})
		if code != closeNoStatus && code != closeAbnormal && !validCloseCode(code) {
			t.Errorf("ended with %d", code)
		}
		if err := c.send([]byte("x")); !errors.Is(err, errGone) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// writes counts the writes to a connection.
type writes struct {
	net.Conn
	n int
}

func (w *writes) Write(b []byte) (int, error) {
	w.n++
	return len(b), nil
}

func (*writes) SetWriteDeadline(time.Time) error { return nil }

func TestAFrameIsOneWrite(t *testing.T) {
	to := new(writes)
	c := &conn{net: &wire{Conn: to}, closing: make(chan struct{}), now: time.Now, clock: time.Now}
	if err := c.send(make([]byte, maxFrame+1)); err != nil || to.n != 2 {
		t.Errorf("%d writes for two frames, %v", to.n, err)
	}
}

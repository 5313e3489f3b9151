package conformance_test

import (
	"bufio"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/portcullis-chat/portcullis/test/conformance/script"
)

// patience bounds every wait. Nothing should come near it but what takes that
// long by itself, which is the integration timeout of 29 s.
const patience = 60 * time.Second

// key and accept are the example of RFC 6455 section 1.3.
const (
	key    = "dGhlIHNhbXBsZSBub25jZQ=="
	accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// offer is what a case wants to change of a usual handshake.
type offer struct {
	stage     string // "live" when empty
	path      string // after the stage
	query     string // besides the parameters of the suite
	bare      bool   // no parameter of the suite: the query is as it stands
	headers   []string
	authorize script.Script
	connect   script.Script
}

// answer is a server's response to a handshake.
type answer struct {
	status int
	header http.Header
	body   string
}

// conn is a connection of a raw client: it sends any bytes, and checks all that
// it receives.
type conn struct {
	t      *T
	net    net.Conn
	br     *bufio.Reader
	answer answer
	// caseID is the key of the handshake's records.
	caseID string
	id     string // set by connectionID
}

// target is the request target of an offer.
func (t *T) target(a *api, o offer) (target, caseID string) {
	if o.stage == "" {
		o.stage = "live"
	}
	caseID = rand.Text()
	query := o.query
	if !o.bare {
		values := url.Values{script.Case: {caseID}}
		for name, s := range map[string]script.Script{script.Authorize: o.authorize, script.Connect: o.connect} {
			if s.Posts != nil || s.Result != "" || s.Error != "" || s.Exit || s.SleepMillis != 0 {
				values.Set(name, encode(s))
			}
		}
		if query != "" {
			query += "&"
		}
		query += values.Encode()
	}
	target = a.url.Path + "/" + o.stage + o.path
	if query != "" {
		target += "?" + query
	}
	return target, caseID
}

// handshake are the lines of a usual upgrade request.
func handshake(a *api, target string, headers ...string) []string {
	return append([]string{
		"GET " + target + " HTTP/1.1", "Host: " + a.url.Host, "Connection: Upgrade", "Upgrade: websocket",
		"Sec-WebSocket-Key: " + key, "Sec-WebSocket-Version: 13",
	}, headers...)
}

// request sends a request made of lines and reads the head of the response, and
// of a refusal the body.
func (t *T) request(a *api, lines []string) *conn {
	t.Helper()
	c := t.connectTCP(a)
	c.write([]byte(strings.Join(lines, "\r\n") + "\r\n\r\n"))
	method, _, _ := strings.Cut(lines[0], " ")
	c.readAnswer(method)
	return c
}

// connectTCP opens a connection to an API's host, with TLS where it has.
func (t *T) connectTCP(a *api) *conn {
	t.Helper()
	address, dial := a.url.Host, net.Dial
	if a.url.Scheme == "wss" {
		if a.url.Port() == "" {
			address += ":443"
		}
		dial = func(network, address string) (net.Conn, error) {
			return tls.Dial(network, address, &tls.Config{NextProtos: []string{"http/1.1"}})
		}
	}
	raw, err := dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	_ = raw.SetDeadline(time.Now().Add(patience))
	return &conn{t: t, net: raw, br: bufio.NewReader(raw)}
}

func (c *conn) readAnswer(method string) {
	c.t.Helper()
	res, err := http.ReadResponse(c.br, &http.Request{Method: method})
	if err != nil {
		c.t.Fatalf("no response: %v", err)
	}
	c.answer = answer{status: res.StatusCode, header: res.Header}
	if res.StatusCode == http.StatusSwitchingProtocols {
		return
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		c.t.Fatalf("body of the response: %v", err)
	}
	c.answer.body = string(body)
}

// try makes a handshake, whatever comes of it.
func (t *T) try(a *api, o offer) *conn {
	t.Helper()
	target, caseID := t.target(a, o)
	c := t.request(a, handshake(a, target, o.headers...))
	c.caseID = caseID
	return c
}

// dial makes a handshake that must succeed.
func (t *T) dial(a *api, o offer) *conn {
	t.Helper()
	c := t.try(a, o)
	if c.answer.status != http.StatusSwitchingProtocols {
		t.Fatalf("the handshake was refused: %d %s", c.answer.status, c.answer.body)
	}
	if got := c.answer.header.Get("Sec-WebSocket-Accept"); got != accept {
		t.Fatalf("Sec-WebSocket-Accept is %q, want %q (RFC 6455 section 4.2.2)", got, accept)
	}
	return c
}

// refused makes a handshake that must fail with status.
func (t *T) refused(a *api, o offer, status int) *conn {
	t.Helper()
	c := t.try(a, o)
	if c.answer.status != status {
		t.Fatalf("status %d, want %d: %s", c.answer.status, status, c.answer.body)
	}
	return c
}

func (c *conn) write(b []byte) {
	c.t.Helper()
	if _, err := c.net.Write(b); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// send sends frames, all in one segment if they fit.
func (c *conn) send(frames ...frame) {
	c.t.Helper()
	var all []byte
	for _, f := range frames {
		all = append(all, f.bytes()...)
	}
	c.write(all)
}

// say sends a text message.
func (c *conn) say(message string) {
	c.t.Helper()
	c.send(text(message))
}

// do sends a message for a route with a script.
func (c *conn) do(action string, s script.Script) {
	c.t.Helper()
	c.say(encode(map[string]any{"action": action, script.Do: s}))
}

// next is the next frame.
func (c *conn) next() frame {
	c.t.Helper()
	f, err := readFrame(c.br)
	if err != nil {
		c.t.Fatalf("instead of a frame: %v", err)
	}
	return f
}

// hear is the next message, which may come in fragments.
func (c *conn) hear() string {
	c.t.Helper()
	first := c.next()
	if first.op != opText {
		c.t.Fatalf("got a frame with opcode %#x and payload %q, want text", first.op, first.payload)
	}
	message := first.payload
	for more := first.more; more; {
		f := c.next()
		if f.op != opContinuation {
			c.t.Fatalf("got opcode %#x within a message", f.op)
		}
		message += f.payload
		more = f.more
	}
	if !utf8.ValidString(message) {
		c.t.Fatalf("the server sent text that is no UTF-8: %q", message)
	}
	return message
}

// hears fails unless the next message is want.
func (c *conn) hears(want string) {
	c.t.Helper()
	equal(c.t, "message", c.hear(), want)
}

// hearsEvent is the event in the next message, which a probe sends by itself.
func (c *conn) hearsEvent() event {
	c.t.Helper()
	return parseEvent(c.t, c.hear())
}

// hearsNothing fails when something comes before the answer to a message that
// is sent now. It needs a $default route that answers.
func (c *conn) hearsNothing() {
	c.t.Helper()
	mark := rand.Text()
	c.say(mark)
	if ev := c.hearsEvent(); ev.string("body") != mark {
		c.t.Fatalf("unexpected answer to %q", ev.string("body"))
	}
}

// ended reads the close frame that must come next and the end of the stream,
// and returns code and reason. Without a code it is 1005.
func (c *conn) ended() (code int, reason string) {
	c.t.Helper()
	f := c.next()
	if f.op != opClose {
		c.t.Fatalf("got opcode %#x and %.200q, want a close frame", f.op, f.payload)
	}
	code, reason = closeOf(c.t, f)
	return code, reason
}

// closeOf reads a close frame.
func closeOf(t *T, f frame) (code int, reason string) {
	t.Helper()
	switch {
	case len(f.payload) == 0:
		return 1005, ""
	case len(f.payload) == 1:
		t.Fatal("the server sent a close frame with one byte")
	}
	code, reason = int(binary.BigEndian.Uint16([]byte(f.payload))), f.payload[2:]
	if !validCloseCode(code) || !utf8.ValidString(reason) {
		t.Fatalf("the server sent a close frame with %d %q", code, reason)
	}
	return code, reason
}

// validCloseCode tells whether a code may be in a close frame (RFC 6455 section
// 7.4 and IANA's registry).
func validCloseCode(code int) bool {
	return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006 || code >= 3000 && code <= 4999
}

// closesWith fails unless the server closes with a code, and then ends the
// stream when it has the client's answer.
func (c *conn) closesWith(code int) {
	c.t.Helper()
	if got, reason := c.ended(); got != code {
		c.t.Fatalf("the server closed with %d %q, want %d", got, reason, code)
	}
	_, _ = c.net.Write(closing(code, "").bytes()) // it may be gone already
	c.wantEnd()
}

// wantEnd fails unless the stream ends now.
func (c *conn) wantEnd() {
	c.t.Helper()
	b, err := c.br.ReadByte()
	if err == nil {
		c.t.Fatalf("got %x after the end", b)
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		c.t.Fatalf("the server does not end the stream: %v", err)
	}
}

// vanish ends the TCP connection without a close frame.
func (c *conn) vanish() { _ = c.net.Close() }

// connectionID is the connection's id, by the event of $connect.
func (c *conn) connectionID() string {
	c.t.Helper()
	if c.id == "" {
		c.id = c.connected().context("connectionId")
	}
	return c.id
}

// connected is the event that $connect had.
func (c *conn) connected() event {
	c.t.Helper()
	return c.t.event(script.CaseKey(c.caseID), "CONNECT")
}

// authorized is the event that the authorizer had.
func (c *conn) authorized() event {
	c.t.Helper()
	return c.t.event(script.CaseKey(c.caseID), "REQUEST")
}

// disconnected is the event that $disconnect had.
func (c *conn) disconnected() event {
	c.t.Helper()
	return c.t.event(script.ConnectionKey(c.connectionID()), "DISCONNECT")
}

// wantDisconnect waits for $disconnect and checks what it was told.
func (c *conn) wantDisconnect(code int, reason string) {
	c.t.Helper()
	ev := c.disconnected()
	equal(c.t, "disconnectStatusCode", ev.context("disconnectStatusCode"), fmt.Sprint(code))
	equal(c.t, "disconnectReason", ev.context("disconnectReason"), reason)
}

// calls is how often authorizer and $connect were called for the handshake.
func (c *conn) calls() (authorizer, connect int) {
	c.t.Helper()
	for _, ev := range c.t.events(script.CaseKey(c.caseID)) {
		switch ev.kind() {
		case "REQUEST":
			authorizer++
		case "CONNECT":
			connect++
		}
	}
	return authorizer, connect
}

func encode(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // what is encoded here always can be
	}
	return string(data)
}

func equal[C comparable](t *T, what string, got, want C) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

package clients_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/internal/localaws/faults"
	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// wait bounds every wait for an event.
const wait = 20 * time.Second

// command tells a library what to do.
type command struct {
	ID           int               `json:"id"`
	Do           string            `json:"do"` // open, send, sendParts, sendBinary, ping or close
	URL          string            `json:"url,omitempty"`
	Subprotocols []string          `json:"subprotocols,omitempty"`
	Headers      map[string]string `json:"headers,omitempty"`
	Text         string            `json:"text,omitempty"`
	Parts        []string          `json:"parts,omitempty"`
	Code         int               `json:"code,omitempty"`
	Reason       string            `json:"reason"`
}

// event is what a library reports of a connection.
type event struct {
	ID          int    `json:"id"`
	Event       string `json:"event"` // open, message, pong, close, refused or failed
	Subprotocol string `json:"subprotocol"`
	Extensions  string `json:"extensions"`
	Offered     string `json:"offered"`
	Text        string `json:"text"`
	Code        int    `json:"code"`
	Reason      string `json:"reason"`
	Clean       bool   `json:"clean"` // both sides have sent a close frame
	Status      int    `json:"status"`
}

// library is a WebSocket client that the project does not use itself.
type library struct {
	// do carries out a command.
	do func(t *testing.T, c command)
	// headers are what join opens connections with; a browser's are its own.
	headers map[string]string

	mu    sync.Mutex
	conns []*conn
}

// heard hands an event to its connection.
func (l *library) heard(data []byte) {
	var e event
	if err := json.Unmarshal(data, &e); err != nil {
		e = event{Event: fmt.Sprintf("not JSON: %q", data)}
	}
	l.mu.Lock()
	c := l.conns[e.ID]
	l.mu.Unlock()
	c.events <- e
}

// conn is one connection of a library.
type conn struct {
	library *library
	id      int
	events  chan event
}

// open begins to open a connection to the chat.
func (l *library) open(t *testing.T, room string, headers map[string]string, subprotocols ...string) *conn {
	t.Helper()
	l.mu.Lock()
	c := &conn{library: l, id: len(l.conns), events: make(chan event, 256)}
	l.conns = append(l.conns, c)
	l.mu.Unlock()
	l.do(t, command{ID: c.id, Do: "open", URL: deployed.URL + "?room=" + room, Subprotocols: subprotocols, Headers: headers})
	return c
}

// join opens a connection as the chat wants it and fails the test when it is
// refused, or anything is agreed on but the chat's subprotocol.
func (l *library) join(t *testing.T, room, token string) *conn {
	t.Helper()
	c := l.open(t, room, l.headers, protocol.Subprotocol, protocol.BearerPrefix+token)
	if e := c.next(t, "open"); e.Subprotocol != protocol.Subprotocol || e.Extensions != "" {
		t.Fatalf("opened with subprotocol %q and extensions %q", e.Subprotocol, e.Extensions)
	}
	t.Cleanup(func() { c.tell(t, command{Do: "close", Code: 1000}) })
	return c
}

func (c *conn) tell(t *testing.T, what command) {
	t.Helper()
	what.ID = c.id
	c.library.do(t, what)
}

// next returns the next event, which has to be of a kind.
func (c *conn) next(t *testing.T, kind string) event {
	t.Helper()
	select {
	case e := <-c.events:
		if e.Event != kind {
			t.Fatalf("got %+v, want %s", e, kind)
		}
		return e
	case <-time.After(wait):
		t.Fatalf("no %s within %v", kind, wait)
	}
	return event{}
}

// closed waits until the connection has ended in order and with a code, and
// returns the reason.
func (c *conn) closed(t *testing.T, code int) string {
	t.Helper()
	e := c.next(t, "close")
	if e.Code != code || !e.Clean {
		t.Fatalf("closed with %d %q (clean: %v), want %d", e.Code, e.Reason, e.Clean, code)
	}
	return e.Reason
}

// frame is any frame that the chat sends.
type frame struct {
	Type     string             `json:"type"`
	ClientID string             `json:"clientId"`
	ID       string             `json:"id"`
	HTML     string             `json:"html"`
	Code     protocol.Code      `json:"code"`
	Next     string             `json:"next"`
	Messages []protocol.Message `json:"messages"`
}

// frame returns the next frame, which has to be of a type.
func (c *conn) frame(t *testing.T, kind string) frame {
	t.Helper()
	e := c.next(t, "message")
	var f frame
	if err := json.Unmarshal([]byte(e.Text), &f); err != nil || f.Type != kind {
		t.Fatalf("got %s, want a frame of type %s", e.Text, kind)
	}
	return f
}

// send sends a frame of the chat.
func (c *conn) send(t *testing.T, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	c.tell(t, command{Do: "send", Text: string(data)})
}

// say sends a message and returns its ack.
func (c *conn) say(t *testing.T, text string) frame {
	t.Helper()
	id := "c-" + randomHex(8)
	c.send(t, protocol.SendMessage{Action: protocol.ActionSendMessage, ClientID: id, Text: text})
	ack := c.frame(t, protocol.TypeAck)
	if ack.ClientID != id {
		t.Fatalf("ack for %q, want %q", ack.ClientID, id)
	}
	return ack
}

// conversations are what every library has to be able to do in the chat.
func (l *library) conversations(t *testing.T) {
	t.Run("two users talk", func(t *testing.T) {
		room := newRoom()
		a, b := l.join(t, room, alice.Access), l.join(t, room, bob.Access)
		ack := a.say(t, "grüße, 👋🏽 <b>& all</b>")
		if heard := b.frame(t, protocol.TypeMessage); heard.ID != ack.ID || heard.HTML != "grüße, 👋🏽 &lt;b&gt;&amp; all&lt;/b&gt;" {
			t.Fatalf("heard %+v, acknowledged %+v", heard, ack)
		}
		b.say(t, "and to you")
		if heard := a.frame(t, protocol.TypeMessage); heard.HTML != "and to you" {
			t.Fatalf("heard %+v", heard)
		}
	})

	t.Run("a latecomer reads the history in pages", func(t *testing.T) {
		room := newRoom()
		a := l.join(t, room, alice.Access)
		first, second := a.say(t, "first"), a.say(t, "second")
		b := l.join(t, room, bob.Access)
		b.send(t, protocol.HistoryRequest{Action: protocol.ActionHistory, Limit: 1})
		newest := b.frame(t, protocol.TypeHistory)
		b.send(t, protocol.HistoryRequest{Action: protocol.ActionHistory, Limit: 1, Before: newest.Next})
		older := b.frame(t, protocol.TypeHistory)
		if len(newest.Messages) != 1 || newest.Messages[0].ID != second.ID || len(older.Messages) != 1 || older.Messages[0].ID != first.ID || older.Next != "" {
			t.Fatalf("read %+v, then %+v", newest, older)
		}
	})

	t.Run("pings of the chat are answered, and errors come as frames", func(t *testing.T) {
		a := l.join(t, newRoom(), alice.Access)
		a.send(t, protocol.Ping{Action: protocol.ActionPing})
		a.frame(t, protocol.TypePong)
		a.tell(t, command{Do: "send", Text: "no JSON"})
		if f := a.frame(t, protocol.TypeError); f.Code != protocol.CodeBadRequest {
			t.Fatalf("got %+v", f)
		}
	})

	t.Run("a message of several frames arrives as one", func(t *testing.T) {
		room := newRoom()
		a := l.join(t, room, alice.Access)
		long := strings.Repeat("0123456789abcdef", 6<<10) // 96 KB: frames of 32 KB
		post(t, connectionIn(t, room), long)
		if e := a.next(t, "message"); e.Text != long {
			t.Fatalf("%d bytes arrived of %d", len(e.Text), len(long))
		}
	})

	t.Run("it closes, and the code comes back", func(t *testing.T) {
		for _, code := range []int{1000, 3001, 4999} {
			a := l.join(t, newRoom(), alice.Access)
			a.tell(t, command{Do: "close", Code: code, Reason: "goodbye"})
			a.closed(t, code)
		}
	})

	t.Run("it is closed with 1000 by a delete", func(t *testing.T) {
		room := newRoom()
		a := l.join(t, room, alice.Access)
		remove(t, connectionIn(t, room))
		if reason := a.closed(t, 1000); reason != "Connection Closed Normally" {
			t.Fatalf("reason %q", reason)
		}
	})

	t.Run("it is closed with 1001 when nothing was said for ten minutes", func(t *testing.T) {
		a := l.join(t, newRoom(), alice.Access)
		if _, err := faults.NewClient(os.Getenv("AWS_ENDPOINT_URL")).Forward(t.Context(), 11*time.Minute); err != nil {
			t.Fatal(err)
		}
		if reason := a.closed(t, 1001); reason != "Going away" {
			t.Fatalf("reason %q", reason)
		}
	})

	t.Run("it notices when the connection is cut", func(t *testing.T) {
		room := newRoom()
		a := l.join(t, room, alice.Access)
		if _, err := faults.NewClient(os.Getenv("AWS_ENDPOINT_URL")).Add(t.Context(), faults.Fault{Type: faults.Cut, Connection: connectionIn(t, room)}); err != nil {
			t.Fatal(err)
		}
		if e := a.next(t, "close"); e.Code != 1006 || e.Clean {
			t.Fatalf("closed with %d (clean: %v), want 1006", e.Code, e.Clean)
		}
	})

	t.Run("it is closed with 1003 for a binary message", func(t *testing.T) {
		a := l.join(t, newRoom(), alice.Access)
		a.tell(t, command{Do: "sendBinary", Text: `{"action":"ping"}`})
		a.closed(t, 1003)
	})

	t.Run("it is closed with 1009 for a message that is too long", func(t *testing.T) {
		a := l.join(t, newRoom(), alice.Access)
		a.tell(t, command{Do: "send", Text: strings.Repeat("a", 200<<10)})
		a.closed(t, 1009)
	})
}

package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// wait bounds every wait for a frame.
const wait = 15 * time.Second

// offer are the parts of a handshake that a test may want to change.
type offer struct {
	query        string // with the question mark
	subprotocols []string
	header       http.Header
}

// browser is the offer of a page on the allowed origin.
func browser(room, token string) offer {
	return offer{
		query:        "?" + protocol.RoomParameter + "=" + room,
		subprotocols: []string{protocol.Subprotocol, protocol.BearerPrefix + token},
		header:       http.Header{"Origin": {allowedOrigin}},
	}
}

// native is the offer of a client that can set headers and sends no Origin.
func native(room, token string) offer {
	return offer{
		query:  "?" + protocol.RoomParameter + "=" + room,
		header: http.Header{"Authorization": {"Bearer " + token}},
	}
}

// dial opens a WebSocket. The response is there whether it was refused or not.
func dial(t *testing.T, d *deployment, o offer) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	return websocket.Dial(ctx, d.URL+o.query, &websocket.DialOptions{HTTPClient: d.client, Subprotocols: o.subprotocols, HTTPHeader: o.header})
}

// refused fails the test unless a handshake is refused with status.
func refused(t *testing.T, d *deployment, o offer, status int) {
	t.Helper()
	conn, res, err := dial(t, d, o)
	if err == nil {
		_ = conn.CloseNow()
		t.Fatalf("connected, want status %d", status)
	}
	if got := statusOf(res); got != status {
		t.Fatalf("status %d, want %d (%v)", got, status, err)
	}
}

// frame is any frame that a server sends.
type frame struct {
	Type       string             `json:"type"`
	ClientID   string             `json:"clientId"`
	ID         string             `json:"id"`
	Room       string             `json:"room"`
	User       protocol.User      `json:"user"`
	HTML       string             `json:"html"`
	SentAt     string             `json:"sentAt"`
	Code       protocol.Code      `json:"code"`
	Message    string             `json:"message"`
	RequestID  string             `json:"requestId"`
	Next       string             `json:"next"`
	Messages   []protocol.Message `json:"messages"`
	Members    []protocol.User    `json:"members"`
	raw        string
	RetryAfter int64 `json:"retryAfterMs"`
}

// member is an open connection whose frames are read as they come.
type member struct {
	conn   *websocket.Conn
	frames chan frame
	closed chan struct{} // closed when the connection has ended
	code   websocket.StatusCode
}

// join opens a connection and fails the test when it is refused.
func join(t *testing.T, d *deployment, o offer) *member {
	t.Helper()
	conn, _, err := dial(t, d, o)
	if err != nil {
		t.Fatalf("join: %v", err)
	}
	conn.SetReadLimit(64 << 10)
	m := &member{conn: conn, frames: make(chan frame, 256), closed: make(chan struct{})}
	go func() {
		defer close(m.closed)
		for {
			_, data, err := conn.Read(context.WithoutCancel(t.Context()))
			if err != nil {
				var ended websocket.CloseError
				if errors.As(err, &ended) {
					m.code = ended.Code
				}
				return
			}
			f := frame{raw: string(data)}
			if err := json.Unmarshal(data, &f); err != nil {
				f.Type = "not JSON"
			}
			m.frames <- f
		}
	}()
	t.Cleanup(func() { _ = conn.CloseNow() })
	return m
}

// leave closes the connection as a client does.
func (m *member) leave() { _ = m.conn.Close(websocket.StatusNormalClosure, "") }

// send writes a frame as it is.
func (m *member) send(t *testing.T, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	if err := m.conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		t.Fatalf("send: %v", err)
	}
}

// ask sends a frame made of v and returns the next frame of a type.
func (m *member) ask(t *testing.T, v any, frameType string) frame {
	t.Helper()
	m.send(t, encode(t, v))
	return m.next(t, frameType)
}

func encode(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// next returns the next frame of a type and drops those before it.
func (m *member) next(t *testing.T, frameType string) frame {
	t.Helper()
	timeout := time.After(wait)
	for {
		select {
		case f := <-m.frames:
			if f.Type == frameType {
				return f
			}
			t.Logf("passed over while waiting for %s: %s", frameType, f.raw)
		case <-timeout:
			t.Fatalf("no %s frame within %v", frameType, wait)
		}
	}
}

// hearsNothing fails the test when a message comes within a second.
func (m *member) hearsNothing(t *testing.T) {
	t.Helper()
	timeout := time.After(time.Second)
	for {
		select {
		case f := <-m.frames:
			if f.Type == protocol.TypeMessage {
				t.Fatalf("unexpected frame: %s", f.raw)
			}
		case <-timeout:
			return
		}
	}
}

// say sends a text and returns its ack.
func (m *member) say(t *testing.T, text string) frame {
	t.Helper()
	clientID := "c-" + randomHex(8)
	ack := m.ask(t, protocol.SendMessage{Action: protocol.ActionSendMessage, ClientID: clientID, Text: text}, protocol.TypeAck)
	if ack.ClientID != clientID {
		t.Fatalf("ack for %q, want %q", ack.ClientID, clientID)
	}
	return ack
}

// fails sends a frame as it is and checks the code of the error it gets.
func (m *member) fails(t *testing.T, text string, code protocol.Code) {
	t.Helper()
	m.send(t, text)
	f := m.next(t, protocol.TypeError)
	if f.Code != code {
		t.Fatalf("code %q, want %q: %s", f.Code, code, f.raw)
	}
	if f.RequestID == "" || f.Message == "" {
		t.Fatalf("an error names its request and says what to do: %s", f.raw)
	}
}

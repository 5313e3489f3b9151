package chatclient

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

const room = "lobby"

// chatServer plays the chat's server for one room.
type chatServer struct {
	t   *testing.T
	url string
	// admit decides on a handshake: 0 lets it pass, anything else is the status.
	admit func(n int, token string) int
	// before sees a frame first; true means that it was dealt with.
	before func(s *seat, frame map[string]any) bool

	mu         sync.Mutex
	handshakes int
	seats      []*seat
	stored     []protocol.Message
	lastTime   uint64
}

// seat is a connection, from the server's side.
type seat struct {
	server *chatServer
	conn   *websocket.Conn
	token  string
	closed chan struct{}
	code   websocket.StatusCode
}

func startServer(t *testing.T) *chatServer {
	t.Helper()
	s := &chatServer{t: t, lastTime: uint64(time.Now().UnixMilli())}
	listener := httptest.NewServer(s)
	s.url = "ws" + strings.TrimPrefix(listener.URL, "http") + "/live"
	t.Cleanup(func() {
		for _, seat := range s.open() {
			seat.conn.CloseNow()
		}
		listener.Close()
	})
	return s
}

func (s *chatServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	offer := strings.Split(strings.ReplaceAll(r.Header.Get("Sec-WebSocket-Protocol"), " ", ""), ",")
	if len(offer) != 2 || offer[0] != "chat.v1" || !strings.HasPrefix(offer[1], "bearer.") || r.URL.RawQuery != "room="+room {
		s.t.Errorf("handshake offers %q at %s", offer, r.URL)
	}
	if extensions := r.Header.Get("Sec-WebSocket-Extensions"); extensions != "" {
		s.t.Errorf("handshake offers the extensions %q", extensions)
	}
	token := strings.TrimPrefix(offer[1], "bearer.")
	s.mu.Lock()
	s.handshakes++
	n, admit := s.handshakes, s.admit
	s.mu.Unlock()
	if admit != nil {
		if status := admit(n, token); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"chat.v1"}})
	if err != nil {
		return
	}
	conn.SetReadLimit(1 << 20)
	one := &seat{server: s, conn: conn, token: token, closed: make(chan struct{})}
	s.mu.Lock()
	s.seats = append(s.seats, one)
	s.mu.Unlock()
	for {
		_, data, err := conn.Read(context.Background())
		if err != nil {
			one.code = websocket.CloseStatus(err)
			s.leave(one)
			close(one.closed)
			return
		}
		go one.receive(data)
	}
}

func (s *chatServer) leave(one *seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seats = slices.DeleteFunc(s.seats, func(other *seat) bool { return other == one })
}

func (s *chatServer) open() []*seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seats)
}

func (s *chatServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handshakes
}

func (one *seat) receive(data []byte) {
	var frame map[string]any
	if err := json.Unmarshal(data, &frame); err != nil {
		one.server.t.Errorf("the client sent %q", data)
		return
	}
	if one.server.before != nil && one.server.before(one, frame) {
		return
	}
	if limit, ok := frame["limit"].(float64); ok && (limit < 1 || limit > 100) {
		one.server.t.Errorf("the client sent %s", data)
	}
	switch frame["action"] {
	case "sendMessage":
		m, fresh := one.server.store(subject(one.token), frame["clientId"].(string), frame["text"].(string))
		if fresh {
			one.server.broadcast(m, one)
		}
		one.write(protocol.Ack{Type: protocol.TypeAck, ClientID: m.ClientID, ID: m.ID, SentAt: m.SentAt, HTML: m.HTML})
	case "history":
		before, _ := frame["before"].(string)
		one.write(one.server.page(before, int(frame["limit"].(float64))))
	case "members":
		one.write(protocol.Members{Type: protocol.TypeMembers, Members: []protocol.User{{ID: "alice", Name: "Alice"}, {ID: "bob", Name: "Bob"}}})
	case "ping":
		one.write(protocol.Pong{Type: protocol.TypePong})
	}
}

func (one *seat) write(frame any) {
	data, err := json.Marshal(frame)
	if err != nil {
		one.server.t.Error(err)
	}
	_ = one.conn.Write(context.Background(), websocket.MessageText, data)
}

func (s *chatServer) store(user, clientID, text string) (protocol.Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.stored {
		if m.ClientID == clientID && m.User.ID == user {
			return m, false
		}
	}
	s.lastTime = max(s.lastTime+1, uint64(time.Now().UnixMilli()))
	m := protocol.Message{
		Type: protocol.TypeMessage, ID: ulid.MustNew(s.lastTime, ulid.DefaultEntropy()).String(), ClientID: clientID, Room: room,
		User: protocol.User{ID: user, Name: strings.ToUpper(user)}, HTML: text,
		SentAt: time.UnixMilli(int64(s.lastTime)).UTC().Format("2006-01-02T15:04:05.000Z"),
	}
	s.stored = append(s.stored, m)
	return m, true
}

func (s *chatServer) broadcast(m protocol.Message, but *seat) {
	for _, one := range s.open() {
		if one != but {
			one.write(m)
		}
	}
}

// say is another user's message.
func (s *chatServer) say(text string) protocol.Message {
	m, _ := s.store("bob", fmt.Sprintf("bobs-%s", text), text)
	s.broadcast(m, nil)
	return m
}

func (s *chatServer) page(before string, limit int) protocol.History {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := len(s.stored)
	for before != "" && end > 0 && s.stored[end-1].ID >= before {
		end--
	}
	start := max(0, end-limit)
	h := protocol.History{Type: protocol.TypeHistory, Messages: slices.Clone(s.stored[start:end])}
	if start > 0 {
		h.Next = s.stored[start].ID
	}
	return h
}

// token makes an access token that nobody signed.
func token(subject string, expires time.Time) string {
	part := func(v any) string {
		data, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(data)
	}
	return part(map[string]string{"alg": "none"}) + "." +
		part(map[string]any{"sub": subject, "exp": expires.Unix(), "jti": ulid.Make().String()}) + ".c2lnbmVk"
}

func subject(token string) string {
	read, _ := readToken(token)
	return read.Subject
}

var quick = timing{
	handshake: 5 * time.Second,
	token:     time.Second,
	write:     time.Second,
	ack:       200 * time.Millisecond,
	answer:    time.Second,
	ping:      time.Hour,
	pong:      300 * time.Millisecond,
	retry:     10 * time.Millisecond,
	retryMax:  50 * time.Millisecond,
	stable:    time.Minute,
	grace:     50 * time.Millisecond,
	closing:   time.Second,
}

// listener receives the events of a client.
type listener struct {
	mu     sync.Mutex
	events []Event
	done   chan struct{}
}

func listen(client *Client) *listener {
	l := &listener{done: make(chan struct{})}
	go func() {
		defer close(l.done)
		for e := range client.Events() {
			l.mu.Lock()
			l.events = append(l.events, e)
			l.mu.Unlock()
		}
	}()
	return l
}

func (l *listener) all() []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

func (l *listener) texts() []string {
	var texts []string
	for _, e := range l.all() {
		if m, ok := e.(Message); ok {
			texts = append(texts, Text(m.HTML))
		}
	}
	return texts
}

func (l *listener) notices() []error {
	var errs []error
	for _, e := range l.all() {
		if n, ok := e.(Notice); ok {
			errs = append(errs, n.Err)
		}
	}
	return errs
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func join(t *testing.T, s *chatServer, timing timing, change func(*Options)) (*Client, *listener) {
	t.Helper()
	options := Options{URL: s.url, Room: room, Tokens: StaticToken(token("alice", time.Now().Add(time.Hour)))}
	if change != nil {
		change(&options)
	}
	client, err := dial(t.Context(), options, timing)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	l := listen(client)
	if _, err := client.History(t.Context(), "", 1); err != nil {
		t.Fatal(err)
	}
	return client, l
}

// sources gives the tokens one after the other.
type sources struct {
	mu     sync.Mutex
	tokens []string
}

func (s *sources) Token(_ context.Context, stale string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens[0] == stale && len(s.tokens) > 1 {
		s.tokens = s.tokens[1:]
	}
	return s.tokens[0], nil
}

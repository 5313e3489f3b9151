package chatclient

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/protocol"
)

func TestWhatIsSaidIsAcknowledgedAndReachesTheOthersOnce(t *testing.T) {
	server := startServer(t)
	alice, hers := join(t, server, quick, nil)
	_, his := join(t, server, quick, func(o *Options) {
		o.Tokens = StaticToken(token("bob", time.Now().Add(time.Hour)))
	})
	ack, err := alice.Send(t.Context(), "hello <3")
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "both to have the message", func() bool { return len(hers.texts()) == 1 && len(his.texts()) == 1 })
	for _, e := range hers.all() {
		if m, ok := e.(Message); ok && (!m.Own || m.Past || m.ID != ack.ID) {
			t.Errorf("the sender got %+v", m)
		}
	}
	for _, e := range his.all() {
		if m, ok := e.(Message); ok && (m.Own || m.Past || m.User.ID != "alice") {
			t.Errorf("the other got %+v", m)
		}
	}
}

func TestAMessageWhoseAckGetsLostIsSentAgainAndStoredOnce(t *testing.T) {
	server := startServer(t)
	var cut atomic.Bool
	server.before = func(s *seat, frame map[string]any) bool {
		if frame["action"] != "sendMessage" || !cut.CompareAndSwap(false, true) {
			return false
		}
		server.store("alice", frame["clientId"].(string), frame["text"].(string))
		s.conn.CloseNow()
		return true
	}
	client, heard := join(t, server, quick, nil)
	if _, err := client.Send(t.Context(), "once"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Send(t.Context(), "then"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "both messages", func() bool { return len(heard.texts()) >= 2 })
	if got := heard.texts(); !slices.Equal(got, []string{"once", "then"}) {
		t.Errorf("heard %q", got)
	}
	if len(server.stored) != 2 || server.count() != 2 {
		t.Errorf("%d messages stored in %d connections", len(server.stored), server.count())
	}
}

func TestAMessageLostOnTheWayIsSentAgainOnTheSameConnection(t *testing.T) {
	server := startServer(t)
	var mu sync.Mutex
	ids := map[any]int{}
	server.before = func(s *seat, frame map[string]any) bool {
		if frame["action"] != "sendMessage" {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		ids[frame["clientId"]]++
		return ids[frame["clientId"]] == 1
	}
	client, _ := join(t, server, quick, nil)
	if _, err := client.Send(t.Context(), "again"); err != nil {
		t.Fatal(err)
	}
	if len(ids) != 1 || server.count() != 1 {
		t.Errorf("client ids %v in %d connections", ids, server.count())
	}
}

func TestAProblemOfTheGatewayIsTriedAgainAndThenReported(t *testing.T) {
	server := startServer(t)
	var failing atomic.Int32
	server.before = func(s *seat, frame map[string]any) bool {
		if frame["action"] == "ping" || failing.Add(-1) < 0 {
			return false
		}
		s.write(map[string]string{"message": "Internal server error", "connectionId": "L0SM9cOFvHcCIhw=", "requestId": "L0SNzF6vvHcF0Vw="})
		return true
	}
	client, _ := join(t, server, quick, nil)
	failing.Store(2)
	if _, err := client.Send(t.Context(), "at the third try"); err != nil {
		t.Error(err)
	}
	failing.Store(2)
	if _, err := client.History(t.Context(), "", 10); err != nil {
		t.Error(err)
	}
	failing.Store(1000)
	if _, err := client.Send(t.Context(), "never"); !errors.Is(err, ErrUnanswered) || !strings.Contains(err.Error(), "Internal server error") {
		t.Errorf("a server that always fails gave %v", err)
	}
}

func TestARefusalIsReturnedInWords(t *testing.T) {
	server := startServer(t)
	server.before = func(s *seat, frame map[string]any) bool {
		if frame["action"] != "sendMessage" {
			return false
		}
		s.write(protocol.Error{
			Type: "error", Code: protocol.Code(frame["text"].(string)), Message: "no\x1b[2J", RequestID: "r-1",
			ClientID: frame["clientId"].(string), RetryAfterMS: 1500,
		})
		return true
	}
	client, _ := join(t, server, quick, nil)
	for code, want := range map[protocol.Code]string{
		protocol.CodeRateLimited: "wait 1.5s",
		protocol.CodeForbidden:   "not write",
		protocol.CodeTooLarge:    "too long",
		protocol.CodeBadRequest:  "no[2J (bad_request)",
	} {
		_, err := client.Send(t.Context(), string(code))
		var refused *Refused
		if !errors.As(err, &refused) || refused.Code != code || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gave %v", code, err)
		}
	}
	for text, code := range map[string]protocol.Code{"\u2003": protocol.CodeEmptyMessage, strings.Repeat("x", 40000): protocol.CodeTooLarge} {
		_, err := client.Send(t.Context(), text)
		var refused *Refused
		if !errors.As(err, &refused) || refused.Code != code {
			t.Errorf("%d bytes gave %v", len(text), err)
		}
	}
}

// Of a message that was sent before, nobody knows whether the server has it: a
// limit then is no reason to give it up, or it might be said a second time.
func TestALimitOnARepeatedMessageIsWaitedOut(t *testing.T) {
	for name, first := range map[string]func(*seat){
		"one that was not answered":        func(*seat) {},
		"one whose connection was cut off": func(s *seat) { s.conn.CloseNow() },
	} {
		t.Run(name, func(t *testing.T) {
			server := startServer(t)
			var mu sync.Mutex
			var ids []any
			server.before = func(s *seat, frame map[string]any) bool {
				if frame["action"] != "sendMessage" {
					return false
				}
				mu.Lock()
				defer mu.Unlock()
				ids = append(ids, frame["clientId"])
				switch len(ids) {
				case 1:
					first(s)
				case 2:
					s.write(protocol.Error{Type: "error", Code: protocol.CodeRateLimited, RequestID: "r-1", ClientID: frame["clientId"].(string), RetryAfterMS: 20})
				}
				return len(ids) <= 2
			}
			client, _ := join(t, server, quick, nil)
			if _, err := client.Send(t.Context(), "once"); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if len(ids) < 3 || ids[1] != ids[0] || ids[2] != ids[0] {
				t.Errorf("sent as %v", ids)
			}
		})
	}
}

func TestASendThatIsGivenUpIsNotSentLater(t *testing.T) {
	server := startServer(t)
	var sent atomic.Int32
	server.before = func(s *seat, frame map[string]any) bool {
		if frame["action"] == "sendMessage" {
			sent.Add(1)
			return true
		}
		return false
	}
	client, _ := join(t, server, quick, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.Send(ctx, "given up"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	time.Sleep(3 * quick.ack)
	if n := sent.Load(); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

// A message that the server stored and did not pass on leaves no gap that could
// be seen, and those that follow do not show it either.
func TestAMessageThatIsNotPassedOnIsFoundWhileTheConnectionLasts(t *testing.T) {
	server := startServer(t)
	often := quick
	often.ping = 50 * time.Millisecond
	_, heard := join(t, server, often, nil)
	for _, text := range []string{"one", "two"} {
		server.store("bob", "unheard-"+text, "unheard "+text)
		server.say(text)
		waitFor(t, "what was not passed on before "+text, func() bool { return slices.Contains(heard.texts(), "unheard "+text) })
	}
	server.store("bob", "last", "unheard last")
	waitFor(t, "what was not passed on in a room that is silent since", func() bool { return slices.Contains(heard.texts(), "unheard last") })
	if got := heard.texts(); len(got) != 5 {
		t.Errorf("heard %q", got)
	}
	caughtUp := 0
	for _, e := range heard.all() {
		if _, ok := e.(CaughtUp); ok {
			caughtUp++
		}
	}
	if caughtUp != 1 || server.count() != 1 {
		t.Errorf("caught up %d times in %d connections", caughtUp, server.count())
	}
}

// Between what a reconnecting client heard last and what it missed there may be
// more that it never heard of: all since it last looked is looked through.
func TestARepairGoesBackToTheLastOne(t *testing.T) {
	server := startServer(t)
	_, heard := join(t, server, quick, nil)
	server.store("bob", "unheard", "unheard")
	const live = protocol.MaxHistoryLimit + 20
	for range live {
		server.mu.Lock()
		server.lastTime += uint64(time.Minute.Milliseconds())
		server.mu.Unlock()
		server.say(rand.Text())
	}
	waitFor(t, "the messages after it", func() bool { return len(heard.texts()) == live })
	server.open()[0].conn.CloseNow()
	waitFor(t, "the one before", func() bool { return len(heard.texts()) == live+1 && heard.texts()[live] == "unheard" })
}

// The server's memory of client ids has an end; the history has none.
func TestWhatTheHistoryHasIsNotSentAgain(t *testing.T) {
	server := startServer(t)
	var mu sync.Mutex
	tries := map[any]int{}
	server.before = func(s *seat, frame map[string]any) bool {
		if frame["action"] != "sendMessage" {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		tries[frame["clientId"]]++
		if tries[frame["clientId"]] == 1 {
			server.store("alice", frame["clientId"].(string), frame["text"].(string))
			s.conn.CloseNow()
			return true
		}
		return false
	}
	client, heard := join(t, server, quick, nil)
	ack, err := client.Send(t.Context(), "once")
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the message", func() bool { return len(heard.texts()) == 1 })
	mu.Lock()
	defer mu.Unlock()
	if stored := server.stored[0]; ack.ID != stored.ID || ack.HTML != "once" || ack.SentAt != stored.SentAt || ack.ClientID != stored.ClientID || tries[ack.ClientID] != 1 {
		t.Errorf("got %+v after %v tries", ack, tries)
	}
}

// The times between the tries of a message are less than the server remembers.
func TestAMessageIsGivenUpBeforeItIsForgotten(t *testing.T) {
	var tries time.Duration
	for n := range maxTries {
		tries += defaultTiming.ack << min(n, 2)
	}
	if tries > protocol.RetryTime {
		t.Errorf("a message is tried for %v", tries)
	}
}

func TestAGapIsRepairedInOrderWithoutDuplicates(t *testing.T) {
	server := startServer(t)
	for i := range 30 {
		server.say(fmt.Sprintf("before-%02d", i))
	}
	client, heard := join(t, server, quick, func(o *Options) { o.Backlog = 3 })
	server.say("live")
	waitFor(t, "the live message", func() bool { return slices.Contains(heard.texts(), "live") })

	var closed atomic.Bool
	closed.Store(true)
	server.mu.Lock()
	server.admit = func(int, string) int {
		if closed.Load() {
			return http.StatusServiceUnavailable
		}
		return 0
	}
	server.mu.Unlock()
	for _, one := range server.open() {
		one.conn.CloseNow()
	}
	want := []string{"before-27", "before-28", "before-29", "live"}
	for i := range 250 {
		text := fmt.Sprintf("missed-%03d", i)
		server.say(text)
		want = append(want, text)
	}
	// While the gap is repaired, more is said, and what was said comes twice.
	var once sync.Once
	server.before = func(s *seat, frame map[string]any) bool {
		if frame["action"] == "history" {
			once.Do(func() {
				s.write(protocol.Batch{Type: "batch", Messages: server.stored[len(server.stored)-5:]})
				server.say("during")
			})
		}
		return false
	}
	closed.Store(false)
	want = append(want, "during")
	waitFor(t, "the repair", func() bool { return len(heard.texts()) >= len(want) })
	server.say("after")
	waitFor(t, "the message after it", func() bool { return slices.Contains(heard.texts(), "after") })
	if got := heard.texts(); !slices.Equal(got, append(want, "after")) {
		t.Errorf("heard %d messages, want %d:\n%q", len(got), len(want)+1, got)
	}
	if len(heard.notices()) > 0 || client.Err() != nil {
		t.Errorf("notices %v, end %v", heard.notices(), client.Err())
	}
}

func TestARoomThatWasEmptyHasGapsToo(t *testing.T) {
	server := startServer(t)
	_, heard := join(t, server, quick, nil)
	var closed atomic.Bool
	closed.Store(true)
	server.mu.Lock()
	server.admit = func(int, string) int {
		if closed.Load() {
			return http.StatusBadGateway
		}
		return 0
	}
	server.mu.Unlock()
	server.open()[0].conn.CloseNow()
	waitFor(t, "the connection to be gone", func() bool { return len(server.open()) == 0 })
	server.say("first")
	closed.Store(false)
	waitFor(t, "the first message", func() bool { return slices.Equal(heard.texts(), []string{"first"}) })
}

func TestATokenIsRenewedOnASecondConnectionBeforeTheFirstIsLeft(t *testing.T) {
	server := startServer(t)
	first, second := token("alice", time.Now().Add(2*time.Second)), token("alice", time.Now().Add(time.Hour))
	var order []string
	var mu sync.Mutex
	server.admit = func(_ int, token string) int {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, fmt.Sprintf("open %d", len(server.open())))
		return 0
	}
	client, heard := join(t, server, quick, func(o *Options) { o.Tokens = &sources{tokens: []string{first, second}} })
	old := server.open()[0]
	var said []string
	for i := 0; server.count() < 2 || len(server.open()) > 1; i++ {
		text := fmt.Sprintf("message-%04d", i)
		said = append(said, text)
		server.say(text)
		if _, err := client.Send(t.Context(), "own-"+text); err != nil {
			t.Fatal(err)
		}
		said = append(said, "own-"+text)
		time.Sleep(10 * time.Millisecond)
	}
	waitFor(t, "all messages", func() bool { return len(heard.texts()) >= len(said) })
	got := heard.texts()
	slices.Sort(got)
	slices.Sort(said)
	if !slices.Equal(got, said) {
		t.Errorf("heard %d messages, want %d", len(got), len(said))
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(order, []string{"open 0", "open 1"}) {
		t.Errorf("connections: %v", order)
	}
	<-old.closed
	if old.code != websocket.StatusNormalClosure {
		t.Errorf("the first connection was closed with %v", old.code)
	}
	if server.open()[0].token != second {
		t.Error("the second connection has not the second token")
	}
}

func TestAnExpiredTokenIsReplacedAndTheMessageSentAgain(t *testing.T) {
	server := startServer(t)
	first, second := token("alice", time.Now().Add(time.Hour)), token("alice", time.Now().Add(time.Hour))
	server.before = func(s *seat, frame map[string]any) bool {
		if s.token != first || frame["action"] != "sendMessage" {
			return false
		}
		s.write(protocol.Error{Type: "error", Code: protocol.CodeTokenExpired, Message: "expired", ClientID: frame["clientId"].(string)})
		_ = s.conn.Close(websocket.StatusNormalClosure, "")
		return true
	}
	client, heard := join(t, server, quick, func(o *Options) { o.Tokens = &sources{tokens: []string{first, second}} })
	if _, err := client.Send(t.Context(), "in spite of it"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the message", func() bool { return slices.Equal(heard.texts(), []string{"in spite of it"}) })
}

func TestWithoutANewerTokenTheClientEnds(t *testing.T) {
	server := startServer(t)
	server.before = func(s *seat, frame map[string]any) bool {
		if frame["action"] != "sendMessage" {
			return false
		}
		s.write(protocol.Error{Type: "error", Code: protocol.CodeTokenExpired, Message: "expired", ClientID: frame["clientId"].(string)})
		return true
	}
	client, heard := join(t, server, quick, nil)
	if _, err := client.Send(t.Context(), "too late"); !errors.Is(err, ErrTokenExpired) {
		t.Errorf("send gave %v", err)
	}
	<-heard.done
	if !errors.Is(client.Err(), ErrTokenExpired) {
		t.Errorf("the client ended with %v", client.Err())
	}
	if _, err := client.Send(t.Context(), "later still"); !errors.Is(err, ErrTokenExpired) {
		t.Errorf("send after the end gave %v", err)
	}
}

func TestATokenThatCannotBeRenewedServesUntilItsEnd(t *testing.T) {
	server := startServer(t)
	client, heard := join(t, server, quick, func(o *Options) {
		o.Tokens = StaticToken(token("alice", time.Now().Add(8*time.Second)))
	})
	waitFor(t, "the notice", func() bool { return len(heard.notices()) > 0 })
	server.open()[0].conn.CloseNow()
	if _, err := client.Send(t.Context(), "still here"); err != nil {
		t.Errorf("before the end of the token: %v", err)
	}
}

func TestARefusedHandshakeIsSaidInWordsAndNotRepeated(t *testing.T) {
	for status, want := range map[int]string{
		401: "token", 403: "not let you in", 404: "no chat", 429: "too many connections",
		500: "problem", 502: "problem", 503: "room is full", 301: "not followed",
	} {
		server := startServer(t)
		server.admit = func(int, string) int { return status }
		_, err := dial(t.Context(), Options{URL: server.url, Room: room, Tokens: StaticToken(token("alice", time.Now().Add(time.Hour)))}, quick)
		var refused *HandshakeError
		if !errors.As(err, &refused) || refused.Status != status || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("%d gave %v", status, err)
		}
		if server.count() != 1 {
			t.Errorf("%d: %d handshakes", status, server.count())
		}
	}
}

func TestAReconnectStopsWhereItIsUselessAndOnlyThere(t *testing.T) {
	for status, useless := range map[int]bool{401: true, 403: true, 404: true, 429: false, 502: false, 503: false} {
		server := startServer(t)
		server.admit = func(n int, _ string) int {
			if n == 1 || n > 6 {
				return 0
			}
			return status
		}
		client, heard := join(t, server, quick, nil)
		server.open()[0].conn.CloseNow()
		if !useless {
			if _, err := client.Send(t.Context(), "back"); err != nil {
				t.Errorf("%d: %v", status, err)
			}
			continue
		}
		<-heard.done
		var refused *HandshakeError
		if !errors.As(client.Err(), &refused) || refused.Status != status || server.count() != 2 {
			t.Errorf("%d: ended with %v after %d handshakes", status, client.Err(), server.count())
		}
	}
}

func TestATokenThatTheServerRefusesOnReturnIsReplacedOnce(t *testing.T) {
	server := startServer(t)
	first, second := token("alice", time.Now().Add(time.Hour)), token("alice", time.Now().Add(time.Hour))
	server.admit = func(n int, token string) int {
		if n > 1 && token == first {
			return 401
		}
		return 0
	}
	client, _ := join(t, server, quick, func(o *Options) { o.Tokens = &sources{tokens: []string{first, second}} })
	server.open()[0].conn.CloseNow()
	if _, err := client.Send(t.Context(), "back"); err != nil {
		t.Fatal(err)
	}
	if server.count() != 3 {
		t.Errorf("%d handshakes", server.count())
	}
}

func TestAnAddressThatWouldGiveTheTokenAwayIsRefused(t *testing.T) {
	for url, want := range map[string]string{
		"ws://chat.example.com/live":                            "clear text",
		"ws://192.0.2.1/live":                                   "clear text",
		"ws://localhost.example.com/live":                       "clear text",
		"http://127.0.0.1/live":                                 "wss:",
		"https://chat.example.com/live":                         "wss:",
		"chat.example.com":                                      "wss://host",
		"wss://":                                                "wss://host",
		"wss://alice:secret@chat.example.com/live":              "user name",
		"wss://chat.example.com/live#x":                         "fragment",
		"wss://chat.example.com/live?token=x":                   "logs",
		"wss://chat.example.com/live?room=a&room=b":             "logs",
		"wss://chat.example.com/live?room=cellar":               "another room",
		"wss://chat.example.com/live?room=lobby&access_token=x": "logs",
	} {
		_, err := Dial(t.Context(), Options{URL: url, Room: room, Tokens: StaticToken("a.b.c")})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gave %v", url, err)
		}
	}
	for _, good := range []string{"wss://chat.example.com/live", "wss://chat.example.com/live?room=lobby", "ws://127.0.0.1:1/x", "ws://[::1]/x", "ws://localhost:8080/x"} {
		if got, _, err := address(good, room); err != nil || !strings.HasSuffix(got, "?room=lobby") {
			t.Errorf("%s gave %s, %v", good, got, err)
		}
	}
	for _, bad := range []string{"", "Lobby", "-a", "a b", "a&b=c", strings.Repeat("a", 65)} {
		if _, _, err := address("wss://chat.example.com/live", bad); err == nil {
			t.Errorf("the room %q was accepted", bad)
		}
	}
}

func TestAServerThatDoesNotChooseTheProtocolIsLeft(t *testing.T) {
	secret := token("alice", time.Now().Add(time.Hour))
	for name, echoed := range map[string]string{
		"nothing":                  "",
		"the token":                "bearer." + secret,
		"both":                     "chat.v1, bearer." + secret,
		"something of its own":     "chat.v2",
		"the protocol, other case": "CHAT.V1",
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if echoed != "" {
					w.Header().Set("Sec-WebSocket-Protocol", echoed)
				}
				conn, err := websocket.Accept(w, r, nil)
				if err == nil {
					conn.CloseNow()
				}
			}))
			defer server.Close()
			_, err := dial(t.Context(), Options{URL: "ws" + strings.TrimPrefix(server.URL, "http"), Room: room, Tokens: StaticToken(secret)}, quick)
			if !errors.Is(err, errProtocol) || strings.Contains(err.Error(), secret) {
				t.Errorf("gave %v", err)
			}
		})
	}
}

func TestNoErrorShowsTheToken(t *testing.T) {
	secret := token("alice", time.Now().Add(time.Hour))
	var all []string
	note := func(err error) {
		if err == nil {
			t.Error("an attempt that must fail did not")
			return
		}
		all = append(all, fmt.Sprintf("%v %+v", err, err))
	}
	attempt := func(url, token string) error {
		_, err := dial(t.Context(), Options{URL: url, Room: room, Tokens: StaticToken(token)}, quick)
		return err
	}
	note(attempt("ws://127.0.0.1:1/live", secret))
	note(attempt("ws://127.0.0.1:1/live?token="+secret, secret))
	note(attempt("ws://chat.invalid/live", secret))
	note(attempt("wss://chat.invalid/live", secret))
	note(attempt("ws://127.0.0.1:1/live", secret+"\r\nX-Injected: 1"))
	note(attempt("ws://127.0.0.1:1/live", "Bearer "+secret))
	note(attempt("ws://127.0.0.1:1/live", strings.ReplaceAll(secret, ".", "-")))
	note(attempt("ws://127.0.0.1:1/live", secret+strings.Repeat("x", protocol.MaxToken)))
	for _, status := range []int{301, 400, 401, 403, 404, 429, 500, 503} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/"+r.Header.Get("Sec-WebSocket-Protocol"))
			http.Error(w, r.Header.Get("Sec-WebSocket-Protocol"), status)
		}))
		note(attempt("ws"+strings.TrimPrefix(server.URL, "http"), secret))
		server.Close()
	}
	for _, text := range all {
		if strings.Contains(text, secret) || strings.Contains(text, strings.ReplaceAll(secret, ".", "-")) {
			t.Errorf("the token is shown: %s", text)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	var reached atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	_, err := dial(t.Context(), Options{URL: "ws" + strings.TrimPrefix(server.URL, "http"), Room: room, Tokens: StaticToken("a.b.c")}, quick)
	if err == nil || reached.Load() {
		t.Errorf("gave %v, followed: %v", err, reached.Load())
	}
}

func TestFramesThatBreakTheContractAreIgnoredAndUnknownOnesInSilence(t *testing.T) {
	server := startServer(t)
	_, heard := join(t, server, quick, nil)
	one := server.open()[0]
	good := server.say("good")
	later := func(by uint64) string { return ulid.MustNew(server.lastTime+by, ulid.DefaultEntropy()).String() }
	change := func(do func(*protocol.Message)) protocol.Message {
		m := good
		m.ID = later(1)
		do(&m)
		return m
	}
	broken := []any{
		"text", 7,
		[]int{1},
		map[string]any{"type": 7},
		map[string]any{},
		map[string]any{"message": "x"},
		change(func(m *protocol.Message) { m.ID = "" }),
		change(func(m *protocol.Message) { m.ID = strings.ToLower(m.ID) }),
		change(func(m *protocol.Message) { m.ID = "9" + m.ID[1:] }),
		change(func(m *protocol.Message) { m.Room = "cellar" }),
		change(func(m *protocol.Message) { m.SentAt = "today" }),
		change(func(m *protocol.Message) { m.User.ID = "" }),
		change(func(m *protocol.Message) { m.User.Name = strings.Repeat("n", maxUserName+1) }),
		protocol.Batch{Type: "batch", Messages: []protocol.Message{change(func(m *protocol.Message) { m.Room = "cellar" })}},
		protocol.Ack{Type: "ack", ClientID: "not/one", ID: good.ID, SentAt: good.SentAt},
		protocol.Error{Type: "error"},
		map[string]any{"type": "message", "id": 7},
		map[string]any{"type": "history", "messages": "none"},
		map[string]any{"type": "members", "members": []any{7}},
		protocol.History{Type: "history", Messages: []protocol.Message{change(func(m *protocol.Message) { m.ID = "7" + m.ID[1:] }), good}},
	}
	for _, frame := range broken {
		one.write(frame)
	}
	silent := []any{
		map[string]any{"type": "typing", "user": "bob"},
		protocol.Pong{Type: "pong"},
		protocol.Members{Type: "members"},
		protocol.History{Type: "history"},
		protocol.Batch{Type: "batch"},
		good,
	}
	for _, frame := range silent {
		one.write(frame)
	}
	if err := one.conn.Write(t.Context(), websocket.MessageBinary, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	one.write(protocol.Batch{Type: "batch", Messages: []protocol.Message{
		good, change(func(m *protocol.Message) { m.HTML = "in a batch" }), change(func(m *protocol.Message) { m.ID = later(2); m.HTML = "last" }),
	}})
	waitFor(t, "the last message", func() bool { return slices.Contains(heard.texts(), "last") })
	if got := heard.texts(); !slices.Equal(got, []string{"good", "in a batch", "last"}) {
		t.Errorf("heard %q", got)
	}
	if got := heard.notices(); len(got) != len(broken) {
		t.Errorf("%d notices for %d broken frames: %v", len(got), len(broken), got)
	}
	if server.count() != 1 {
		t.Errorf("%d connections", server.count())
	}
}

func TestAPingThatIsNotAnsweredEndsTheConnection(t *testing.T) {
	server := startServer(t)
	var deaf atomic.Bool
	var pings atomic.Int32
	server.before = func(s *seat, frame map[string]any) bool {
		if frame["action"] == "ping" {
			pings.Add(1)
		}
		return deaf.Load()
	}
	often := quick
	often.ping, often.pong = 30*time.Millisecond, 100*time.Millisecond
	_, heard := join(t, server, often, nil)
	waitFor(t, "some pings", func() bool { return pings.Load() > 5 })
	if server.count() != 1 {
		t.Errorf("%d connections while pings were answered", server.count())
	}
	deaf.Store(true)
	waitFor(t, "a new connection", func() bool { return server.count() > 1 })
	deaf.Store(false)
	server.say("back")
	waitFor(t, "a message", func() bool { return slices.Contains(heard.texts(), "back") })
}

func TestAQuestionThatIsNeverAnsweredIsGivenUpAndTheRoomStaysUsable(t *testing.T) {
	server := startServer(t)
	server.before = func(s *seat, frame map[string]any) bool { return frame["action"] == "history" }
	hasty := quick
	hasty.answer = 50 * time.Millisecond
	client, err := dial(t.Context(), Options{URL: server.url, Room: room, Tokens: StaticToken(token("alice", time.Now().Add(time.Hour)))}, hasty)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	heard := listen(client)
	waitFor(t, "the notice", func() bool { return len(heard.notices()) > 0 })
	if server.count() != maxTries/2 {
		t.Errorf("%d connections", server.count())
	}
	server.say("live")
	waitFor(t, "a message", func() bool { return slices.Equal(heard.texts(), []string{"live"}) })
}

func TestHistoryAndMembersAreAnsweredPageByPage(t *testing.T) {
	server := startServer(t)
	for i := range 5 {
		server.say(fmt.Sprint(i))
	}
	client, _ := join(t, server, quick, nil)
	var got []string
	for before := ""; ; {
		page, err := client.History(t.Context(), before, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range slices.Backward(page.Messages) {
			got = append(got, m.HTML)
		}
		if before = page.Next; before == "" {
			break
		}
	}
	if !slices.Equal(got, []string{"4", "3", "2", "1", "0"}) {
		t.Errorf("read %q", got)
	}
	members, err := client.Members(t.Context(), "")
	if err != nil || len(members.Members) != 2 {
		t.Errorf("members %v, %v", members, err)
	}
}

func TestCloseLeavesWithTheClosingHandshake(t *testing.T) {
	server := startServer(t)
	client, heard := join(t, server, quick, nil)
	one := server.open()[0]
	server.before = func(*seat, map[string]any) bool { return true }
	pending := make(chan error)
	go func() {
		_, err := client.Send(context.Background(), "unanswered")
		pending <- err
	}()
	time.Sleep(50 * time.Millisecond)
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	<-one.closed
	if one.code != websocket.StatusNormalClosure {
		t.Errorf("closed with %v", one.code)
	}
	if err := <-pending; !errors.Is(err, ErrClosed) {
		t.Errorf("the pending message: %v", err)
	}
	<-heard.done
	if _, err := client.Send(t.Context(), "late"); !errors.Is(err, ErrClosed) {
		t.Errorf("a late message: %v", err)
	}
}

func TestATokenFileIsReadAnew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	for _, content := range []string{"one", "two"} {
		if err := os.WriteFile(file, []byte(content+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := TokenFile(file).Token(t.Context(), ""); err != nil || got != content {
			t.Errorf("%q, %v", got, err)
		}
	}
	if _, err := TokenFile(file+"x").Token(t.Context(), ""); err == nil {
		t.Error("a missing file gave a token")
	}
}

func TestARenewalComesBeforeTheEndAndNotMuchBefore(t *testing.T) {
	now := time.Now()
	for life, earliest := range map[time.Duration]time.Duration{
		time.Hour: 150 * time.Second, 5 * time.Minute: 38 * time.Second, 10 * time.Second: 7 * time.Second, time.Second: 700 * time.Millisecond,
	} {
		for range 100 {
			at := renewal(now, now.Add(life))
			if lead := now.Add(life).Sub(at); lead <= 0 || lead > earliest || at.Before(now) {
				t.Errorf("a token of %v is renewed %v before its end", life, lead)
			}
		}
	}
	if !renewal(now, time.Time{}).IsZero() || !renewal(now, now.Add(-time.Second)).IsZero() {
		t.Error("a token that has no end or is over is renewed")
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/chatclient"
	"github.com/portcullis-chat/portcullis/internal/protocol"
)

// chatRoom plays the server for one connection at a time.
type chatRoom struct {
	t       *testing.T
	url     string
	status  int // of the handshake, if it is to be refused
	past    []protocol.Message
	refuse  map[string]protocol.Error // text -> answer, given once
	echo    []protocol.Message        // sent after the first message
	ignores string                    // text that is never answered

	mu     sync.Mutex
	heard  []string
	offers []string
	conn   *websocket.Conn
	code   chan websocket.StatusCode
}

func openRoom(t *testing.T, room *chatRoom) *chatRoom {
	t.Helper()
	room.t, room.code = t, make(chan websocket.StatusCode, 10)
	server := httptest.NewServer(room)
	t.Cleanup(server.Close)
	room.url = "ws" + strings.TrimPrefix(server.URL, "http")
	return room
}

func message(user, html string) protocol.Message {
	return protocol.Message{
		Type: protocol.TypeMessage, ID: ulid.Make().String(), ClientID: "c", Room: "lobby",
		User: protocol.User{ID: "id-of-" + user, Name: user}, HTML: html, SentAt: time.Now().UTC().Format(time.RFC3339),
	}
}

func (c *chatRoom) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.offers = append(c.offers, r.Header.Get("Sec-WebSocket-Protocol"))
	status := c.status
	c.mu.Unlock()
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"chat.v1"}})
	if err != nil {
		return
	}
	c.mu.Lock()
	c.conn = conn
	c.mu.Unlock()
	for {
		_, data, err := conn.Read(context.Background())
		if err != nil {
			c.code <- websocket.CloseStatus(err)
			return
		}
		c.answer(data)
	}
}

func (c *chatRoom) write(frame any) {
	data, err := json.Marshal(frame)
	if err != nil {
		c.t.Error(err)
	}
	_ = c.conn.Write(context.Background(), websocket.MessageText, data)
}

func (c *chatRoom) answer(data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var frame struct{ Action, ClientID, Text, Before string }
	if err := json.Unmarshal(data, &frame); err != nil {
		c.t.Error(err)
	}
	switch frame.Action {
	case protocol.ActionHistory:
		var page []protocol.Message
		for _, m := range c.past {
			if frame.Before == "" || m.ID < frame.Before {
				page = append(page, m)
			}
		}
		c.write(protocol.History{Type: protocol.TypeHistory, Messages: page})
	case protocol.ActionMembers:
		c.write(protocol.Members{Type: protocol.TypeMembers, Members: []protocol.User{{ID: "2", Name: "Zoë"}, {ID: "1", Name: "Al\x1b[2Jice"}}})
	case protocol.ActionSendMessage:
		if frame.Text == c.ignores && c.ignores != "" {
			return
		}
		if refusal, ok := c.refuse[frame.Text]; ok {
			delete(c.refuse, frame.Text)
			refusal.Type, refusal.ClientID = protocol.TypeError, frame.ClientID
			c.write(refusal)
			return
		}
		c.heard = append(c.heard, frame.Text)
		own := message("alice", frame.Text)
		c.write(protocol.Ack{Type: protocol.TypeAck, ClientID: frame.ClientID, ID: own.ID, SentAt: own.SentAt, HTML: own.HTML})
		for _, m := range c.echo {
			c.write(m)
		}
		c.echo = nil
	}
}

func (c *chatRoom) texts() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.heard)
}

func testToken() string {
	payload := fmt.Sprintf(`{"sub":"id-of-alice","exp":%d}`, time.Now().Add(time.Hour).Unix())
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".c2lnbmF0dXJl"
}

// chat runs the command in a pipe.
func chat(t *testing.T, input string, arguments ...string) (out, problems string, err error) {
	t.Helper()
	for _, name := range []string{tokenVariable, passwordVariable} {
		if _, set := os.LookupEnv(name); !set {
			t.Setenv(name, "")
		}
	}
	var stdout, stderr bytes.Buffer
	root := newRootCommand()
	root.SetArgs(append([]string{"chat"}, arguments...))
	root.SetIn(strings.NewReader(input))
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	err = root.ExecuteContext(t.Context())
	return stdout.String(), stderr.String(), err
}

func TestAPipeSendsEachLineInOrderAndLeavesWithACloseFrame(t *testing.T) {
	room := openRoom(t, &chatRoom{})
	t.Setenv(tokenVariable, testToken())
	out, problems, err := chat(t, "one\n\n/two\r\nthree", "--url", room.url, "--room", "lobby")
	if err != nil || problems != "" {
		t.Fatalf("%v, %s", err, problems)
	}
	if got := room.texts(); !slices.Equal(got, []string{"one", "/two", "three"}) {
		t.Errorf("sent %q", got)
	}
	if strings.Count(out, " > you: ") != 3 {
		t.Errorf("printed\n%s", out)
	}
	if code := <-room.code; code != websocket.StatusNormalClosure {
		t.Errorf("closed with %v", code)
	}
}

func TestAPipeShowsTheHistoryAndWhatTheOthersSay(t *testing.T) {
	evil := message("bob\n12:00:00 < carol: forged", "\x1b[2Jhi &lt;b&gt;\u202e<br>12:00:00 &lt; carol: forged")
	room := openRoom(t, &chatRoom{past: []protocol.Message{message("dora", "earlier"), message("alice", "mine")}, echo: []protocol.Message{evil}})
	t.Setenv(tokenVariable, testToken())
	out, problems, err := chat(t, "one\n", "--url", room.url, "--room", "lobby", "--history", "5", "--linger", "300ms")
	if err != nil || problems != "" {
		t.Fatalf("%v, %s", err, problems)
	}
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		lines = append(lines, line[len("12:34:56"):])
	}
	want := []string{
		" < dora: earlier", " > you: mine", " > you: one",
		" < bob 12:00:00 < carol: forged: [2Jhi <b>", "   12:00:00 < carol: forged",
	}
	slices.Sort(lines[2:])
	slices.Sort(want[2:])
	if !slices.Equal(lines, want) {
		t.Errorf("printed\n%q, want\n%q", lines, want)
	}
}

func TestAPipeThatWasRefusedSomethingFails(t *testing.T) {
	room := openRoom(t, &chatRoom{
		refuse: map[string]protocol.Error{
			"bad":  {Code: protocol.CodeBadRequest, Message: "not so"},
			"fast": {Code: protocol.CodeRateLimited, RetryAfterMS: 50},
		},
		ignores: "lost",
	})
	t.Setenv(tokenVariable, testToken())
	_, problems, err := chat(t, "good\nbad\nfast\nlost\n"+strings.Repeat("x", 40000)+"\n",
		"--url", room.url, "--room", "lobby", "--timeout", "300ms")
	if err == nil || err.Error() != "3 of 5 lines were not sent" {
		t.Errorf("ended with %v", err)
	}
	if got := room.texts(); !slices.Equal(got, []string{"good", "fast"}) {
		t.Errorf("sent %q", got)
	}
	for _, want := range []string{"line 2 was not sent: the server refuses: not so", "line 4 was not sent: it was not acknowledged within 300ms", "line 5 was not sent: the message is too long"} {
		if !strings.Contains(problems, want) {
			t.Errorf("no %q in\n%s", want, problems)
		}
	}
}

func TestTheTokenIsNeverPrinted(t *testing.T) {
	secret := testToken()
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, room := range map[string]*chatRoom{
		"welcome": {}, "refused": {status: 401}, "forbidden": {status: 403}, "full": {status: 503},
		"an answer that quotes it": {refuse: map[string]protocol.Error{"x": {Code: protocol.CodeBadRequest, Message: "no"}}},
	} {
		t.Run(name, func(t *testing.T) {
			openRoom(t, room)
			out, problems, err := chat(t, "x\n", "--url", room.url, "--room", "lobby", "--token-file", file)
			if strings.Contains(out+problems+fmt.Sprint(err), secret) {
				t.Errorf("printed\n%s\n%s\n%v", out, problems, err)
			}
			if !slices.Contains(room.offers, "chat.v1,bearer."+secret) {
				t.Error("the server did not get the token")
			}
		})
	}
}

func TestFlagErrorsNameTheRemedy(t *testing.T) {
	for arguments, want := range map[string]string{
		"":                                   "--url is missing",
		"--url wss://a.example":              "--room is missing",
		"--url wss://a.example --room lobby": "--token-file",
		"--url wss://a.example --room lobby --token-file /nonexistent/t":                                          "token file",
		"--url wss://a.example --room lobby --user a --token-file t":                                              "exclude each other",
		"--url wss://a.example --room lobby --user a":                                                             "--user-pool-id and --client-id",
		"--url wss://a.example --room lobby --client-id a":                                                        "--user is missing",
		"--url wss://a.example --room lobby --user a --user-pool-id b --client-id c --password-file /nonexistent": "password file",
		"--url wss://a.example --room lobby --token x":                                                            "see portcullis chat --help",
		"--url wss://a.example --room lobby extra":                                                                "extra",
	} {
		if _, _, err := chat(t, "", strings.Fields(arguments)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gave %v", arguments, err)
		}
	}
	t.Setenv(tokenVariable, testToken())
	for url, want := range map[string]string{"ws://chat.example.com/live": "clear text", "wss://a.example/?token=x": "logs"} {
		if _, _, err := chat(t, "", "--url", url, "--room", "lobby"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gave %v", url, err)
		}
	}
	if _, _, err := chat(t, "", "--url", "wss://a.example", "--room", "lobby", "--history", "1000"); err == nil || !strings.Contains(err.Error(), "0 to 100") {
		t.Errorf("a history of 1000 gave %v", err)
	}
}

func TestAClientThatTheServerSendsAwayFails(t *testing.T) {
	room := openRoom(t, &chatRoom{})
	t.Setenv(tokenVariable, testToken())
	go func() {
		for range 200 {
			time.Sleep(10 * time.Millisecond)
			room.mu.Lock()
			conn := room.conn
			if conn != nil {
				room.status = http.StatusForbidden
			}
			room.mu.Unlock()
			if conn != nil {
				conn.CloseNow()
				return
			}
		}
	}()
	_, problems, err := chat(t, "", "--url", room.url, "--room", "lobby", "--linger", "1m")
	if err == nil || !strings.Contains(err.Error(), "(403)") || !strings.Contains(problems, "connecting again") {
		t.Errorf("ended with %v after\n%s", err, problems)
	}
}

// screen collects what is written to a terminal.
type screen struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *screen) waitFor(t *testing.T, want string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(s.String(), want); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %q on the screen:\n%q", want, s)
		}
	}
}

func TestATerminalConversation(t *testing.T) {
	past := []protocol.Message{message("emil", "long ago"), message("dora", "first")}
	room := openRoom(t, &chatRoom{
		past:   past,
		refuse: map[string]protocol.Error{"loud": {Code: protocol.CodeForbidden}},
		echo:   []protocol.Message{message("bob", "hi alice")},
	})
	client, err := chatclient.Dial(t.Context(), chatclient.Options{URL: room.url, Room: "lobby", Tokens: chatclient.StaticToken(testToken()), Backlog: 1})
	if err != nil {
		t.Fatal(err)
	}
	keys, typed := io.Pipe()
	var screen screen
	ended := make(chan error)
	go func() { ended <- newConversation(client, keys, &screen).run(t.Context()) }()
	press := func(text string) {
		t.Helper()
		if _, err := io.WriteString(typed, text); err != nil {
			t.Fatal(err)
		}
	}

	screen.waitFor(t, "< dora: first")
	press("hello\r")
	screen.waitFor(t, "> you: hello")
	screen.waitFor(t, "< bob: hi alice")
	press("loud\r")
	screen.waitFor(t, "-- not sent (you may read in this room, but not write): loud")
	press("/members\r")
	screen.waitFor(t, "-- 2 here: Al[2Jice, Zoë")
	press("/history\r")
	screen.waitFor(t, "-- earlier:\r\n")
	screen.waitFor(t, "< emil: long ago")
	press("/history 0\r")
	screen.waitFor(t, "-- /history takes a number from 1 to 100")
	press("/help\r")
	screen.waitFor(t, "/quit")
	press("/dance\r")
	screen.waitFor(t, "there is no command /dance")
	press("//dance\r")
	screen.waitFor(t, "> you: /dance")
	press("last words\r\x04")
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := room.texts(); !slices.Equal(got, []string{"hello", "/dance", "last words"}) {
		t.Errorf("sent %q", got)
	}
	if code := <-room.code; code != websocket.StatusNormalClosure {
		t.Errorf("closed with %v", code)
	}
	// Escape sequences are the terminal's own: cursor movements and erasing.
	for _, own := range []string{"\x1b[2J", "\x1b]"} {
		if strings.Contains(screen.String(), own) {
			t.Errorf("%q came through to the screen", own)
		}
	}
}

func TestEveryWayToLeaveATerminalIsAnOrderlyOne(t *testing.T) {
	for name, key := range map[string]string{"Ctrl-C": "\x03", "Ctrl-D": "\x04", "the command": "/quit\r", "Ctrl-C in a line": "abc\x03"} {
		t.Run(name, func(t *testing.T) {
			room := openRoom(t, &chatRoom{})
			client, err := chatclient.Dial(t.Context(), chatclient.Options{URL: room.url, Room: "lobby", Tokens: chatclient.StaticToken(testToken())})
			if err != nil {
				t.Fatal(err)
			}
			keys, typed := io.Pipe()
			go func() { _, _ = io.WriteString(typed, key) }()
			if err := newConversation(client, keys, &screen{}).run(t.Context()); err != nil {
				t.Error(err)
			}
			if code := <-room.code; code != websocket.StatusNormalClosure {
				t.Errorf("closed with %v", code)
			}
		})
	}
}

func TestArrowKeysBringBackWhatWasEntered(t *testing.T) {
	keys, typed := io.Pipe()
	var entered []string
	editor := newEditor(keys, io.Discard, func(line string) { entered = append(entered, line) })
	const up, down = "\x1b[A", "\x1b[B"
	go func() {
		for _, key := range []string{
			"one\r", "two\r", "three\r",
			up, up, "\r", // two
			up, "\r", // two again, the newest now
			up, up, up, up, up, up, "!\r", // one!, the oldest
			up, "\r", // one!
			up, up, down, down, down, "four\r", // below the newest line is an empty one
			up, "\r", // four
		} {
			_, _ = io.WriteString(typed, key)
		}
		_ = typed.Close()
	}()
	if err := editor.run(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	want := []string{"one", "two", "three", "two", "two", "one!", "one!", "four", "four"}
	if !slices.Equal(entered, want) {
		t.Errorf("entered %q, want %q", entered, want)
	}
}

func TestTimesAreLocalAndHaveADateUnlessItIsToday(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.Local)
	at := now.Add(-time.Hour)
	if got := clock(at.UTC().Format(time.RFC3339Nano), now); got != "11:00:00" {
		t.Error(got)
	}
	if got := clock(at.AddDate(0, 0, -1).UTC().Format(time.RFC3339), now); got != "2026-11-21 11:00:00" {
		t.Error(got)
	}
}

package message_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ledger"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/markup"
	"github.com/portcullis-chat/portcullis/lambdas/internal/message"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/push"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
	"github.com/portcullis-chat/portcullis/lambdas/internal/store"
)

const own = "AAAA1234aaaa123=" // the connection of the fixture

var (
	now     = time.UnixMilli(1_707_502_320_453)
	errBoom = errors.New("boom arn:aws:dynamodb:eu-west-1:1:table/x")
)

// chat is everything around the handler, in memory. fail names the calls that
// fail.
type chat struct {
	mu       sync.Mutex
	fail     map[string]error
	calls    []string
	sent     map[ledger.Key]ulid.ULID
	messages []room.Message // as stored, oldest first
	members  []room.Member
	posted   map[string][]string
	closed   []string
	taken    []taking
	log      bytes.Buffer
	metrics  bytes.Buffer
	handler  *message.Handler
}

// taking is what was counted, and for whom.
type taking struct {
	sub  string
	kind ledger.Kind
}

func newChat() *chat {
	c := &chat{fail: map[string]error{}, sent: map[ledger.Key]ulid.ULID{}, posted: map[string][]string{}}
	c.members = []room.Member{
		{ConnectionID: own, Sub: "3c5a-ann", Name: "Ann"},
		{ConnectionID: "ann2=", Sub: "3c5a-ann", Name: "Ann"},
		{ConnectionID: "bob=", Sub: "bob", Name: "Bob"},
	}
	log := logging.New(&c.log, "")
	clock := func() time.Time { return now }
	c.handler = &message.Handler{
		Ledger: c, Counter: c, Messages: c, Members: c, Sockets: c,
		Fanout: &push.Fanout{Poster: c, Closer: c, Remover: c, Now: clock, Log: log},
		Format: markup.Text, MaxFrame: protocol.MaxFrame, MaxText: protocol.MaxText, HistoryPage: 100, MembersPage: 100,
		NewID: room.NewIDs(clock), Now: clock, Log: log,
		Metrics: metrics.New(&c.metrics, metrics.Settings{Namespace: "Chat", Function: "message"}, "", clock),
	}
	return c
}

func (c *chat) call(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, name)
	if errors.Is(c.fail[name], errPanic) {
		panic("secret text of a panic")
	}
	return c.fail[name]
}

var errPanic = errors.New("panic")

func (c *chat) Charge(_ context.Context, sub string, key ledger.Key, id ulid.ULID, _ int) (ulid.ULID, bool, error) {
	if err := c.call("Charge"); err != nil {
		return ulid.ULID{}, false, err
	}
	if first, repeated := c.sent[key]; repeated {
		return first, true, nil
	}
	c.sent[key] = id
	return id, false, nil
}

// Take is not among the calls: every refusal and every read is counted.
func (c *chat) Take(_ context.Context, sub string, kind ledger.Kind) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken = append(c.taken, taking{sub, kind})
	return c.fail["Take "+string(kind)]
}

func (c *chat) Put(_ context.Context, m room.Message) error {
	if err := c.call("Put"); err != nil {
		return err
	}
	for _, stored := range c.messages {
		if stored.ID == m.ID {
			return store.ErrStored
		}
	}
	c.messages = append(c.messages, m)
	return c.fail["Put's answer"]
}

func (c *chat) Get(_ context.Context, _ string, id ulid.ULID) (room.Message, bool, error) {
	if err := c.call("Get"); err != nil {
		return room.Message{}, false, err
	}
	for _, stored := range c.messages {
		if stored.ID == id {
			return stored, true, nil
		}
	}
	return room.Message{}, false, nil
}

func (c *chat) Before(_ context.Context, _ string, before ulid.ULID, most int) ([]room.Message, ulid.ULID, error) {
	if err := c.call("Before"); err != nil {
		return nil, ulid.ULID{}, err
	}
	var page []room.Message
	for _, m := range slices.Backward(c.messages) {
		if before != (ulid.ULID{}) && m.ID.Compare(before) >= 0 {
			continue
		}
		if len(page) == most {
			return page, page[most-1].ID, nil
		}
		page = append(page, m)
	}
	return page, ulid.ULID{}, nil
}

func (c *chat) Members(_ context.Context, _ string, yield func(room.Member) bool) error {
	for _, m := range c.members {
		if !yield(m) {
			return nil
		}
	}
	return c.call("Members")
}

func (c *chat) Post(_ context.Context, id string, frame []byte) error {
	if err := c.call("Post " + id); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.posted[id] = append(c.posted[id], string(frame))
	return nil
}

func (c *chat) Close(_ context.Context, id string) error {
	err := c.call("Close " + id)
	c.closed = append(c.closed, id)
	return err
}

func (c *chat) Remove(_ context.Context, _ string, m room.Member) error {
	return c.call("Remove " + m.ConnectionID)
}

// event returns the fixture with a route and a body, and whatever else is
// changed.
func event(t *testing.T, route, body string, changes ...func(*gateway.Request)) []byte {
	t.Helper()
	data, err := os.ReadFile("../gateway/testdata/message.json")
	if err != nil {
		t.Fatal(err)
	}
	var r gateway.Request
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	r.RequestContext.RouteKey, r.Body = route, body
	for _, change := range changes {
		change(&r)
	}
	data, err = json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// invoke returns the frame that the caller gets.
func (c *chat) invoke(t *testing.T, payload []byte) string {
	t.Helper()
	out, err := c.handler.Invoke(context.Background(), payload)
	if err != nil {
		t.Fatal(err)
	}
	var response gateway.Response
	if err := json.Unmarshal(out, &response); err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		t.Errorf("the status is %d", response.StatusCode)
	}
	return response.Body
}

func decode[T any](t *testing.T, frame string) T {
	t.Helper()
	var v T
	decoder := json.NewDecoder(strings.NewReader(frame))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%s: %v", frame, err)
	}
	return v
}

func (c *chat) send(t *testing.T, clientID, text string) string {
	t.Helper()
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(protocol.SendMessage{Action: "sendMessage", ClientID: clientID, Text: text}); err != nil {
		t.Fatal(err)
	}
	return c.invoke(t, event(t, "sendMessage", body.String()))
}

func TestAMessageIsStoredPassedOnAndAcknowledged(t *testing.T) {
	c := newChat()
	payload, err := os.ReadFile("../gateway/testdata/message.json")
	if err != nil {
		t.Fatal(err)
	}
	ack := decode[protocol.Ack](t, c.invoke(t, payload))
	const html = "Hello, 漢字 &lt;b&gt;you&lt;/b&gt; &amp; me"
	if ack.Type != "ack" || ack.ClientID != "c-1" || ack.HTML != html || ack.SentAt != "2024-02-09T18:12:00.453Z" {
		t.Errorf("got %+v", ack)
	}
	want := room.Message{ID: ulid.MustParseStrict(ack.ID), Room: "general", Sub: "3c5a-ann", Name: "Ann", ClientID: "c-1", HTML: html, Policy: "text/1"}
	if !slices.Equal(c.messages, []room.Message{want}) {
		t.Errorf("stored %+v", c.messages)
	}
	if len(c.posted) != 2 || len(c.posted["ann2="]) != 1 || len(c.posted["bob="]) != 1 {
		t.Fatalf("posted %v", c.posted)
	}
	got := decode[protocol.Message](t, c.posted["bob="][0])
	if got != want.Wire() || strings.Contains(c.posted["bob="][0], `\u0026`) {
		t.Errorf("bob got %s", c.posted["bob="][0])
	}
	if !slices.Equal(c.calls[:2], []string{"Charge", "Put"}) {
		t.Errorf("the calls are %q", c.calls)
	}
	log := c.log.String()
	if !strings.Contains(log, `"message":"message_sent"`) || !strings.Contains(log, `"delivered":2`) || !strings.Contains(log, `"complete":true`) || strings.Count(log, "\n") != 1 {
		t.Errorf("the log is %s", log)
	}
	for _, secret := range []string{"Hello", "漢字", `"Ann"`, "3c5a-ann"} {
		if strings.Contains(log, secret) {
			t.Errorf("%q is in the log %s", secret, log)
		}
	}
}

func TestFailuresAfterStoringAreNotTheCallers(t *testing.T) {
	for name, set := range map[string]func(*chat){
		"a failing post":      func(c *chat) { c.fail["Post bob="] = errBoom },
		"a gone connection":   func(c *chat) { c.fail["Post bob="] = push.ErrGone },
		"failing members":     func(c *chat) { c.fail["Members"] = errBoom },
		"a row that stays":    func(c *chat) { c.fail["Post bob="], c.fail["Remove bob="] = push.ErrGone, errBoom },
		"an SDK that retried": func(c *chat) { c.fail["Put"] = store.ErrStored },
	} {
		c := newChat()
		set(c)
		if ack := decode[protocol.Ack](t, c.send(t, "c", "x")); ack.Type != "ack" {
			t.Errorf("%s: got %+v", name, ack)
		}
		if len(c.posted["ann2="]) != 1 {
			t.Errorf("%s: the other member got %v", name, c.posted)
		}
		if strings.Contains(c.log.String(), "Post bob") {
			t.Errorf("%s: the log is %s", name, c.log.String())
		}
	}
	c := newChat()
	c.fail["Post bob="] = push.ErrGone
	c.send(t, "c", "x")
	if !slices.Contains(c.calls, "Remove bob=") {
		t.Errorf("the calls are %q", c.calls)
	}
}

func TestARetryGetsTheFirstAckAndIsNotDeliveredTwice(t *testing.T) {
	c := newChat()
	first := c.send(t, "c", "first")
	again := c.send(t, "c", "other text")
	if first != again {
		t.Errorf("got %s and then %s", first, again)
	}
	if len(c.messages) != 1 || len(c.posted["bob="]) != 1 {
		t.Errorf("stored %v, posted %v", c.messages, c.posted)
	}
}

func TestARetryOfAMessageThatWasNotStoredIsDelivered(t *testing.T) {
	c := newChat()
	c.fail["Put"] = errBoom
	refused := decode[protocol.Error](t, c.send(t, "c", "x"))
	if refused.Code != protocol.CodeInternal || refused.ClientID != "c" {
		t.Errorf("got %+v", refused)
	}
	c.fail = map[string]error{}
	ack := decode[protocol.Ack](t, c.send(t, "c", "x"))
	if ack.Type != "ack" || len(c.messages) != 1 || len(c.posted["bob="]) != 1 {
		t.Errorf("got %+v, stored %v, posted %v", ack, c.messages, c.posted)
	}
}

// Otherwise the retry would be acknowledged as stored, and nobody would have
// heard the message.
func TestAMessageWhoseStoringSeemedToFailIsPassedOn(t *testing.T) {
	c := newChat()
	c.fail["Put's answer"] = errBoom
	if ack := decode[protocol.Ack](t, c.send(t, "c", "x")); ack.Type != "ack" || len(c.messages) != 1 || len(c.posted["bob="]) != 1 {
		t.Errorf("got %+v, stored %v, posted %v", ack, c.messages, c.posted)
	}
	// What was sent before may have been passed on before.
	c.fail["Put"] = errBoom
	if got := decode[protocol.Error](t, c.send(t, "c", "x")); got.Code != protocol.CodeInternal || len(c.posted["bob="]) != 1 {
		t.Errorf("got %+v, posted %v", got, c.posted)
	}
	c.fail["Put"], c.fail["Get"] = nil, errBoom
	if got := decode[protocol.Error](t, c.send(t, "d", "x")); got.Code != protocol.CodeInternal || len(c.posted["bob="]) != 1 {
		t.Errorf("got %+v, posted %v", got, c.posted)
	}
}

func TestARetryThatCannotBeReadIsAnError(t *testing.T) {
	c := newChat()
	c.send(t, "c", "x")
	c.fail["Get"] = errBoom
	if got := decode[protocol.Error](t, c.send(t, "c", "x")); got.Code != protocol.CodeInternal {
		t.Errorf("got %+v", got)
	}
	c = newChat()
	c.send(t, "c", "x")
	c.fail["Put"] = store.ErrStored
	c.messages = nil
	if got := decode[protocol.Error](t, c.send(t, "c", "x")); got.Code != protocol.CodeInternal || !strings.Contains(c.log.String(), "not there") {
		t.Errorf("got %+v", got)
	}
}

// What failed stays here: aws-samples/simple-websockets-chat-app sent the stack to
// the client.
func TestRefusals(t *testing.T) {
	long := strings.Repeat("a", 4097)
	access := func(word string) func(*gateway.Request) {
		return func(r *gateway.Request) { r.RequestContext.Authorizer.Access = word }
	}
	for name, c := range map[string]struct {
		route, body string
		change      func(*gateway.Request)
		fail        map[string]error
		code        protocol.Code
		clientID    string
		reason      string
	}{
		"no client id":      {"sendMessage", `{"text":"x"}`, nil, nil, "bad_request", "", "client_id"},
		"a wrong client id": {"sendMessage", `{"text":"x","clientId":"a b"}`, nil, nil, "bad_request", "", "frame_member_range"},
		"no text":           {"sendMessage", `{"clientId":"c"}`, nil, nil, "empty_message", "c", "text_empty"},
		"an invisible text": {"sendMessage", `{"clientId":"c","text":" \u200b\u2800 "}`, nil, nil, "empty_message", "c", "text_empty"},
		"a text too long":   {"sendMessage", `{"clientId":"c","text":"` + long + `"}`, nil, nil, "too_large", "c", "text_size"},
		"a text too long that cleaning would shorten": {"sendMessage", `{"clientId":"c","text":"x` + strings.Repeat("\u202E", 1400) + `"}`, nil, nil, "too_large", "c", "text_size"},
		"a frame too long":      {"sendMessage", `{"clientId":"c","text":"` + long + long + `"}`, nil, nil, "too_large", "", "frame_size"},
		"another's identity":    {"sendMessage", `{"clientId":"c","text":"x","userId":"root"}`, nil, nil, "bad_request", "c", "frame_unknown_member"},
		"another room":          {"sendMessage", `{"clientId":"c","text":"x","room":"other"}`, nil, nil, "bad_request", "c", "frame_unknown_member"},
		"no object":             {"sendMessage", `null`, nil, nil, "bad_request", "", "frame_not_an_object"},
		"no JSON":               {"sendMessage", `hello`, nil, nil, "bad_request", "", "frame_malformed"},
		"a wrong type":          {"sendMessage", `{"clientId":"c","text":7}`, nil, nil, "bad_request", "c", "frame_member_type"},
		"base64":                {"sendMessage", `e30=`, func(r *gateway.Request) { r.IsBase64Encoded = true }, nil, "bad_request", "", "frame_malformed"},
		"a reader that writes":  {"sendMessage", `{"clientId":"c","text":"x"}`, access("read"), nil, "forbidden", "c", "read_only"},
		"no access":             {"sendMessage", `{"clientId":"c","text":"x"}`, access(""), nil, "forbidden", "c", "read_only"},
		"too many messages":     {"sendMessage", `{"clientId":"c","text":"x"}`, nil, map[string]error{"Charge": ledger.LimitError{RetryAfter: 1500 * time.Millisecond}}, "rate_limited", "c", "messages"},
		"a failing ledger":      {"sendMessage", `{"clientId":"c","text":"x"}`, nil, map[string]error{"Charge": errBoom}, "internal", "c", "internal"},
		"a failing table":       {"sendMessage", `{"clientId":"c","text":"x"}`, nil, map[string]error{"Put": errBoom}, "internal", "c", "internal"},
		"a crash":               {"sendMessage", `{"clientId":"c","text":"x"}`, nil, map[string]error{"Put": errPanic}, "internal", "c", ""},
		"history: wrong id":     {"history", `{"before":"x"}`, nil, nil, "bad_request", "", "before"},
		"history: zero id":      {"history", `{"before":"00000000000000000000000000"}`, nil, nil, "bad_request", "", "before"},
		"history: small id":     {"history", `{"before":"01hf7yat3v0000000000000000"}`, nil, nil, "bad_request", "", "before"},
		"history: big limit":    {"history", `{"limit":101}`, nil, nil, "bad_request", "", "limit"},
		"history: zero limit":   {"history", `{"limit":0}`, nil, nil, "bad_request", "", "frame_member_range"},
		"history: failing":      {"history", `{}`, nil, map[string]error{"Before": errBoom}, "internal", "", "internal"},
		"history: too often":    {"history", `{}`, nil, map[string]error{"Take readsFrom": ledger.LimitError{RetryAfter: 1500 * time.Millisecond}}, "rate_limited", "", "reads"},
		"history: uncounted":    {"history", `{}`, nil, map[string]error{"Take readsFrom": errBoom}, "internal", "", "internal"},
		"members: too often":    {"members", `{}`, nil, map[string]error{"Take readsFrom": ledger.LimitError{RetryAfter: 1500 * time.Millisecond}}, "rate_limited", "", "reads"},
		"members: uncounted":    {"members", `{}`, nil, map[string]error{"Take readsFrom": errBoom}, "internal", "", "internal"},
		"members: wrong id":     {"members", `{"after":"a b"}`, nil, nil, "bad_request", "", "after"},
		"members: big limit":    {"members", `{"limit":101}`, nil, nil, "bad_request", "", "limit"},
		"members: failing":      {"members", `{}`, nil, map[string]error{"Members": errBoom}, "internal", "", "internal"},
		"an unknown action":     {"$default", `{"action":"dance"}`, nil, nil, "unknown_action", "", "unknown_action"},
		"no action":             {"$default", `{}`, nil, nil, "unknown_action", "", "unknown_action"},
		"$connect as action":    {"$default", `{"action":"$connect"}`, nil, nil, "unknown_action", "", "unknown_action"},
		"$connect as route":     {"$connect", `{"action":"$connect"}`, nil, nil, "unknown_action", "", "unknown_action"},
		"$default: no JSON":     {"$default", `ping`, nil, nil, "bad_request", "", "frame_malformed"},
		"$default: no object":   {"$default", `[1]`, nil, nil, "bad_request", "", "frame_not_an_object"},
		"$default: too long":    {"$default", long + long, nil, nil, "too_large", "", "frame_size"},
		"$default: twice":       {"$default", `{"action":"a","action":"b"}`, nil, nil, "bad_request", "", "frame_malformed"},
		"a CONNECT event":       {"sendMessage", `{}`, func(r *gateway.Request) { r.RequestContext.EventType = "CONNECT" }, nil, "internal", "", "event_type"},
		"no connection":         {"sendMessage", `{}`, func(r *gateway.Request) { r.RequestContext.ConnectionID = "" }, nil, "internal", "", "event_type"},
		"no identity":           {"sendMessage", `{}`, func(r *gateway.Request) { r.RequestContext.Authorizer.Sub = "" }, nil, "internal", "", "identity"},
		"the body's own action": {"history", `{"action":"sendMessage","clientId":"c","text":"x"}`, nil, nil, "bad_request", "", "frame_unknown_member"},
	} {
		chat := newChat()
		if c.fail != nil {
			chat.fail = c.fail
		}
		changes := []func(*gateway.Request){}
		if c.change != nil {
			changes = append(changes, c.change)
		}
		frame := chat.invoke(t, event(t, c.route, c.body, changes...))
		got := decode[protocol.Error](t, frame)
		if got.Type != "error" || got.Code != c.code || got.ClientID != c.clientID || got.RequestID != "R1knPH17NjMFftw=" || got.Message == "" {
			t.Errorf("%s: got %s", name, frame)
		}
		if (got.RetryAfterMS == 1500) != (c.code == "rate_limited") {
			t.Errorf("%s: retryAfterMs is %d", name, got.RetryAfterMS)
		}
		for _, secret := range []string{"arn:", "boom", "panic", "root", "dance"} {
			if strings.Contains(frame, secret) {
				t.Errorf("%s: %q is in %s", name, secret, frame)
			}
		}
		log := chat.log.String()
		if strings.Count(log, "\n") != 1 || (c.reason != "" && !strings.Contains(log, `"reason":"`+c.reason+`"`)) {
			t.Errorf("%s: the log is %s", name, log)
		}
		if strings.Contains(log, "secret text") {
			t.Errorf("%s: the log is %s", name, log)
		}
		if len(chat.messages) != 0 || len(chat.posted) != 0 || len(chat.closed) != 0 {
			t.Errorf("%s: stored %v, posted %v, closed %v", name, chat.messages, chat.posted, chat.closed)
		}
		if c.fail == nil && len(chat.calls) != 0 {
			t.Errorf("%s: cost the calls %q", name, chat.calls)
		}
		counted := slices.Contains(chat.taken, taking{"3c5a-ann", ledger.Refusals})
		metric := `"Refusals":1`
		if c.code == protocol.CodeInternal {
			metric = `"Failures":1`
		}
		if counted != (c.code != protocol.CodeInternal) || !strings.Contains(chat.metrics.String(), metric) {
			t.Errorf("%s: counted %v; the metrics are %s", name, chat.taken, chat.metrics.String())
		}
	}
}

func TestWhoIsRefusedTooOftenIsToldAndClosed(t *testing.T) {
	for name, c := range map[string]struct {
		route, body string
		fail        map[string]error
		reason      string
	}{
		"malformed frames": {"sendMessage", `x`, nil, "frame_malformed"},
		"unknown actions":  {"$default", `{}`, nil, "unknown_action"},
		"too many messages": {"sendMessage", `{"clientId":"c","text":"x"}`, map[string]error{
			"Charge": ledger.LimitError{RetryAfter: time.Second},
		}, "messages"},
	} {
		chat := newChat()
		if c.fail != nil {
			chat.fail = c.fail
		}
		chat.fail["Take refusalsFrom"] = ledger.LimitError{RetryAfter: 1500 * time.Millisecond}
		if frame := chat.invoke(t, event(t, c.route, c.body)); frame != "" {
			t.Errorf("%s: the response is %s", name, frame)
		}
		if !slices.Equal(chat.closed, []string{own}) || len(chat.posted[own]) != 1 {
			t.Fatalf("%s: posted %v, closed %v", name, chat.posted, chat.closed)
		}
		if got := decode[protocol.Error](t, chat.posted[own][0]); got.Code != protocol.CodeRateLimited || got.RetryAfterMS != 1500 || got.RequestID == "" {
			t.Errorf("%s: got %+v", name, got)
		}
		log := chat.log.String()
		if strings.Count(log, "\n") != 1 || !strings.Contains(log, logging.RateExceeded) || !strings.Contains(log, `"reason":"`+c.reason+`"`) || !strings.Contains(log, `"closing":true`) {
			t.Errorf("%s: the log is %s", name, log)
		}
		if !strings.Contains(chat.metrics.String(), `"Reason":"refusals","SocketsClosed":1`) {
			t.Errorf("%s: the metrics are %s", name, chat.metrics.String())
		}
	}
}

func TestABannedUserIsToldAndClosed(t *testing.T) {
	for route, fail := range map[string]string{"sendMessage": "Charge", "history": "Take readsFrom", "members": "Take readsFrom", "$default": "Take refusalsFrom"} {
		c := newChat()
		c.fail[fail] = ledger.ErrRevoked
		body := `{"clientId":"c","text":"x"}`
		if route != "sendMessage" {
			body = `{}`
		}
		if frame := c.invoke(t, event(t, route, body)); frame != "" {
			t.Errorf("%s: the response is %s", route, frame)
		}
		if !slices.Equal(c.closed, []string{own}) || len(c.posted[own]) != 1 {
			t.Fatalf("%s: posted %v, closed %v", route, c.posted, c.closed)
		}
		if got := decode[protocol.Error](t, c.posted[own][0]); got.Code != protocol.CodeForbidden {
			t.Errorf("%s: got %+v", route, got)
		}
		if len(c.messages) != 0 || strings.Count(c.log.String(), "\n") != 1 {
			t.Errorf("%s: stored %v; the log is %s", route, c.messages, c.log.String())
		}
	}
}

func TestARefusalThatCannotBeCountedIsARefusalAllTheSame(t *testing.T) {
	c := newChat()
	c.fail["Take refusalsFrom"] = errBoom
	if got := decode[protocol.Error](t, c.invoke(t, event(t, "sendMessage", `x`))); got.Code != protocol.CodeBadRequest || len(c.closed) != 0 {
		t.Errorf("got %+v, closed %v", got, c.closed)
	}
	if log := c.log.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, `"uncounted":"refusals"`) || !strings.Contains(log, "boom") {
		t.Errorf("the log is %s", log)
	}
}

// A listener whose token has ended says nothing that could be refused.
func TestAListenerWhoseTokenHasEndedIsClosedInsteadOfServed(t *testing.T) {
	c := newChat()
	for i := range c.members {
		c.members[i].TokenEnds = now.Unix() + 1
	}
	c.members[2].TokenEnds = now.Unix()
	if ack := decode[protocol.Ack](t, c.send(t, "c", "x")); ack.Type != "ack" {
		t.Errorf("got %+v", ack)
	}
	if len(c.posted["bob="]) != 0 || len(c.posted["ann2="]) != 1 || !slices.Equal(c.closed, []string{"bob="}) || !slices.Contains(c.calls, "Remove bob=") {
		t.Errorf("posted %v, closed %v, calls %v", c.posted, c.closed, c.calls)
	}
	if got := c.invoke(t, event(t, "members", `{}`)); got != `{"type":"members","members":[{"id":"3c5a-ann","name":"Ann"}]}` {
		t.Errorf("the members are %s", got)
	}

	c.calls, c.closed, c.fail["Close bob="] = nil, nil, errBoom
	c.send(t, "d", "x")
	if slices.Contains(c.calls, "Remove bob=") || len(c.posted["bob="]) != 0 || !strings.Contains(c.log.String(), "close_expired") {
		t.Errorf("the rows went before the connection; calls %v", c.calls)
	}
}

func TestAMessageIsMeasured(t *testing.T) {
	c := newChat()
	c.fail["Post bob="] = push.ErrGone
	c.send(t, "c", "x < y")
	line := c.metrics.String()
	for _, want := range []string{`"Messages":1`, `"MessageBytes":8`, `"MessageTime":`, `"FanoutTime":`, `"FanoutDelivered":1`, `"FanoutGone":1`, `"FanoutFailures":0`} {
		if !strings.Contains(line, want) {
			t.Errorf("%s is not in %s", want, line)
		}
	}
	if strings.Count(line, "\n") != 1 || strings.Contains(line, "Incomplete") || strings.Contains(line, "ann") || strings.Contains(line, "general") {
		t.Errorf("the metrics are %s", line)
	}
	c.metrics.Reset()
	c.fail["Members"] = errBoom
	c.send(t, "d", "x")
	c.send(t, "c", "x")
	c.invoke(t, event(t, "history", `{}`))
	if line := c.metrics.String(); !strings.Contains(line, `"FanoutIncomplete":1`) || !strings.Contains(line, `"Repeats":1`) || !strings.Contains(line, `"HistoryPages":1`) {
		t.Errorf("the metrics are %s", line)
	}
}

func TestPagesAreNoLongerThanConfigured(t *testing.T) {
	c := newChat()
	c.handler.HistoryPage, c.handler.MembersPage = 7, 2
	c.fill(20, "x")
	c.members = append(c.members, room.Member{ConnectionID: "zoe=", Sub: "zoe", Name: "Zoe"})
	for _, limit := range []string{`"limit":100`, `"action":"history"`} {
		if ids, pages, _ := c.walk(t, limit); len(ids) != 20 || pages != 3 {
			t.Errorf("%s: %d messages in %d pages", limit, len(ids), pages)
		}
	}
	for _, body := range []string{`{}`, `{"limit":100}`} {
		if got := decode[protocol.Members](t, c.invoke(t, event(t, "members", body))); len(got.Members) != 2 || got.Next != "bob" {
			t.Errorf("%s: got %+v", body, got)
		}
	}
}

func TestAnExpiredTokenClosesTheSocketAfterTelling(t *testing.T) {
	for _, route := range []string{"sendMessage", "history", "members", "$default"} {
		c := newChat()
		payload := event(t, route, `{"clientId":"c","text":"x"}`, func(r *gateway.Request) {
			r.RequestContext.Authorizer.Exp = gateway.Seconds(now.Unix())
		})
		if frame := c.invoke(t, payload); frame != "" {
			t.Errorf("%s: the response is %s", route, frame)
		}
		if !slices.Equal(c.calls, []string{"Post " + own, "Close " + own}) {
			t.Errorf("%s: the calls are %q", route, c.calls)
		}
		if got := decode[protocol.Error](t, c.posted[own][0]); got.Code != protocol.CodeTokenExpired || got.RequestID == "" {
			t.Errorf("%s: got %+v", route, got)
		}
		if !strings.Contains(c.log.String(), logging.SessionExpired) {
			t.Errorf("%s: the log is %s", route, c.log.String())
		}
	}
}

func TestAnExpiredSocketIsClosedEvenIfItCannotBeTold(t *testing.T) {
	for _, fail := range []error{push.ErrGone, errBoom} {
		c := newChat()
		c.fail["Post "+own], c.fail["Close "+own] = fail, errBoom
		c.invoke(t, event(t, "history", `{}`, func(r *gateway.Request) { r.RequestContext.Authorizer.Exp = 1 }))
		if !slices.Equal(c.closed, []string{own}) || !strings.Contains(c.log.String(), `"reason":"close"`) {
			t.Errorf("%v: closed %q; the log is %s", fail, c.closed, c.log.String())
		}
		if strings.Contains(c.log.String(), `"reason":"post"`) == errors.Is(fail, push.ErrGone) {
			t.Errorf("%v: the log is %s", fail, c.log.String())
		}
	}
}

func TestATextMayBeAsLongAsTheLimit(t *testing.T) {
	c := newChat()
	for n, text := range []string{strings.Repeat("a", 4096), strings.Repeat("ä", 2048), strings.Repeat("<", 4096), strings.Repeat("'", 4096)} {
		frame := c.send(t, fmt.Sprint("c", n), text)
		if ack := decode[protocol.Ack](t, frame); ack.Type != "ack" || len(frame) > protocol.MaxEncodedFrame {
			t.Errorf("%.10s…: got %.200s", text, frame)
		}
	}
	c.handler.MaxText = 10
	// Composition exclusions make this text longer.
	if got := decode[protocol.Error](t, c.send(t, "long", strings.Repeat("\u0958", 3))); got.Code != protocol.CodeTooLarge {
		t.Errorf("got %+v", got)
	}
}

func TestAFragmentThatIsTooLongForAFrameIsRefused(t *testing.T) {
	c := newChat()
	c.handler.Format, c.handler.MaxText = markup.Text, protocol.MaxFrame
	if got := decode[protocol.Error](t, c.send(t, "c", strings.Repeat("'", 7000))); got.Code != protocol.CodeTooLarge || len(c.calls) != 0 {
		t.Errorf("got %+v after %q", got, c.calls)
	}
}

// The bounds may be set up to what API Gateway takes.
func TestTheLongestTextThatCanBeSetReachesEverybody(t *testing.T) {
	c := newChat()
	c.handler.MaxFrame, c.handler.MaxText = protocol.LargestFrame, protocol.LargestText
	longest := strings.Repeat("a", protocol.LargestText)
	// Who has the longest id and the longest name, in the room with the longest.
	caller := gateway.Identity{Sub: strings.Repeat("\U0001f984", 128), Name: strings.Repeat("\U0001f984", 64), Room: strings.Repeat("r", 64), Access: "write", Exp: 1 << 40}
	body, err := c.handler.Convert(caller, `{"clientId":"`+strings.Repeat("c", 64)+`","text":"`+longest+`"}`)
	if err != nil || message.EmptyPage+len(body) > protocol.MaxEncodedFrame {
		t.Errorf("a frame of %d bytes, %v", len(body), err)
	}
	if ack := decode[protocol.Ack](t, c.send(t, "c", longest)); ack.Type != "ack" || ack.HTML != longest {
		t.Errorf("got %.100v", ack)
	}
	if got := decode[protocol.History](t, c.invoke(t, event(t, "history", `{}`))); len(got.Messages) != 1 || got.Messages[0].HTML != longest {
		t.Errorf("the history has %d messages", len(got.Messages))
	}
	for _, body := range []string{`{"action":"sendMessage","clientId":"d","text":"` + longest + `a"}`, strings.Repeat(" ", protocol.LargestFrame+1)} {
		got := decode[protocol.Error](t, c.invoke(t, event(t, "sendMessage", body)))
		if got.Code != protocol.CodeTooLarge || len(body) > protocol.LargestFrame && !strings.Contains(got.Message, "32768 bytes") {
			t.Errorf("got %+v", got)
		}
	}
}

func TestTheFormatIsAsConfigured(t *testing.T) {
	for format, want := range map[markup.Mode]string{markup.Text: "&lt;b&gt;x", markup.Strip: "x", markup.Rich: "<b>x</b>"} {
		c := newChat()
		c.handler.Format = format
		if ack := decode[protocol.Ack](t, c.send(t, "c", "<b>x")); ack.HTML != want || c.messages[0].Policy != string(format)+"/1" {
			t.Errorf("%s: got %+v", format, ack)
		}
	}
	c := newChat()
	c.handler.Format = markup.Rich
	if got := decode[protocol.Error](t, c.send(t, "c", strings.Repeat("<b>", 1000)+"x")); got.Code != protocol.CodeBadRequest {
		t.Errorf("got %+v", got)
	}
}

func (c *chat) fill(n int, html string) {
	for i := range n {
		c.messages = append(c.messages, room.Message{ID: ulid.ULID{0: 1, 15: byte(i + 1)}, Room: "general", Sub: "bob", Name: "Bob", ClientID: fmt.Sprint(i), HTML: html})
	}
}

// walk asks page by page and returns the client ids from the newest page to the
// oldest, and how large the largest frame was.
func (c *chat) walk(t *testing.T, limit string) (ids []string, pages, largest int) {
	t.Helper()
	before := ""
	for {
		frame := c.invoke(t, event(t, "history", `{`+before+limit+`}`))
		page := decode[protocol.History](t, frame)
		largest = max(largest, len(frame))
		pages++
		var own []string
		for _, m := range page.Messages {
			if m.Type != "message" || m.Room != "general" || m.User.ID != "bob" {
				t.Errorf("got %+v", m)
			}
			own = append(own, m.ClientID)
		}
		ids = append(own, ids...)
		if page.Next == "" {
			return ids, pages, largest
		}
		if page.Next != page.Messages[0].ID {
			t.Errorf("next is %s, the oldest is %s", page.Next, page.Messages[0].ID)
		}
		before = `"before":"` + page.Next + `",`
		if pages > 200 {
			t.Fatal("the history has no end")
		}
	}
}

func TestHistoryHasPagesInTheOrderOfSending(t *testing.T) {
	want := make([]string, 120)
	for i := range want {
		want[i] = fmt.Sprint(i)
	}
	for limit, wantPages := range map[string]int{`"limit":50`: 3, `"limit":100`: 2, `"limit":1`: 120, `"limit":60`: 2, `"action":"history"`: 3} {
		c := newChat()
		c.fill(120, "x")
		ids, pages, _ := c.walk(t, limit)
		if !slices.Equal(ids, want) || pages != wantPages {
			t.Errorf("%s: %d messages in %d pages", limit, len(ids), pages)
		}
	}
}

func TestAPageOfHistoryFitsAFrame(t *testing.T) {
	const id = "01000000000000000000000000"
	alone, err := json.Marshal(protocol.History{Type: "history", Next: id, Messages: []protocol.Message{{
		Type: "message", ID: id, ClientID: "99", Room: "general", User: protocol.User{ID: "bob", Name: "Bob"}, SentAt: "2024-02-09T18:12:00.453Z",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, length := range []int{1000, 20_000, 32_000, protocol.MaxEncodedFrame - len(alone)} {
		c := newChat()
		c.fill(100, strings.Repeat("x", length))
		ids, pages, largest := c.walk(t, `"limit":100`)
		if len(ids) != 100 || largest > protocol.MaxEncodedFrame || pages < 100*length/protocol.MaxEncodedFrame {
			t.Errorf("%d bytes a message: %d messages in %d pages of up to %d bytes", length, len(ids), pages, largest)
		}
	}
}

func TestAnEmptyHistoryIsAnEmptyList(t *testing.T) {
	if got := newChat().invoke(t, event(t, "history", `{}`)); got != `{"type":"history","messages":[]}` {
		t.Errorf("got %s", got)
	}
}

func TestMembersAreUsersOnceAndSorted(t *testing.T) {
	c := newChat()
	c.members = []room.Member{
		{ConnectionID: "1", Sub: "zoe", Name: "Zoe", ConnectedAt: 1},
		{ConnectionID: "2", Sub: "ann", Name: "Ann (new)", ConnectedAt: 9},
		{ConnectionID: "3", Sub: "bob", Name: "Bob", ConnectedAt: 1},
		{ConnectionID: "4", Sub: "ann", Name: "Ann (old)", ConnectedAt: 2},
	}
	for body, want := range map[string]string{
		`{}`:                        `{"type":"members","members":[{"id":"ann","name":"Ann (new)"},{"id":"bob","name":"Bob"},{"id":"zoe","name":"Zoe"}]}`,
		`{"limit":2}`:               `{"type":"members","members":[{"id":"ann","name":"Ann (new)"},{"id":"bob","name":"Bob"}],"next":"bob"}`,
		`{"limit":2,"after":"bob"}`: `{"type":"members","members":[{"id":"zoe","name":"Zoe"}]}`,
		`{"limit":1,"after":"b"}`:   `{"type":"members","members":[{"id":"bob","name":"Bob"}],"next":"bob"}`,
		`{"after":"zoe"}`:           `{"type":"members","members":[]}`,
	} {
		if got := c.invoke(t, event(t, "members", body)); got != want {
			t.Errorf("%s: got %s", body, got)
		}
	}
}

func TestAPageOfMembersFitsAFrame(t *testing.T) {
	c := newChat()
	c.members = nil
	for i := range 300 {
		sub := strings.Repeat("𝕏", 125) + fmt.Sprintf("%03d", i)
		c.members = append(c.members, room.Member{ConnectionID: fmt.Sprint(i), Sub: sub, Name: strings.Repeat(`"`, 64)})
	}
	after, seen := "", 0
	for {
		frame := c.invoke(t, event(t, "members", `{`+after+`"limit":100}`))
		page := decode[protocol.Members](t, frame)
		seen += len(page.Members)
		if len(frame) > protocol.MaxEncodedFrame {
			t.Fatalf("%d bytes", len(frame))
		}
		if page.Next == "" {
			break
		}
		after = `"after":"` + page.Next + `",`
	}
	if seen != 300 {
		t.Errorf("%d members", seen)
	}
}

func TestInvalidUTF8InABodyIsRefusedNotRepaired(t *testing.T) {
	c := newChat()
	payload := bytes.Replace(event(t, "sendMessage", `{"clientId":"c","text":"XX"}`), []byte("XX"), []byte("\xff\xfe"), 1)
	if got := decode[protocol.Error](t, c.invoke(t, payload)); got.Code != protocol.CodeBadRequest || got.RequestID != "R1knPH17NjMFftw=" || len(c.messages) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestAnEventThatIsNoneIsAnError(t *testing.T) {
	for _, payload := range []string{"", "x", `{"requestContext":7}`} {
		if _, err := newChat().handler.Invoke(context.Background(), []byte(payload)); err == nil {
			t.Errorf("%q: accepted", payload)
		}
	}
}

// deadline records the deadline its calls have.
type deadline struct {
	*chat
	at time.Time
}

func (d *deadline) Put(ctx context.Context, m room.Message) error {
	d.at, _ = ctx.Deadline()
	return d.chat.Put(ctx, m)
}

func TestTheWorkEndsBeforeLambdaWouldEndIt(t *testing.T) {
	c := newChat()
	d := &deadline{chat: c}
	c.handler.Messages = d
	end := time.Now().Add(3 * time.Second)
	ctx, cancel := context.WithDeadline(context.Background(), end)
	defer cancel()
	if _, err := c.handler.Invoke(ctx, event(t, "sendMessage", `{"clientId":"c","text":"x"}`)); err != nil {
		t.Fatal(err)
	}
	if before := end.Sub(d.at); before != 500*time.Millisecond {
		t.Errorf("the work ends %s before", before)
	}
}

func TestAnAnswerThatNoFrameHoldsIsAnError(t *testing.T) {
	for name, v := range map[string]any{"one that is too long": strings.Repeat("x", protocol.MaxEncodedFrame), "one that is no JSON": func() {}} {
		var log bytes.Buffer
		if got := message.Reply(logging.New(&log, ""), v); got.StatusCode != http.StatusInternalServerError || got.Body != "" || !strings.Contains(log.String(), `"reason":"encode"`) {
			t.Errorf("%s: got %d and %d bytes; the log is %s", name, got.StatusCode, len(got.Body), log.String())
		}
	}
	if got := message.Reply(logging.New(io.Discard, ""), strings.Repeat("x", protocol.MaxEncodedFrame-2)); got.StatusCode != http.StatusOK {
		t.Errorf("the longest frame: got %d", got.StatusCode)
	}
}

// A row that somebody else wrote may have what no function would store.
func TestARowThatCannotBeSentIsAnError(t *testing.T) {
	c := newChat()
	c.fill(1, "\xff")
	if got := decode[protocol.Error](t, c.invoke(t, event(t, "history", `{}`))); got.Code != protocol.CodeInternal {
		t.Errorf("history: got %+v", got)
	}
	c.members[2].Name = "\xff"
	if got := decode[protocol.Error](t, c.invoke(t, event(t, "members", `{}`))); got.Code != protocol.CodeInternal {
		t.Errorf("members: got %+v", got)
	}
}

func TestAMessageMayFillAPageToTheLastByte(t *testing.T) {
	c := newChat()
	caller := gateway.Identity{Sub: "3c5a-ann", Name: "Ann", Room: "general", Access: "write", Exp: 1 << 40}
	c.handler.MaxText = protocol.MaxFrame
	size := func(text string) int {
		t.Helper()
		body, err := c.handler.Convert(caller, `{"clientId":"c","text":"`+text+`"}`)
		if err != nil {
			return 0
		}
		return message.EmptyPage + len(body)
	}
	text := strings.Repeat("'", 6400) // five bytes each
	for size(text+"'") != 0 {
		text += "'"
	}
	for size(text+"a") != 0 {
		text += "a"
	}
	if got := size(text); got != protocol.MaxEncodedFrame {
		t.Errorf("the longest message fills %d of %d bytes", got, protocol.MaxEncodedFrame)
	}
}

func TestARateLimitIsCounted(t *testing.T) {
	for code, limited := range map[error]bool{ledger.LimitError{RetryAfter: time.Second}: true, ledger.ErrRevoked: false} {
		c := newChat()
		c.fail["Charge"] = code
		c.send(t, "c", "x")
		if got := strings.Contains(c.metrics.String(), `"RateLimits"`); got != limited {
			t.Errorf("%v: the metrics are %s", code, c.metrics.String())
		}
	}
}

func TestTheLogTellsWhatBecameOfAMessage(t *testing.T) {
	c := newChat()
	c.fail["Members"] = errBoom
	c.send(t, "c", "x")
	if log := c.log.String(); !strings.Contains(log, `"level":"WARN"`) || !strings.Contains(log, `"cause"`) || !strings.Contains(log, `"complete":false`) {
		t.Errorf("the log is %s", log)
	}
	c = newChat()
	c.send(t, "c", "x")
	c.log.Reset()
	c.send(t, "c", "x")
	if log := c.log.String(); !strings.Contains(log, `"repeated":true,"stored":false`) {
		t.Errorf("the log of a retry is %s", log)
	}
}

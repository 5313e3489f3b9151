package connect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/lambdas/internal/config"
	"github.com/portcullis-chat/portcullis/lambdas/internal/connect"
	"github.com/portcullis-chat/portcullis/lambdas/internal/gateway"
	"github.com/portcullis-chat/portcullis/lambdas/internal/logging"
	"github.com/portcullis-chat/portcullis/lambdas/internal/metrics"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
	"github.com/portcullis-chat/portcullis/lambdas/internal/store"
)

var (
	now     = time.Unix(1_707_502_304, 0)
	errBoom = errors.New("boom")
)

// table holds connections in memory; fail names the calls that fail.
type table struct {
	mu      sync.Mutex
	revoked int64
	refused int64          // the bucket of refusals
	slots   map[int]string // connection ids
	members map[string]room.Member
	others  int // in the room
	fail    map[string]bool
	hidden  int // slots that User does not see, as if taken a moment later
	calls   []string

	age  int64 // of the slots, in seconds
	lost bool  // the answer of TakeSlot, and not its write
}

func (s *table) call(name string) error {
	s.calls = append(s.calls, name)
	if name == "panic" || s.fail["panic"] {
		panic("boom")
	}
	if s.fail[name] {
		return errBoom
	}
	return nil
}

func (s *table) User(_ context.Context, sub string) (store.User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user := store.User{RevokedUntil: s.revoked, RefusalsFrom: s.refused, Taken: make(map[int]bool), Holders: make(map[int]store.Holder)}
	for slot := range s.slots {
		if slot >= s.hidden {
			user.Taken[slot] = true
			user.Holders[slot] = store.Holder{ConnectionID: s.slots[slot], Room: "r", Since: now.Unix() - s.age}
		}
	}
	return user, s.call("User")
}

func (s *table) Present(_ context.Context, roomName, connectionID string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return roomName == "r" && connectionID != "lost=", s.call("Present")
}

func (s *table) Count(_ context.Context, _ string, enough int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return min(s.others+len(s.members), enough), s.call("Count")
}

func (s *table) TakeSlot(_ context.Context, sub string, slot int, connectionID, roomName string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.call("TakeSlot"); err != nil {
		return err
	}
	if s.slots[slot] != "" {
		return store.ErrSlotTaken
	}
	s.slots[slot] = connectionID
	if s.lost {
		return errBoom
	}
	return nil
}

func (s *table) FreeSlot(_ context.Context, _ string, slot int, connectionID, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.call("FreeSlot"); err != nil {
		return err
	}
	if s.slots[slot] == connectionID {
		delete(s.slots, slot)
	}
	return nil
}

func (s *table) Join(_ context.Context, roomName string, m room.Member) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.call("Join"); err != nil {
		return err
	}
	s.members[roomName+"/"+m.ConnectionID] = m
	return nil
}

func newTable() *table {
	return &table{slots: make(map[int]string), members: make(map[string]room.Member), fail: make(map[string]bool)}
}

func handler(s *table) (*connect.Handler, *bytes.Buffer) {
	log := &bytes.Buffer{}
	return &connect.Handler{Connections: s, MaxConnections: 3, MaxMembers: 10, MaxRefusals: 30, Now: func() time.Time { return now }, Log: logging.New(log, "")}, log
}

func request(t *testing.T) gateway.Request {
	t.Helper()
	data, err := os.ReadFile("../gateway/testdata/connect.json")
	if err != nil {
		t.Fatal(err)
	}
	var r gateway.Request
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAConnectionTakesASlotAndJoinsItsRoom(t *testing.T) {
	s := newTable()
	s.slots[0] = "other="
	h, log := handler(s)
	response, err := h.Handle(context.Background(), request(t))
	want := gateway.Response{StatusCode: 200, Headers: map[string]string{"Sec-WebSocket-Protocol": "chat.v1"}}
	if err != nil || !reflect.DeepEqual(response, want) {
		t.Errorf("got %+v, %v", response, err)
	}
	if calls := strings.Join(s.calls, " "); calls != "User Count TakeSlot Join" {
		t.Errorf("the calls are %s", calls)
	}
	member := room.Member{ConnectionID: "AAAA1234aaaa123=", Sub: "3c5a-ann", Name: "Ann", Slot: 1, ConnectedAt: 1707502303419, TokenEnds: 1707505903}
	if s.slots[1] != member.ConnectionID || s.members["general/"+member.ConnectionID] != member {
		t.Errorf("got %v and %v", s.slots, s.members)
	}
	if !strings.Contains(log.String(), logging.SessionCreated) || strings.Contains(log.String(), "3c5a-ann") || strings.Contains(log.String(), "bbbb") {
		t.Errorf("the log is %s", log)
	}
}

func TestOnlyTheChatsSubprotocolIsEchoed(t *testing.T) {
	for offer, want := range map[string]string{
		"chat.v1, bearer.a.b.c": "chat.v1",
		"bearer.a.b.c,chat.v1":  "chat.v1",
		"bearer.a.b.c":          "",
		"chat.v2, bearer.a.b.c": "",
		"Chat.V1":               "",
		"":                      "",
	} {
		h, _ := handler(newTable())
		r := request(t)
		r.Headers = gateway.Values{"sec-websocket-protocol": {offer}}
		if offer == "" {
			r.Headers = nil // a native client
		}
		response, err := h.Handle(context.Background(), r)
		if err != nil || response.StatusCode != http.StatusOK || response.Headers["Sec-WebSocket-Protocol"] != want || (want == "") != (response.Headers == nil) {
			t.Errorf("%q: got %+v, %v", offer, response, err)
		}
	}
}

func TestRefusalsLeaveNothingThatCounts(t *testing.T) {
	full := map[int]string{0: "a=", 1: "b=", 2: "c="}
	for name, c := range map[string]struct {
		table   func(*table)
		request func(*gateway.Request)
		status  int
		log     string
		calls   int // at most
	}{
		"a banned user":                   {func(s *table) { s.revoked = now.Unix() + 1 }, nil, 403, `"reason":"revoked"`, 1},
		"a user refused too often":        {func(s *table) { s.refused = now.UnixMilli() - 1999 }, nil, 429, `"reason":"refusals"`, 1},
		"a user with all slots taken":     {func(s *table) { s.slots = full }, nil, 429, `"reason":"connections_per_user"`, 1},
		"a user whose last slot was lost": {func(s *table) { s.slots, s.hidden = full, 3 }, nil, 429, `"reason":"connections_per_user"`, 5},
		"a full room":                     {func(s *table) { s.others = 10 }, nil, 503, `"reason":"room_full"`, 2},
		"a failing read":                  {func(s *table) { s.fail["User"] = true }, nil, 500, "boom", 1},
		"a failing count":                 {func(s *table) { s.fail["Count"] = true }, nil, 500, "boom", 2},
		"a failing slot":                  {func(s *table) { s.fail["TakeSlot"] = true }, nil, 500, "boom", 4},
		"a slot whose answer was lost":    {func(s *table) { s.lost = true }, nil, 500, "boom", 4},
		"a failing room":                  {func(s *table) { s.fail["Join"] = true }, nil, 500, "boom", 5},
		"a crash":                         {func(s *table) { s.fail["panic"] = true }, nil, 500, logging.Crash, 1},
		"no identity":                     {nil, func(r *gateway.Request) { r.RequestContext.Authorizer = gateway.Identity{} }, 403, `"reason":"identity"`, 0},
		"no connection":                   {nil, func(r *gateway.Request) { r.RequestContext.ConnectionID = "" }, 403, `"reason":"identity"`, 0},
		"another event":                   {nil, func(r *gateway.Request) { r.RequestContext.EventType = "MESSAGE" }, 403, `"reason":"identity"`, 0},
		"a room that is no room":          {nil, func(r *gateway.Request) { r.RequestContext.Authorizer.Room = "a#b" }, 403, `"reason":"identity"`, 0},
	} {
		s := newTable()
		if c.table != nil {
			c.table(s)
		}
		before := len(s.slots)
		r := request(t)
		if c.request != nil {
			c.request(&r)
		}
		h, log := handler(s)
		response, err := h.Handle(context.Background(), r)
		if err != nil || response.StatusCode != c.status || response.Headers != nil || response.Body != "" {
			t.Errorf("%s: got %+v, %v", name, response, err)
		}
		if len(s.members) != 0 || len(s.slots) != before || len(s.calls) > c.calls {
			t.Errorf("%s: left %v and %v after %q", name, s.members, s.slots, s.calls)
		}
		if !strings.Contains(log.String(), c.log) || strings.Count(log.String(), "\n") != 1 {
			t.Errorf("%s: the log is %s", name, log)
		}
	}
}

func TestABanThatIsOverIsNoBan(t *testing.T) {
	s := newTable()
	s.revoked = now.Unix()
	h, _ := handler(s)
	if response, err := h.Handle(context.Background(), request(t)); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("got %+v, %v", response, err)
	}
}

func TestWhoWaitsMayConnectAgainAfterRefusals(t *testing.T) {
	s := newTable()
	s.refused = now.UnixMilli() - 2000 // 30 a minute are one in two seconds
	h, _ := handler(s)
	if response, err := h.Handle(context.Background(), request(t)); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("got %+v, %v", response, err)
	}
}

// A function that died between a slot and its room row, or a delete that failed,
// must not cost the user a connection for two hours.
func TestASlotWithoutAConnectionIsReclaimedAtTheLimit(t *testing.T) {
	held := func() map[int]string { return map[int]string{0: "a=", 1: "lost=", 2: "c="} }
	for name, c := range map[string]struct {
		age    int64
		fail   string
		status int
		slot   string // the connection that has the slot then
	}{
		"one that is old":            {60, "", 200, "AAAA1234aaaa123="},
		"one that may still open":    {59, "", 429, "lost="},
		"one that cannot be checked": {60, "Present", 500, "lost="},
		"one that cannot be freed":   {60, "FreeSlot", 500, "lost="},
	} {
		s := newTable()
		s.slots, s.age = held(), c.age
		s.fail[c.fail] = true
		h, log := handler(s)
		response, err := h.Handle(context.Background(), request(t))
		if err != nil || response.StatusCode != c.status || s.slots[1] != c.slot || s.slots[0] != "a=" || s.slots[2] != "c=" {
			t.Errorf("%s: got %+v, %v; the slots are %v; the log is %s", name, response, err, s.slots, log)
		}
	}
	s := newTable()
	s.slots, s.age = map[int]string{}, 60
	for slot := range 20 {
		s.slots[slot] = "a="
	}
	h, _ := handler(s)
	h.MaxConnections = 20
	if response, err := h.Handle(context.Background(), request(t)); err != nil || response.StatusCode != http.StatusTooManyRequests || len(s.calls) != 1+5 {
		t.Errorf("got %+v, %v after %q", response, err, s.calls)
	}
}

// slow is a table whose room row is never written: the call hangs until its
// context ends.
type slow struct {
	*table
	freed error // of the context that the slot was freed with
}

func (s *slow) Join(ctx context.Context, _ string, _ room.Member) error {
	<-ctx.Done()
	return ctx.Err()
}

func (s *slow) FreeSlot(ctx context.Context, sub string, slot int, connectionID, roomName string) error {
	s.freed = ctx.Err()
	return s.table.FreeSlot(ctx, sub, slot, connectionID, roomName)
}

func TestATimeoutLeavesNoSlotBehind(t *testing.T) {
	s := &slow{table: newTable()}
	h, log := handler(s.table)
	h.Connections = s
	ctx, cancel := context.WithTimeout(context.Background(), 3100*time.Millisecond)
	defer cancel()
	response, err := h.Handle(ctx, request(t))
	if err != nil || response.StatusCode != http.StatusInternalServerError || ctx.Err() != nil {
		t.Errorf("got %+v, %v; the context is %v", response, err, ctx.Err())
	}
	if len(s.slots) != 0 || s.freed != nil || !strings.Contains(log.String(), "deadline exceeded") {
		t.Errorf("left %v, freed with %v; the log is %s", s.slots, s.freed, log)
	}
}

func TestConnectsAreMeasured(t *testing.T) {
	var lines bytes.Buffer
	s := newTable()
	h, _ := handler(s)
	h.Metrics = metrics.New(&lines, metrics.Settings{Namespace: "Chat", Function: "connect"}, "", time.Now)
	h.Handle(context.Background(), request(t))
	s.others = 10
	h.Handle(context.Background(), request(t))
	s.fail["User"] = true
	h.Handle(context.Background(), request(t))
	s.fail["panic"] = true
	h.Handle(context.Background(), request(t))
	for _, want := range []string{`"Connects":1`, `"Reason":"room_full","Refusals":1`, `"Failures":1,"Function":"connect","Reason":"connect"`, `"Reason":"crash"`} {
		if strings.Count(lines.String(), want) != 1 {
			t.Errorf("not once %s in %s", want, lines.String())
		}
	}
}

func TestASlotThatCannotBeFreedIsLoggedBesideItsCause(t *testing.T) {
	s := newTable()
	s.fail["Join"], s.fail["FreeSlot"] = true, true
	h, log := handler(s)
	if response, err := h.Handle(context.Background(), request(t)); err != nil || response.StatusCode != http.StatusInternalServerError || strings.Count(log.String(), "boom") != 2 {
		t.Errorf("got %+v, %v; the log is %s", response, err, log)
	}
}

func TestTheLimitHoldsUnderParallelConnects(t *testing.T) {
	s := newTable()
	s.hidden = 3 // nobody sees the others' slots: the worst race
	accepted, refused := 0, 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	for n := range 20 {
		h, _ := handler(s)
		h.MaxMembers = 100
		r := request(t)
		r.RequestContext.ConnectionID = fmt.Sprintf("c%d=", n)
		wg.Go(func() {
			response, err := h.Handle(context.Background(), r)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && response.StatusCode == http.StatusOK:
				accepted++
			case err == nil && response.StatusCode == http.StatusTooManyRequests:
				refused++
			default:
				t.Errorf("got %+v, %v", response, err)
			}
		})
	}
	wg.Wait()
	if accepted != 3 || refused != 17 || len(s.members) != 3 {
		t.Errorf("%d accepted, %d refused, %d members", accepted, refused, len(s.members))
	}
}

func TestEverySettingIsChecked(t *testing.T) {
	legal := map[string]string{"CONNECTIONS_TABLE": "chat-connections", "MAX_CONNECTIONS_PER_USER": "5", "MAX_MEMBERS": "500", "RATE_REFUSALS_PER_MINUTE": "30", "AWS_LAMBDA_LOG_LEVEL": "WARN"}
	read := func(change, value string) (connect.Settings, error) {
		r := config.NewReader(func(name string) (string, bool) {
			if name == change {
				return value, true
			}
			v, ok := legal[name]
			return v, ok
		})
		return connect.Read(r), r.Err()
	}
	want := connect.Settings{Table: "chat-connections", MaxConnections: 5, MaxMembers: 500, MaxRefusals: 30, LogLevel: "WARN"}
	if got, err := read("", ""); got != want || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	for name, values := range map[string][]string{
		"CONNECTIONS_TABLE":        {"", "x", "a b c"},
		"MAX_CONNECTIONS_PER_USER": {"", "0", "51", "x"},
		"MAX_MEMBERS":              {"", "1", "5001", "-5"},
		"RATE_REFUSALS_PER_MINUTE": {"", "0", "6001"},
	} {
		for _, value := range values {
			if _, err := read(name, value); err == nil || !strings.Contains(err.Error(), name+": want") {
				t.Errorf("%s=%q: got %v", name, value, err)
			}
		}
	}
}

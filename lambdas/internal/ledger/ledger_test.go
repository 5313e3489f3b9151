package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ledger"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ratelimit"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
)

// table is a ledger.Rows in memory that judges guards as the conditions of
// package store do.
type table struct {
	mu       sync.Mutex
	rows     map[string]ledger.Row
	writes   int
	loseNext bool // the next write is made, but its answer is that of a repetition
	fail     error

	contended bool // others are always faster
}

func (s *table) Write(_ context.Context, c ledger.Change) (ledger.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	if s.fail != nil {
		return ledger.Row{}, s.fail
	}
	row := s.rows[c.Sub]
	_, there := row.Sent[c.Key]
	ok := row.RevokedUntil <= c.Now.Unix()
	budget, full := c.Budget, ratelimit.Full(c.Now)
	fits := func(charge ledger.Charge, from, full int64, becomes *int64) bool {
		if !charge.InUse {
			return from <= full
		}
		*becomes = from + charge.Cost
		return from > full && from <= c.Now.UnixMilli()-charge.Cost
	}
	ok = fits(c.Messages, row.Budget.MessagesFrom, full.MessagesFrom, &budget.MessagesFrom) && ok
	ok = fits(c.Bytes, row.Budget.BytesFrom, full.BytesFrom, &budget.BytesFrom) && ok
	if c.Again {
		ok = ok && row.Sent[c.Key] == c.ID
	} else {
		ok = ok && !there && (c.Tidy || row.Untidied < ledger.MostUntidied)
	}
	if !ok {
		return row, ledger.ErrConflict
	}
	after := ledger.Row{Budget: budget, Counted: row.Counted, RevokedUntil: row.RevokedUntil, Sent: maps.Clone(row.Sent), Untidied: row.Untidied}
	if after.Sent == nil {
		after.Sent = make(map[ledger.Key]ulid.ULID)
	}
	for _, key := range c.Forget {
		delete(after.Sent, key)
	}
	after.Sent[c.Key] = c.ID
	switch {
	case c.Tidy:
		after.Untidied = 1
	case !c.Again:
		after.Untidied++
	}
	s.rows[c.Sub] = after
	if s.loseNext {
		s.loseNext = false
		return after, ledger.ErrConflict
	}
	return after, nil
}

func (s *table) Count(_ context.Context, c ledger.Count) (ledger.Row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	if s.fail != nil {
		return ledger.Row{}, s.fail
	}
	row := s.rows[c.Sub]
	from, full := row.Counted[c.Kind], ratelimit.Full(c.Now).MessagesFrom
	becomes, ok := c.Becomes, from <= full
	if c.Charge.InUse {
		becomes, ok = from+c.Charge.Cost, from > full && from <= c.Now.UnixMilli()-c.Charge.Cost
	}
	if !ok || row.RevokedUntil > c.Now.Unix() || s.contended {
		return row, ledger.ErrConflict
	}
	row.Counted = maps.Clone(row.Counted)
	if row.Counted == nil {
		row.Counted = make(map[ledger.Kind]int64)
	}
	row.Counted[c.Kind] = becomes
	s.rows[c.Sub] = row
	return row, nil
}

type world struct {
	*table
	mu  sync.Mutex
	at  time.Time
	ids func() ulid.ULID
}

// start is the time at which a world begins, in Unix milliseconds.
const start = 1_700_000_000_000

func newWorld() *world {
	w := &world{table: &table{rows: make(map[string]ledger.Row)}, at: time.UnixMilli(start)}
	w.ids = room.NewIDs(w.now)
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// function is one warm function with a memory of its own.
func (w *world) function() *ledger.Ledger {
	return ledger.New(w.table, ratelimit.Limits{Messages: 60, Bytes: 60_000, Reads: 6, Refusals: 3}, w.now)
}

func charge(l *ledger.Ledger, w *world, clientID string) (ulid.ULID, bool, error) {
	id, repeated, err := l.Charge(context.Background(), "u", ledger.KeyOf("r", clientID), w.ids(), 10)
	if err != nil && (repeated || id != (ulid.ULID{})) {
		panic("an answer beside an error")
	}
	return id, repeated, err
}

func TestABurstNeedsOneWriteAMessageInAWarmFunction(t *testing.T) {
	w := newWorld()
	l := w.function()
	for n := range 60 {
		w.writes = 0
		if _, repeated, err := charge(l, w, fmt.Sprint(n)); err != nil || repeated || w.writes != 1 {
			t.Fatalf("message %d: repeated %v, %v after %d writes", n, repeated, err, w.writes)
		}
	}
	w.writes = 0
	var limit ledger.LimitError
	if _, _, err := charge(l, w, "61"); !errors.As(err, &limit) || limit.RetryAfter != time.Second || w.writes != 0 {
		t.Errorf("got %v after %d writes; a refusal from memory should need none", err, w.writes)
	}
	if sent := len(w.rows["u"].Sent); sent != 60 {
		t.Errorf("the row remembers %d messages", sent)
	}
}

func TestAUserWithFullBucketsNeedsOneWriteFromAnyFunction(t *testing.T) {
	w := newWorld()
	for n := range 50 {
		w.pass(2 * time.Second)
		w.writes = 0
		want := 1
		if n > 0 && n%ledger.MostUntidied == 0 { // it has to tidy a row that it does not know
			want = 2
		}
		if _, _, err := charge(w.function(), w, fmt.Sprint(n)); err != nil || w.writes != want {
			t.Fatalf("message %d: %v after %d writes", n, err, w.writes)
		}
	}
}

func TestAFunctionThatIsOutOfDateNeedsASecondWriteOnceAtMost(t *testing.T) {
	w := newWorld()
	one, two := w.function(), w.function()
	for n := range 10 {
		if _, _, err := charge(one, w, fmt.Sprint("one", n)); err != nil {
			t.Fatal(err)
		}
		w.writes = 0
		want := 1
		if n == 0 { // it does not know yet that the buckets are in use
			want = 2
		}
		if _, _, err := charge(two, w, fmt.Sprint("two", n)); err != nil || w.writes != want {
			t.Fatalf("message %d: %v after %d writes, want %d", n, err, w.writes, want)
		}
	}
}

// At that very time a bucket is full for the table as it is for the function.
func TestABucketThatIsJustFullNeedsOneWrite(t *testing.T) {
	for name, full := range map[string]time.Duration{"messages": time.Second, "bytes": 10 * time.Millisecond, "reads": 10 * time.Second} {
		w := newWorld()
		l := w.function()
		spend := func(n int) error {
			if name == "reads" {
				return l.Take(context.Background(), "u", ledger.Reads)
			}
			_, _, err := charge(l, w, fmt.Sprint(n))
			return err
		}
		for n := range 3 {
			w.writes = 0
			if err := spend(n); err != nil || w.writes != 1 {
				t.Errorf("%s, time %d: %v after %d writes", name, n, err, w.writes)
			}
			w.pass(full)
		}
	}
}

func TestARetryGetsTheFirstIDFromAnyFunction(t *testing.T) {
	w := newWorld()
	l := w.function()
	first, _, err := charge(l, w, "a")
	if err != nil {
		t.Fatal(err)
	}
	for name, function := range map[string]*ledger.Ledger{"the same": l, "another": w.function()} {
		w.pass(time.Second)
		if id, repeated, err := charge(function, w, "a"); err != nil || !repeated || id != first {
			t.Errorf("%s function: got %s, repeated %v, %v", name, id, repeated, err)
		}
	}
	if other, repeated, err := l.Charge(context.Background(), "u", ledger.KeyOf("r2", "a"), w.ids(), 10); err != nil || repeated || other == first {
		t.Errorf("the same client id in another room: got %s, repeated %v, %v", other, repeated, err)
	}
	if other, repeated, err := l.Charge(context.Background(), "u2", ledger.KeyOf("r", "a"), w.ids(), 10); err != nil || repeated || other == first {
		t.Errorf("the same client id of another user: got %s, repeated %v, %v", other, repeated, err)
	}
}

func TestARetryIsCharged(t *testing.T) {
	w := newWorld()
	l := w.function()
	var limit ledger.LimitError
	for n := range 60 {
		if _, _, err := charge(l, w, "a"); err != nil {
			t.Fatalf("try %d: %v", n, err)
		}
	}
	if _, _, err := charge(l, w, "a"); !errors.As(err, &limit) {
		t.Errorf("got %v", err)
	}
}

// remembers fails the test unless the row has these messages.
func (w *world) remembers(t *testing.T, sent []ulid.ULID, from int) {
	t.Helper()
	row := w.rows["u"]
	for n := max(0, from); n < len(sent); n++ {
		if row.Sent[ledger.KeyOf("r", fmt.Sprint(n))] != sent[n] {
			t.Fatalf("after %d messages number %d is forgotten", len(sent), n)
		}
	}
}

func TestTheLastMessagesAreRememberedHoweverOldTheyAre(t *testing.T) {
	w := newWorld()
	l := w.function()
	var sent []ulid.ULID
	for n := range 100 {
		w.pass(time.Hour)
		id, _, err := charge(l, w, fmt.Sprint(n))
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, id)
		w.remembers(t, sent, n-ledger.KeepSent+1)
		if remembered := len(w.rows["u"].Sent); remembered > ledger.KeepSent+ledger.MostUntidied {
			t.Fatalf("after message %d the row remembers %d", n, remembered)
		}
	}
}

// However many they are: the budget bounds them.
func TestAllMessagesOfTheRetryTimeAreRemembered(t *testing.T) {
	for name, functions := range map[string]int{"one function": 1, "a function for each message": 1000} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			var warm []*ledger.Ledger
			for range functions {
				warm = append(warm, w.function())
			}
			const perMinute = 60
			var sent []ulid.ULID
			most := 0
			for n := range 900 {
				w.pass(time.Minute / perMinute)
				id, _, err := charge(warm[n%functions], w, fmt.Sprint(n))
				if err != nil {
					t.Fatal(err)
				}
				sent = append(sent, id)
				w.remembers(t, sent, n-int(protocol.RetryTime.Minutes()*perMinute))
				most = max(most, len(w.rows["u"].Sent))
			}
			if bound := int(ledger.Remembered.Minutes()*perMinute) + ledger.MostUntidied + 1; most > bound {
				t.Errorf("the row remembered %d messages, want %d at most", most, bound)
			}
			// A row that was left is tidied in steps that fit an expression.
			w.pass(10 * time.Minute)
			for n := range 10 * ledger.MostUntidied {
				w.pass(2 * time.Second)
				if _, _, err := charge(warm[0], w, fmt.Sprint("late", n)); err != nil {
					t.Fatal(err)
				}
			}
			if left := len(w.rows["u"].Sent); left > 10*ledger.MostUntidied+ledger.KeepSent {
				t.Errorf("%d messages are left", left)
			}
		})
	}
}

// Each of a user's sockets sends messages of its own and, as after a cut, some of
// the others' again, all at once and from functions that know nothing of each
// other.
func TestWhatSeveralSocketsSendAgainIsOneMessageEach(t *testing.T) {
	for _, sockets := range []int{2, 8} {
		w := newWorld()
		const messages = 30
		var mu sync.Mutex
		ids := map[string]map[ulid.ULID]int{}
		fresh := 0
		for round := range 4 {
			var wg sync.WaitGroup
			for socket := range sockets {
				wg.Go(func() {
					for n := range messages {
						clientID := fmt.Sprint((n*7 + socket*round) % messages)
						for { // as a client does that is told to wait
							id, repeated, err := charge(w.function(), w, clientID)
							var limit ledger.LimitError
							if errors.As(err, &limit) {
								w.pass(limit.RetryAfter)
								continue
							}
							if err != nil {
								t.Error(err)
								return
							}
							mu.Lock()
							if ids[clientID] == nil {
								ids[clientID] = map[ulid.ULID]int{}
							}
							ids[clientID][id]++
							if !repeated {
								fresh++
							}
							mu.Unlock()
							break
						}
					}
				})
			}
			wg.Wait()
			if passed := w.at.Sub(time.UnixMilli(start)); passed > protocol.RetryTime {
				break
			}
		}
		if len(ids) != messages || fresh != messages {
			t.Errorf("%d sockets: %d messages, %d of them new, want %d", sockets, len(ids), fresh, messages)
		}
		for clientID, sent := range ids {
			if len(sent) != 1 {
				t.Errorf("%d sockets: message %s got the ids %v", sockets, clientID, sent)
			}
		}
	}
}

// While a row is being tidied by one function the others' messages are not held
// up.
func TestTidyingHoldsNobodyUp(t *testing.T) {
	w := newWorld()
	for n := range ledger.MostUntidied {
		if _, _, err := charge(w.function(), w, fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	w.writes = 0
	var wg sync.WaitGroup
	const atOnce = 20
	for n := range atOnce {
		wg.Go(func() {
			if _, _, err := charge(w.function(), w, fmt.Sprint("burst", n)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if w.writes > 3*atOnce {
		t.Errorf("%d writes for %d messages", w.writes, atOnce)
	}
}

func TestABannedUserIsRefused(t *testing.T) {
	w := newWorld()
	l := w.function()
	if _, _, err := charge(l, w, "a"); err != nil {
		t.Fatal(err)
	}
	ban := func(until time.Time) {
		row := w.rows["u"]
		row.RevokedUntil = until.Unix()
		w.rows["u"] = row
	}
	ban(w.now().Add(time.Minute))
	for _, function := range []*ledger.Ledger{l, l, w.function()} {
		w.pass(2 * time.Second)
		if _, _, err := charge(function, w, "b"); !errors.Is(err, ledger.ErrRevoked) {
			t.Errorf("got %v", err)
		}
	}
	ban(time.Unix(0, 0))
	if _, _, err := charge(l, w, "c"); err != nil {
		t.Errorf("after the ban was lifted: got %v", err)
	}
	ban(w.now())
	if _, _, err := charge(w.function(), w, "d"); err != nil {
		t.Errorf("at the end of the ban: got %v", err)
	}
}

func TestAWriteWhoseAnswerWasLostIsNotChargedTwice(t *testing.T) {
	w := newWorld()
	w.loseNext = true
	id := w.ids()
	got, repeated, err := w.function().Charge(context.Background(), "u", ledger.KeyOf("r", "a"), id, 10)
	if err != nil || repeated || got != id || w.writes != 1 {
		t.Errorf("got %s, repeated %v, %v after %d writes", got, repeated, err, w.writes)
	}
}

func TestARowThatVanishedIsMadeAnew(t *testing.T) {
	w := newWorld()
	l := w.function()
	for n := range 5 {
		if _, _, err := charge(l, w, fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	delete(w.rows, "u")
	if _, repeated, err := charge(l, w, "x"); err != nil || repeated {
		t.Errorf("repeated %v, %v", repeated, err)
	}
}

func TestAnErrorOfTheTableIsARefusal(t *testing.T) {
	w := newWorld()
	w.fail = errors.New("boom")
	if _, _, err := charge(w.function(), w, "a"); !errors.Is(err, w.fail) {
		t.Errorf("got %v", err)
	}
}

// loser is a table in which somebody else always wins.
type loser struct {
	ledger.Rows
	n int64
}

func (l *loser) Write(context.Context, ledger.Change) (ledger.Row, error) {
	l.n++
	return ledger.Row{Budget: ratelimit.Budget{MessagesFrom: l.n, BytesFrom: l.n}}, ledger.ErrConflict
}

func TestLostRacesAreBounded(t *testing.T) {
	rows := &loser{}
	l := ledger.New(rows, ratelimit.Limits{Messages: 1, Bytes: 1}, time.Now)
	_, _, err := l.Charge(context.Background(), "u", ledger.Key{}, ulid.ULID{}, 1)
	if !errors.Is(err, ledger.ErrConflict) || rows.n > 10 {
		t.Errorf("got %v after %d writes", err, rows.n)
	}
	var limit ledger.LimitError
	if !errors.As(err, &limit) || limit.RetryAfter <= 0 {
		t.Errorf("%v does not say when to try again", err)
	}
}

func TestACallerThatGivesUpDoesNotWaitForATurn(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	rows := &loser{}
	l := ledger.New(rows, ratelimit.Limits{Messages: 1, Bytes: 1}, time.Now)
	if _, _, err := l.Charge(ctx, "u", ledger.Key{}, ulid.ULID{}, 1); !errors.Is(err, context.Canceled) || rows.n != 2 {
		t.Errorf("got %v after %d writes", err, rows.n)
	}
}

func TestParallelSocketsShareOneBudget(t *testing.T) {
	w := newWorld()
	var sent, refused, lost atomic.Int64
	var wg sync.WaitGroup
	for socket := range 8 {
		l := w.function()
		wg.Go(func() {
			for n := range 20 {
				var limit ledger.LimitError
				switch _, _, err := charge(l, w, fmt.Sprint(socket, "-", n)); {
				case err == nil:
					sent.Add(1)
				case errors.Is(err, ledger.ErrConflict):
					lost.Add(1)
				case errors.As(err, &limit):
					refused.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if sent.Load() != 60 || refused.Load() != 100 || lost.Load() != 0 {
		t.Errorf("%d sent, %d refused, %d lost; want 60, 100, 0", sent.Load(), refused.Load(), lost.Load())
	}
}

func TestParallelRetriesGetOneID(t *testing.T) {
	w := newWorld()
	var mu sync.Mutex
	ids, fresh := map[ulid.ULID]bool{}, 0
	var wg sync.WaitGroup
	for range 5 {
		l := w.function()
		wg.Go(func() {
			id, repeated, err := charge(l, w, "a")
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			ids[id] = true
			if !repeated {
				fresh++
			}
		})
	}
	wg.Wait()
	if len(ids) != 1 || fresh != 1 {
		t.Errorf("%d ids, %d of them new", len(ids), fresh)
	}
}

func TestTheMemoryIsBounded(t *testing.T) {
	w := newWorld()
	l := w.function()
	for n := range 3000 {
		if _, _, err := l.Charge(context.Background(), fmt.Sprint(n), ledger.KeyOf("r", "a"), w.ids(), 10); err != nil {
			t.Fatal(err)
		}
	}
	if n := l.Remembered(); n != 1000 {
		t.Errorf("%d users are remembered", n)
	}
}

func TestEachKindHasItsOwnBucketOfAMinute(t *testing.T) {
	w := newWorld()
	l := w.function()
	for kind, most := range map[ledger.Kind]int{ledger.Reads: 6, ledger.Refusals: 3} {
		for i := range most {
			if err := l.Take(context.Background(), "u", kind); err != nil {
				t.Fatalf("%s %d: %v", kind, i, err)
			}
		}
		var limit ledger.LimitError
		want := time.Minute / time.Duration(most)
		if err := l.Take(context.Background(), "u", kind); !errors.As(err, &limit) || limit.RetryAfter != want {
			t.Errorf("%s: got %v, want to wait %s", kind, err, want)
		}
	}
	if _, _, err := charge(l, w, "c"); err != nil {
		t.Errorf("reads and refusals took of the messages: %v", err)
	}
	if err := l.Take(context.Background(), "other", ledger.Refusals); err != nil {
		t.Errorf("another user: %v", err)
	}
	w.pass(20 * time.Second)
	if err := l.Take(context.Background(), "u", ledger.Refusals); err != nil {
		t.Errorf("after a while: %v", err)
	}
	w.pass(time.Hour)
	for range 3 {
		if err := l.Take(context.Background(), "u", ledger.Refusals); err != nil {
			t.Errorf("after an hour: %v", err)
		}
	}
}

// Functions with memories of their own count as one.
func TestParallelCountsAreExact(t *testing.T) {
	w := newWorld()
	var taken, limited atomic.Int64
	var group sync.WaitGroup
	for range 30 {
		l := w.function()
		group.Go(func() {
			var limit ledger.LimitError
			switch err := l.Take(context.Background(), "u", ledger.Refusals); {
			case err == nil:
				taken.Add(1)
			case errors.As(err, &limit):
				limited.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if taken.Load() != 3 || limited.Load() != 27 {
		t.Errorf("%d were taken and %d refused", taken.Load(), limited.Load())
	}
}

func TestACountCostsOneWriteAndARefusalNone(t *testing.T) {
	w := newWorld()
	l := w.function()
	for range 3 {
		_ = l.Take(context.Background(), "u", ledger.Refusals)
	}
	if w.writes != 3 {
		t.Errorf("%d writes for three counts", w.writes)
	}
	for range 10 {
		_ = l.Take(context.Background(), "u", ledger.Refusals)
	}
	if w.writes != 3 {
		t.Errorf("%d writes after refusals", w.writes)
	}
}

func TestABannedUserIsNotCounted(t *testing.T) {
	w := newWorld()
	l := w.function()
	if err := l.Take(context.Background(), "u", ledger.Reads); err != nil {
		t.Fatal(err)
	}
	row := w.rows["u"]
	row.RevokedUntil = w.now().Unix() + 60
	w.rows["u"] = row
	for range 2 { // the second time from memory, which is asked again
		if err := l.Take(context.Background(), "u", ledger.Reads); !errors.Is(err, ledger.ErrRevoked) {
			t.Errorf("got %v", err)
		}
	}
	row.RevokedUntil = 0
	w.rows["u"] = row
	_, _, _ = charge(l, w, "c")
	if err := l.Take(context.Background(), "u", ledger.Reads); err != nil {
		t.Errorf("after the ban was lifted: %v", err)
	}
}

func TestACountThatCannotBeWrittenIsAnError(t *testing.T) {
	w := newWorld()
	w.fail = errors.New("boom")
	var limit ledger.LimitError
	if err := w.function().Take(context.Background(), "u", ledger.Reads); !errors.Is(err, w.fail) || errors.As(err, &limit) {
		t.Errorf("got %v", err)
	}
	w.fail, w.contended = nil, true
	if err := w.function().Take(context.Background(), "u", ledger.Reads); !errors.As(err, &limit) || w.writes > 4 {
		t.Errorf("got %v after %d writes", err, w.writes)
	}
}

func TestUsersDoNotPushEachOtherOutOfTheMemory(t *testing.T) {
	w := newWorld()
	l := w.function()
	for n := range 10 {
		for _, user := range []string{"a", "b", "c"} {
			w.writes = 0
			if _, _, err := l.Charge(context.Background(), user, ledger.KeyOf("r", fmt.Sprint(n)), w.ids(), 10); err != nil || w.writes != 1 {
				t.Fatalf("message %d of %s: %v after %d writes", n, user, err, w.writes)
			}
		}
	}
}

// What a refused write brings back is remembered, whatever becomes of the
// message.
func TestARefusalIsLearntFromOnce(t *testing.T) {
	w := newWorld()
	warm := w.function()
	for n := range 60 {
		if _, _, err := charge(warm, w, fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	cold := w.function()
	var limit ledger.LimitError
	w.writes = 0
	for range 3 {
		if _, _, err := charge(cold, w, "one too many"); !errors.As(err, &limit) {
			t.Fatalf("got %v", err)
		}
	}
	if w.writes != 1 {
		t.Errorf("three refusals took %d writes", w.writes)
	}

	for range 3 {
		if err := warm.Take(context.Background(), "u", ledger.Refusals); err != nil {
			t.Fatal(err)
		}
	}
	cold = w.function()
	w.writes = 0
	for range 3 {
		if err := cold.Take(context.Background(), "u", ledger.Refusals); !errors.As(err, &limit) {
			t.Fatalf("got %v", err)
		}
	}
	if w.writes != 1 {
		t.Errorf("three refusals of counts took %d writes", w.writes)
	}

	w = newWorld()
	l := w.function()
	w.loseNext = true
	for n := range 2 {
		w.writes = 0
		if _, _, err := charge(l, w, fmt.Sprint(n)); err != nil || w.writes != 1 {
			t.Errorf("message %d: %v after %d writes", n, err, w.writes)
		}
	}
}

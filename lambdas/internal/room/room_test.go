package room_test

import (
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/room"
)

func TestIDsSortByTimeAndOrder(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_123)
	next := room.NewIDs(func() time.Time { return now })
	last := next()
	for range 1000 {
		id := next()
		if id.Compare(last) <= 0 {
			t.Fatalf("%s does not follow %s", id, last)
		}
		last = id
	}
	if got := room.SentAt(last); got != "2023-11-14T22:13:20.123Z" {
		t.Errorf("got %s", got)
	}
}

func TestIDsAreNeverTheSame(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_123)
	var mu sync.Mutex
	seen := make(map[ulid.ULID]bool)
	var wg sync.WaitGroup
	for range 8 { // functions of their own, each used in parallel
		next := room.NewIDs(func() time.Time { return now })
		for range 2 {
			wg.Go(func() {
				for range 200 {
					id := next()
					mu.Lock()
					if seen[id] {
						t.Errorf("%s came twice", id)
					}
					seen[id] = true
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
}

func TestAMessageOnTheWire(t *testing.T) {
	id := ulid.MustParseStrict("01HF7YAT3V0000000000000000")
	got := room.Message{ID: id, Room: "r", Sub: "u", Name: "N", ClientID: "c", HTML: "h", Policy: "text/1"}.Wire()
	want := protocol.Message{
		Type: "message", ID: "01HF7YAT3V0000000000000000", ClientID: "c", Room: "r",
		User: protocol.User{ID: "u", Name: "N"}, HTML: "h", SentAt: "2023-11-14T22:13:20.123Z",
	}
	if got != want {
		t.Errorf("got %+v", got)
	}
}

func TestAConnectionEndsWithItsToken(t *testing.T) {
	at := time.Unix(1_700_000_000, 999_000_000)
	for ends, want := range map[int64]bool{0: false, 1_699_999_999: true, 1_700_000_000: true, 1_700_000_001: false} {
		if got := (room.Member{TokenEnds: ends}).Ended(at); got != want {
			t.Errorf("%d: got %v", ends, got)
		}
	}
}

// Package ledger decides, with one write to a user's row, whether a message may
// be sent: the user is not banned, the budget that all sockets of the user share
// suffices, and the message has not been sent before. What is read, and what is
// refused, is counted in the same row.
//
// The write is conditional, so parallel sockets and functions cannot spend the
// same credit twice. A user who has not written for a moment has full buckets;
// then no function needs to know the row, and the condition says just that. Of a
// bucket that is in use the condition is that it has credit for the message.
// Only where the row's memory of sent messages has to be read, for a repeated
// message or when it is full, must the row still be what the function last saw.
// A refused write brings back what the row is now.
package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/portcullis-chat/portcullis/lambdas/internal/ratelimit"
)

const (
	// MostSent is how many sent messages a row remembers before the oldest are
	// forgotten. With 26 of them, 32 bytes each, the row of a user with an id of
	// 36 characters stays below the 1 KB that one write unit pays for.
	MostSent = 26
	// KeepSent is how many of them are left then.
	KeepSent = 16

	// maxTries bounds the writes for one message. Each lost race means that
	// another message of the same user won: API Gateway starts a function for
	// each frame without waiting for the one before.
	maxTries = 8
	// firstPause is the longest pause after the second lost race; it doubles
	// with each further one, so that a message waits 0.7 seconds at most.
	// Without pauses those that must see the whole row only take the turns from
	// each other.
	firstPause = 10 * time.Millisecond
	// busyPause is when a message that never got its turn may be sent again.
	busyPause = time.Second

	// rowLife is how long an unused row is kept. Long after a minute it says
	// nothing a new row would not.
	rowLife = 24 * time.Hour

	// maxRemembered bounds the rows a function holds in memory.
	maxRemembered = 1000
)

var (
	// ErrRevoked means that an operator has banned the user.
	ErrRevoked = errors.New("the user is banned")
	// ErrConflict is returned by Rows.Write when the guard did not hold.
	ErrConflict = errors.New("the user's row is not as expected")
)

// LimitError means that the user's budget does not suffice now.
type LimitError struct{ RetryAfter time.Duration }

func (e LimitError) Error() string {
	return fmt.Sprintf("the user's budget suffices in %s", e.RetryAfter)
}

// Key names a message of a user by the client's id for it, within a room.
type Key [8]byte

// KeyOf returns the key of a client's id in a room.
func KeyOf(room, clientID string) Key {
	sum := sha256.Sum256([]byte(room + "\x00" + clientID))
	return Key(sum[:8])
}

// String is the key in base64url.
func (k Key) String() string { return base64.RawURLEncoding.EncodeToString(k[:]) }

// Row is what is known of a user.
type Row struct {
	Budget       ratelimit.Budget
	Counted      map[Kind]int64 // buckets, as those of Budget
	Sent         map[Key]ulid.ULID
	RevokedUntil int64 // Unix seconds; 0 for a user never banned
}

// Kind is something a user does that is counted but not remembered.
type Kind string

// The kinds, by the names of their buckets in a row.
const (
	Reads    Kind = "readsFrom"
	Refusals Kind = "refusalsFrom"
)

func (r Row) revoked(now time.Time) bool { return r.RevokedUntil > now.Unix() }

// Change is one conditional write to a user's row. Whatever else it asks, it
// must fail for a user who is banned at Now.
type Change struct {
	Sub string
	Now time.Time

	// Seen is the budget the row must still have. Every charge changes it, so
	// it stands for the whole row. Without it the row must have fewer than
	// MostSent sent messages, not the one of this change, and each bucket as
	// its charge takes it to be.
	Seen            *ratelimit.Budget
	Messages, Bytes Charge

	// Budget is what the budget becomes. To a bucket that is in use, and not
	// Seen, the cost is added instead.
	Budget ratelimit.Budget
	Key    Key
	ID     ulid.ULID // remembered under Key
	Sent   int       // how many messages are remembered afterwards, when Seen is set
	Forget []Key
	Expiry int64 // Unix seconds
}

// Charge is what a change takes of one bucket: of a full one, or of one that is
// in use and must have that much credit left. Such a charge needs no more
// knowledge of the row, so the messages of a burst do not get in each other's
// way.
type Charge struct {
	InUse bool
	Cost  int64 // milliseconds of credit
}

// Count is one conditional write to a user's row that takes one of a kind's
// bucket. It too must fail for a user who is banned at Now.
type Count struct {
	Sub     string
	Now     time.Time
	Kind    Kind
	Charge  Charge
	Becomes int64 // of a full bucket
	Expiry  int64 // Unix seconds
}

// Rows are the users' rows. Write and Count return the row after the change, or
// with ErrConflict as it is instead.
type Rows interface {
	Write(ctx context.Context, change Change) (Row, error)
	Count(ctx context.Context, count Count) (Row, error)
}

// Ledger charges messages.
type Ledger struct {
	rows   Rows
	limits ratelimit.Limits
	now    func() time.Time

	mu   sync.Mutex
	seen map[string]Row
}

// New returns a Ledger; now is the clock.
func New(rows Rows, limits ratelimit.Limits, now func() time.Time) *Ledger {
	return &Ledger{rows: rows, limits: limits, now: now, seen: make(map[string]Row)}
}

// Charge pays for one message. It returns the id the message has: the given
// one, or with repeated the one it was sent under before.
func (l *Ledger) Charge(ctx context.Context, sub string, key Key, id ulid.ULID, bytes int) (sent ulid.ULID, repeated bool, err error) {
	now := l.now()
	row, known := l.recall(sub)
	if row.revoked(now) {
		// What is remembered may be out of date in the user's favour.
		row, known = Row{}, false
	}
	for try := range maxTries {
		if try > 1 { // after the first one the function knows the row
			if err := pause(ctx, firstPause<<(try-2)); err != nil {
				return ulid.ULID{}, false, fmt.Errorf("charging a message: %w", err)
			}
		}
		if row.revoked(now) {
			return ulid.ULID{}, false, ErrRevoked
		}
		before, repeated := row.Sent[key]
		if repeated && before == id {
			// The write was made, but its answer was lost and the SDK repeated it.
			l.remember(sub, row)
			return id, false, nil
		}
		if !repeated {
			before = id
		}
		budget, wait := l.limits.Spend(row.Budget, now, bytes)
		if wait > 0 {
			l.remember(sub, row)
			return ulid.ULID{}, false, LimitError{RetryAfter: wait}
		}
		change := Change{
			Sub: sub, Now: now, Budget: budget, Key: key, ID: before,
			Expiry: now.Add(rowLife).Unix(),
		}
		full := ratelimit.Full(now)
		change.Messages.InUse = row.Budget.MessagesFrom > full.MessagesFrom
		change.Bytes.InUse = row.Budget.BytesFrom > full.BytesFrom
		change.Messages.Cost, change.Bytes.Cost = l.limits.Cost(bytes)
		if known && (repeated || len(row.Sent) >= MostSent) {
			change.Seen = &row.Budget
			change.Forget = oldest(row.Sent)
			change.Sent = len(row.Sent) - len(change.Forget)
			if !repeated {
				change.Sent++
			}
		}
		after, err := l.rows.Write(ctx, change)
		if err == nil {
			l.remember(sub, after)
			return before, repeated, nil
		}
		if !errors.Is(err, ErrConflict) {
			return ulid.ULID{}, false, fmt.Errorf("charging a message: %w", err)
		}
		row, known = after, true
	}
	// Nothing failed: the user sends more at once than one row can take.
	return ulid.ULID{}, false, fmt.Errorf("charging a message: %w after %d tries: %w", ErrConflict, maxTries, LimitError{RetryAfter: busyPause})
}

// Take counts one of a kind. It returns a LimitError when the user has had
// enough of them, and ErrRevoked for a user who is banned.
func (l *Ledger) Take(ctx context.Context, sub string, kind Kind) error {
	perMinute := l.limits.Reads
	if kind == Refusals {
		perMinute = l.limits.Refusals
	}
	now := l.now()
	row, _ := l.recall(sub) // never one of a user who is banned: no write brings it back
	// The first conflict tells what the row is, the second that others were
	// faster; then a bucket is in use and stays so.
	const tries = 3
	for range tries {
		if row.revoked(now) {
			return ErrRevoked
		}
		from := row.Counted[kind]
		becomes, taken, wait := ratelimit.Take(from, now, perMinute)
		if wait > 0 {
			l.remember(sub, row)
			return LimitError{RetryAfter: wait}
		}
		after, err := l.rows.Count(ctx, Count{
			Sub: sub, Now: now, Kind: kind, Becomes: becomes, Expiry: now.Add(rowLife).Unix(),
			Charge: Charge{InUse: from > ratelimit.Full(now).MessagesFrom, Cost: taken},
		})
		if err == nil {
			l.remember(sub, after)
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return fmt.Errorf("counting %s: %w", kind, err)
		}
		row = after
	}
	return fmt.Errorf("counting %s: %w after %d tries: %w", kind, ErrConflict, tries, LimitError{RetryAfter: busyPause})
}

// pause waits for a random time, so that those who lost a race do not meet
// again.
func pause(ctx context.Context, most time.Duration) error {
	timer := time.NewTimer(rand.N(most))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// oldest returns the keys to forget in a row that has no room for one more. Ids
// sort by time.
func oldest(sent map[Key]ulid.ULID) []Key {
	if len(sent) < MostSent {
		return nil
	}
	keys := slices.SortedFunc(maps.Keys(sent), func(a, b Key) int {
		x, y := sent[a], sent[b]
		return cmp.Or(x.Compare(y), slices.Compare(a[:], b[:]))
	})
	return keys[:len(keys)-KeepSent]
}

func (l *Ledger) recall(sub string) (Row, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	row, known := l.seen[sub]
	return row, known
}

func (l *Ledger) remember(sub string, row Row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.seen) >= maxRemembered {
		clear(l.seen)
	}
	l.seen[sub] = row
}

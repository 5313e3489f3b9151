// Package ledger decides, with one write to a user's row, whether a message may
// be sent: the user is not banned, the budget that all sockets of the user share
// suffices, and the message has not been sent before. What is read, and what is
// refused, is counted in the same row.
//
// The write is conditional, so parallel sockets and functions cannot spend the
// same credit twice. A user who has not written for a moment has full buckets;
// then no function needs to know the row, and the condition says just that. Of a
// bucket that is in use the condition is that it has credit for the message. So
// the messages of a burst do not get in each other's way. A refused write brings
// back what the row is now.
//
// What was sent is remembered for as long as Remembered says, however much it
// is: the budget bounds it. A row is tidied by the way, with every tenth message.
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

	"github.com/portcullis-chat/portcullis/internal/protocol"
	"github.com/portcullis-chat/portcullis/lambdas/internal/ratelimit"
)

const (
	// Remembered is for how long a message that is sent again under the same
	// client id is known to be the same one: what clients are told, and the time
	// that clocks may differ and a frame may be under way.
	Remembered = protocol.RetryTime + 30*time.Second
	// KeepSent is how many of a user's last messages are known for longer, until
	// the row expires.
	KeepSent = 16
	// MostUntidied is how many messages may be added to a row before the one that
	// follows has to forget what need not be remembered. With KeepSent and these,
	// 32 bytes each, the row of a user with an id of 36 characters stays below the
	// 1 KB that one write unit pays for.
	MostUntidied = 10
	// MaxForgotten bounds what one write forgets, which must fit an expression
	// (4 KB).
	MaxForgotten = 100

	// maxTries bounds the writes for one message. Each lost race means that
	// another message of the same user won: API Gateway starts a function for
	// each frame without waiting for the one before.
	maxTries = 8
	// firstPause is the longest pause after the second lost race; it doubles
	// with each further one, so that a message waits 0.7 seconds at most.
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
	Untidied     int   // messages sent since the row was tidied
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

	// Each bucket must be as its charge takes it to be.
	Messages, Bytes Charge
	// Budget is what a full bucket becomes. To one that is in use the cost is
	// added instead.
	Budget ratelimit.Budget

	// Of a message that is sent Again the row must remember that Key has ID. One
	// that is new it must not know, and it must have fewer than MostUntidied
	// messages to tidy, unless this change does so.
	Again  bool
	Key    Key
	ID     ulid.ULID // remembered under Key
	Tidy   bool
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
	row := l.recall(sub)
	if row.revoked(now) {
		// What is remembered may be out of date in the user's favour.
		row = Row{}
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
			Sub: sub, Now: now, Budget: budget, Again: repeated, Key: key, ID: before,
			Expiry: now.Add(rowLife).Unix(),
		}
		if !repeated && row.Untidied >= MostUntidied {
			change.Tidy, change.Forget = true, forgettable(row.Sent, now)
		}
		full := ratelimit.Full(now)
		change.Messages.InUse = row.Budget.MessagesFrom > full.MessagesFrom
		change.Bytes.InUse = row.Budget.BytesFrom > full.BytesFrom
		change.Messages.Cost, change.Bytes.Cost = l.limits.Cost(bytes)
		after, err := l.rows.Write(ctx, change)
		if err == nil {
			l.remember(sub, after)
			return before, repeated, nil
		}
		if !errors.Is(err, ErrConflict) {
			return ulid.ULID{}, false, fmt.Errorf("charging a message: %w", err)
		}
		row = after
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
	row := l.recall(sub) // never one of a user who is banned: no write brings it back
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

// forgettable returns the keys of what a row need not remember any longer, the
// oldest first. Once forgettable is always so, whatever else is written. Ids sort
// by time.
func forgettable(sent map[Key]ulid.ULID, now time.Time) []Key {
	keys := slices.SortedFunc(maps.Keys(sent), func(a, b Key) int {
		x, y := sent[a], sent[b]
		return cmp.Or(x.Compare(y), slices.Compare(a[:], b[:]))
	})
	keys = keys[:max(0, len(keys)-KeepSent)]
	young := slices.IndexFunc(keys, func(k Key) bool { return !sent[k].Timestamp().Before(now.Add(-Remembered)) })
	if young >= 0 {
		keys = keys[:young]
	}
	return keys[:min(len(keys), MaxForgotten)]
}

func (l *Ledger) recall(sub string) Row {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen[sub]
}

func (l *Ledger) remember(sub string, row Row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.seen) >= maxRemembered {
		clear(l.seen)
	}
	l.seen[sub] = row
}

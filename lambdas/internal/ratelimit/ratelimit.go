// Package ratelimit is the arithmetic of a user's budget: token buckets, each of
// a minute's worth. Messages take of two together, one of messages and one of
// bytes; reads and refused frames have one each. A bucket is held
// as the one time at which it would have been empty, so that refilling needs no
// write and one number says all:
//
//	credit = min(now − from, one minute)
//
// Spending moves the time forward.
package ratelimit

import "time"

// minute is the capacity of a bucket, in milliseconds of credit.
const minute = int64(time.Minute / time.Millisecond)

// Limits are what a user may do in a minute. All are positive.
type Limits struct {
	Messages int // sent
	Bytes    int // of sent messages
	Reads    int // of the history and of the members
	Refusals int // frames that are answered with an error by the client's fault
}

// Budget is the state of a user's buckets: the times, in Unix milliseconds, at
// which they would have been empty. The zero Budget is full.
type Budget struct {
	MessagesFrom int64
	BytesFrom    int64
}

// Full returns the latest Budget that is full at a time: one that is not later
// in either part is full as well.
func Full(now time.Time) Budget {
	from := now.UnixMilli() - minute
	return Budget{MessagesFrom: from, BytesFrom: from}
}

// Cost is what one message of some bytes takes of each bucket, in milliseconds
// of credit.
func (l Limits) Cost(bytes int) (ofMessages, ofBytes int64) {
	return cost(1, l.Messages), cost(bytes, l.Bytes)
}

// Spend takes one message of some bytes from a budget. When it does not suffice
// the budget is returned as it was, with the time after which it would.
func (l Limits) Spend(b Budget, now time.Time, bytes int) (Budget, time.Duration) {
	ofMessages, ofBytes := l.Cost(bytes)
	messages, waitMessages := spend(b.MessagesFrom, now, ofMessages)
	volume, waitBytes := spend(b.BytesFrom, now, ofBytes)
	if wait := max(waitMessages, waitBytes); wait > 0 {
		return b, wait
	}
	return Budget{MessagesFrom: messages, BytesFrom: volume}, 0
}

// Take takes one of a bucket that holds so many in a minute. It returns what the
// bucket becomes and what was taken, or how long to wait where it is too empty.
func Take(from int64, now time.Time, perMinute int) (becomes, taken int64, wait time.Duration) {
	taken = cost(1, perMinute)
	becomes, wait = spend(from, now, taken)
	return becomes, taken, wait
}

// cost is how many milliseconds of credit an amount is worth: at least one, so
// that every charge changes the budget, and never more than a full bucket
// holds, so that a large message waits but is possible.
func cost(amount, perMinute int) int64 {
	ms := (int64(amount)*minute + int64(perMinute) - 1) / int64(perMinute)
	return min(max(ms, 1), minute)
}

func spend(from int64, now time.Time, cost int64) (int64, time.Duration) {
	from = max(from, now.UnixMilli()-minute)
	if short := from + cost - now.UnixMilli(); short > 0 {
		return from, time.Duration(short) * time.Millisecond
	}
	return from + cost, 0
}

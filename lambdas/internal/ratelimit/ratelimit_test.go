package ratelimit_test

import (
	"math"
	"testing"
	"time"

	"github.com/portcullis-chat/portcullis/lambdas/internal/ratelimit"
)

var (
	now    = time.UnixMilli(1_700_000_000_000)
	limits = ratelimit.Limits{Messages: 60, Bytes: 6000}
)

// spendAll spends until it must wait, and returns how often it could.
func spendAll(b ratelimit.Budget, at time.Time, bytes int) (n int, rest ratelimit.Budget, wait time.Duration) {
	for {
		if b, wait = limits.Spend(b, at, bytes); wait > 0 {
			return n, b, wait
		}
		n++
	}
}

func TestAMinutesWorthMayBeSentAtOnce(t *testing.T) {
	n, rest, wait := spendAll(ratelimit.Budget{}, now, 1)
	if n != 60 || wait != time.Second {
		t.Errorf("%d messages, then a wait of %s", n, wait)
	}
	if n, _, _ := spendAll(rest, now.Add(999*time.Millisecond), 1); n != 0 {
		t.Errorf("%d messages just before the wait is over", n)
	}
	if n, _, _ := spendAll(rest, now.Add(time.Second), 1); n != 1 {
		t.Errorf("%d messages just after the wait", n)
	}
}

func TestABucketNeverHoldsMoreThanAMinute(t *testing.T) {
	_, rest, _ := spendAll(ratelimit.Budget{}, now, 1)
	if n, _, _ := spendAll(rest, now.Add(24*time.Hour), 1); n != 60 {
		t.Errorf("%d messages after a day", n)
	}
}

func TestBytesAreLimitedToo(t *testing.T) {
	n, _, wait := spendAll(ratelimit.Budget{}, now, 1000)
	if n != 6 || wait != 10*time.Second {
		t.Errorf("%d messages of 1000 bytes, then a wait of %s", n, wait)
	}
}

func TestAMessageAboveTheLimitCostsAFullBucketAndIsPossible(t *testing.T) {
	n, rest, wait := spendAll(ratelimit.Budget{}, now, 20_000)
	if n != 1 || wait != time.Minute {
		t.Errorf("%d messages, then a wait of %s", n, wait)
	}
	if n, _, _ := spendAll(rest, now.Add(time.Minute), 20_000); n != 1 {
		t.Errorf("%d messages after the wait", n)
	}
}

func TestWhatDoesNotSufficeIsNotSpent(t *testing.T) {
	before := ratelimit.Budget{MessagesFrom: now.UnixMilli() - 60_000, BytesFrom: now.UnixMilli()}
	after, wait := limits.Spend(before, now, 1)
	if after != before || wait != 10*time.Millisecond {
		t.Errorf("got %+v, %s", after, wait)
	}
}

func TestEveryChargeChangesBothBuckets(t *testing.T) {
	fast := ratelimit.Limits{Messages: 6000, Bytes: math.MaxInt32}
	before := ratelimit.Full(now)
	after, wait := fast.Spend(before, now, 0)
	if wait != 0 || after.MessagesFrom <= before.MessagesFrom || after.BytesFrom <= before.BytesFrom {
		t.Errorf("got %+v from %+v", after, before)
	}
}

func TestAClockThatIsBehindGivesNothing(t *testing.T) {
	_, rest, _ := spendAll(ratelimit.Budget{}, now, 1)
	if _, wait := limits.Spend(rest, now.Add(-10*time.Second), 1); wait != 11*time.Second {
		t.Errorf("a wait of %s", wait)
	}
}

func TestFullIsTheLatestBudgetWithAWholeMinute(t *testing.T) {
	full := ratelimit.Full(now)
	if n, _, _ := spendAll(full, now, 1); n != 60 {
		t.Errorf("%d messages of a full budget", n)
	}
	full.MessagesFrom++
	if n, _, _ := spendAll(full, now, 1); n != 59 {
		t.Errorf("%d messages of one that lacks a millisecond", n)
	}
}

func TestACostIsWhatSpendingTakes(t *testing.T) {
	for _, bytes := range []int{1, 10, 1000, 20_000} {
		full := ratelimit.Full(now)
		after, wait := limits.Spend(full, now, bytes)
		messages, volume := limits.Cost(bytes)
		want := ratelimit.Budget{MessagesFrom: full.MessagesFrom + messages, BytesFrom: full.BytesFrom + volume}
		if wait != 0 || after != want {
			t.Errorf("%d bytes: %+v, want %+v", bytes, after, want)
		}
	}
}

func TestTakingOneOfABucket(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	full := now.UnixMilli() - 60_000
	for _, c := range []struct {
		from, becomes int64
		wait          time.Duration
	}{
		{0, full + 20_000, 0},
		{full, full + 20_000, 0},
		{full + 40_000, full + 60_000, 0},
		{full + 40_001, full + 40_001, time.Millisecond},
		{full + 60_000, full + 60_000, 20 * time.Second},
	} {
		becomes, taken, wait := ratelimit.Take(c.from, now, 3)
		if becomes != c.becomes || taken != 20_000 || wait != c.wait {
			t.Errorf("from %d: got %d, %d, %s", c.from, becomes, taken, wait)
		}
	}
}

func TestOneBucketGivesAMinutesWorthAndThenOneAtATime(t *testing.T) {
	now := time.UnixMilli(1_700_000_000_000)
	var from int64
	for i := range 4 {
		becomes, taken, wait := ratelimit.Take(from, now, 4)
		if wait != 0 || taken != 15_000 || becomes != now.UnixMilli()-60_000+int64(i+1)*15_000 {
			t.Fatalf("%d: got %d, %d, %s", i, becomes, taken, wait)
		}
		from = becomes
	}
	if becomes, _, wait := ratelimit.Take(from, now, 4); wait != 15*time.Second || becomes != from {
		t.Errorf("got %d, %s", becomes, wait)
	}
	if _, _, wait := ratelimit.Take(from, now.Add(15*time.Second), 4); wait != 0 {
		t.Errorf("a quarter of a minute later: wait %s", wait)
	}
}

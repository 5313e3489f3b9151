// Package ratio measures how much work one thing is compared with another. Both
// run in turns and by the processor time of their own thread, so that whatever
// else the machine does, and whatever the machine is, both meet the same.
package ratio

import (
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// rounds are how often each of the two takes its turn.
const rounds = 41

// Of returns the median, over many turns, of how much more time a takes than b.
// Each turn is of the given number of calls, none of which may wait.
func Of(calls int, a, b func()) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	turn := func(f func()) float64 {
		start := now()
		for range calls {
			f()
		}
		return float64(now() - start)
	}
	turn(a) // both get warm
	turn(b)
	ratios := make([]float64, rounds)
	for i := range ratios {
		if i%2 == 0 {
			ratios[i] = turn(a) / turn(b)
		} else {
			first := turn(b)
			ratios[i] = turn(a) / first
		}
	}
	slices.Sort(ratios)
	return ratios[rounds/2]
}

// now is the processor time that the thread has used, in nanoseconds.
func now() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err) // every system that Go's x/sys/unix knows has this clock
	}
	return t.Nano()
}

// Goal reports a ratio beside a benchmark's own figures, and fails the
// benchmark when it is above what is aimed at.
func Goal(b *testing.B, name string, got, most float64) {
	b.Helper()
	b.ReportMetric(got, name)
	b.ReportMetric(most, "allowed")
	if got > most {
		b.Errorf("%.2f %s, allowed are %.2f", got, name, most)
	}
}

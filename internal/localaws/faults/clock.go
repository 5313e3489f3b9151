package faults

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// Clock is the time that limits go by: real time, and how far it was moved.
// The zero value is real time.
type Clock struct{ ahead atomic.Int64 }

// maxAhead keeps times in the range of every arithmetic.
const maxAhead = 10 * 365 * 24 * time.Hour

// Now is the time of the clock.
func (c *Clock) Now() time.Time { return time.Now().Add(c.Ahead()) }

// Ahead is how far the clock is before real time.
func (c *Clock) Ahead() time.Duration { return time.Duration(c.ahead.Load()) }

// Forward moves the clock. It cannot be moved back: a limit that has passed has
// passed.
func (c *Clock) Forward(by time.Duration) error {
	if by <= 0 {
		return errors.New("the clock moves forward only: by a duration above 0, such as 11m")
	}
	for {
		before := c.ahead.Load()
		if by > maxAhead-time.Duration(before) {
			return fmt.Errorf("the clock is %v ahead and can be %v at most", time.Duration(before), maxAhead)
		}
		if c.ahead.CompareAndSwap(before, before+int64(by)) {
			return nil
		}
	}
}

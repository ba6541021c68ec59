package testkit

import (
	"sync"
	"time"
)

// Clock is a clock that stands still until moved. Its Now is what code under
// test gets for its clock. Safe for use by many goroutines.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock makes a clock that shows a fixed moment, in whole microseconds as
// the database keeps them.
func NewClock() *Clock {
	return &Clock{now: time.Date(2026, time.November, 22, 5, 5, 0, 0, time.UTC)}
}

// Now tells the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on by d and tells the new time. A negative d turns it
// back, as a corrected system clock does.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

// Set moves the clock to t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

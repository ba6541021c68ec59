package obs

import (
	"context"
	"time"
)

// bounded is the context of a scope that somebody waits on.
type bounded struct {
	context.Context
	cancel context.CancelFunc
}

// wait gives the context that ends the scope's work: the outer one, with an end
// of its own where Options.Timeout sets one. The timer is made when somebody
// first asks for it, as every query does: most requests are answered from memory
// and wait for nothing, and the timer would cost them as much as their answer.
// So the time runs from the first wait on.
func (s *scope) wait() context.Context {
	if s.timeout == 0 {
		return s.Context
	}
	if b := s.bounded.Load(); b != nil {
		return b
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.bounded.Load(); b != nil {
		return b
	}
	ctx, cancel := context.WithTimeout(s.Context, s.timeout)
	if s.closed {
		cancel() // who outlives the request waits for nothing more
	}
	b := &bounded{ctx, cancel}
	s.bounded.Store(b)
	return b
}

// Deadline is part of context.Context.
func (s *scope) Deadline() (time.Time, bool) { return s.wait().Deadline() }

// Done is part of context.Context.
func (s *scope) Done() <-chan struct{} { return s.wait().Done() }

// Err is part of context.Context.
func (s *scope) Err() error { return s.wait().Err() }

// Value answers for the scope itself and asks the outer context for the rest:
// the bounded one, if there is one, so that contexts derived from this one hang
// on to it without a goroutine each.
func (s *scope) Value(key any) any {
	if key == (scopeKey{}) {
		return s
	}
	if b := s.bounded.Load(); b != nil {
		return b.Value(key)
	}
	return s.Context.Value(key)
}

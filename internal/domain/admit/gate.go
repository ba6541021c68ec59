// Package admit keeps the house up: password hashing is its scarce resource, so
// a gate lets as many hashes run at once as there are cores and makes the rest
// wait in a short line, by class; whoever would wait too long is told so at once
// instead of piling up (PW4).
package admit

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/genkan/genkan/internal/platform/fault"
)

// Class orders the line; a lower one goes first.
type Class int

// The classes. Freeze and veto never hash and never wait.
const (
	Begun        Class = iota // a further step of an attempt already begun
	Recovery                  // a new password after a proven mailbox
	SignIn                    //
	Registration              //
	classes
)

// Gate is a bounded, ordered door. Memory is bounded by Running hashes plus
// Line people.
type Gate struct {
	line    int
	patient time.Duration

	mu      sync.Mutex
	free    int
	waiting [classes]list.List // of *place

	running, queued, refused atomic.Int64
}

type place struct {
	ready chan struct{}
	gone  bool
}

// NewGate lets running hashes go at once and line people wait, none longer than
// patient.
func NewGate(running, line int, patient time.Duration) *Gate {
	return &Gate{line: line, patient: patient, free: running}
}

// Do runs f when its turn comes. It gives a fault.Busy with code srv.overload
// and Retry-After when the line is full or the wait too long, and ctx's error
// when the caller left.
func (g *Gate) Do(ctx context.Context, c Class, f func() error) error {
	if err := g.enter(ctx, c); err != nil {
		return err
	}
	defer g.leave()
	return f()
}

func (g *Gate) enter(ctx context.Context, c Class) error {
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		g.running.Add(1)
		return nil
	}
	if int(g.queued.Load()) >= g.line {
		g.mu.Unlock()
		return g.full()
	}
	p := &place{ready: make(chan struct{})}
	at := g.waiting[c].PushBack(p)
	g.queued.Add(1)
	g.mu.Unlock()
	return g.wait(ctx, c, p, at)
}

func (g *Gate) wait(ctx context.Context, c Class, p *place, at *list.Element) error {
	timer := time.NewTimer(g.patient)
	defer timer.Stop()
	var err error
	select {
	case <-p.ready:
		return nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = g.full()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.gone { // the turn came at the same moment: use it
		return nil
	}
	g.waiting[c].Remove(at)
	g.queued.Add(-1)
	return err
}

func (g *Gate) full() error {
	g.refused.Add(1)
	return fault.New(fault.Busy, "srv.overload").After(g.patient + time.Second)
}

// leave hands the turn to the first of the first class that waits.
func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.waiting {
		if at := g.waiting[c].Front(); at != nil {
			p := g.waiting[c].Remove(at).(*place)
			g.queued.Add(-1)
			p.gone = true
			close(p.ready)
			return
		}
	}
	g.free++
	g.running.Add(-1)
}

// Load is what the gate holds now and has refused since it was made.
type Load struct{ Running, Queued, Refused int64 }

// Load reads the gate for metrics.
func (g *Gate) Load() Load { return Load{g.running.Load(), g.queued.Load(), g.refused.Load()} }

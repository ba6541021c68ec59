package db

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// A bus carries short words from a transaction, once it is kept, to every node:
// PostgreSQL's LISTEN and NOTIFY, or within the process on SQLite.
//
// What hears may be trusted only while it is Fresh: a listener that lost its
// connection does not know what it missed.
type bus struct {
	mu   sync.RWMutex
	ears map[string][]*Ear
}

// Ear hears one channel.
type Ear struct {
	hear  func(payload string)
	reset func()
	alive atomic.Int64 // nanoseconds since start of the last proof of life; -1: deaf
	local bool
	start time.Time
}

const (
	// earBeat is how often a listener proves that its line is up. The proof is a query on the listening connection, which cannot return before
	// what was notified earlier.
	earBeat = 300 * time.Millisecond
	// earFresh is how old a proof may be; with earBeat it bounds how long a
	// revocation may stay unheard: under 0.8 s, within the promised second.
	earFresh = 700 * time.Millisecond
)

// Fresh tells whether everything notified until just now was heard.
func (e *Ear) Fresh() bool {
	if e.local {
		return true
	}
	at := e.alive.Load()
	return at >= 0 && time.Since(e.start)-time.Duration(at) < earFresh
}

// Notify sends payload (at most 7,000 bytes) on a channel when the transaction
// is kept. The process's own ears hear it before Tx returns.
func (tx *Tx) Notify(ctx context.Context, channel, payload string) error {
	if tx.Engine == Postgres {
		if _, err := tx.ExecContext(ctx, "SELECT pg_notify($1, $2)", channel, payload); err != nil {
			return fmt.Errorf("notify %s: %w", channel, err)
		}
	}
	d := tx.owner
	tx.AfterCommit(func() { d.bus.tell(channel, payload) })
	return nil
}

func (b *bus) tell(channel, payload string) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, e := range b.ears[channel] {
		e.hear(payload)
	}
}

// Listen calls hear for each payload on a channel until ctx ends, and reset
// each time the line was down, since words may have been missed. On PostgreSQL
// it holds one connection of its own.
func (d *DB) Listen(ctx context.Context, channel string, hear func(payload string), reset func()) *Ear {
	e := &Ear{hear: hear, reset: reset, local: d.Engine == SQLite, start: time.Now()}
	e.alive.Store(-1)
	d.bus.mu.Lock()
	if d.bus.ears == nil {
		d.bus.ears = map[string][]*Ear{}
	}
	d.bus.ears[channel] = append(d.bus.ears[channel], e)
	d.bus.mu.Unlock()
	if !e.local {
		go d.keepListening(ctx, channel, e)
	}
	return e
}

func (d *DB) keepListening(ctx context.Context, channel string, e *Ear) {
	for ctx.Err() == nil {
		_ = d.listen(ctx, channel, e)
		e.alive.Store(-1)
		e.reset()
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (d *DB) listen(ctx context.Context, channel string, e *Ear) error {
	conn, err := pgx.ConnectConfig(ctx, d.pool.Config().ConnConfig.Copy())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN "+pgx.Identifier{channel}.Sanitize()); err != nil {
		return err
	}
	e.reset()
	due := time.Now() // the first proof is asked for at once
	for {
		wait, cancel := context.WithDeadline(ctx, due)
		n, err := conn.WaitForNotification(wait)
		timedOut := wait.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case err == nil:
			e.hear(n.Payload)
		case timedOut:
			// Counted from the question, not from its answer: a word that is
			// said in between may still be on a slow line.
			asked := time.Now()
			if err := d.beat(ctx, conn, e); err != nil {
				return err
			}
			e.alive.Store(int64(asked.Sub(e.start)))
			due = asked.Add(earBeat)
		default:
			return err
		}
	}
}

// beat asks the listening connection for a sign of life, then hears what came
// with it.
func (d *DB) beat(ctx context.Context, conn *pgx.Conn, e *Ear) error {
	ask, cancel := context.WithTimeout(ctx, earFresh)
	defer cancel()
	if _, err := conn.Exec(ask, "SELECT 1"); err != nil {
		return err
	}
	for {
		now, cancel := context.WithTimeout(ctx, time.Nanosecond)
		n, err := conn.WaitForNotification(now)
		cancel()
		if err != nil {
			return nil
		}
		e.hear(n.Payload)
	}
}

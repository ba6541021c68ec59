package account

import (
	"context"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
)

// State is what an account may do. docs/states.md draws the machine.
type State string

// The states. A registration that was never proven is no account at all.
const (
	Active State = "active"
	Frozen State = "frozen" // nobody gets in; to strangers like a wrong password (FZ2)
	Closed State = "closed"
)

// Event is what happens to an account.
type Event string

// The events.
const (
	Freeze   Event = "freeze"    // by the owner from a notice, or by staff
	AskThaw  Event = "ask_thaw"  // proven by password and mail; waits (FZ3)
	VetoThaw Event = "veto_thaw" // one press from any notice
	Thaw     Event = "thaw"      // the wait is over
	Close    Event = "close"
)

// ThawWait is how long a thaw waits for a veto.
const ThawWait = 24 * time.Hour

// moves is the whole machine. Freezing what is frozen again cancels a thaw that
// was asked for: freezing always wins.
var moves = map[State]map[Event]State{
	Active: {Freeze: Frozen, Close: Closed},
	Frozen: {Freeze: Frozen, AskThaw: Frozen, VetoThaw: Frozen, Thaw: Active, Close: Closed},
	Closed: {},
}

// Move carries an account to the state that ev leads to, or refuses with
// account.move_refused (the machine has no such arrow) or
// account.changed_meanwhile (the row is not what a says it is).
func (b *Book) Move(ctx context.Context, tx *db.Tx, a Account, ev Event) (State, error) {
	next, ok := moves[a.State][ev]
	if !ok {
		return a.State, fault.New(fault.Conflict, "account.move_refused")
	}
	frozen, thaw := int64(0), int64(0)
	switch {
	case next == Frozen && (ev == Freeze || ev == VetoThaw):
		frozen = tx.Now() // a new freeze: what was asked for under the old one is void
	case next == Frozen:
		frozen = db.Micros(a.FrozenAt)
	}
	switch {
	case ev == AskThaw && !a.ThawAt.IsZero():
		return a.State, fault.New(fault.Conflict, "account.move_refused")
	case ev == AskThaw:
		thaw = tx.Time().Add(ThawWait).UnixMicro()
	case ev == Thaw && (a.ThawAt.IsZero() || a.ThawAt.After(tx.Time())):
		return a.State, fault.New(fault.Conflict, "account.move_refused")
	}
	n, err := New(tx).moveAccount(ctx, moveAccountParams{
		Next: string(next), FrozenAt: frozen, ThawAt: thaw, Now: tx.Now(),
		ID: a.ID, Was: string(a.State), WasThawAt: db.Micros(a.ThawAt),
	})
	if err != nil {
		return a.State, fmt.Errorf("move account %s by %s: %w", a.ID, ev, err)
	}
	if n != 1 {
		return a.State, fault.New(fault.Conflict, "account.changed_meanwhile")
	}
	return next, nil
}

package attempt

import (
	"context"
	"fmt"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
)

// State is where an attempt stands. docs/states.md draws the machine.
type State string

// The states.
const (
	Started      State = "started"
	Waiting      State = "waiting"       // in line: too many people
	HumanCheck   State = "human_check"   // the puzzle is asked
	SecondFactor State = "second_factor" // the password was right; a factor is asked
	DeviceCheck  State = "device_check"  // a new browser is to be confirmed
	Refused      State = "refused"       // with a cause; may be tried again
	Held         State = "held"          // frozen, closed: its own page
	Complete     State = "complete"      // a session was opened
)

// States lists every state.
func States() []State {
	return []State{Started, Waiting, HumanCheck, SecondFactor, DeviceCheck, Refused, Held, Complete}
}

// Event is what happens to an attempt.
type Event string

// The events.
const (
	Queue       Event = "queue"        // the house is full
	Call        Event = "call"         // the place in line came up
	AskHuman    Event = "ask_human"    // this browser is asked for the puzzle
	PassHuman   Event = "pass_human"   // the puzzle is solved
	Refuse      Event = "refuse"       // judged and not let in
	Retry       Event = "retry"        // the person sends again
	AskFactor   Event = "ask_factor"   // password right, a factor is enrolled
	AskDevice   Event = "ask_device"   // all right, but the browser is new
	Hold        Event = "hold"         // password right, account frozen or closed
	LetIn       Event = "let_in"       // everything asked was proven
	WrongFactor Event = "wrong_factor" // a further proof failed; the same is asked again
	ProveDevice Event = "prove_device" // the mailed code was right; the password is judged next
)

// Events lists every event.
func Events() []Event {
	return []Event{Queue, Call, AskHuman, PassHuman, Refuse, Retry, AskFactor, AskDevice, Hold, LetIn, WrongFactor, ProveDevice}
}

// moves is the whole machine. From waiting one comes back to where one was
// begun. Only a proven password leads to second_factor or held. device_check is
// reached with it, or by whoever asks for a mailed code in place of being judged
// as a stranger: so it opens nothing by itself, and prove_device leads to the
// password.
var moves = map[State]map[Event]State{
	Started: {Queue: Waiting, AskHuman: HumanCheck, Refuse: Refused, AskFactor: SecondFactor,
		AskDevice: DeviceCheck, Hold: Held, LetIn: Complete},
	Waiting:      {Call: Started},
	HumanCheck:   {Queue: Waiting, PassHuman: Started, AskDevice: DeviceCheck, Refuse: Refused},
	SecondFactor: {WrongFactor: SecondFactor, AskDevice: DeviceCheck, Hold: Held, LetIn: Complete, Refuse: Refused},
	DeviceCheck:  {WrongFactor: DeviceCheck, ProveDevice: Started, Refuse: Refused},
	Refused:      {Retry: Started, AskDevice: DeviceCheck},
	Held:         {},
	Complete:     {},
}

// Next gives the state that ev leads to from s, and whether there is one.
func Next(s State, ev Event) (State, bool) {
	next, ok := moves[s][ev]
	return next, ok
}

// Move carries a to the state that ev leads to, keeping a.Finding, a.Account,
// a.Session and a.Password with it; a new attempt it inserts. It refuses with attempt.move_refused (no such arrow) or
// attempt.over (it ran out, or another press was faster).
func Move(ctx context.Context, tx *db.Tx, a Attempt, ev Event) (Attempt, error) {
	next, ok := Next(a.State, ev)
	if !ok {
		return a, fault.New(fault.Conflict, "attempt.move_refused")
	}
	was := a.State
	a.State, a.UpdatedAt = next, tx.Time()
	if a.New {
		a.New = false
		return a, fault.Wrapf(a.insert(ctx, tx), "keep a new attempt")
	}
	n, err := New(tx).moveAttempt(ctx, moveAttemptParams{
		Next: string(next), Finding: a.Finding, AccountID: a.Account, SessionID: a.Session, PasswordVersion: a.Password,
		Now: tx.Now(), ID: a.ID, Was: string(was),
	})
	if err != nil {
		return a, fmt.Errorf("move attempt %s by %s: %w", a.ID, ev, err)
	}
	if n != 1 {
		return a, fault.New(fault.Conflict, "attempt.over")
	}
	return a, nil
}

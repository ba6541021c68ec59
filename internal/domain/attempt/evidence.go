package attempt

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
)

// Kind names something that was noticed. The set is closed; none of it is ever
// what a person typed.
type Kind string

// What is noticed. docs/evidence.md says why each is kept and for how long.
const (
	FoldedInput   Kind = "folded_input"   // value: "width", "space", "domain_case"
	PasswordShape Kind = "password_shape" // value: "full_width", "space_at_end", "looks_like_address"
	FormAge       Kind = "form_age"       // value: seconds
	NoScript      Kind = "no_script"
	KnownBrowser  Kind = "known_browser"
	WrongPassword Kind = "wrong_password"
	RightPassword Kind = "right_password"
	Paused        Kind = "paused"         // strangers wait for this address: the password was not judged
	HumanPassed   Kind = "human_passed"   // the human check was asked and passed
	ProvenMailbox Kind = "proven_mailbox" // a mailed code was right
	RightFactor   Kind = "right_factor"   // value: the method
	MissedFactor  Kind = "wrong_factor"   // value: the finding
	LeakedWord    Kind = "leaked"         // the right password is one that attackers hold
	SprayedWord   Kind = "sprayed"        // the right password came while many were tried
)

// What an attempt may hold.
const (
	maxValue = 80 // bytes of a value
	maxNotes = 100
)

// Note is one thing that was noticed.
type Note struct {
	At    time.Time
	Kind  Kind
	Value string
}

// Add appends to the evidence of an attempt that was kept, in one statement.
// What goes beyond 100 notes is left out. The notes' times are the transaction's.
func Add(ctx context.Context, tx *db.Tx, id string, notes ...Note) error {
	if len(notes) == 0 {
		return nil
	}
	for i, n := range notes {
		if len(n.Value) > maxValue {
			notes[i].Value = strings.ToValidUTF8(n.Value[:maxValue], "") // not half a letter: PostgreSQL refuses it
		}
	}
	return fault.Wrapf(insertNotes(ctx, tx, id, notes), "note evidence")
}

// Evidence gives what was noticed, in order.
func Evidence(ctx context.Context, q DBTX, id string) ([]Note, error) {
	rows, err := New(q).evidenceOf(ctx, id)
	if err != nil {
		return nil, db.Unavailable(fmt.Errorf("read evidence: %w", err))
	}
	out := make([]Note, len(rows))
	for i, r := range rows {
		out[i] = Note{db.Time(r.At), Kind(r.Kind), r.Value}
	}
	return out, nil
}

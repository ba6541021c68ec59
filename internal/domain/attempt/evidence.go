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
	LeakedWord    Kind = "leaked"         // the right password is one that attackers hold
	SprayedWord   Kind = "sprayed"        // the right password came while many were tried
)

// maxValue bounds a value in bytes; a row holds at most 100 of them.
const maxValue = 80

// Note is one thing that was noticed.
type Note struct {
	At    time.Time
	Kind  Kind
	Value string
}

// Add appends to an attempt's evidence. Beyond 100 notes it does nothing.
func Add(ctx context.Context, tx *db.Tx, id string, kind Kind, value string) error {
	if len(value) > maxValue {
		value = strings.ToValidUTF8(value[:maxValue], "") // not half a letter: PostgreSQL refuses it
	}
	return fault.Wrapf(New(tx).insertEvidence(ctx, id, tx.Now(), string(kind), value), "note evidence")
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

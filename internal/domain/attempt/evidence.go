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
	args := []any{id, tx.Now(), maxNotes}
	rows := make([]string, len(notes))
	for i, n := range notes {
		if len(n.Value) > maxValue {
			n.Value = strings.ToValidUTF8(n.Value[:maxValue], "") // not half a letter: PostgreSQL refuses it
		}
		args = append(args, string(n.Kind), n.Value)
		// SQLite and PostgreSQL both call the columns of VALUES column1, column2, …
		rows[i] = fmt.Sprintf("(%d, CAST($%d AS TEXT), CAST($%d AS TEXT))", i+1, len(args)-1, len(args))
	}
	_, err := tx.ExecContext(ctx, `
INSERT INTO evidence (attempt_id, seq, at, kind, value)
SELECT $1, last.seq + v.column1, $2, v.column2, v.column3
FROM (VALUES `+strings.Join(rows, ", ")+`) AS v, (SELECT COALESCE(MAX(seq), 0) AS seq FROM evidence WHERE attempt_id = $1) AS last
WHERE last.seq + v.column1 <= $3`, args...)
	return fault.Wrapf(err, "note evidence")
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

// Package attempt owns one sign-in from its first press to its end: the row with
// its reference code, its state, and the evidence that was noticed on the way.
// Sign-in moves it, support and staff read it.
package attempt

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/token"
)

// Life is how long an attempt may take; the clock stops while waiting in line.
const Life = 15 * time.Minute

// keep is how long attempts and their evidence are kept for support.
const keep = 30 * 24 * time.Hour

// Attempt is one sign-in.
type Attempt struct {
	ID        string
	Reference string // "7QM-3XN-4PC": for people and support
	State     State
	Account   account.ID // known to the server only until the password is proven
	Key       []byte     // blind index of the typed address
	Sealed    []byte     // the typed address, sealed; empty when none may be mailed to
	Browser   []byte
	Locale    string
	Finding   string // cause id of the last refusal
	Session   string
	Password  int64 // version of the password that was proven, while a factor is asked
	CreatedAt time.Time
	UpdatedAt time.Time
	ExpiresAt time.Time
	New       bool // not in the database yet: its first Move puts it there
}

// Live tells whether it can still move at t.
func (a Attempt) Live(t time.Time) bool { return a.ExpiresAt.After(t) }

// Begin makes a new attempt in state started, which its first Move keeps. It
// draws an id unless the caller did, who then sealed something to it.
func Begin(now time.Time, a Attempt) Attempt {
	a.ID, a.Reference, a.State, a.New = cmp.Or(a.ID, token.NewSecretID()), NewReference(), Started, true
	a.CreatedAt, a.UpdatedAt, a.ExpiresAt = now, now, now.Add(Life)
	return a
}

func (a Attempt) insert(ctx context.Context, tx *db.Tx) error {
	return New(tx).insertAttempt(ctx, insertAttemptParams{
		ID: a.ID, Reference: a.Reference, State: string(a.State), AccountID: a.Account, AddressKey: a.Key, Browser: a.Browser,
		AddressSealed: append([]byte{}, a.Sealed...), Locale: a.Locale, Finding: a.Finding, SessionID: a.Session,
		CreatedAt: db.Micros(a.CreatedAt), UpdatedAt: db.Micros(a.UpdatedAt), ExpiresAt: db.Micros(a.ExpiresAt), PasswordVersion: a.Password,
	})
}

// ErrNone says that there is no such attempt.
var ErrNone = errors.New("no such attempt")

// ByID reads one attempt, or ErrNone.
func ByID(ctx context.Context, q DBTX, id string) (Attempt, error) {
	r, err := New(q).attemptByID(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Attempt{}, ErrNone
	}
	if err != nil {
		return Attempt{}, db.Unavailable(fmt.Errorf("read attempt: %w", err))
	}
	return Attempt{ID: r.ID, Reference: r.Reference, State: State(r.State), Account: r.AccountID, Key: r.AddressKey,
		Sealed: r.AddressSealed, Browser: r.Browser, Locale: r.Locale, Finding: r.Finding, Session: r.SessionID, Password: r.PasswordVersion,
		CreatedAt: db.Time(r.CreatedAt), UpdatedAt: db.Time(r.UpdatedAt), ExpiresAt: db.Time(r.ExpiresAt)}, nil
}

// RefusedLately counts a browser's refused attempts of the last quarter hour.
// It sees the browser only, never an account, so the page may show it (EN3).
func RefusedLately(ctx context.Context, q DBTX, browser []byte, now time.Time) (int, error) {
	n, err := New(q).refusedLately(ctx, browser, db.Micros(now.Add(-Life)))
	return int(n), db.Unavailable(err)
}

// Sweep forgets attempts after 30 days, evidence with them.
func Sweep(ctx context.Context, tx *db.Tx, n int) (int64, error) {
	return New(tx).sweepAttempts(ctx, tx.Time().Add(-keep).UnixMicro(), int32(n))
}

// Package recovery owns requests for a new password by mail.
//
// Asking is the same act for every address: a row and a message. Whether there
// is an account is looked up only by the worker that writes the mail and by the
// confirmation that holds its code, so the asking side cannot leak what it never
// learns (EN1, EN2).
package recovery

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
)

const (
	// CodeDigits is the length of the mailed code: an account is worth guessing,
	// so eight, with maxTries for each request and the mail caps above it.
	CodeDigits = 8
	maxTries   = 5
)

// State is how far a recovery is.
type State string

// The states: asked, then proven (the code was right in the asking browser),
// then done. Void: the password changed meanwhile.
const (
	Asked  State = "asked"
	Proven State = "proven"
	Done   State = "done"
	Void   State = "void"
)

// Recovery is one request.
type Recovery struct {
	ID              string
	Browser         []byte
	State           State
	Locale          string
	Address         string
	Key             []byte
	Account         account.ID // bound by the worker that wrote the mail; empty: no account
	PasswordVersion int64      // the password this request may replace (RS1)
	CreatedAt       time.Time
	ExpiresAt       time.Time
	Tired           bool // no typed code is judged any more
}

// Live tells whether it can still be finished at t.
func (r Recovery) Live(t time.Time) bool {
	return (r.State == Asked || r.State == Proven) && r.ExpiresAt.After(t)
}

// Desk reads and writes recoveries.
type Desk struct {
	Keys *token.Keyring
	Life time.Duration // at most 30 min (RS1)
}

// Ask keeps a request.
func (d *Desk) Ask(ctx context.Context, tx *db.Tx, browser []byte, a account.Address, key []byte, locale string) (Recovery, error) {
	r := Recovery{ID: token.NewSecretID(), Browser: browser, State: Asked, Locale: locale, Address: a.Typed, Key: key,
		CreatedAt: tx.Time(), ExpiresAt: tx.Time().Add(d.Life)}
	err := New(tx).insertRecovery(ctx, insertRecoveryParams{
		ID: r.ID, Browser: browser, Locale: locale, AddressKey: key,
		AddressSealed: d.Keys.Seal("address", []byte(a.Typed), "recovery", "address_sealed", r.ID),
		Now:           tx.Now(), ExpiresAt: db.Micros(r.ExpiresAt),
	})
	return r, fault.Wrapf(err, "ask for a recovery")
}

// Grant keeps a request that is proven from the start, for an account whose
// mailbox was proven on another way: only its last step is left.
func (d *Desk) Grant(ctx context.Context, tx *db.Tx, browser []byte, a account.Address, key []byte, locale string, acc account.ID, version int64) (Recovery, error) {
	r, err := d.Ask(ctx, tx, browser, a, key, locale)
	if err != nil {
		return r, err
	}
	if err := d.Bind(ctx, tx, r.ID, acc, version); err != nil {
		return r, err
	}
	ok, err := d.Prove(ctx, tx, r.ID)
	if err == nil && !ok {
		err = fmt.Errorf("grant recovery %s: it is not there", r.ID)
	}
	r.State, r.Account, r.PasswordVersion = Proven, acc, version
	return r, err
}

// ErrNone says that there is no such request.
var ErrNone = errors.New("no such recovery")

// ByID reads one request, or ErrNone.
func (d *Desk) ByID(ctx context.Context, q DBTX, id string) (Recovery, error) {
	row, err := New(q).recoveryByID(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Recovery{}, ErrNone
	}
	if err != nil {
		return Recovery{}, db.Unavailable(fmt.Errorf("read recovery: %w", err))
	}
	plain, err := d.Keys.Open("address", row.AddressSealed, "recovery", "address_sealed", id)
	if err != nil {
		return Recovery{}, fmt.Errorf("read recovery %s: %w", id, err)
	}
	return Recovery{ID: id, Browser: row.Browser, State: State(row.State), Locale: row.Locale, Address: string(plain),
		Key: row.AddressKey, Account: row.AccountID, PasswordVersion: row.PasswordVersion,
		CreatedAt: db.Time(row.CreatedAt), ExpiresAt: db.Time(row.ExpiresAt), Tired: row.Tries >= maxTries}, nil
}

// Bind notes whose password, and which one, the mail's code may replace. The
// worker that writes the mail calls it; a second call changes nothing.
func (d *Desk) Bind(ctx context.Context, tx *db.Tx, id string, acc account.ID, version int64) error {
	_, err := New(tx).bindRecovery(ctx, acc, version, id)
	return fault.Wrapf(err, "bind recovery %s", id)
}

// CountTry counts a typed code before it is judged (TH2); false: no more.
func (d *Desk) CountTry(ctx context.Context, tx *db.Tx, id string) (bool, error) {
	n, err := New(tx).countTry(ctx, id, maxTries)
	return n == 1, fault.Wrapf(err, "count a try")
}

// Prove notes that the code was right in the asking browser.
func (d *Desk) Prove(ctx context.Context, tx *db.Tx, id string) (bool, error) {
	n, err := New(tx).prove(ctx, id, tx.Now())
	return n == 1, fault.Wrapf(err, "prove recovery %s", id)
}

// Finish spends it, in the transaction that sets the password (RS2).
func (d *Desk) Finish(ctx context.Context, tx *db.Tx, id string) (bool, error) {
	n, err := New(tx).finish(ctx, tx.Now(), id)
	return n == 1, fault.Wrapf(err, "finish recovery %s", id)
}

// Code is what the mail says: derived, not kept.
func (d *Desk) Code(r Recovery) string { return d.Keys.Code("recovery", CodeDigits, r.ID) }

// CodeFits judges a typed code.
func (d *Desk) CodeFits(r Recovery, typed string) bool {
	return d.Keys.CodeMatches("recovery", CodeDigits, typed, r.ID)
}

// Link is the token of the mail's link.
func (d *Desk) Link(r Recovery) string { return d.Keys.Link('p', r.ID) }

// LinkFits judges a link's token.
func (d *Desk) LinkFits(r Recovery, link string) bool { return d.Keys.LinkMatches('p', r.ID, link) }

// Sweep forgets requests that ran out more than a day ago.
func Sweep(ctx context.Context, tx *db.Tx, n int) (int64, error) {
	return New(tx).sweepRecoveries(ctx, tx.Time().Add(-24*time.Hour).UnixMicro(), int32(n))
}

// Package registration owns what people begin and have not proven yet.
//
// A registration is inert: it names no account, reserves no address and shuts
// nobody out. Any number may wait for one address; the first to prove the box
// makes the account (CO1, causes who.email-squatted).
package registration

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
)

const (
	// CodeDigits is the length of the mailed code: a registration is worth
	// nothing to a guesser, so six are enough.
	CodeDigits = 6
	// NumberDigits is the length of the number that the waiting page shows.
	NumberDigits = 4
	// maxTries bounds typed codes for each address of a registration.
	maxTries = 6
)

// State is how far a registration is.
type State string

// The states. Void: its address was proven by another registration.
const (
	Waiting   State = "waiting"
	Confirmed State = "confirmed"
	Void      State = "void"
)

// Registration is one person's wish to join.
type Registration struct {
	ID           string
	Browser      []byte // hash of the browser that began it
	State        State
	Locale       string
	Address      string
	Key          []byte
	Generation   int64 // grows when the address is corrected; older codes die
	PasswordHash string
	Account      account.ID // once confirmed
	CreatedAt    time.Time
	ExpiresAt    time.Time
	LastTry      bool // no typed code is judged any more for this address
}

// Live tells whether it can still be confirmed at t.
func (r Registration) Live(t time.Time) bool { return r.State == Waiting && r.ExpiresAt.After(t) }

// Desk reads and writes registrations.
type Desk struct {
	Keys *token.Keyring
	Life time.Duration
}

// Begin keeps a new registration. A client that is no browser has none: any
// caller who knows the id may go on with it.
func (d *Desk) Begin(ctx context.Context, tx *db.Tx, browser []byte, a account.Address, key []byte, hash, locale string) (Registration, error) {
	if browser == nil {
		browser = []byte{} // the column has no NULL
	}
	r := Registration{ID: token.NewSecretID(), Browser: browser, State: Waiting, Locale: locale, Address: a.Typed,
		Key: key, Generation: 1, PasswordHash: hash, CreatedAt: tx.Time(), ExpiresAt: tx.Time().Add(d.Life)}
	err := New(tx).insertRegistration(ctx, insertRegistrationParams{
		ID: r.ID, Browser: browser, Locale: locale, AddressKey: key, AddressSealed: d.seal(r.ID, a.Typed),
		PasswordHash: hash, Now: tx.Now(), ExpiresAt: db.Micros(r.ExpiresAt),
	})
	return r, fault.Wrapf(err, "begin a registration")
}

// ErrNone says that there is no such registration.
var ErrNone = errors.New("no such registration")

// ByID reads one registration, or ErrNone.
func (d *Desk) ByID(ctx context.Context, q DBTX, id string) (Registration, error) {
	row, err := New(q).registrationByID(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Registration{}, ErrNone
	}
	if err != nil {
		return Registration{}, db.Unavailable(fmt.Errorf("read registration: %w", err))
	}
	plain, err := d.Keys.Open("address", row.AddressSealed, "registration", "address_sealed", id)
	if err != nil {
		return Registration{}, fmt.Errorf("read registration %s: %w", id, err)
	}
	return Registration{ID: id, Browser: row.Browser, State: State(row.State), Locale: row.Locale,
		Address: string(plain), Key: row.AddressKey, Generation: row.Generation, PasswordHash: row.PasswordHash,
		Account: row.AccountID, CreatedAt: db.Time(row.CreatedAt), ExpiresAt: db.Time(row.ExpiresAt),
		LastTry: row.Tries >= maxTries}, nil
}

// CountTry counts a typed code before it is judged (TH2); false: no more.
func (d *Desk) CountTry(ctx context.Context, tx *db.Tx, id string) (bool, error) {
	n, err := New(tx).countTry(ctx, id, maxTries)
	return n == 1, fault.Wrapf(err, "count a try")
}

// Readdress corrects the address: the first box's code dies, tries begin anew.
func (d *Desk) Readdress(ctx context.Context, tx *db.Tx, r Registration, a account.Address, key []byte) (Registration, error) {
	r.Address, r.Key, r.ExpiresAt = a.Typed, key, tx.Time().Add(d.Life)
	n, err := New(tx).readdress(ctx, key, d.seal(r.ID, a.Typed), db.Micros(r.ExpiresAt), r.ID, r.Generation)
	if err != nil {
		return r, fmt.Errorf("readdress registration %s: %w", r.ID, err)
	}
	if n != 1 {
		return r, fault.New(fault.Conflict, "account.changed_meanwhile")
	}
	r.Generation++
	return r, nil
}

// Confirm ends it with an account; false when it was faster ended otherwise.
func (d *Desk) Confirm(ctx context.Context, tx *db.Tx, id string, acc account.ID) (bool, error) {
	n, err := New(tx).confirm(ctx, acc, tx.Now(), id)
	return n == 1, fault.Wrapf(err, "confirm registration %s", id)
}

// Void ends it without an account.
func (d *Desk) Void(ctx context.Context, tx *db.Tx, id string) error {
	_, err := New(tx).void(ctx, id)
	return fault.Wrapf(err, "void registration %s", id)
}

// Code is what the mail says. It is derived, not kept, and the same at a resend.
func (d *Desk) Code(r Registration) string {
	return d.Keys.Code("registration", CodeDigits, r.ID, strconv.FormatInt(r.Generation, 10))
}

// CodeFits judges a typed code.
func (d *Desk) CodeFits(r Registration, typed string) bool {
	return d.Keys.CodeMatches("registration", CodeDigits, typed, r.ID, strconv.FormatInt(r.Generation, 10))
}

// Link is the token of the mail's link.
func (d *Desk) Link(r Registration) string {
	return d.Keys.Link('r', r.ID, strconv.FormatInt(r.Generation, 10))
}

// LinkFits judges a link's token.
func (d *Desk) LinkFits(r Registration, link string) bool {
	return d.Keys.LinkMatches('r', r.ID, link, strconv.FormatInt(r.Generation, 10))
}

// Number is shown on the waiting page and typed where the link was opened, so
// that a link confirms only for the person who sees that page.
func (d *Desk) Number(r Registration) string {
	return d.Keys.Code("registration number", NumberDigits, r.ID)
}

// NumberFits judges a typed number.
func (d *Desk) NumberFits(r Registration, typed string) bool {
	return d.Keys.CodeMatches("registration number", NumberDigits, typed, r.ID)
}

func (d *Desk) seal(id, address string) []byte {
	return d.Keys.Seal("address", []byte(address), "registration", "address_sealed", id)
}

// Sweep forgets registrations that ran out.
func Sweep(ctx context.Context, tx *db.Tx, n int) (int64, error) {
	// A day later, so that a dead link can still say that it ran out.
	return New(tx).sweepRegistrations(ctx, tx.Time().Add(-24*time.Hour).UnixMicro(), int32(n))
}

// Take marks a confirmed registration as finished in the browser that waited;
// true only for the first.
func (d *Desk) Take(ctx context.Context, tx *db.Tx, id string) (bool, error) {
	n, err := New(tx).take(ctx, id)
	return n == 1, fault.Wrapf(err, "take registration %s", id)
}

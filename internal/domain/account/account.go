// Package account owns people: who has an account, in which state it is, and
// which address reaches them.
//
// An account exists only for a proven address; registrations are another noun
// and name no account. Addresses are kept sealed and found by a blind index, so
// a copied database names nobody (KY1).
package account

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
)

// ID names an account; it is a UUID version 7 and never used again.
type ID = string

// Account is one person's account.
type Account struct {
	ID           ID
	State        State
	Locale       string // "ja" or "en"
	Address      string // as it was proven
	AddressSince time.Time
	HoldUntil    time.Time // zero: no hold; applications read it (RS6)
	HoldReason   string
	FrozenAt     time.Time
	ThawAt       time.Time // when a thaw that was asked for takes effect
	CreatedAt    time.Time
}

// Held tells whether a hold runs at t.
func (a Account) Held(t time.Time) bool { return a.HoldUntil.After(t) }

// Book reads and writes accounts.
type Book struct {
	Keys *token.Keyring
}

// Key gives the blind index of an address.
func (b *Book) Key(a Address) []byte { return b.Keys.Index("address", a.Key) }

// Create makes an active account for a proven address. It tells false, and does
// nothing, when the address has an account already: the first proof wins (CO1).
func (b *Book) Create(ctx context.Context, tx *db.Tx, id ID, a Address, locale string) (bool, error) {
	n, err := New(tx).insertAccount(ctx, id, locale, b.Key(a), b.seal(id, a.Typed), tx.Now())
	return n == 1, fault.Wrapf(err, "create account %s", id)
}

// ErrNone says that there is no such account.
var ErrNone = errors.New("no such account")

// ByID reads one account.
func (b *Book) ByID(ctx context.Context, q DBTX, id ID) (Account, error) {
	r, err := New(q).accountByID(ctx, id)
	return b.read(r, err)
}

// ByAddress reads the account of an address, or ErrNone.
func (b *Book) ByAddress(ctx context.Context, q DBTX, a Address) (Account, error) {
	return b.ByKey(ctx, q, b.Key(a))
}

// ByKey is ByAddress for an index that was kept.
func (b *Book) ByKey(ctx context.Context, q DBTX, key []byte) (Account, error) {
	r, err := New(q).accountByAddress(ctx, key)
	return b.read(r, err)
}

func (b *Book) read(r accountRow, err error) (Account, error) {
	if errors.Is(err, sql.ErrNoRows) {
		return Account{}, ErrNone
	}
	if err != nil {
		return Account{}, db.Unavailable(fmt.Errorf("read account: %w", err))
	}
	address, err := b.OpenAddress(r.ID, r.AddressSealed)
	if err != nil {
		return Account{}, fmt.Errorf("read account %s: %w", r.ID, err)
	}
	return Account{
		ID: r.ID, State: State(r.State), Locale: r.Locale, Address: address,
		AddressSince: db.Time(r.AddressSince), HoldUntil: db.Time(r.HoldUntil), HoldReason: r.HoldReason,
		FrozenAt: db.Time(r.FrozenAt), ThawAt: db.Time(r.ThawAt), CreatedAt: db.Time(r.CreatedAt),
	}, nil
}

func (b *Book) seal(id ID, address string) []byte {
	return b.Keys.Seal("address", []byte(address), "account", "address_sealed", id)
}

// OpenAddress opens an account's sealed address.
func (b *Book) OpenAddress(id ID, box []byte) (string, error) {
	plain, err := b.Keys.Open("address", box, "account", "address_sealed", id)
	return string(plain), err
}

// SetLocale keeps the language in which the person is written to.
func (b *Book) SetLocale(ctx context.Context, tx *db.Tx, id ID, locale string) error {
	_, err := New(tx).setLocale(ctx, locale, tx.Now(), id)
	return fault.Wrapf(err, "set locale of %s", id)
}

// Hold starts a hold: sign-in goes on, but applications are told (RS6).
func (b *Book) Hold(ctx context.Context, tx *db.Tx, id ID, until time.Time, reason string) error {
	_, err := New(tx).setHold(ctx, db.Micros(until), reason, tx.Now(), id)
	return fault.Wrapf(err, "hold %s", id)
}

// Addresses gives every address that is told of an account's security events:
// the present one first, then those of the last 30 days (SE7).
func (b *Book) Addresses(ctx context.Context, tx *db.Tx, a Account) ([]string, error) {
	rows, err := New(tx).formerAddresses(ctx, a.ID, tx.Now())
	if err != nil {
		return nil, fmt.Errorf("read former addresses of %s: %w", a.ID, err)
	}
	out := []string{a.Address}
	for _, r := range rows {
		plain, err := b.Keys.Open("address", r.AddressSealed, "former_address", "address_sealed", r.ID)
		if err != nil {
			return nil, fmt.Errorf("read former address %s: %w", r.ID, err)
		}
		if string(plain) != a.Address {
			out = append(out, string(plain))
		}
	}
	return out, nil
}

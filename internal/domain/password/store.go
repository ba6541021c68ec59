package password

import (
	"bytes"
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
)

// Stored is what sign-in needs to know of one account's password.
type Stored struct {
	Account account.ID // empty when the address has no account
	State   account.State
	Hash    string
	Version int64 // grows with each change; recoveries are bound to it (RS1)
	SetAt   time.Time
}

// ByAddress reads the password of an address's account. An unknown address gives
// the decoy, so that judging it costs the same. Finding nothing would be quicker
// than finding a row, so every address finds one: the first after the key just
// before its own. Only an unknown key after the last finds none (EN2).
func (h *Hasher) ByAddress(ctx context.Context, r *db.Reader, key []byte) (Stored, error) {
	row, err := New(r).passwordAfter(ctx, before(key))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Stored{}, db.Unavailable(fmt.Errorf("read password: %w", err))
	}
	if subtle.ConstantTimeCompare(row.AddressKey, key) != 1 {
		return Stored{Hash: h.Decoy()}, nil
	}
	return Stored{Account: row.ID, State: account.State(row.State), Hash: row.Hash, Version: row.Version}, nil
}

// before gives the greatest key of the same length that sorts before key. Keys
// are keyed digests, so nobody's address has it.
func before(key []byte) []byte {
	out := bytes.Clone(key)
	for i := len(out) - 1; i >= 0; i-- {
		out[i]--
		if out[i] != 0xff {
			break
		}
	}
	return out
}

// Of reads the password of one account.
func Of(ctx context.Context, q DBTX, id account.ID) (Stored, error) {
	row, err := New(q).passwordOf(ctx, id)
	if err != nil {
		return Stored{}, db.Unavailable(fmt.Errorf("read password of %s: %w", id, err))
	}
	return Stored{Account: id, Hash: row.Hash, Version: row.Version, SetAt: db.Time(row.SetAt)}, nil
}

// Create keeps the first password of an account.
func Create(ctx context.Context, tx *db.Tx, id account.ID, hash string) error {
	return fault.Wrapf(New(tx).insertPassword(ctx, id, hash, tx.Now()), "keep password of %s", id)
}

// Set keeps a new password in place of version was; account.changed_meanwhile
// when another change was faster.
func Set(ctx context.Context, tx *db.Tx, id account.ID, hash string, was int64) error {
	n, err := New(tx).setPassword(ctx, hash, tx.Now(), id, was)
	if err != nil {
		return fmt.Errorf("set password of %s: %w", id, err)
	}
	if n != 1 {
		return fault.New(fault.Conflict, "account.changed_meanwhile")
	}
	return nil
}

// Raise keeps the same password under newer parameters or a newer key (PW3). It
// does nothing when the hash is no longer the one that was judged.
func Raise(ctx context.Context, tx *db.Tx, id account.ID, hash, was string) error {
	_, err := New(tx).raisePassword(ctx, hash, id, was)
	return fault.Wrapf(err, "raise password of %s", id)
}

// Still tells, inside the transaction that acts on a judgement, whether the
// password is the one that was judged. It takes the row as Set does, so that of
// a sign-in and a change at the same moment one sees the other.
func Still(ctx context.Context, tx *db.Tx, id account.ID, version int64) (bool, error) {
	n, err := New(tx).holdVersion(ctx, id, version)
	return n == 1, fault.Wrapf(err, "look whether the password of %s still stands", id)
}

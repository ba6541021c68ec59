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

const (
	// ChangeLife is how long the new box has to be proven.
	ChangeLife = 30 * time.Minute
	// UndoLife is how long the old box can take a change back (RS9).
	UndoLife = 72 * time.Hour
	// FormerLife is how long an old address still gets notices (SE7).
	FormerLife = 30 * 24 * time.Hour
	// changeTries bounds typed codes for each change (TH4).
	changeTries = 5
)

// Change is one change of address, asked for while signed in.
type Change struct {
	ID        string
	Account   ID
	State     string // asked, confirmed, undone, void
	New, Old  string
	newKey    []byte
	oldKey    []byte
	CreatedAt time.Time
	ExpiresAt time.Time
	UndoUntil time.Time
}

// AskChange notes that a new address is to be proven; an older request that is
// still open becomes void.
func (b *Book) AskChange(ctx context.Context, tx *db.Tx, a Account, to Address) (Change, error) {
	q := New(tx)
	if err := q.voidChanges(ctx, a.ID); err != nil {
		return Change{}, fmt.Errorf("void older changes of %s: %w", a.ID, err)
	}
	old, err := ParseAddress(a.Address)
	if err != nil {
		return Change{}, fmt.Errorf("read the present address of %s: %w", a.ID, err)
	}
	c := Change{ID: token.NewID(), Account: a.ID, State: "asked", New: to.Typed, Old: a.Address,
		CreatedAt: tx.Time(), ExpiresAt: tx.Time().Add(ChangeLife)}
	err = q.insertChange(ctx, insertChangeParams{
		ID: c.ID, AccountID: a.ID, NewKey: b.Key(to), NewSealed: b.sealChange(c.ID, "new_sealed", to.Typed),
		OldKey: b.Key(old), OldSealed: b.sealChange(c.ID, "old_sealed", a.Address),
		Now: tx.Now(), ExpiresAt: db.Micros(c.ExpiresAt),
	})
	return c, fault.Wrapf(err, "ask for a change of %s", a.ID)
}

// ChangeByID reads one change, or ErrNone.
func (b *Book) ChangeByID(ctx context.Context, q DBTX, id string) (Change, error) {
	r, err := New(q).changeByID(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Change{}, ErrNone
	}
	if err != nil {
		return Change{}, db.Unavailable(fmt.Errorf("read change: %w", err))
	}
	to, err1 := b.openChange(id, "new_sealed", r.NewSealed)
	from, err2 := b.openChange(id, "old_sealed", r.OldSealed)
	if err := errors.Join(err1, err2); err != nil {
		return Change{}, fmt.Errorf("read change %s: %w", id, err)
	}
	return Change{ID: id, Account: r.AccountID, State: r.State, New: to, Old: from,
		newKey: r.NewKey, oldKey: r.OldKey,
		CreatedAt: db.Time(r.CreatedAt), ExpiresAt: db.Time(r.ExpiresAt), UndoUntil: db.Time(r.UndoUntil)}, nil
}

// VoidChanges makes changes that wait for their code void, after a change of the
// password they were asked with (RS1).
func (b *Book) VoidChanges(ctx context.Context, tx *db.Tx, id ID) error {
	return fault.Wrapf(New(tx).voidChanges(ctx, id), "void changes of %s", id)
}

// UndoFor gives the change that the holder of a former address may still undo,
// or "".
func (b *Book) UndoFor(ctx context.Context, tx *db.Tx, id ID, former Address) (string, error) {
	change, err := New(tx).undoableOf(ctx, id, b.Key(former), tx.Now())
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return change, fault.Wrapf(err, "look for a change to undo")
}

// CountChangeTry counts a typed code before it is judged (TH2); false: no more.
func (b *Book) CountChangeTry(ctx context.Context, tx *db.Tx, id string) (bool, error) {
	n, err := New(tx).countChangeTry(ctx, id, changeTries)
	return n == 1, fault.Wrapf(err, "count a try")
}

// CountUndoTry does the same for the number on the undo page.
func (b *Book) CountUndoTry(ctx context.Context, tx *db.Tx, id string) (bool, error) {
	n, err := New(tx).countUndoTry(ctx, id, changeTries)
	return n == 1, fault.Wrapf(err, "count a try")
}

// ConfirmChange makes the proven new address the account's own. The old one
// goes on getting notices for 30 days and may undo for 72 hours. The refusal
// address.taken means that the new address got an account of its own meanwhile.
func (b *Book) ConfirmChange(ctx context.Context, tx *db.Tx, c Change) error {
	q := New(tx)
	n, err := q.confirmChange(ctx, tx.Now(), tx.Time().Add(UndoLife).UnixMicro(), c.ID)
	if err != nil {
		return fmt.Errorf("confirm change %s: %w", c.ID, err)
	}
	if n != 1 {
		return fault.New(fault.Gone, "code.expired")
	}
	if err := b.swap(ctx, tx, c.Account, c.oldKey, c.newKey, c.New); err != nil {
		return err
	}
	id := token.NewID()
	err = q.insertFormerAddress(ctx, id, c.Account, c.oldKey,
		b.Keys.Seal("address", []byte(c.Old), "former_address", "address_sealed", id),
		tx.Time().Add(FormerLife).UnixMicro())
	return fault.Wrapf(err, "keep the former address of %s", c.Account)
}

// UndoChange gives the account its old address back.
func (b *Book) UndoChange(ctx context.Context, tx *db.Tx, c Change) error {
	q := New(tx)
	n, err := q.undoChange(ctx, c.ID, tx.Now())
	if err != nil {
		return fmt.Errorf("undo change %s: %w", c.ID, err)
	}
	if n != 1 {
		return fault.New(fault.Gone, "link.expired")
	}
	// Whoever changed the address onwards must not undo the undo: later changes
	// die, and their boxes hear no more of this account.
	later, err := q.voidLaterChanges(ctx, c.Account, c.ID, db.Micros(c.CreatedAt))
	if err != nil {
		return fmt.Errorf("void later changes of %s: %w", c.Account, err)
	}
	for _, key := range later {
		if err := q.dropFormerAddress(ctx, c.Account, key); err != nil {
			return fmt.Errorf("drop former address: %w", err)
		}
	}
	now, err := q.accountByID(ctx, c.Account)
	if err != nil {
		return fmt.Errorf("read account %s: %w", c.Account, err)
	}
	// Whatever the address became meanwhile, the old box wins (RS9).
	if err := b.swap(ctx, tx, c.Account, now.AddressKey, c.oldKey, c.Old); err != nil {
		return err
	}
	return fault.Wrapf(q.dropFormerAddress(ctx, c.Account, c.oldKey), "drop former address")
}

func (b *Book) swap(ctx context.Context, tx *db.Tx, id ID, was, next []byte, address string) error {
	if other, err := New(tx).accountByAddress(ctx, next); err == nil && other.ID != id {
		return fault.New(fault.Conflict, "address.taken")
	} else if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("look for the address: %w", err)
	}
	n, err := New(tx).setAddress(ctx, next, b.seal(id, address), tx.Now(), id, was)
	if err != nil {
		return fmt.Errorf("set address of %s: %w", id, err)
	}
	if n != 1 {
		return fault.New(fault.Conflict, "account.changed_meanwhile")
	}
	return nil
}

func (b *Book) sealChange(id, column, address string) []byte {
	return b.Keys.Seal("address", []byte(address), "address_change", column, id)
}

func (b *Book) openChange(id, column string, box []byte) (string, error) {
	plain, err := b.Keys.Open("address", box, "address_change", column, id)
	return string(plain), err
}

// Sweep forgets changes and former addresses whose time is over.
func Sweep(ctx context.Context, tx *db.Tx, n int) (int64, error) {
	changes, err := New(tx).sweepChanges(ctx, tx.Now(), int32(n))
	if err != nil {
		return 0, err
	}
	former, err := New(tx).sweepFormerAddresses(ctx, tx.Now(), int32(n))
	return max(changes, former), err
}

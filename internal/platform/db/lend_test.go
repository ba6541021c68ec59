package db_test

import (
	"errors"
	"testing"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/jackc/pgx/v5"
)

const lentInsert = `INSERT INTO house (fact, value, at) VALUES ($1, '', 0)`

// TestLentTransactionEndsWithItsOwner: what a library writes through the lent
// transaction is kept or undone with the act, and the library cannot end it.
func TestLentTransactionEndsWithItsOwner(t *testing.T) {
	d, _ := postgres(t)
	ctx := t.Context()
	lend := func(end error) error {
		return d.Tx(ctx, func(tx *db.Tx) error {
			err := tx.LendPgx(func(lent pgx.Tx) error {
				if _, err := lent.Exec(ctx, lentInsert, "lent"); err != nil {
					return err
				}
				if lent.Commit(ctx) == nil || lent.Rollback(ctx) == nil {
					t.Error("a borrower ended the transaction")
				}
				return nil
			})
			return errors.Join(err, end)
		})
	}
	if err := lend(errUndo); !errors.Is(err, errUndo) {
		t.Fatal(err)
	}
	if n := facts(t, d); n != 0 {
		t.Fatalf("%d facts after the owner's rollback", n)
	}
	if err := lend(nil); err != nil {
		t.Fatal(err)
	}
	if n := facts(t, d); n != 1 {
		t.Errorf("%d facts after the owner's commit; want 1", n)
	}
}

// TestBorrowerMayUndoItsOwnPart: a savepoint is the borrower's to end.
func TestBorrowerMayUndoItsOwnPart(t *testing.T) {
	d, _ := postgres(t)
	ctx := t.Context()
	err := d.Tx(ctx, func(tx *db.Tx) error {
		return tx.LendPgx(func(lent pgx.Tx) error {
			for _, part := range []struct {
				fact string
				keep bool
			}{{"undone", false}, {"kept", true}} {
				sub, err := lent.Begin(ctx)
				if err != nil {
					return err
				}
				if _, err := sub.Exec(ctx, lentInsert, part.fact); err != nil {
					return err
				}
				end := sub.Rollback
				if part.keep {
					end = sub.Commit
				}
				if err := end(ctx); err != nil {
					return err
				}
				if err := sub.Commit(ctx); !errors.Is(err, pgx.ErrTxClosed) {
					t.Errorf("a part ended twice: %v", err)
				}
			}
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM house WHERE fact = 'kept'`); n != 1 || facts(t, d) != 1 {
		t.Errorf("%d kept, %d in all; want the one that was kept", n, facts(t, d))
	}
}

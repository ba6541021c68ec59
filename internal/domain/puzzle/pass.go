package puzzle

import (
	"context"
	"fmt"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
)

// Spend uses a pass up in the transaction of the act that asked for it: undone
// with it, and good for one of any number at the same moment. Without one it
// refuses with puzzle.pass-needed, with one that is not good (any more, for this
// browser, action or account) with puzzle.pass-spent.
func (d *Desk) Spend(ctx context.Context, tx *db.Tx, pass string, f For) error {
	if pass == "" {
		return passNeeded()
	}
	ok, err := spendPass(ctx, tx, token.Hash(pass), tx.Time().Add(-PassLife).UnixMicro(), string(f.Action), d.browser(f), d.account(f))
	if err != nil {
		return fmt.Errorf("spend a pass: %w", err)
	}
	if !ok {
		return passSpent()
	}
	return nil
}

// Check tells, before anything costly is done, whether Spend would succeed now.
// It spends nothing.
func (d *Desk) Check(ctx context.Context, pass string, f For) error {
	if pass == "" {
		return passNeeded()
	}
	ok, err := peekPass(ctx, d.DB.Reader(), token.Hash(pass), d.DB.Now().Add(-PassLife).UnixMicro(), string(f.Action), d.browser(f), d.account(f))
	if err == nil && !ok {
		err = passSpent()
	}
	return err
}

func passNeeded() error { return fault.New(fault.Forbidden, "puzzle.pass-needed").Offer("puzzle") }
func passSpent() error  { return fault.New(fault.Forbidden, "puzzle.pass-spent").Offer("puzzle") }

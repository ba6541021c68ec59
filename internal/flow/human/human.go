// Package human says whether a caller must pass the human check, and for what
// exactly: it ties the puzzle to the typed address and to browsers that an
// account knows.
package human

import (
	"bytes"
	"context"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
)

// Flow gives challenges.
type Flow struct {
	DB       *db.DB
	Book     *account.Book
	Sessions *session.Desk
	Puzzle   *puzzle.Desk
	// Needed tells whether this caller is asked at all; nil asks everybody.
	Needed func(context.Context, puzzle.For) (bool, error)
}

// Ask is who wants to do what.
type Ask struct {
	Action  puzzle.Action
	Email   string // as typed; may be empty
	Known   string // the known-browser cookie
	Browser []byte
	Network string
}

// Begin gives a challenge, or none when this caller is not asked.
func (f *Flow) Begin(ctx context.Context, in Ask) (c puzzle.Challenge, needed bool, err error) {
	who, err := f.For(ctx, in)
	if err != nil {
		return c, false, err
	}
	if f.Needed != nil {
		if needed, err = f.Needed(ctx, who); err != nil || !needed {
			return c, false, err
		}
	}
	c, err = f.Puzzle.Begin(ctx, who)
	return c, true, err
}

// For names the caller as the puzzle knows him. Whether an account exists is
// looked up by nothing here: the key is the typed address's, and a browser is
// known by the cookie that it brought.
func (f *Flow) For(ctx context.Context, in Ask) (puzzle.For, error) {
	who := puzzle.For{Action: in.Action, Browser: in.Browser, Network: in.Network}
	if in.Email == "" {
		return who, nil
	}
	a, err := account.ParseAddress(in.Email)
	if err != nil {
		return who, err
	}
	who.Key = f.Book.Key(a)
	who.Known, err = f.known(ctx, in.Known, who.Key)
	return who, err
}

func (f *Flow) known(ctx context.Context, cookie string, key []byte) (known bool, err error) {
	k, ok := f.Sessions.ReadKnown(cookie)
	if !ok {
		return false, nil
	}
	if a, err := account.ParseAddress(k.Address); err != nil || !bytes.Equal(f.Book.Key(a), key) {
		return false, nil // known to somebody else, or under an address of before
	}
	err = f.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		known, err = f.Sessions.IsKnown(ctx, tx, k, k.Account)
		return err
	})
	return known, err
}

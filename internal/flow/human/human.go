// Package human says whether a caller must pass the human check, and for what
// exactly: it ties the puzzle to the typed address and to browsers that an
// account knows.
package human

import (
	"context"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/guard"
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
	Guard    *guard.Guard
}

// Ask is who wants to do what.
type Ask struct {
	Action  puzzle.Action
	Email   string // as typed; may be empty
	Known   string // the known-browser cookie
	Browser []byte
	Network string
	// Remembered takes the address that the cookie remembers; the page shows it
	// masked and cannot send it.
	Remembered bool
}

// Begin gives a challenge, or none when this caller is not asked.
func (f *Flow) Begin(ctx context.Context, in Ask) (c puzzle.Challenge, needed bool, err error) {
	who, needed, err := f.Asked(ctx, in)
	if err != nil || !needed {
		return c, false, err
	}
	level, err := f.Guard.Level(ctx, f.DB.Reader(), f.DB.Now(), in.Network)
	if err != nil {
		return c, true, err
	}
	who.Siege = int(level)
	c, err = f.Puzzle.Begin(ctx, who)
	return c, true, err
}

// Asked tells whether this caller is asked, and how the puzzle knows him.
func (f *Flow) Asked(ctx context.Context, in Ask) (puzzle.For, bool, error) {
	c, err := f.caller(ctx, in)
	if err != nil {
		return puzzle.For{}, false, err
	}
	needed, err := f.Guard.NeedsHuman(ctx, f.DB.Reader(), f.DB.Now(), c)
	return For(c), needed, err
}

// For names a caller of the guard as the puzzle knows him.
func For(c guard.Caller) puzzle.For {
	return puzzle.For{Action: puzzle.Action(c.Action), Browser: c.Browser, Key: c.Key, Network: c.Network, Known: c.Known != nil}
}

// caller names the caller to the guard. Whether an account exists is looked up
// by nothing here: the key is the typed address's, and a browser is known by the
// cookie that it brought.
func (f *Flow) caller(ctx context.Context, in Ask) (guard.Caller, error) {
	c := guard.Caller{Action: guard.Action(in.Action), Browser: in.Browser, Network: in.Network}
	if in.Remembered {
		known, _ := f.Sessions.ReadKnown(in.Known)
		in.Email = known.Address
	}
	if in.Email == "" {
		return c, nil
	}
	a, err := account.ParseAddress(in.Email)
	if err != nil {
		return c, err
	}
	c.Key = f.Book.Key(a)
	c.Known, err = f.Sessions.KnownTo(ctx, f.DB.Reader(), in.Known, c.Key)
	return c, err
}

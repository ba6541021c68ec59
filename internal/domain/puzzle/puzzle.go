// Package puzzle is the human check as a protocol: work first, then one picture,
// one answer, one pass.
//
// It is a price, never a proof (docs/puzzle.md): every limit of the house holds
// with a solver that is always right, because passes are counted as well as
// failures. What must hold here:
//
//   - A challenge is a sealed text, bound to browser, action and named account;
//     nothing is stored for it before its work is done.
//   - The right place stays on the server, and the first answer takes it, right
//     or wrong: one picture, one answer, two minutes (TH7).
//   - A pass is spent once, by the same browser, for the same action and the same
//     named account, in the transaction of the act that asked for it.
//   - Drags are judged in memory and dropped; by which way somebody solved it is
//     written down nowhere.
package puzzle

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/genkan/genkan/internal/domain/puzzle/picture"
	"github.com/genkan/genkan/internal/domain/puzzle/trail"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
)

// Action is what a pass is good for.
type Action string

// The actions.
const (
	SignIn       Action = "sign-in"
	Registration Action = "registration"
	Recovery     Action = "recovery"
	Resend       Action = "resend"
	Support      Action = "support"
)

// Actions lists every action; the order is part of sealed challenges.
func Actions() []Action { return []Action{SignIn, Registration, Recovery, Resend, Support} }

// The lives of a challenge and of a pass.
const (
	Life     = 2 * time.Minute
	PassLife = 3 * time.Minute
)

// For is who asks, and for what.
type For struct {
	Action  Action
	Browser []byte // what stands for the browser in rows; nil for a program without our cookie
	Key     []byte // blind index of the typed account's address; nil without one
	Network string // the caller's /24 or /56
	Known   bool   // the browser is known to the named account
	Siege   int    // how far the house is under attack: each step makes work four times as dear
}

// Desk gives challenges and passes.
type Desk struct {
	DB   *db.DB
	Keys *token.Keyring
	// Budget bounds passes; the zero value is DefaultBudget.
	Budget Budget
	// Tries is the work of each lane for somebody new; 0 is baseTries. Tests
	// make it cheap.
	Tries int
	// Draw makes a picture from its seed; nil is picture.Draw. Drills that are
	// about the limits draw nothing.
	Draw func(seed [32]byte, o picture.Options) picture.Scene

	draws    chan struct{} // one place for each drawing at once
	sketcher func() *trail.Sketcher
	tally    tally
}

// NewDesk makes a desk that draws on all cores but leaves none waiting.
func NewDesk(d *db.DB, keys *token.Keyring) *Desk {
	return &Desk{DB: d, Keys: keys, Budget: DefaultBudget(), draws: make(chan struct{}, runtime.GOMAXPROCS(0)),
		sketcher: sync.OnceValue(func() *trail.Sketcher {
			return trail.NewSketcher([32]byte(keys.Index("puzzle sketch", "")))
		})}
}

// Challenge is what a browser gets first: work to do, no picture yet.
type Challenge struct {
	ID        string
	ExpiresAt time.Time
	Work      Work
}

// Begin gives a challenge. It writes nothing. Who was wrong or passed too often
// is refused with puzzle.loop and the other ways.
func (d *Desk) Begin(ctx context.Context, f For) (Challenge, error) {
	now := d.DB.Now()
	price, err := d.price(ctx, f, now)
	if err != nil {
		return Challenge{}, err
	}
	s := d.fresh(f, now, price)
	d.tally.begun.Add(1)
	return Challenge{ID: d.seal(s), ExpiresAt: s.ends(), Work: d.work(s)}, nil
}

// Drawn is a picture without its secrets.
type Drawn struct {
	Width, Height          int
	Back, Piece            []byte
	PieceW, PieceH, PieceY int
	Start                  int
	ExpiresAt              time.Time
}

// Picture checks the work and draws, once for each challenge.
func (d *Desk) Picture(ctx context.Context, id string, f For, work string) (Drawn, error) {
	s, err := d.open(id, f)
	if err != nil {
		return Drawn{}, err
	}
	if s.still || !worked(s.id, 0, int(s.tries), work) {
		return Drawn{}, fault.New(fault.Invalid, "puzzle.work").Offer("puzzle")
	}
	// The row comes before the drawing: work is good for one picture only.
	if err := d.claim(ctx, s, f); err != nil {
		return Drawn{}, err
	}
	scene, err := d.draw(ctx, s)
	if err != nil {
		return Drawn{}, err
	}
	if err := d.show(ctx, s, scene); err != nil {
		return Drawn{}, err
	}
	return Drawn{Width: scene.Width, Height: scene.Height, Back: scene.Back, Piece: scene.Piece, PieceW: scene.PieceW,
		PieceH: scene.PieceH, PieceY: scene.PieceY, Start: scene.Start, ExpiresAt: s.ends()}, nil
}

// claim makes the row of a challenge, in state drawing; only the first does.
func (d *Desk) claim(ctx context.Context, s sealed, f For) error {
	return d.DB.TxLight(ctx, func(tx *db.Tx) error {
		if err := d.room(ctx, tx, s); err != nil {
			return err
		}
		made, err := insertPuzzle(ctx, tx, d.rowOf(s, f))
		if err == nil && !made {
			err = errSpent()
		}
		return err
	})
}

// draw makes the picture of a challenge; the same one whenever it is asked.
func (d *Desk) draw(ctx context.Context, s sealed) (picture.Scene, error) {
	select {
	case d.draws <- struct{}{}:
		defer func() { <-d.draws }()
	case <-ctx.Done():
		return picture.Scene{}, ctx.Err()
	}
	d.tally.drawn.Add(1)
	if d.Draw != nil {
		return d.Draw(d.seed(s), picture.Options{Easy: int(s.easy)}), nil
	}
	return picture.Draw(d.seed(s), picture.Options{Easy: int(s.easy)}), nil
}

// show keeps the place of what was drawn.
func (d *Desk) show(ctx context.Context, s sealed, scene picture.Scene) error {
	return d.DB.TxLight(ctx, func(tx *db.Tx) error {
		shown, err := showPuzzle(ctx, tx, s.uuid(), scene.Hole, scene.PieceY, scene.PieceW, scene.Start)
		if err != nil {
			return fmt.Errorf("show a puzzle: %w", err)
		}
		if !shown {
			return errSpent()
		}
		return nil
	})
}

// errSpent is the one refusal of everything that is not a live challenge of this
// browser: forged, somebody else's, used, answered with what is no answer.
func errSpent() error { return fault.New(fault.Gone, "puzzle.spent").Offer("puzzle") }

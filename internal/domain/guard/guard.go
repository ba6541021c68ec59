// Package guard decides what to ask of a caller now: the human check, a wait, a
// proof of the mailbox.
//
// The contract a reviewer checks the code against:
//
//   - A password is counted before it is judged, in one statement over all nodes
//     (TH1, TH2), under the typed address's digest: one counter whatever the
//     spelling and whatever the path (TH3).
//   - Strangers share one counter for each address. A browser that signed in
//     before, or that proved the mailbox lately, has a counter of its own, so
//     nobody else's failures shut an owner out (TH5).
//   - Nothing here looks whether there is an account: unknown addresses are
//     counted, slowed down and stopped like all others (EN3).
//   - Where something comes from raises its price and refuses nothing: many
//     people share one address (TH6).
//   - The human check is a price, never a proof: every limit holds with a solver
//     that is always right (TH7).
package guard

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/limit"
	"github.com/genkan/genkan/internal/platform/once"
	"github.com/genkan/genkan/internal/platform/token"
)

// Guard is the house's guard.
type Guard struct {
	Keys  *token.Keyring
	Mode  Mode
	Rules Rules
	// Streaks keep the counts of passwords.
	Streaks limit.Streaks
	// Pass spends the pass of a solved human check in the transaction of the act
	// that it was asked for; its refusals have codes that begin with "puzzle.".
	Pass func(ctx context.Context, tx *db.Tx, pass string, c Caller) error
}

// Caller is who wants to do what.
type Caller struct {
	Action  Action
	Key     []byte // blind index of the typed address; nil without one
	Browser []byte // the browser's own digest; nil for programs without cookies
	Known   []byte // digest of a secret that only a browser known to this address has; nil for others
	Network string // the /24 or /56 that it calls from; "" when it cannot be told
	Attempt string // the attempt that it goes on with

	seen *Who // how well it is known, once See has looked
}

// See looks how well c is known and keeps it with c, so that one act looks once.
func (g *Guard) See(ctx context.Context, q DBTX, now time.Time, c Caller) (Caller, error) {
	who, err := g.who(ctx, q, now, c)
	c.seen = &who
	return c, err
}

// NeedsHuman tells whether the human check is asked of c.
func (g *Guard) NeedsHuman(ctx context.Context, q DBTX, now time.Time, c Caller) (bool, error) {
	who, err := g.who(ctx, q, now, c)
	return g.Mode.asks(who), err
}

// Human spends the pass of a caller that the human check is asked of. A refusal
// is a fault whose code begins with "puzzle.".
func (g *Guard) Human(ctx context.Context, tx *db.Tx, c Caller, pass string) error {
	need, err := g.NeedsHuman(ctx, tx, tx.Time(), c)
	if err != nil || !need || g.Pass == nil {
		return err
	}
	return g.Pass(ctx, tx, pass, c)
}

// Admit is Human in a transaction of its own, for an act that costs the house
// something before it is one. once marks the press: a pass pays for it whole,
// also when it is sent twice.
func (g *Guard) Admit(ctx context.Context, d *db.DB, c Caller, pass, press string) error {
	if press != "" {
		press += "\x00admitted"
	}
	_, err := once.Tx(ctx, d, g.Keys, press, func(tx *db.Tx) (bool, error) { return true, g.Human(ctx, tx, c, pass) })
	return err
}

// who tells how well the caller is known.
func (g *Guard) who(ctx context.Context, q DBTX, now time.Time, c Caller) (Who, error) {
	if c.seen != nil {
		return *c.seen, nil
	}
	if c.Action != SignIn {
		return Stranger, nil // what sends a mail is asked for by anybody, and asked of everybody
	}
	who := Known
	if c.Known == nil {
		if c.Key == nil || len(c.Browser) == 0 && c.Attempt == "" {
			return Stranger, nil
		}
		ok, err := proven(ctx, q, g.prover(c), now)
		if err != nil || !ok {
			return Stranger, err
		}
		who = Proven
	}
	// A browser that used its own failures up is a stranger like others, so that
	// a stolen one is worth no more guesses than that.
	s, err := limit.Look(ctx, q, g.own(c))
	if s.Total >= g.Rules.Own.Most {
		who = Stranger
	}
	return who, err
}

// prover names who proves a mailbox: the browser, or the attempt of a program
// that has no cookies.
func (g *Guard) prover(c Caller) []byte {
	if len(c.Browser) > 0 {
		return g.Keys.Index("guard proof", fmt.Sprintf("%x browser %x", c.Key, c.Browser))
	}
	return g.Keys.Index("guard proof", fmt.Sprintf("%x attempt %s", c.Key, c.Attempt))
}

// proofLife is how long a proven mailbox counts in the browser that proved it.
const proofLife = time.Hour

// Prove notes that the caller proved the mailbox of its address: it gets a
// counter of its own for a while. Failures that strangers left stay theirs, but
// for their sum: whoever has the mailbox is the owner (SP 800-63B-4 3.2.2).
func (g *Guard) Prove(ctx context.Context, tx *db.Tx, c Caller) error {
	if len(c.Browser) > 0 || c.Attempt != "" {
		if err := keepProof(ctx, tx, g.prover(c), tx.Time().Add(proofLife)); err != nil {
			return err
		}
		by := c
		by.Known = nil
		if err := g.Streaks.Forget(ctx, tx, g.own(by)); err != nil {
			return err
		}
	}
	if c.Known != nil { // a known browser's own row of mistakes is over, too
		if err := g.Streaks.Forget(ctx, tx, g.own(c)); err != nil {
			return err
		}
	}
	// The pause that runs and the pace of the next ones stay: an attacker who
	// waits for the owner to come in gains no quick guesses by it.
	return g.Streaks.Absolve(ctx, tx, strangers(c.Key))
}

func strangers(key []byte) string { return "password " + hex.EncodeToString(key) }

// Try is one password that was counted, and by what.
type Try struct {
	Who    Who       `json:"who"`
	Judge  bool      `json:"judge"`          // the password may be judged
	Until  time.Time `json:"until,omitzero"` // the pause that runs, or that this try begins if it fails
	Begins bool      `json:"begins"`         // a pause of strangers begins with this try if it fails
	Bucket string    `json:"bucket"`         // where it was counted
	Key    []byte    `json:"key"`            // blind index of the address
}

// Count counts a password before it is judged. Once it is, Right or Wrong says
// so; Back, that it never was.
func (g *Guard) Count(ctx context.Context, tx *db.Tx, c Caller) (Try, error) {
	who, err := g.who(ctx, tx, tx.Time(), c)
	if err != nil {
		return Try{}, err
	}
	t := Try{Who: who, Key: c.Key, Bucket: strangers(c.Key)}
	if who != Stranger {
		t.Bucket = g.own(c)
	}
	s, ok, err := g.Streaks.Try(ctx, tx, t.Bucket, g.ladder(who))
	if err != nil {
		return t, err
	}
	t.Judge = ok
	if s.Until.After(tx.Time()) {
		t.Until = s.Until
	}
	t.Begins = ok && who == Stranger && (!t.Until.IsZero() || s.Total >= g.Rules.Strangers.Most)
	return t, nil
}

func (g *Guard) ladder(who Who) limit.Ladder {
	if who == Stranger {
		return g.Rules.Strangers
	}
	return g.Rules.Own
}

// own names the counter of one browser and one address.
func (g *Guard) own(c Caller) string {
	id := c.Known
	if id == nil {
		id = g.prover(c)
	}
	return fmt.Sprintf("password %x own %x", c.Key, id)
}

// Inside counts a password that is asked for again within a session. A browser
// that is known has one counter for this and for the sign-in form; another one
// has one for its session, so that strangers at the door do not disturb whoever
// is in.
func (g *Guard) Inside(ctx context.Context, tx *db.Tx, c Caller, session string) (Try, error) {
	if c.Known == nil {
		c.Known = g.Keys.Index("guard session", session)
	}
	return g.Count(ctx, tx, c)
}

// Back takes a try back that was not judged after all, or was no failure.
func (g *Guard) Back(ctx context.Context, tx *db.Tx, t Try) error {
	if !t.Judge {
		return nil
	}
	return g.Streaks.Forgive(ctx, tx, t.Bucket, g.ladder(t.Who))
}

// Right settles a try whose password was right. A browser's own row of failures
// is over; strangers' is not, since whoever else guesses is still there.
func (g *Guard) Right(ctx context.Context, tx *db.Tx, t Try) error {
	if t.Who == Stranger || !t.Judge {
		return g.Back(ctx, tx, t)
	}
	return g.Streaks.Forget(ctx, tx, t.Bucket)
}

// Wrong settles a try whose password was wrong. One that a browser's own counter
// let pass counts among all that an address may fail, too (SP 800-63B-4 3.2.2).
// That is done after the judgement, unlike all else: the browser's own counter
// has bounded it before.
func (g *Guard) Wrong(ctx context.Context, tx *db.Tx, t Try) error {
	if t.Who == Stranger || !t.Judge {
		return nil
	}
	return limit.Charge(ctx, tx, strangers(t.Key), g.Rules.Strangers)
}

// Siege is what strangers do to an address, for those who may know: a browser
// that is known to it, and its mailbox.
type Siege struct {
	Until   time.Time // strangers wait until then; zero: they do not
	Stopped bool      // no stranger's password is judged until the owner proves the mailbox
}

// Look gives the siege of an address; the zero Siege when there is none.
func (g *Guard) Look(ctx context.Context, q DBTX, now time.Time, key []byte) (Siege, error) {
	s, err := limit.Look(ctx, q, strangers(key))
	out := Siege{Stopped: s.Total >= g.Rules.Strangers.Most}
	if s.Until.After(now) {
		out.Until = s.Until
	}
	return out, err
}

// Wait is how long a browser with a counter of its own has to wait.
func (t Try) Wait(now time.Time) time.Duration {
	if t.Judge || !t.Until.After(now) {
		return 0
	}
	return t.Until.Sub(now)
}

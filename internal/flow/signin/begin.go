package signin

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/once"
	"github.com/genkan/genkan/internal/platform/token"
)

// begun is a press whose password was counted, or that is over before.
type begun struct {
	Attempt attempt.Attempt
	Try     guard.Try
	Human   bool  // the human check was asked and passed
	Over    *Step // what is asked first; nothing was judged
}

func (b begun) step() Step {
	if b.Over == nil {
		return Step{}
	}
	return *b.Over
}

// begun is the key of the first half of a press; empty when nobody can repeat it.
func (in Ask) begun() string {
	if in.Once == "" {
		return ""
	}
	return in.Once + "\x00begun"
}

// begin asks for the human check and counts the password, in one transaction.
// A double press is counted once.
func (f *Flow) begin(ctx context.Context, in Ask, to target) (begun, error) {
	run := f.DB.TxLight // a count that a power cut takes back is no guess for anybody
	if in.Human != "" {
		run = f.DB.Tx // a pass is spent
	}
	var b begun
	err := run(ctx, func(tx *db.Tx) (err error) {
		b, err = once.Do(ctx, tx, f.Keys, in.begun(), func() (begun, error) { return f.count(ctx, tx, in, to) })
		return err
	})
	return b, err
}

func (f *Flow) count(ctx context.Context, tx *db.Tx, in Ask, to target) (begun, error) {
	c, err := f.caller(ctx, tx, in, to.key)
	if err != nil {
		return begun{}, err
	}
	at, err := f.attempt(ctx, tx, in, to)
	if err != nil {
		return begun{}, err
	}
	need, err := f.Guard.NeedsHuman(ctx, tx, tx.Time(), c)
	if err != nil {
		return begun{}, err
	}
	if need {
		if err := f.Guard.Human(ctx, tx, c, in.Human); err != nil {
			return f.askHuman(ctx, tx, at, err)
		}
	}
	if at.State == attempt.HumanCheck {
		at.Finding = ""
		if at, err = attempt.Move(ctx, tx, at, attempt.PassHuman); err != nil {
			return begun{}, err
		}
	}
	b := begun{Attempt: at, Human: need}
	if b.Try, err = f.Guard.Count(ctx, tx, c); err != nil {
		return b, err
	}
	if b.Try.Who != guard.Stranger && !b.Try.Judge {
		// Whoever has a counter of its own is told the truth about it.
		if !at.New {
			// What this press did is undone with the refusal: the attempt before
			// stands refused, and from there a mailed code leads on.
			s := f.stand(at, Step{})
			s.State = attempt.Refused
			b.Over = &s
		}
		wait := b.Try.Wait(tx.Time())
		return b, fault.New(fault.TooMany, "lock.own-mistakes").After(wait).With("at", tx.Time().Add(wait)).Offer("recover")
	}
	return b, nil
}

// askHuman leaves the attempt at the human check. Why a pass was refused is the
// finding; anything else is an error of ours.
func (f *Flow) askHuman(ctx context.Context, tx *db.Tx, at attempt.Attempt, why error) (begun, error) {
	refused := fault.Of(why)
	if !strings.HasPrefix(refused.Code, "puzzle.") {
		return begun{}, why
	}
	if at.State == attempt.Started {
		at.Finding = refused.Code
		var err error
		if at, err = attempt.Move(ctx, tx, at, attempt.AskHuman); err != nil {
			return begun{}, err
		}
	}
	s := f.stand(at, Step{})
	s.Finding = refused.Code
	return begun{Attempt: at, Over: &s}, nil
}

// caller says who presses, to the guard.
func (f *Flow) caller(ctx context.Context, tx *db.Tx, in Ask, key []byte) (guard.Caller, error) {
	known, err := f.Sessions.KnownTo(ctx, tx, in.Known, key)
	if err != nil {
		return guard.Caller{}, err
	}
	return f.Guard.See(ctx, tx, tx.Time(), guard.Caller{Action: guard.SignIn, Key: key, Browser: in.Browser, Known: known,
		Network: in.Network, Attempt: in.Attempt})
}

// attempt gives the attempt that the press goes on with, or a new one. Each tab
// has its own; one that ran out is quietly begun anew.
func (f *Flow) attempt(ctx context.Context, tx *db.Tx, in Ask, to target) (attempt.Attempt, error) {
	if in.Attempt != "" {
		at, err := attempt.ByID(ctx, tx, in.Attempt)
		if err != nil && !errors.Is(err, attempt.ErrNone) {
			return at, err
		}
		if err == nil && at.Live(tx.Time()) && bytes.Equal(at.Browser, in.Browser) && bytes.Equal(at.Key, to.key) {
			switch at.State {
			case attempt.Refused:
				return attempt.Move(ctx, tx, at, attempt.Retry)
			case attempt.Started, attempt.HumanCheck:
				return at, nil
			}
		}
	}
	id := token.NewSecretID()
	return attempt.Begin(tx.Time(), attempt.Attempt{ID: id, Key: to.key, Browser: nonNil(in.Browser), Locale: in.Locale,
		Sealed: f.Keys.Seal("address", []byte(to.typed), "attempt", "address_sealed", id)}), nil
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

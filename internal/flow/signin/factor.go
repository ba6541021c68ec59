package signin

import (
	"context"
	"errors"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/domain/factor"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/once"
)

// Factor judges what was typed as the second factor of an attempt whose password
// was right, by one of the methods of package factor. A wrong one leaves the
// attempt where it stands, with a finding that only whoever gave the password
// reads. The refusal of one that is not judged any more is a fault.TooMany.
func (f *Flow) Factor(ctx context.Context, in Ask, method, typed string) (Step, error) {
	mark := in.Once
	if mark != "" {
		mark += "\x00factor"
	}
	return once.Tx(ctx, f.DB, f.Keys, mark, func(tx *db.Tx) (Step, error) {
		at, err := f.live(ctx, tx, in)
		if err != nil {
			return Step{}, err
		}
		if at.State != attempt.SecondFactor {
			return Step{}, fault.Refer(fault.New(fault.Conflict, "attempt.over").Offer("signin"), at.Reference)
		}
		acc, err := f.stillRight(ctx, tx, at)
		if err != nil {
			return Step{}, err
		}
		if acc.State != account.Active {
			at.Finding = Usual
			at, err = attempt.Move(ctx, tx, at, attempt.Refuse)
			return f.stand(at, Step{}), err
		}
		known, err := f.Sessions.KnownTo(ctx, tx, in.Known, at.Key)
		if err != nil {
			return Step{}, err
		}
		v, err := f.Factors.Show(ctx, tx, acc.ID, factor.Ask{Challenge: at.ID, Known: known != nil}, method, typed)
		switch {
		case errors.Is(err, factor.ErrNone): // the app was removed meanwhile: the next press finds out
			at.Finding = Usual
			at, err = attempt.Move(ctx, tx, at, attempt.Refuse)
			return f.stand(at, Step{}), err
		case err != nil:
			return Step{}, fault.Refer(err, at.Reference)
		case !v.Right:
			return f.missed(ctx, tx, in, at, acc, v)
		}
		return f.shown(ctx, tx, in, at, acc, method)
	})
}

// stillRight gives the account of an attempt while the password that it gave is
// the account's own; any other answer is one that is not active. A change of the
// password takes the attempts with it that the old one began (SE4).
func (f *Flow) stillRight(ctx context.Context, tx *db.Tx, at attempt.Attempt) (account.Account, error) {
	still, err := password.Still(ctx, tx, at.Account, at.Password)
	if err != nil || !still {
		return account.Account{}, err
	}
	return f.Book.ByID(ctx, tx, at.Account)
}

// missed asks once more, and tells the owner of the fifth wrong code of a day:
// whoever types them has the password (TH4).
func (f *Flow) missed(ctx context.Context, tx *db.Tx, in Ask, at attempt.Attempt, acc account.Account, v factor.Verdict) (Step, error) {
	at.Finding = v.Finding
	at, err := attempt.Move(ctx, tx, at, attempt.WrongFactor)
	if err != nil {
		return Step{}, err
	}
	if err := attempt.Add(ctx, tx, at.ID, attempt.Note{Kind: attempt.MissedFactor, Value: v.Finding}); err != nil {
		return Step{}, err
	}
	if v.Tell {
		if err := f.tell(ctx, tx, in, acc, letter.FactorWrong); err != nil {
			return Step{}, err
		}
	}
	ways, err := f.Factors.Ways(ctx, tx, acc.ID)
	return f.stand(at, Step{Ways: ways, Behind: v.Behind}), err
}

// shown lets a person in who showed password and factor.
func (f *Flow) shown(ctx context.Context, tx *db.Tx, in Ask, at attempt.Attempt, acc account.Account, method string) (Step, error) {
	out := Step{}
	at, notes, err := f.letIn(ctx, tx, in, at, acc, &out)
	if err != nil {
		return Step{}, err
	}
	if err := f.Sessions.Prove(ctx, tx, acc.ID, at.Session, session.ByFactor); err != nil {
		return Step{}, err
	}
	notes = append(notes, attempt.Note{Kind: attempt.RightFactor, Value: method})
	if err := attempt.Add(ctx, tx, at.ID, notes...); err != nil {
		return Step{}, err
	}
	if method == factor.ByRecoveryCode { // RC2
		if err := f.tell(ctx, tx, in, acc, letter.RecoveryCodeUsed); err != nil {
			return Step{}, err
		}
	}
	if err := f.Guard.Outcome(ctx, tx, guard.Caller{Key: at.Key, Network: in.Network}, true); err != nil {
		return Step{}, err
	}
	return f.stand(at, out), f.audit(ctx, tx, at, map[string]string{"factor": method})
}

// tell writes a notice to every address of the owner (SE7).
func (f *Flow) tell(ctx context.Context, tx *db.Tx, in Ask, acc account.Account, kind letter.Kind) error {
	to, err := f.Book.Addresses(ctx, tx, acc)
	if err != nil {
		return err
	}
	return f.Post.Tell(ctx, tx, acc, to, kind,
		delivery.Facts{Browser: in.Where.Label, Place: in.Where.Place(acc.Locale), Masked: account.Mask(acc.Address)})
}

package settings

import (
	"context"
	"errors"
	"time"

	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/domain/factor"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/once"
)

// holdAfterFactor is how long applications are told to hold what is dangerous
// after an app was taken away or replaced (causes policy.hold-after-change).
const holdAfterFactor = 24 * time.Hour

// Held is what an account has besides its password.
type Held struct {
	Apps  []factor.App
	Codes factor.Codes
}

// LookFactors lists it.
func (f *Flow) LookFactors(ctx context.Context, s session.Session) (Held, error) {
	apps, err := f.Factors.Apps(ctx, f.DB.Reader(), s.Account)
	if err != nil {
		return Held{}, err
	}
	codes, err := f.Factors.Codes(ctx, f.DB.Reader(), s.Account)
	return Held{apps, codes}, err
}

// fresh wants a proof of identity of the last five minutes, by the second factor
// where the account has one (SE5).
func (f *Flow) fresh(ctx context.Context, tx *db.Tx, s session.Session) error {
	if tx.Time().Sub(s.ProvenAt) > session.FreshProof {
		return proofOld()
	}
	return f.freshFactor(ctx, tx, s)
}

// freshFactor is fresh for acts that ask for the password in their own form.
func (f *Flow) freshFactor(ctx context.Context, tx *db.Tx, s session.Session) error {
	ways, err := f.Factors.Ways(ctx, tx, s.Account)
	if err == nil && len(ways) > 0 && tx.Time().Sub(s.FactorAt) > session.FreshProof {
		err = proofOld()
	}
	return err
}

func proofOld() error { return fault.New(fault.Forbidden, "session.proof-old").Offer("signin_anew") }

// EnrolApp begins the enrolment of an authenticator app. Its secret is told now
// and never again (TO4).
func (f *Flow) EnrolApp(ctx context.Context, s session.Session) (e factor.Enrolment, err error) {
	err = f.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := f.fresh(ctx, tx, s); err != nil {
			return err
		}
		e, err = f.Factors.Enrol(ctx, tx, s.Account, s.ID)
		return err
	})
	return e, err
}

// Enrolled is what a confirmed enrolment gives.
type Enrolled struct {
	Verdict factor.Verdict
	Secret  string // the session's new secret, when the code was right
}

// ConfirmApp ends an enrolment with a code of the new app, in the session that
// began it. A right one ends every other session and makes other browsers unknown
// (SE4), gives this session a new secret (SE2) and tells the owner.
func (f *Flow) ConfirmApp(ctx context.Context, s session.Session, secret, id, code, onceKey string) (Enrolled, error) {
	return once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (Enrolled, error) {
		v, replaced, err := f.Factors.Confirm(ctx, tx, s.Account, s.ID, id, code)
		if errors.Is(err, factor.ErrNone) {
			return Enrolled{}, fault.New(fault.Gone, "code.expired").Offer("retry")
		}
		if err != nil || !v.Right {
			return Enrolled{Verdict: v}, err
		}
		act, facts := "factor.added", delivery.Facts{}
		if replaced {
			act = "factor.replaced"
			if facts.Until, err = f.hold(ctx, tx, s); err != nil {
				return Enrolled{}, err
			}
		}
		fresh, err := f.changedFactor(ctx, tx, s, secret, act, letter.FactorAdded, facts)
		if err != nil {
			return Enrolled{}, err
		}
		return Enrolled{v, fresh}, f.Sessions.Prove(ctx, tx, s.Account, s.ID, session.ByFactor)
	})
}

// RemoveApp takes an app away. It needs a fresh proof by the factor, and starts
// a hold that applications can read.
func (f *Flow) RemoveApp(ctx context.Context, s session.Session, secret, id, onceKey string) (string, error) {
	return once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (string, error) {
		if err := f.fresh(ctx, tx, s); err != nil {
			return "", err
		}
		err := f.Factors.Remove(ctx, tx, s.Account, id)
		if errors.Is(err, factor.ErrNone) {
			return "", fault.New(fault.NotFound, "request.not_found").Offer("account")
		}
		if err != nil {
			return "", err
		}
		until, err := f.hold(ctx, tx, s)
		if err != nil {
			return "", err
		}
		return f.changedFactor(ctx, tx, s, secret, "factor.removed", letter.FactorRemoved, delivery.Facts{Until: until})
	})
}

// MakeCodes makes a new set of recovery codes, which voids the one before. They
// are told now and never again (RC1), and stand in for an app: without one there
// is nothing that they could stand in for.
func (f *Flow) MakeCodes(ctx context.Context, s session.Session, onceKey string) ([]string, error) {
	return once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) ([]string, error) {
		if err := f.fresh(ctx, tx, s); err != nil {
			return nil, err
		}
		ways, err := f.Factors.Ways(ctx, tx, s.Account)
		if err != nil {
			return nil, err
		}
		if len(ways) == 0 {
			return nil, fault.New(fault.Conflict, "twofa.none").Offer("account")
		}
		codes, err := f.Factors.NewRecoveryCodes(ctx, tx, s.Account)
		if err != nil {
			return nil, err
		}
		if err := f.tell(ctx, tx, s, letter.RecoveryCodesMade, delivery.Facts{}); err != nil {
			return nil, err
		}
		return codes, f.audit(ctx, tx, s, "recovery_codes.made", nil)
	})
}

// changedFactor does what every change of a factor leads to, and gives the
// session's new secret.
func (f *Flow) changedFactor(ctx context.Context, tx *db.Tx, s session.Session, secret, act string, kind letter.Kind, facts delivery.Facts) (string, error) {
	fresh, err := f.Sessions.Rotate(ctx, tx, s, secret)
	if err != nil {
		return "", err
	}
	if _, err := f.Sessions.EndAll(ctx, tx, s.Account, s.ID, session.NewFactor); err != nil {
		return "", err
	}
	if err := f.Sessions.ForgetBrowsers(ctx, tx, s.Account, ""); err != nil {
		return "", err
	}
	if err := f.tell(ctx, tx, s, kind, facts); err != nil {
		return "", err
	}
	return fresh, f.audit(ctx, tx, s, act, nil)
}

func (f *Flow) hold(ctx context.Context, tx *db.Tx, s session.Session) (time.Time, error) {
	until := tx.Time().Add(holdAfterFactor)
	if until.Before(s.HoldUntil) { // one that runs is not made shorter
		return s.HoldUntil, nil
	}
	if err := f.Book.Hold(ctx, tx, s.Account, until, "factor_changed"); err != nil {
		return until, err
	}
	return until, f.Sessions.Changed(ctx, tx, s.Account)
}

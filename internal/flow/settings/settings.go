// Package settings changes an account from inside: password, address, sessions.
//
// Everything that matters asks for the password again, in the same form: that is
// the fresh proof of SE5, and it needs no second page.
package settings

import (
	"context"
	"errors"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/admit"
	"github.com/genkan/genkan/internal/domain/audit"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/domain/factor"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/once"
	"github.com/genkan/genkan/internal/platform/token"
)

// Flow is the account page's verbs.
type Flow struct {
	DB       *db.DB
	Keys     *token.Keyring
	Book     *account.Book
	Hasher   *password.Hasher
	Policy   *password.Policy
	Gate     *admit.Gate
	Sessions *session.Desk
	Post     *delivery.Post
	Guard    *guard.Guard
	Factors  *factor.Desk
}

// Overview is the account page.
type Overview struct {
	Account       account.Account
	Sessions      []session.Session
	PasswordSetAt time.Time
}

// Look gives the account page of the person signed in.
func (f *Flow) Look(ctx context.Context, s session.Session) (Overview, error) {
	acc, err := f.Book.ByID(ctx, f.DB.Reader(), s.Account)
	if err != nil {
		return Overview{}, err
	}
	stored, err := password.Of(ctx, f.DB.Reader(), s.Account)
	if err != nil {
		return Overview{}, err
	}
	list, err := f.Sessions.List(ctx, s.Account)
	return Overview{acc, list, stored.SetAt}, err
}

// SetLocale keeps the language that mails are written in.
func (f *Flow) SetLocale(ctx context.Context, s session.Session, locale string) error {
	return f.DB.Tx(ctx, func(tx *db.Tx) error {
		if err := f.Book.SetLocale(ctx, tx, s.Account, locale); err != nil {
			return err
		}
		return f.Sessions.Changed(ctx, tx, s.Account)
	})
}

// prove judges the account's own password, after counting the try where this
// browser's sign-ins are counted (TH3): whoever sits at an open browser is not
// yet its owner. known is the cookie of a known browser.
func (f *Flow) prove(ctx context.Context, s session.Session, known, field, pw string) (password.Stored, error) {
	if pw == "" {
		return password.Stored{}, fault.Field(field, "pw.missing", nil)
	}
	t, err := f.count(ctx, s, known)
	if err != nil {
		return password.Stored{}, err
	}
	stored, err := password.Of(ctx, f.DB.Reader(), s.Account)
	if err != nil {
		return stored, err
	}
	right := false
	err = f.Gate.Do(ctx, admit.Begun, func() (err error) {
		right, _, err = f.Hasher.Verify(stored.Hash, pw)
		return err
	})
	switch {
	case err != nil:
		return stored, errors.Join(err, f.DB.Tx(ctx, func(tx *db.Tx) error { return f.Guard.Back(ctx, tx, t) }))
	case !right:
		wrong := fault.Field(field, "pw.wrong", nil).Offer("recover")
		return stored, errors.Join(wrong, f.DB.Tx(ctx, func(tx *db.Tx) error { return f.Guard.Wrong(ctx, tx, t) }))
	}
	return stored, f.DB.Tx(ctx, func(tx *db.Tx) error { return f.Guard.Right(ctx, tx, t) })
}

func (f *Flow) count(ctx context.Context, s session.Session, known string) (t guard.Try, err error) {
	a, err := account.ParseAddress(s.Address)
	if err != nil {
		return t, fault.Wrapf(err, "read the address of %s", s.Account)
	}
	key := f.Book.Key(a)
	err = f.DB.Tx(ctx, func(tx *db.Tx) error {
		digest, err := f.Sessions.KnownTo(ctx, tx, known, key)
		if err != nil {
			return err
		}
		t, err = f.Guard.Inside(ctx, tx, guard.Caller{Action: guard.SignIn, Key: key, Known: digest}, s.ID)
		if err == nil && !t.Judge {
			wait := t.Wait(tx.Time())
			err = fault.New(fault.TooMany, "lock.own-mistakes").After(wait).With("at", tx.Time().Add(wait)).Offer("recover")
		}
		return err
	})
	return t, err
}

// Again gives the new secret of a press that renewed the session already, when
// it is sent again with the secret that died of it (CO4). The key must hold that
// dead secret, so that nobody else is given the new one.
func (f *Flow) Again(ctx context.Context, onceKey string) (secret string, ok bool, err error) {
	return once.Peek[string](ctx, f.DB.Reader(), f.Keys, onceKey, f.DB.Now())
}

// ChangePassword needs the old password (PW5). It ends every other session,
// rotates this one's secret (SE2) and tells the owner; it gives the new secret.
func (f *Flow) ChangePassword(ctx context.Context, s session.Session, secret, known, old, pw, onceKey string) (string, error) {
	return once.Press(ctx, f.DB, f.Keys, onceKey, func() (string, error) {
		return f.changePassword(ctx, s, secret, known, old, pw, onceKey)
	})
}

func (f *Flow) changePassword(ctx context.Context, s session.Session, secret, known, old, pw, onceKey string) (string, error) {
	stored, err := f.prove(ctx, s, known, "old_password", old)
	if err != nil {
		return "", err
	}
	if err := f.Policy.Check(pw, password.Context{Address: s.Address}); err != nil {
		return "", err
	}
	var hash string
	err = f.Gate.Do(ctx, admit.Begun, func() (err error) {
		hash, err = f.Hasher.Hash(pw)
		return err
	})
	if err != nil {
		return "", err
	}
	return once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (string, error) {
		if err := f.freshFactor(ctx, tx, s); err != nil { // PW5
			return "", err
		}
		if err := password.Set(ctx, tx, s.Account, hash, stored.Version); err != nil {
			return "", err
		}
		fresh, err := f.Sessions.Rotate(ctx, tx, s, secret)
		if err != nil {
			return "", err
		}
		if err := f.Sessions.Prove(ctx, tx, s.Account, s.ID, session.ByPassword); err != nil {
			return "", err
		}
		if _, err := f.Sessions.EndAll(ctx, tx, s.Account, s.ID, session.NewPassword); err != nil {
			return "", err
		}
		if err := f.Sessions.ForgetBrowsers(ctx, tx, s.Account, ""); err != nil {
			return "", err
		}
		if err := f.Book.VoidChanges(ctx, tx, s.Account); err != nil {
			return "", err
		}
		if err := f.tell(ctx, tx, s, letter.PasswordChanged, delivery.Facts{}); err != nil {
			return "", err
		}
		return fresh, f.audit(ctx, tx, s, "password.changed", nil)
	})
}

func (f *Flow) tell(ctx context.Context, tx *db.Tx, s session.Session, kind letter.Kind, facts delivery.Facts) error {
	acc, err := f.Book.ByID(ctx, tx, s.Account)
	if err != nil {
		return err
	}
	to, err := f.Book.Addresses(ctx, tx, acc)
	if err != nil {
		return err
	}
	facts.Browser, facts.Place, facts.Masked = s.Where.Label, s.Where.Place(acc.Locale), account.Mask(acc.Address)
	return f.Post.Tell(ctx, tx, acc, to, kind, facts)
}

func (f *Flow) audit(ctx context.Context, tx *db.Tx, s session.Session, act string, detail map[string]string) error {
	return audit.Write(ctx, tx, "person:"+s.Account, act, "account:"+s.Account, detail)
}

// SignOut ends this session; the browser stays known.
func (f *Flow) SignOut(ctx context.Context, s session.Session) error {
	_, err := f.end(ctx, s, s.ID, session.SignedOut)
	return err
}

// End ends one session of the person's own; false when there is none such.
func (f *Flow) End(ctx context.Context, s session.Session, id string) (bool, error) {
	return f.end(ctx, s, id, session.EndedByUser)
}

func (f *Flow) end(ctx context.Context, s session.Session, id string, why session.Ends) (bool, error) {
	found := false
	err := f.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		if found, err = f.Sessions.End(ctx, tx, s.Account, id, why); err != nil || !found {
			return err
		}
		return f.audit(ctx, tx, s, "session.ended", map[string]string{"session": id, "why": string(why)})
	})
	return found, err
}

// EndOthers ends every session but this one, makes other browsers unknown, and
// tells the owner.
func (f *Flow) EndOthers(ctx context.Context, s session.Session, known, onceKey string) error {
	keep := ""
	if k, ok := f.Sessions.ReadKnown(known); ok {
		keep = k.Secret
	}
	_, err := once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (int64, error) {
		n, err := f.Sessions.EndAll(ctx, tx, s.Account, s.ID, session.EndedByUser)
		if err != nil {
			return 0, err
		}
		if err := f.Sessions.ForgetBrowsers(ctx, tx, s.Account, keep); err != nil {
			return 0, err
		}
		if err := f.tell(ctx, tx, s, letter.SessionsEnded, delivery.Facts{}); err != nil {
			return 0, err
		}
		return n, f.audit(ctx, tx, s, "session.others_ended", nil)
	})
	return err
}

package signup

import (
	"bytes"
	"context"
	"errors"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/admit"
	"github.com/genkan/genkan/internal/domain/registration"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/once"
)

// wrongCode is the one answer to a code that does not fit, for whatever reason.
func wrongCode(field string) error {
	switch field {
	case "number":
		return fault.Field(field, "number.wrong", nil).Offer("retry")
	case "password":
		return fault.Field(field, "pw.wrong", nil).Offer("retry")
	}
	return fault.Field(field, "code.wrong", nil).Offer("retry", "mail_help")
}

// tired says that no further code is judged; a new mail begins anew.
func tired(field string) error {
	e := fault.Field(field, "code.too_many", nil).Offer("register", "mail_help")
	e.Kind = fault.TooMany
	return e
}

// Confirm judges the code typed on the waiting page and, if it fits, makes the
// account and signs this browser in.
func (f *Flow) Confirm(ctx context.Context, id string, browser []byte, code, onceKey string, w session.Where) (session.Opened, error) {
	if o, done, err := once.Peek[session.Opened](ctx, f.DB.Reader(), f.Keys, onceKey, f.DB.Now()); err != nil || done {
		return o, err
	}
	r, err := f.mine(ctx, f.DB.Reader(), id, browser)
	if err != nil {
		return session.Opened{}, err
	}
	if !r.Live(f.DB.Now()) {
		return session.Opened{}, expired()
	}
	if err := f.try(ctx, id, "code"); err != nil {
		return session.Opened{}, err
	}
	if !f.Desk.CodeFits(r, code) {
		return session.Opened{}, wrongCode("code")
	}
	return f.confirmed(ctx, r, onceKey, w)
}

// try counts a typed code in a transaction of its own, before it is judged, so
// that a refusal does not undo the count (TH2).
func (f *Flow) try(ctx context.Context, id, field string) error {
	return f.DB.Tx(ctx, func(tx *db.Tx) error {
		ok, err := f.Desk.CountTry(ctx, tx, id)
		if err == nil && !ok {
			err = tired(field)
		}
		return err
	})
}

// confirmed opens the account and a session in one transaction.
func (f *Flow) confirmed(ctx context.Context, r registration.Registration, onceKey string, w session.Where) (session.Opened, error) {
	var out session.Opened
	err := f.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		out, err = once.Do(ctx, tx, f.Keys, onceKey, func() (session.Opened, error) {
			acc, made, err := f.open(ctx, tx, r)
			if err != nil || !made {
				return session.Opened{}, err
			}
			return f.Sessions.Open(ctx, tx, acc, r.Address, w, false)
		})
		return err
	})
	if err == nil && out.Secret == "" {
		// Somebody else proved this box first; only its owner knows more.
		return out, wrongCode("code")
	}
	return out, err
}

// Link is what the page behind a mailed link needs to know.
type Link struct {
	Token string
	Same  bool // opened in the browser that waits
	Dead  bool // ran out, used, or for an address that was corrected
	Renew bool // dead, but genuine: Renew can send a fresh one
}

// OpenLink reads a link's token and changes nothing (RS3). A token that was
// never ours gives Dead like one that ran out.
func (f *Flow) OpenLink(ctx context.Context, id, link string, browser []byte) (Link, error) {
	r, err := f.Desk.ByID(ctx, f.DB.Reader(), id)
	if errors.Is(err, registration.ErrNone) {
		return Link{Token: link, Dead: true}, nil
	}
	if err != nil {
		return Link{}, err
	}
	fits, live := f.Desk.LinkFits(r, link), r.Live(f.DB.Now())
	return Link{Token: link, Same: len(r.Browser) > 0 && bytes.Equal(r.Browser, browser),
		Dead: !live || !fits, Renew: fits && !live && r.State == registration.Waiting}, nil
}

// Renew sends a fresh code and link to the box whose genuine link ran out
// (causes link.expired).
func (f *Flow) Renew(ctx context.Context, id, link string) error {
	return f.DB.Tx(ctx, func(tx *db.Tx) error {
		r, err := f.Desk.ByID(ctx, tx, id)
		if err != nil && !errors.Is(err, registration.ErrNone) {
			return err
		}
		if err != nil || r.State != registration.Waiting || !f.Desk.LinkFits(r, link) {
			return deadLink()
		}
		a, err := account.ParseAddress(r.Address)
		if err != nil {
			return err
		}
		if r, err = f.Desk.Readdress(ctx, tx, r, a, r.Key); err != nil {
			return err
		}
		_, err = f.send(ctx, tx, r)
		return err
	})
}

// Proof is what was typed on the link's page: the number that the waiting page
// shows, or the password that was chosen. In the waiting browser itself neither
// is needed: a mail scanner does not have its cookie (RS3).
type Proof struct {
	Number, Password string
	Browser          []byte
}

// ConfirmLink confirms by a link. With a number the waiting browser is the one
// that gets in, and Opened is empty; otherwise this one gets in.
func (f *Flow) ConfirmLink(ctx context.Context, id, link string, p Proof, onceKey string, w session.Where) (session.Opened, error) {
	r, err := f.Desk.ByID(ctx, f.DB.Reader(), id)
	if errors.Is(err, registration.ErrNone) {
		return session.Opened{}, deadLink()
	}
	if err != nil {
		return session.Opened{}, err
	}
	if !r.Live(f.DB.Now()) || !f.Desk.LinkFits(r, link) {
		return session.Opened{}, deadLink()
	}
	if len(r.Browser) > 0 && bytes.Equal(r.Browser, p.Browser) {
		return f.confirmed(ctx, r, onceKey, w)
	}
	switch {
	case p.Number != "":
		return session.Opened{}, f.confirmElsewhere(ctx, r, p.Number)
	case p.Password != "":
		return f.confirmByPassword(ctx, r, p.Password, onceKey, w)
	}
	return session.Opened{}, fault.Field("number", "number.missing", nil)
}

func deadLink() error { return fault.New(fault.Gone, "link.expired").Offer("register", "signin") }

// confirmElsewhere confirms for the browser that waits and knows the number.
func (f *Flow) confirmElsewhere(ctx context.Context, r registration.Registration, number string) error {
	if err := f.try(ctx, r.ID, "number"); err != nil {
		return err
	}
	if !f.Desk.NumberFits(r, number) {
		return wrongCode("number")
	}
	made := false
	err := f.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		_, made, err = f.open(ctx, tx, r)
		return err
	})
	if err == nil && !made {
		return deadLink()
	}
	return err
}

// confirmByPassword lets this browser in instead of one whose page is closed.
func (f *Flow) confirmByPassword(ctx context.Context, r registration.Registration, pw, onceKey string, w session.Where) (session.Opened, error) {
	if err := f.try(ctx, r.ID, "password"); err != nil {
		return session.Opened{}, err
	}
	fits := false
	err := f.Gate.Do(ctx, admit.Begun, func() (err error) {
		fits, _, err = f.Hasher.Verify(r.PasswordHash, pw)
		return err
	})
	if err != nil {
		return session.Opened{}, err
	}
	if !fits {
		return session.Opened{}, wrongCode("password")
	}
	return f.confirmed(ctx, r, onceKey, w)
}

// Finish opens the session of a registration that was confirmed elsewhere, in
// the browser that waited. It works once: the registration is void afterwards.
func (f *Flow) Finish(ctx context.Context, id string, browser []byte, w session.Where) (session.Opened, error) {
	var out session.Opened
	err := f.DB.Tx(ctx, func(tx *db.Tx) error {
		r, err := f.mine(ctx, tx, id, browser)
		if err != nil {
			return err
		}
		if r.State != registration.Confirmed || len(r.Browser) == 0 || !r.ExpiresAt.After(tx.Time()) {
			return gone()
		}
		first, err := f.Desk.Take(ctx, tx, id)
		if err != nil {
			return err
		}
		if !first {
			return gone()
		}
		acc, err := f.Book.ByID(ctx, tx, r.Account)
		if err != nil {
			return err
		}
		if acc.State != account.Active {
			return gone()
		}
		out, err = f.Sessions.Open(ctx, tx, acc.ID, acc.Address, w, false)
		return err
	})
	return out, err
}

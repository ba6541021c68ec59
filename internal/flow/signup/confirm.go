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
// account and signs this browser in. had is the session that the browser has
// already, or "": it ends (SE2).
func (f *Flow) Confirm(ctx context.Context, id string, browser []byte, code, onceKey, had string, w session.Where) (session.Opened, error) {
	out, err := once.Press(ctx, f.DB, f.Keys, onceKey, func() (outcome, error) {
		r, err := f.mine(ctx, f.DB.Reader(), id, browser)
		if err != nil {
			return outcome{}, err
		}
		if !r.Live(f.DB.Now()) {
			return outcome{}, expired()
		}
		if err := f.try(ctx, id, "code"); err != nil {
			return outcome{}, err
		}
		if !f.Desk.CodeFits(r, code) {
			return outcome{}, wrongCode("code")
		}
		return f.confirmed(ctx, r, onceKey, had, &w)
	})
	if err == nil && out.Taken {
		err = wrongCode("code") // only the box's owner knows more
	}
	return out.Opened, err
}

// outcome is what a confirmation led to. Taken: somebody else proved the box
// first, and this registration is void.
type outcome struct {
	Opened session.Opened
	Taken  bool
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

// confirmed opens the account, and a session for the browser at w unless that is
// nil, in one transaction.
func (f *Flow) confirmed(ctx context.Context, r registration.Registration, onceKey, had string, w *session.Where) (outcome, error) {
	return once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (outcome, error) {
		acc, made, err := f.open(ctx, tx, r)
		if err != nil || !made || w == nil {
			return outcome{Taken: !made}, err
		}
		if err := f.Sessions.Replace(ctx, tx, had); err != nil {
			return outcome{}, err
		}
		o, err := f.Sessions.Open(ctx, tx, acc, r.Address, *w, false)
		return outcome{Opened: o}, err
	})
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
func (f *Flow) Renew(ctx context.Context, id, link, onceKey string) error {
	_, err := once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (Waiting, error) {
		r, err := f.Desk.ByID(ctx, tx, id)
		if err != nil && !errors.Is(err, registration.ErrNone) {
			return Waiting{}, err
		}
		if err != nil || r.State != registration.Waiting || !f.Desk.LinkFits(r, link) {
			return Waiting{}, deadLink()
		}
		a, err := account.ParseAddress(r.Address)
		if err != nil {
			return Waiting{}, err
		}
		if r, err = f.Desk.Readdress(ctx, tx, r, a, r.Key); err != nil {
			return Waiting{}, err
		}
		return f.send(ctx, tx, r)
	})
	return err
}

// Proof is what was typed on the link's page: the number that the waiting page
// shows, or the password that was chosen. In the waiting browser itself neither
// is needed: a mail scanner does not have its cookie (RS3).
type Proof struct {
	Number, Password string
	Browser          []byte
	Had              string // the session that this browser has already
}

// ConfirmLink confirms by a link. With a number the waiting browser is the one
// that gets in, and Opened is empty; otherwise this one gets in.
func (f *Flow) ConfirmLink(ctx context.Context, id, link string, p Proof, onceKey string, w session.Where) (session.Opened, error) {
	out, err := once.Press(ctx, f.DB, f.Keys, onceKey, func() (outcome, error) {
		r, err := f.Desk.ByID(ctx, f.DB.Reader(), id)
		if err != nil && !errors.Is(err, registration.ErrNone) {
			return outcome{}, err
		}
		if err != nil || !r.Live(f.DB.Now()) || !f.Desk.LinkFits(r, link) {
			return outcome{}, deadLink()
		}
		switch {
		case len(r.Browser) > 0 && bytes.Equal(r.Browser, p.Browser):
			return f.confirmed(ctx, r, onceKey, p.Had, &w)
		case p.Number != "":
			return f.confirmElsewhere(ctx, r, p.Number, onceKey)
		case p.Password != "":
			return f.confirmByPassword(ctx, r, p, onceKey, w)
		}
		return outcome{}, fault.Field("number", "number.missing", nil)
	})
	if err == nil && out.Taken {
		err = deadLink()
	}
	return out.Opened, err
}

func deadLink() error { return fault.New(fault.Gone, "link.expired").Offer("register", "signin") }

// confirmElsewhere confirms for the browser that waits and knows the number.
func (f *Flow) confirmElsewhere(ctx context.Context, r registration.Registration, number, onceKey string) (outcome, error) {
	if err := f.try(ctx, r.ID, "number"); err != nil {
		return outcome{}, err
	}
	if !f.Desk.NumberFits(r, number) {
		return outcome{}, wrongCode("number")
	}
	return f.confirmed(ctx, r, onceKey, "", nil)
}

// confirmByPassword lets this browser in instead of one whose page is closed.
func (f *Flow) confirmByPassword(ctx context.Context, r registration.Registration, p Proof, onceKey string, w session.Where) (outcome, error) {
	if err := f.try(ctx, r.ID, "password"); err != nil {
		return outcome{}, err
	}
	fits := false
	err := f.Gate.Do(ctx, admit.Begun, func() (err error) {
		fits, _, err = f.Hasher.Verify(r.PasswordHash, p.Password)
		return err
	})
	if err != nil {
		return outcome{}, err
	}
	if !fits {
		return outcome{}, wrongCode("password")
	}
	return f.confirmed(ctx, r, onceKey, p.Had, &w)
}

// Finish opens the session of a registration that was confirmed elsewhere, in
// the browser that waited. It works once: the registration is void afterwards.
func (f *Flow) Finish(ctx context.Context, id string, browser []byte, onceKey, had string, w session.Where) (session.Opened, error) {
	return once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (session.Opened, error) {
		r, err := f.mine(ctx, tx, id, browser)
		if err != nil {
			return session.Opened{}, err
		}
		if r.State != registration.Confirmed || len(r.Browser) == 0 || !r.ExpiresAt.After(tx.Time()) {
			return session.Opened{}, gone()
		}
		first, err := f.Desk.Take(ctx, tx, id)
		if err != nil {
			return session.Opened{}, err
		}
		if !first {
			return session.Opened{}, gone()
		}
		acc, err := f.Book.ByID(ctx, tx, r.Account)
		if err != nil {
			return session.Opened{}, err
		}
		ways, err := f.Factors.Ways(ctx, tx, acc.ID)
		if err != nil {
			return session.Opened{}, err
		}
		if acc.State != account.Active || len(ways) > 0 { // one that was set up meanwhile is asked at the door
			return session.Opened{}, gone()
		}
		if err := f.Sessions.Replace(ctx, tx, had); err != nil {
			return session.Opened{}, err
		}
		return f.Sessions.Open(ctx, tx, acc.ID, acc.Address, w, false)
	})
}

package settings

import (
	"context"
	"errors"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/audit"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/once"
)

const (
	// changeDigits is the length of the code for a new address.
	changeDigits = 8
	// numberDigits is the length of the numbers typed where a link was opened.
	numberDigits = 4
	// HoldAfterUndo is how long applications are told to hold what is dangerous.
	HoldAfterUndo = 24 * time.Hour
	// ChangeLink begins the tokens of links that prove a new address.
	ChangeLink = 'a'
)

// Change is what the page that waits for the new address's code shows.
type Change struct {
	ID        string
	Email     string
	Sent      delivery.Sent
	ExpiresAt time.Time
	Number    string // to type where the link was opened
}

// AskChange sends a code to the new address. The box of somebody who has an
// account is told so instead; the page is the same (EN1).
func (f *Flow) AskChange(ctx context.Context, s session.Session, known, email, pw string, browser []byte, onceKey string) (Change, error) {
	to, err := account.ParseAddress(email)
	if err != nil {
		return Change{}, err
	}
	return once.Press(ctx, f.DB, f.Keys, onceKey, func() (Change, error) {
		stored, err := f.prove(ctx, s, known, "password", pw)
		if err != nil {
			return Change{}, err
		}
		return once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (Change, error) {
			return f.askChange(ctx, tx, s, stored, to, browser)
		})
	})
}

func (f *Flow) askChange(ctx context.Context, tx *db.Tx, s session.Session, stored password.Stored, to account.Address, browser []byte) (Change, error) {
	// The password was judged before this transaction: a change of it, or a
	// freeze, must not be outrun (RS1, FZ1).
	if err := f.freshFactor(ctx, tx, s); err != nil { // SE5
		return Change{}, err
	}
	if still, err := password.Still(ctx, tx, s.Account, stored.Version); err != nil || !still {
		return Change{}, errors.Join(err, fault.Field("password", "pw.wrong", nil).Offer("recover"))
	}
	acc, err := f.Book.ByID(ctx, tx, s.Account)
	if err != nil {
		return Change{}, err
	}
	switch {
	case acc.State != account.Active:
		return Change{}, fault.New(fault.Denied, "session.ended").Offer("signin")
	case to.Typed == acc.Address:
		return Change{}, fault.Field("email", "email.same", nil)
	}
	c, err := f.Book.AskChange(ctx, tx, acc, to)
	if err != nil {
		return Change{}, err
	}
	out, err := f.sendChange(ctx, tx, c, s.Locale, browser)
	if err != nil {
		return Change{}, err
	}
	return out, f.audit(ctx, tx, s, "address.change_asked", map[string]string{"change": c.ID})
}

func (f *Flow) sendChange(ctx context.Context, tx *db.Tx, c account.Change, locale string, browser []byte) (Change, error) {
	to, err := account.ParseAddress(c.New)
	if err != nil {
		return Change{}, err
	}
	sent, err := f.Post.Send(ctx, tx, delivery.Draft{
		Kind: delivery.AddressChange, Locale: locale, To: c.New, Key: f.Book.Key(to), Subject: c.ID,
		Browser: browser, Life: c.ExpiresAt.Sub(tx.Time()), Proof: delivery.Password,
	})
	return f.waiting(c, sent), err
}

func (f *Flow) waiting(c account.Change, sent delivery.Sent) Change {
	return Change{ID: c.ID, Email: c.New, Sent: sent, ExpiresAt: c.ExpiresAt,
		Number: f.Keys.Code("change number", numberDigits, c.ID)}
}

func gone() error    { return fault.New(fault.Gone, "find.midflow-bookmark").Offer("account") }
func expired() error { return fault.New(fault.Gone, "code.expired").Offer("account") }

// change reads a change of the person signed in that still waits.
func (f *Flow) change(ctx context.Context, q account.DBTX, s session.Session, id string) (account.Change, error) {
	c, err := f.Book.ChangeByID(ctx, q, id)
	if errors.Is(err, account.ErrNone) || err == nil && c.Account != s.Account {
		return c, gone()
	}
	if err == nil && (c.State != "asked" || !c.ExpiresAt.After(f.DB.Now())) {
		err = expired()
	}
	return c, err
}

// LookChange gives the waiting page again.
func (f *Flow) LookChange(ctx context.Context, s session.Session, id string) (Change, error) {
	c, err := f.change(ctx, f.DB.Reader(), s, id)
	if err != nil {
		return Change{}, err
	}
	sent, err := f.Post.Newest(ctx, f.DB.Reader(), id)
	return f.waiting(c, sent), err
}

// ResendChange sends the same code once more.
func (f *Flow) ResendChange(ctx context.Context, s session.Session, id string, browser []byte, onceKey string) (Change, error) {
	return once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (Change, error) {
		c, err := f.change(ctx, tx, s, id)
		if err != nil {
			return Change{}, err
		}
		return f.sendChange(ctx, tx, c, s.Locale, browser)
	})
}

// ConfirmChange judges the code and makes the new address the account's own. It
// ends every other session and tells both boxes, the old one with an undo.
func (f *Flow) ConfirmChange(ctx context.Context, s session.Session, secret, id, code, onceKey string) (string, error) {
	return once.Press(ctx, f.DB, f.Keys, onceKey, func() (string, error) { return f.confirmChange(ctx, s, secret, id, code, onceKey) })
}

func (f *Flow) confirmChange(ctx context.Context, s session.Session, secret, id, code, onceKey string) (string, error) {
	c, err := f.change(ctx, f.DB.Reader(), s, id)
	if err != nil {
		return "", err
	}
	if err := f.countCode(ctx, func(tx *db.Tx) (bool, error) { return f.Book.CountChangeTry(ctx, tx, id) }); err != nil {
		return "", err
	}
	if !f.Keys.CodeMatches("address change", changeDigits, code, id) {
		return "", fault.Field("code", "code.wrong", nil).Offer("retry", "mail_help")
	}
	return once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (string, error) {
		if err := f.take(ctx, tx, c, s.ID, "code"); err != nil {
			return "", err
		}
		fresh, err := f.Sessions.Rotate(ctx, tx, s, secret)
		if err != nil {
			return "", err
		}
		return fresh, f.tellChanged(ctx, tx, c, s.Where)
	})
}

// take makes the new address the account's own and ends every session but one.
func (f *Flow) take(ctx context.Context, tx *db.Tx, c account.Change, except, field string) error {
	if err := f.Book.ConfirmChange(ctx, tx, c); err != nil {
		if fault.Is(err, "address.taken") { // its box was told; the page says no more
			err = fault.Field(field, map[string]string{"code": "code.wrong", "number": "number.wrong"}[field], nil).Offer("retry", "mail_help")
		}
		return err
	}
	if _, err := f.Sessions.EndAll(ctx, tx, c.Account, except, session.NewAddress); err != nil {
		return err
	}
	return f.Sessions.ForgetBrowsers(ctx, tx, c.Account, "")
}

// Provable tells whether a link to the new box still proves it. It changes
// nothing (RS3).
func (f *Flow) Provable(ctx context.Context, id, link string) (account.Change, bool, error) {
	c, err := f.Book.ChangeByID(ctx, f.DB.Reader(), id)
	if errors.Is(err, account.ErrNone) {
		return c, false, nil
	}
	return c, err == nil && c.State == "asked" && c.ExpiresAt.After(f.DB.Now()) && f.Keys.LinkMatches(ChangeLink, id, link), err
}

// ConfirmChangeByLink does the same from the link in the new box, with the
// number that the signed-in page shows. Every session ends: the browser that
// opened the mail need not be the one that asked.
func (f *Flow) ConfirmChangeByLink(ctx context.Context, id, link, number, onceKey string, w session.Where) error {
	_, err := once.Press(ctx, f.DB, f.Keys, onceKey, func() (bool, error) {
		return true, f.confirmChangeByLink(ctx, id, link, number, onceKey, w)
	})
	return err
}

func (f *Flow) confirmChangeByLink(ctx context.Context, id, link, number, onceKey string, w session.Where) error {
	c, ok, err := f.Provable(ctx, id, link)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Gone, "link.expired").Offer("account")
	}
	if number == "" {
		return fault.Field("number", "number.missing", nil)
	}
	if err := f.countCode(ctx, func(tx *db.Tx) (bool, error) { return f.Book.CountChangeTry(ctx, tx, id) }); err != nil {
		return err
	}
	if !f.Keys.CodeMatches("change number", numberDigits, number, id) {
		return fault.Field("number", "number.wrong", nil).Offer("retry")
	}
	_, err = once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (bool, error) {
		if err := f.take(ctx, tx, c, "", "number"); err != nil {
			return false, err
		}
		return true, f.tellChanged(ctx, tx, c, w)
	})
	return err
}

func (f *Flow) countCode(ctx context.Context, count func(tx *db.Tx) (bool, error)) error {
	return f.DB.Tx(ctx, func(tx *db.Tx) error {
		ok, err := count(tx)
		if err == nil && !ok {
			e := fault.Field("code", "code.too_many", nil).Offer("account")
			e.Kind = fault.TooMany
			err = e
		}
		return err
	})
}

// tellChanged tells the new box, and the old ones with the undo (RS9).
func (f *Flow) tellChanged(ctx context.Context, tx *db.Tx, c account.Change, w session.Where) error {
	acc, err := f.Book.ByID(ctx, tx, c.Account)
	if err != nil {
		return err
	}
	all, err := f.Book.Addresses(ctx, tx, acc)
	if err != nil {
		return err
	}
	facts := delivery.Facts{Browser: w.Label, Place: w.Place(acc.Locale), Masked: account.Mask(c.Old)}
	if err := f.Post.Tell(ctx, tx, acc, all[:1], letter.AddressChangedNew, facts); err != nil {
		return err
	}
	for _, former := range all[1:] {
		if err := f.tellFormer(ctx, tx, acc, former, facts); err != nil {
			return err
		}
	}
	return audit.Write(ctx, tx, "person:"+c.Account, "address.changed", "account:"+c.Account, map[string]string{"change": c.ID})
}

// tellFormer tells a former box, with the undo of the change that took it away,
// and of no other: whoever holds it may give the account back to this box only.
func (f *Flow) tellFormer(ctx context.Context, tx *db.Tx, acc account.Account, former string, facts delivery.Facts) error {
	a, err := account.ParseAddress(former)
	if err != nil {
		return err
	}
	change, err := f.Book.UndoFor(ctx, tx, acc.ID, a)
	if err != nil {
		return err
	}
	kind := letter.AddressChangedOld
	facts.Masked = account.Mask(acc.Address)
	if change == "" { // its 72 hours are over
		kind = letter.AddressChangedAgain
	} else {
		c, err := f.Book.ChangeByID(ctx, tx, change)
		if err != nil {
			return err
		}
		facts.Change, facts.Until = c.ID, c.UndoUntil
	}
	return f.Post.Tell(ctx, tx, acc, []string{former}, kind, facts)
}

// Undoable tells whether a link from the old box can still undo. It changes
// nothing.
func (f *Flow) Undoable(ctx context.Context, id, link string) (until time.Time, ok bool, err error) {
	c, err := f.Book.ChangeByID(ctx, f.DB.Reader(), id)
	if errors.Is(err, account.ErrNone) {
		return time.Time{}, false, nil
	}
	return c.UndoUntil, err == nil && c.State == "confirmed" && c.UndoUntil.After(f.DB.Now()) && f.Keys.LinkMatches(delivery.UndoLink, id, link), err
}

// Undo gives the account its old address back: whoever holds the old box and
// types the number of its mail. All sessions end.
func (f *Flow) Undo(ctx context.Context, id, link, number, onceKey string) error {
	_, err := once.Press(ctx, f.DB, f.Keys, onceKey, func() (bool, error) { return true, f.undo(ctx, id, link, number, onceKey) })
	return err
}

func (f *Flow) undo(ctx context.Context, id, link, number, onceKey string) error {
	_, ok, err := f.Undoable(ctx, id, link)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Gone, "link.expired").Offer("signin", "support")
	}
	if number == "" {
		return fault.Field("number", "number.missing", nil)
	}
	if err := f.countCode(ctx, func(tx *db.Tx) (bool, error) { return f.Book.CountUndoTry(ctx, tx, id) }); err != nil {
		return err
	}
	if !f.Keys.CodeMatches("undo number", numberDigits, number, id) {
		return fault.Field("number", "number.wrong", nil).Offer("retry")
	}
	press := func(tx *db.Tx) error {
		c, err := f.Book.ChangeByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := f.Book.UndoChange(ctx, tx, c); err != nil {
			return err
		}
		if err := f.voidPassword(ctx, tx, c.Account); err != nil {
			return err
		}
		// Whoever took the account must not keep its owner out by an app of theirs.
		if err := f.Factors.Restore(ctx, tx, c.Account, c.CreatedAt); err != nil {
			return err
		}
		if _, err := f.Sessions.EndAll(ctx, tx, c.Account, "", session.NewAddress); err != nil {
			return err
		}
		if err := f.Sessions.ForgetBrowsers(ctx, tx, c.Account, ""); err != nil {
			return err
		}
		return f.afterUndo(ctx, tx, c)
	}
	marked := func(tx *db.Tx) error {
		_, err := once.Do(ctx, tx, f.Keys, onceKey, func() (bool, error) { return true, press(tx) })
		return err
	}
	err = f.DB.Tx(ctx, marked)
	if fault.Is(err, "account.changed_meanwhile") {
		err = f.DB.Tx(ctx, marked) // whoever has the password must not stop it by changing something
	}
	return err
}

// voidPassword: "this was not me" also means that somebody has the password. It
// fits nothing any more. It is voided before the sessions end: a sign-in that
// comes at the same moment holds the password's row, so that it is either
// refused or ended, never left over.
func (f *Flow) voidPassword(ctx context.Context, tx *db.Tx, id account.ID) error {
	stored, err := password.Of(ctx, tx, id)
	if err != nil {
		return err
	}
	return password.Set(ctx, tx, id, f.Hasher.Decoy(), stored.Version)
}

// afterUndo: a new password is chosen by mail, a hold runs, and the owner is told
// (RS6, SE7).
func (f *Flow) afterUndo(ctx context.Context, tx *db.Tx, c account.Change) error {
	until := tx.Time().Add(HoldAfterUndo)
	if err := f.Book.Hold(ctx, tx, c.Account, until, "address_undone"); err != nil {
		return err
	}
	acc, err := f.Book.ByID(ctx, tx, c.Account)
	if err != nil {
		return err
	}
	to, err := f.Book.Addresses(ctx, tx, acc)
	if err != nil {
		return err
	}
	if err := f.Post.Tell(ctx, tx, acc, to, letter.AddressRestored, delivery.Facts{Until: until}); err != nil {
		return err
	}
	return audit.Write(ctx, tx, "mailbox:"+c.Account, "address.change_undone", "account:"+c.Account, map[string]string{"change": c.ID})
}

// Write decides what the mail to a new address says.
func (f *Flow) Write(ctx context.Context, m delivery.Message) (delivery.Letter, error) {
	c, err := f.Book.ChangeByID(ctx, f.DB.Reader(), m.Subject)
	if err != nil && !errors.Is(err, account.ErrNone) {
		return delivery.Letter{}, err
	}
	if err != nil || c.State != "asked" || c.New != m.To {
		return delivery.Letter{Drop: true}, nil
	}
	d := f.Post.Data(m)
	other, err := f.Book.ByKey(ctx, f.DB.Reader(), m.Key)
	if err == nil && other.ID != c.Account {
		return delivery.Letter{Kind: letter.AddressChangeTaken, Data: d, To: other.Address}, nil
	}
	if err != nil && !errors.Is(err, account.ErrNone) {
		return delivery.Letter{}, err
	}
	d.Link = f.Post.Link(f.Keys.Link(ChangeLink, c.ID))
	d.Code, d.Expires = f.Keys.Code("address change", changeDigits, c.ID), c.ExpiresAt
	return delivery.Letter{Kind: letter.AddressChangeCode, Data: d}, nil
}

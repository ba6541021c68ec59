// Package freeze lets an owner stop everything with one press, and start again
// with more than one (FZ1, FZ3).
//
// Freezing needs only a link from any notice. Thawing needs the password, a code
// from the mailbox and a day in which any notice can veto it.
package freeze

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/audit"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/limit"
	"github.com/genkan/genkan/internal/platform/once"
	"github.com/genkan/genkan/internal/platform/token"
)

// Flow is freezing and thawing.
type Flow struct {
	DB       *db.DB
	Keys     *token.Keyring
	Book     *account.Book
	Sessions *session.Desk
	Post     *delivery.Post
}

// codeDigits is the length of the code that a thaw needs.
const codeDigits = 8

func dead() error { return fault.New(fault.Gone, "link.expired").Offer("signin", "support") }

// Notice gives the notice that a freeze or veto link came from, or false. It
// changes nothing (RS3).
func (f *Flow) Notice(ctx context.Context, id, link string) (delivery.Message, bool, error) {
	m, err := f.Post.ByID(ctx, f.DB.Reader(), id)
	if errors.Is(err, delivery.ErrNone) {
		return m, false, nil
	}
	return m, err == nil && (f.Keys.LinkMatches(delivery.FreezeLink, id, link) || f.Keys.LinkMatches(delivery.VetoLink, id, link)), err
}

// reaches tells whether the notice's box still belongs to the account: a box it
// was taken back from stops nothing any more (FZ3).
func (f *Flow) reaches(ctx context.Context, tx *db.Tx, acc account.Account, m delivery.Message) (bool, error) {
	all, err := f.Book.Addresses(ctx, tx, acc)
	if err != nil {
		return false, err
	}
	for _, one := range all {
		if a, err := account.ParseAddress(one); err == nil && bytes.Equal(f.Book.Key(a), m.Key) {
			return true, nil
		}
	}
	return false, nil
}

// noticed reads the account that a genuine notice is about, in the transaction
// that acts on it.
func (f *Flow) noticed(ctx context.Context, tx *db.Tx, m delivery.Message) (account.Account, error) {
	acc, err := f.subject(ctx, tx, m)
	if errors.Is(err, account.ErrNone) || err == nil && acc.State == account.Closed {
		return acc, dead()
	}
	if err != nil {
		return acc, err
	}
	ok, err := f.reaches(ctx, tx, acc, m)
	if err == nil && !ok {
		err = dead()
	}
	return acc, err
}

// subject reads the account that a message is about. Those that answer somebody
// at the door know only the address.
func (f *Flow) subject(ctx context.Context, tx *db.Tx, m delivery.Message) (account.Account, error) {
	switch m.Kind {
	case delivery.Siege, delivery.SignInCode:
		return f.Book.ByKey(ctx, tx, m.Key)
	}
	return f.Book.ByID(ctx, tx, m.Subject)
}

// Freeze stops the account: every session, every known browser, every open
// change. Freezing a frozen account cancels a thaw. It never waits in a line.
func (f *Flow) Freeze(ctx context.Context, id, link string) error {
	m, ok, err := f.Notice(ctx, id, link)
	if err != nil {
		return err
	}
	if !ok {
		return dead()
	}
	press := func(tx *db.Tx) error {
		acc, err := f.noticed(ctx, tx, m)
		if err != nil {
			return err
		}
		already := acc.State == account.Frozen && acc.ThawAt.IsZero()
		if already { // one press twice is one press
			return nil
		}
		if _, err := f.Book.Move(ctx, tx, acc, account.Freeze); err != nil {
			return err
		}
		if err := f.stop(ctx, tx, acc.ID); err != nil {
			return err
		}
		if err := f.tell(ctx, tx, acc, letter.Frozen, time.Time{}); err != nil {
			return err
		}
		return audit.Write(ctx, tx, "mailbox:"+acc.ID, "account.frozen", "account:"+acc.ID, map[string]string{"notice": m.ID})
	}
	err = f.DB.Tx(ctx, press)
	if fault.Is(err, "account.changed_meanwhile") {
		err = f.DB.Tx(ctx, press) // a press that stops everything is not sent away because somebody else moved
	}
	return err
}

func (f *Flow) stop(ctx context.Context, tx *db.Tx, id account.ID) error {
	if _, err := f.Sessions.EndAll(ctx, tx, id, "", session.WasFrozen); err != nil {
		return err
	}
	if err := f.Sessions.ForgetBrowsers(ctx, tx, id, ""); err != nil {
		return err
	}
	return f.Book.VoidChanges(ctx, tx, id)
}

func (f *Flow) tell(ctx context.Context, tx *db.Tx, acc account.Account, kind letter.Kind, until time.Time) error {
	to, err := f.Book.Addresses(ctx, tx, acc)
	if err != nil {
		return err
	}
	return f.Post.Tell(ctx, tx, acc, to, kind, delivery.Facts{Until: until})
}

// pass is what the frozen page carries: that the password was right just now.
type pass struct {
	Account account.ID `json:"a"`
	Until   time.Time  `json:"u"`
}

// passLife is how long the right password opens the way to a thaw.
const passLife = 15 * time.Minute

// Pass seals the right of a person who just gave the right password to ask for
// a thaw.
func (f *Flow) Pass(id account.ID) (string, error) {
	raw, err := json.Marshal(pass{id, f.DB.Now().Add(passLife)})
	if err != nil {
		return "", err
	}
	return f.Keys.SealText("thaw pass", raw), nil
}

// frozen opens a pass and gives its account, which must be frozen.
func (f *Flow) frozen(ctx context.Context, q account.DBTX, text string) (account.Account, time.Time, error) {
	var p pass
	raw, err := f.Keys.OpenText("thaw pass", text)
	if err != nil || json.Unmarshal(raw, &p) != nil || !p.Until.After(f.DB.Now()) {
		return account.Account{}, p.Until, fault.New(fault.Gone, "find.form-expired").Offer("signin")
	}
	acc, err := f.Book.ByID(ctx, q, p.Account)
	if err == nil && acc.State != account.Frozen {
		err = fault.New(fault.Gone, "find.midflow-bookmark").Offer("signin")
	}
	return acc, p.Until, err
}

// Look gives what the frozen page shows.
func (f *Flow) Look(ctx context.Context, passText string) (account.Account, error) {
	acc, _, err := f.frozen(ctx, f.DB.Reader(), passText)
	return acc, err
}

// codeOf names the act of thawing: one freeze, asked for with one proof of the
// password. The code dies with that proof, and with a veto, which freezes anew.
func codeOf(acc account.Account, passed time.Time) []string {
	return []string{acc.ID, strconv.FormatInt(db.Micros(acc.FrozenAt), 10), strconv.FormatInt(db.Micros(passed), 10)}
}

// AskThaw mails the code to the account's address.
func (f *Flow) AskThaw(ctx context.Context, passText, locale string, browser []byte, onceKey string) (delivery.Sent, error) {
	return once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (delivery.Sent, error) {
		acc, until, err := f.frozen(ctx, tx, passText)
		if err != nil {
			return delivery.Sent{}, err
		}
		a, err := account.ParseAddress(acc.Address)
		if err != nil {
			return delivery.Sent{}, err
		}
		return f.Post.Send(ctx, tx, delivery.Draft{
			Kind: delivery.ThawCode, Locale: locale, To: acc.Address, Key: f.Book.Key(a), Subject: acc.ID,
			Browser: browser, Life: passLife, Proof: delivery.Password, Facts: delivery.Facts{Until: until},
		})
	})
}

// tries bounds typed thaw codes for each account: 5, then one in 4 hours.
var tries = limit.Rate{Burst: 5, Every: 4 * time.Hour}

// Thaw judges the mailed code and begins the day of waiting.
func (f *Flow) Thaw(ctx context.Context, passText, code, onceKey string) (time.Time, error) {
	return once.Press(ctx, f.DB, f.Keys, onceKey, func() (time.Time, error) { return f.thaw(ctx, passText, code, onceKey) })
}

func (f *Flow) thaw(ctx context.Context, passText, code, onceKey string) (time.Time, error) {
	acc, passed, err := f.frozen(ctx, f.DB.Reader(), passText)
	if err != nil {
		return time.Time{}, err
	}
	err = f.DB.Tx(ctx, func(tx *db.Tx) error {
		wait, err := limit.Take(ctx, tx, "thaw "+acc.ID, tries)
		if err == nil && wait > 0 {
			e := fault.Field("code", "code.too_many", nil).After(wait).Offer("support")
			e.Kind = fault.TooMany
			err = e
		}
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	if !f.Keys.CodeMatches("thaw", codeDigits, code, codeOf(acc, passed)...) {
		return time.Time{}, fault.Field("code", "code.wrong", nil).Offer("retry", "mail_help")
	}
	return once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (time.Time, error) {
		until := tx.Time().Add(account.ThawWait)
		if _, err := f.Book.Move(ctx, tx, acc, account.AskThaw); err != nil {
			return until, err
		}
		if err := f.tell(ctx, tx, acc, letter.ThawRequested, until); err != nil {
			return until, err
		}
		return until, audit.Write(ctx, tx, "person:"+acc.ID, "account.thaw_asked", "account:"+acc.ID, nil)
	})
}

// Veto stops a thaw that was asked for; the account stays frozen.
func (f *Flow) Veto(ctx context.Context, id, link, onceKey string) error {
	m, ok, err := f.Notice(ctx, id, link)
	if err != nil {
		return err
	}
	if !ok {
		return dead()
	}
	_, err = once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (bool, error) {
		acc, err := f.noticed(ctx, tx, m)
		if err != nil {
			return false, err
		}
		if acc.State != account.Frozen || acc.ThawAt.IsZero() {
			return false, dead()
		}
		if _, err := f.Book.Move(ctx, tx, acc, account.VetoThaw); err != nil {
			return false, err
		}
		return true, audit.Write(ctx, tx, "mailbox:"+acc.ID, "account.thaw_vetoed", "account:"+acc.ID, nil)
	})
	return err
}

// Write decides what the mail with a thaw's code says.
func (f *Flow) Write(ctx context.Context, m delivery.Message) (delivery.Letter, error) {
	acc, err := f.Book.ByID(ctx, f.DB.Reader(), m.Subject)
	if errors.Is(err, account.ErrNone) || err == nil && acc.State != account.Frozen {
		return delivery.Letter{Drop: true}, nil
	}
	if err != nil {
		return delivery.Letter{}, err
	}
	d := f.Post.Data(m)
	d.Code = f.Keys.Code("thaw", codeDigits, codeOf(acc, m.Facts.Until)...)
	return delivery.Letter{Kind: letter.ThawCode, Data: d}, nil
}

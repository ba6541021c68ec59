// Package recovery leads a person who forgot the password back in by mail.
//
// Asking is the same act for every address; the box learns the truth (EN1). The
// new password is set in the transaction that spends the code (RS2). It signs
// nobody in, removes no factor and thaws nothing; it ends every session, tells
// every address, and starts a hold that applications can read (RS6).
package recovery

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/admit"
	"github.com/genkan/genkan/internal/domain/audit"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/domain/recovery"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/once"
	"github.com/genkan/genkan/internal/platform/token"
)

// HoldAfter is how long applications are told to hold what is dangerous.
const HoldAfter = 24 * time.Hour

// Flow is recovery.
type Flow struct {
	DB       *db.DB
	Keys     *token.Keyring
	Book     *account.Book
	Desk     *recovery.Desk
	Hasher   *password.Hasher
	Policy   *password.Policy
	Gate     *admit.Gate
	Sessions *session.Desk
	Post     *delivery.Post
	Guard    *guard.Guard
}

// Ask is what the form or the API sends.
type Ask struct {
	Email   string
	Human   string // the pass of a solved human check
	Locale  string
	Browser []byte
	Network string // the /24 or /56 that the call comes from
	Known   string // the cookie of a browser that signed in before: it has mails in reserve that strangers cannot use up
	Once    string
}

// Waiting is what the page that waits for the code shows.
type Waiting struct {
	ID        string
	Email     string
	Sent      delivery.Sent
	ExpiresAt time.Time
	Proven    bool // the code was right: the new password is asked now
}

// Ask begins a recovery and sends a mail, account or not.
func (f *Flow) Ask(ctx context.Context, in Ask) (Waiting, error) {
	a, err := account.ParseAddress(in.Email)
	if err != nil {
		return Waiting{}, err
	}
	return once.Tx(ctx, f.DB, f.Keys, in.Once, func(tx *db.Tx) (Waiting, error) {
		if err := f.Guard.Human(ctx, tx, in.caller(guard.Recovery, f.Book.Key(a)), in.Human); err != nil {
			return Waiting{}, err
		}
		return f.begin(ctx, tx, in, a)
	})
}

func (in Ask) caller(do guard.Action, key []byte) guard.Caller {
	return guard.Caller{Action: do, Key: key, Browser: in.Browser, Network: in.Network}
}

func (f *Flow) begin(ctx context.Context, tx *db.Tx, in Ask, a account.Address) (Waiting, error) {
	r, err := f.Desk.Ask(ctx, tx, nonNil(in.Browser), a, f.Book.Key(a), in.Locale)
	if err != nil {
		return Waiting{}, err
	}
	return f.send(ctx, tx, r, in.Known)
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func (f *Flow) send(ctx context.Context, tx *db.Tx, r recovery.Recovery, known string) (Waiting, error) {
	proof, err := f.proof(ctx, tx, r, known)
	if err != nil {
		return Waiting{}, err
	}
	sent, err := f.Post.Send(ctx, tx, delivery.Draft{
		Kind: delivery.Recovery, Locale: r.Locale, To: r.Address, Key: r.Key, Subject: r.ID,
		Browser: r.Browser, Life: r.ExpiresAt.Sub(tx.Time()), Proof: proof,
	})
	return waiting(r, sent), err
}

// proof tells whether the asking browser signed in to this very address before.
func (f *Flow) proof(ctx context.Context, tx *db.Tx, r recovery.Recovery, known string) (delivery.Proof, error) {
	k, ok := f.Sessions.ReadKnown(known)
	if !ok {
		return delivery.NoProof, nil
	}
	a, err := account.ParseAddress(k.Address)
	if err != nil || !bytes.Equal(f.Book.Key(a), r.Key) {
		return delivery.NoProof, nil
	}
	if ok, err = f.Sessions.IsKnown(ctx, tx, k, k.Account); err != nil || !ok {
		return delivery.NoProof, err
	}
	return delivery.Known, nil
}

func waiting(r recovery.Recovery, sent delivery.Sent) Waiting {
	return Waiting{ID: r.ID, Email: r.Address, Sent: sent, ExpiresAt: r.ExpiresAt, Proven: r.State == recovery.Proven}
}

func gone() error    { return fault.New(fault.Gone, "find.midflow-bookmark").Offer("recover", "signin") }
func expired() error { return fault.New(fault.Gone, "code.expired").Offer("recover", "signin") }

// mine reads a live recovery for the browser that asked.
func (f *Flow) mine(ctx context.Context, q recovery.DBTX, id string, browser []byte) (recovery.Recovery, error) {
	r, err := f.Desk.ByID(ctx, q, id)
	if errors.Is(err, recovery.ErrNone) {
		return r, gone()
	}
	if err != nil {
		return r, err
	}
	if len(r.Browser) > 0 && !bytes.Equal(r.Browser, browser) {
		return r, gone()
	}
	if !r.Live(f.DB.Now()) {
		return r, expired()
	}
	return r, nil
}

// Look gives the waiting page again.
func (f *Flow) Look(ctx context.Context, id string, browser []byte) (Waiting, error) {
	r, err := f.mine(ctx, f.DB.Reader(), id, browser)
	if err != nil {
		return Waiting{}, err
	}
	sent, err := f.Post.Newest(ctx, f.DB.Reader(), id)
	return waiting(r, sent), err
}

// Resend sends the same code once more; Email and Locale of in are not read.
func (f *Flow) Resend(ctx context.Context, id string, in Ask) (Waiting, error) {
	return once.Tx(ctx, f.DB, f.Keys, in.Once, func(tx *db.Tx) (Waiting, error) {
		r, err := f.mine(ctx, tx, id, in.Browser)
		if err != nil {
			return Waiting{}, err
		}
		if err := f.Guard.Human(ctx, tx, in.caller(guard.Resend, r.Key), in.Human); err != nil {
			return Waiting{}, err
		}
		return f.send(ctx, tx, r, in.Known)
	})
}

// Prove judges the code typed in the asking browser. Afterwards this recovery
// can do one thing: set a new password (RS10).
func (f *Flow) Prove(ctx context.Context, id string, browser []byte, code, onceKey string) error {
	_, err := once.Press(ctx, f.DB, f.Keys, onceKey, func() (bool, error) {
		r, err := f.mine(ctx, f.DB.Reader(), id, browser)
		if err != nil {
			return false, err
		}
		if err := f.judge(ctx, r, code); err != nil {
			return false, err
		}
		return once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (bool, error) {
			ok, err := f.Desk.Prove(ctx, tx, id)
			if err == nil && !ok {
				err = expired()
			}
			return ok, err
		})
	})
	return err
}

// judge counts a typed code, in a transaction of its own, and then judges it.
func (f *Flow) judge(ctx context.Context, r recovery.Recovery, code string) error {
	err := f.DB.Tx(ctx, func(tx *db.Tx) error {
		ok, err := f.Desk.CountTry(ctx, tx, r.ID)
		if err == nil && !ok {
			e := fault.Field("code", "code.too_many", nil).Offer("recover", "mail_help")
			e.Kind = fault.TooMany
			err = e
		}
		return err
	})
	if err != nil {
		return err
	}
	// A request that no mail was written for, or for nobody, fits no code: its
	// code was never told to anyone, so only a guess could be equal.
	if !f.Desk.CodeFits(r, code) || r.Account == "" {
		return fault.Field("code", "code.wrong", nil).Offer("retry", "mail_help")
	}
	return nil
}

// Done says what a finished recovery changed.
type Done struct{ HoldUntil time.Time }

// SetPassword sets the new password of a proven recovery.
func (f *Flow) SetPassword(ctx context.Context, id string, browser []byte, pw, onceKey string, w session.Where) (Done, error) {
	return once.Press(ctx, f.DB, f.Keys, onceKey, func() (Done, error) {
		r, err := f.mine(ctx, f.DB.Reader(), id, browser)
		if err != nil {
			return Done{}, err
		}
		if r.State != recovery.Proven {
			return Done{}, gone()
		}
		return f.finish(ctx, r, pw, onceKey, w)
	})
}

// Confirm is Prove and SetPassword in one, for API clients. A refused password
// does not spend the code.
func (f *Flow) Confirm(ctx context.Context, id string, browser []byte, code, pw, onceKey string, w session.Where) (Done, error) {
	return once.Press(ctx, f.DB, f.Keys, onceKey, func() (Done, error) {
		r, err := f.mine(ctx, f.DB.Reader(), id, browser)
		if err != nil {
			return Done{}, err
		}
		if err := f.judge(ctx, r, code); err != nil {
			return Done{}, err
		}
		return f.finish(ctx, r, pw, onceKey, w)
	})
}

// Dead tells whether a mailed link opens nothing any more, and whether, being
// genuine, it can be renewed. It changes nothing.
func (f *Flow) Dead(ctx context.Context, id, link string) (dead, renew bool, err error) {
	r, err := f.Desk.ByID(ctx, f.DB.Reader(), id)
	if errors.Is(err, recovery.ErrNone) {
		return true, false, nil
	}
	if err != nil {
		return true, false, err
	}
	fits := f.Desk.LinkFits(r, link) && r.Account != ""
	return !fits || !r.Live(f.DB.Now()), fits, nil
}

// Renew begins a new recovery for the box whose genuine link is dead, in the
// browser that opened it, and gives its id (causes link.expired).
func (f *Flow) Renew(ctx context.Context, id, link string, in Ask) (string, error) {
	r, err := f.Desk.ByID(ctx, f.DB.Reader(), id)
	if err != nil && !errors.Is(err, recovery.ErrNone) {
		return "", err
	}
	if err != nil || !f.Desk.LinkFits(r, link) || r.Account == "" {
		return "", fault.New(fault.Gone, "link.expired").Offer("recover", "signin")
	}
	a, err := account.ParseAddress(r.Address)
	if err != nil {
		return "", fault.Wrapf(err, "read the address of recovery %s", id)
	}
	// Whoever holds a genuine link has read the mail: no human check is asked.
	w, err := once.Tx(ctx, f.DB, f.Keys, in.Once, func(tx *db.Tx) (Waiting, error) { return f.begin(ctx, tx, in, a) })
	return w.ID, err
}

// ByLink sets the new password from the mailed link's page, in any browser: the
// box is proven, and a form with nothing typed changes nothing (RS3).
func (f *Flow) ByLink(ctx context.Context, id, link, pw string, browser []byte, onceKey string, w session.Where) (Done, error) {
	return once.Press(ctx, f.DB, f.Keys, onceKey, func() (Done, error) {
		r, err := f.Desk.ByID(ctx, f.DB.Reader(), id)
		if err != nil && !errors.Is(err, recovery.ErrNone) {
			return Done{}, err
		}
		if err != nil || !r.Live(f.DB.Now()) || r.Account == "" || !f.Desk.LinkFits(r, link) {
			return Done{}, fault.New(fault.Gone, "link.expired").Offer("recover", "signin")
		}
		r.Browser = nonNil(browser) // this one proved the mailbox, whichever asked
		return f.finish(ctx, r, pw, onceKey, w)
	})
}

func (f *Flow) finish(ctx context.Context, r recovery.Recovery, pw, onceKey string, w session.Where) (Done, error) {
	if err := f.Policy.Check(pw, password.Context{Address: r.Address}); err != nil {
		return Done{}, err
	}
	var hash string
	err := f.Gate.Do(ctx, admit.Recovery, func() (err error) {
		hash, err = f.Hasher.Hash(pw)
		return err
	})
	if err != nil {
		return Done{}, err
	}
	return once.Tx(ctx, f.DB, f.Keys, onceKey, func(tx *db.Tx) (Done, error) { return f.spend(ctx, tx, r, hash, w) })
}

// spend uses the recovery up and does everything it leads to, or nothing.
func (f *Flow) spend(ctx context.Context, tx *db.Tx, r recovery.Recovery, hash string, w session.Where) (Done, error) {
	ok, err := f.Desk.Finish(ctx, tx, r.ID)
	if err != nil {
		return Done{}, err
	}
	if !ok {
		return Done{}, expired()
	}
	acc, err := f.Book.ByID(ctx, tx, r.Account)
	if err != nil {
		return Done{}, err
	}
	// Bound to the address and to the password it may replace (RS1): if either
	// changed since the mail was written, the code is void.
	if now, err := account.ParseAddress(acc.Address); err != nil || !bytes.Equal(f.Book.Key(now), r.Key) {
		return Done{}, errors.Join(err, expired())
	}
	if acc.State == account.Closed || acc.State == account.Frozen && !r.CreatedAt.After(acc.FrozenAt) {
		return Done{}, expired() // a freeze stops what was running (FZ1)
	}
	if err := password.Set(ctx, tx, acc.ID, hash, r.PasswordVersion); err != nil {
		if fault.Is(err, "account.changed_meanwhile") {
			err = expired()
		}
		return Done{}, err
	}
	// The browser that proved the mailbox gets in with the new password, whatever
	// strangers did to the old one.
	c := guard.Caller{Action: guard.SignIn, Key: r.Key, Browser: r.Browser}
	if err := f.Guard.Prove(ctx, tx, c); err != nil {
		return Done{}, err
	}
	return f.after(ctx, tx, acc, w)
}

// after ends sessions, starts the hold, tells the owner and writes it down.
func (f *Flow) after(ctx context.Context, tx *db.Tx, acc account.Account, w session.Where) (Done, error) {
	out := Done{HoldUntil: tx.Time().Add(HoldAfter)}
	if err := f.Book.Hold(ctx, tx, acc.ID, out.HoldUntil, "password_reset"); err != nil {
		return out, err
	}
	if _, err := f.Sessions.EndAll(ctx, tx, acc.ID, "", session.Recovered); err != nil {
		return out, err
	}
	if err := f.Sessions.ForgetBrowsers(ctx, tx, acc.ID, ""); err != nil {
		return out, err
	}
	if err := f.Book.VoidChanges(ctx, tx, acc.ID); err != nil {
		return out, err
	}
	to, err := f.Book.Addresses(ctx, tx, acc)
	if err != nil {
		return out, err
	}
	err = f.Post.Tell(ctx, tx, acc, to, letter.PasswordReset,
		delivery.Facts{Browser: w.Label, Place: w.Place(acc.Locale), Masked: account.Mask(acc.Address), Until: out.HoldUntil})
	if err != nil {
		return out, err
	}
	return out, audit.Write(ctx, tx, "mailbox:"+acc.ID, "password.reset", "account:"+acc.ID, nil)
}

// Write decides what a recovery's mail says, and binds it to the password that
// its code may replace.
func (f *Flow) Write(ctx context.Context, m delivery.Message) (delivery.Letter, error) {
	d := f.Post.Data(m)
	var out delivery.Letter
	err := f.DB.Tx(ctx, func(tx *db.Tx) error {
		r, err := f.Desk.ByID(ctx, tx, m.Subject)
		if errors.Is(err, recovery.ErrNone) || err == nil && !r.Live(tx.Time()) {
			out = delivery.Letter{Drop: true}
			return nil
		}
		if err != nil {
			return err
		}
		acc, err := f.Book.ByKey(ctx, tx, m.Key)
		if errors.Is(err, account.ErrNone) || err == nil && acc.State == account.Closed {
			out = delivery.Letter{Kind: letter.RecoveryNoAccount, Data: d}
			return nil
		}
		if err != nil {
			return err
		}
		p, err := password.Of(ctx, tx, acc.ID)
		if err != nil {
			return err
		}
		d.Code, d.Link, d.Expires = f.Desk.Code(r), f.Post.Link(f.Desk.Link(r)), r.ExpiresAt
		out = delivery.Letter{Kind: letter.RecoveryCode, Data: d, To: acc.Address}
		return f.Desk.Bind(ctx, tx, r.ID, acc.ID, p.Version)
	})
	return out, err
}

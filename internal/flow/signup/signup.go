// Package signup leads a person from an address and a password to an account.
//
// Registering is one act for every address: hash, row, message. Nothing looks
// whether the address has an account until its box is proven; the worker that
// writes the mail does, and tells the box the truth (EN1, EN2, EN4).
package signup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/admit"
	"github.com/genkan/genkan/internal/domain/audit"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/factor"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/domain/registration"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/once"
	"github.com/genkan/genkan/internal/platform/token"
)

// Flow is registration.
type Flow struct {
	DB       *db.DB
	Keys     *token.Keyring
	Book     *account.Book
	Desk     *registration.Desk
	Hasher   *password.Hasher
	Policy   *password.Policy
	Gate     *admit.Gate
	Sessions *session.Desk
	Post     *delivery.Post
	Guard    *guard.Guard
	Factors  *factor.Desk
}

// Ask is what the form or the API sends.
type Ask struct {
	Email    string
	Password string
	Human    string // the pass of a solved human check
	Locale   string
	Network  string // the /24 or /56 that the call comes from
	Browser  []byte // hash of the browser's cookie; empty for API clients
	Once     string // marks a repeat of the same press
	Keep     bool   // the person wants the address as typed, whatever we suggest
	Use      bool   // the person takes our suggestion
}

// Waiting is what the page that waits for the code shows.
type Waiting struct {
	ID        string
	Email     string
	Sent      delivery.Sent
	ExpiresAt time.Time
	Number    string // to type where the link was opened
	Confirmed bool   // elsewhere: Finish opens the session here
}

// suggested says that the address's domain looks mistyped. It is a refusal with
// code email.suggest and the argument "suggestion"; sending again with Keep or
// Use decides.
const suggested = "email.suggest"

// Register begins a registration and sends the code.
func (f *Flow) Register(ctx context.Context, in Ask) (Waiting, error) {
	a, err := account.ParseAddress(in.Email)
	if err != nil {
		return Waiting{}, err
	}
	if s := account.SuggestAddress(a); s != "" && in.Use {
		a, err = account.ParseAddress(s)
		if err != nil {
			return Waiting{}, err
		}
	} else if s != "" && !in.Keep {
		return Waiting{}, fault.Field("email", suggested, map[string]any{"suggestion": s})
	}
	if err := f.Policy.Check(in.Password, password.Context{Address: a.Typed}); err != nil {
		return Waiting{}, err
	}
	if w, done, err := once.Peek[Waiting](ctx, f.DB.Reader(), f.Keys, in.Once, f.DB.Now()); err != nil || done {
		return w, err
	}
	key := f.Book.Key(a)
	c := guard.Caller{Action: guard.Registration, Key: key, Browser: in.Browser, Network: in.Network}
	if err := f.Guard.Admit(ctx, f.DB, c, in.Human, in.Once); err != nil { // a price before the hash is one
		return Waiting{}, err
	}
	var hash string
	err = f.Gate.Do(ctx, admit.Registration, func() (err error) {
		hash, err = f.Hasher.Hash(in.Password)
		return err
	})
	if err != nil {
		return Waiting{}, err
	}
	var w Waiting
	err = f.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		w, err = once.Do(ctx, tx, f.Keys, in.Once, func() (Waiting, error) { return f.begin(ctx, tx, in, a, hash) })
		return err
	})
	return w, err
}

func (f *Flow) begin(ctx context.Context, tx *db.Tx, in Ask, a account.Address, hash string) (Waiting, error) {
	r, err := f.Desk.Begin(ctx, tx, in.Browser, a, f.Book.Key(a), hash, in.Locale)
	if err != nil {
		return Waiting{}, err
	}
	return f.send(ctx, tx, r)
}

func (f *Flow) send(ctx context.Context, tx *db.Tx, r registration.Registration) (Waiting, error) {
	sent, err := f.Post.Send(ctx, tx, delivery.Draft{
		Kind: delivery.Registration, Locale: r.Locale, To: r.Address, Key: r.Key, Subject: r.ID,
		Browser: r.Browser, Life: r.ExpiresAt.Sub(tx.Time()),
	})
	return f.waiting(r, sent), err
}

func (f *Flow) waiting(r registration.Registration, sent delivery.Sent) Waiting {
	return Waiting{ID: r.ID, Email: r.Address, Sent: sent, ExpiresAt: r.ExpiresAt,
		Number: f.Desk.Number(r), Confirmed: r.State == registration.Confirmed}
}

// gone is what everybody gets who asks for a registration that is not theirs,
// never was, or is over.
func gone() error { return fault.New(fault.Gone, "find.midflow-bookmark").Offer("register", "signin") }

// mine reads a registration for the browser that began it.
func (f *Flow) mine(ctx context.Context, q registration.DBTX, id string, browser []byte) (registration.Registration, error) {
	r, err := f.Desk.ByID(ctx, q, id)
	if errors.Is(err, registration.ErrNone) {
		return r, gone()
	}
	if err != nil {
		return r, err
	}
	if len(r.Browser) > 0 && !bytes.Equal(r.Browser, browser) {
		return r, gone()
	}
	return r, nil
}

// Look gives the waiting page again.
func (f *Flow) Look(ctx context.Context, id string, browser []byte) (Waiting, error) {
	r, err := f.mine(ctx, f.DB.Reader(), id, browser)
	if err != nil {
		return Waiting{}, err
	}
	if r.State == registration.Void || r.State == registration.Waiting && !r.Live(f.DB.Now()) {
		return Waiting{}, expired()
	}
	sent, err := f.Post.Newest(ctx, f.DB.Reader(), id)
	if err != nil {
		return Waiting{}, err
	}
	return f.waiting(r, sent), nil
}

func expired() error { return fault.New(fault.Gone, "code.expired").Offer("register", "signin") }

// Resend sends the same code once more. Only Human, Network, Browser and Once
// of in are read, here and in Readdress its Email as well.
func (f *Flow) Resend(ctx context.Context, id string, in Ask) (Waiting, error) {
	return once.Tx(ctx, f.DB, f.Keys, in.Once, func(tx *db.Tx) (Waiting, error) {
		r, err := f.mine(ctx, tx, id, in.Browser)
		if err != nil {
			return Waiting{}, err
		}
		if !r.Live(tx.Time()) {
			return Waiting{}, expired()
		}
		if err := f.pay(ctx, tx, in, r.Key); err != nil {
			return Waiting{}, err
		}
		return f.send(ctx, tx, r)
	})
}

// pay asks for the human check before another mail is sent.
func (f *Flow) pay(ctx context.Context, tx *db.Tx, in Ask, key []byte) error {
	return f.Guard.Human(ctx, tx, guard.Caller{Action: guard.Resend, Key: key, Browser: in.Browser, Network: in.Network}, in.Human)
}

// Readdress corrects the typed address: the first code dies, the new box gets one.
func (f *Flow) Readdress(ctx context.Context, id string, in Ask) (Waiting, error) {
	a, err := account.ParseAddress(in.Email)
	if err != nil {
		return Waiting{}, err
	}
	return once.Tx(ctx, f.DB, f.Keys, in.Once, func(tx *db.Tx) (Waiting, error) {
		r, err := f.mine(ctx, tx, id, in.Browser)
		if err != nil {
			return Waiting{}, err
		}
		if !r.Live(tx.Time()) {
			return Waiting{}, expired()
		}
		key := f.Book.Key(a)
		if err := f.pay(ctx, tx, in, key); err != nil {
			return Waiting{}, err
		}
		if !bytes.Equal(key, r.Key) {
			if r, err = f.Desk.Readdress(ctx, tx, r, a, key); err != nil {
				return Waiting{}, err
			}
		}
		return f.send(ctx, tx, r)
	})
}

// open makes the account of a proven registration, or tells false when the
// address got one meanwhile.
func (f *Flow) open(ctx context.Context, tx *db.Tx, r registration.Registration) (account.ID, bool, error) {
	a, err := account.ParseAddress(r.Address)
	if err != nil {
		return "", false, fmt.Errorf("read the address of registration %s: %w", r.ID, err)
	}
	id := token.NewID()
	made, err := f.Book.Create(ctx, tx, id, a, r.Locale)
	if err != nil {
		return "", false, err
	}
	if !made {
		return "", false, f.Desk.Void(ctx, tx, r.ID)
	}
	if ok, err := f.Desk.Confirm(ctx, tx, r.ID, id); err != nil || !ok {
		return "", false, errors.Join(err, expired())
	}
	if err := password.Create(ctx, tx, id, r.PasswordHash); err != nil {
		return "", false, err
	}
	return id, true, audit.Write(ctx, tx, "person:"+id, "account.created", "account:"+id, nil)
}

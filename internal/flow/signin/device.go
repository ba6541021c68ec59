package signin

import (
	"context"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/audit"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/limit"
	"github.com/genkan/genkan/internal/platform/once"
)

// CodeDigits is the length of the mailed code of a device check.
const CodeDigits = 8

// codeTries bounds the typed codes of one attempt.
const codeTries = 5

// freeMails bounds, for the whole house, the codes that are mailed in place of
// the human check. Beyond it the check is asked: waiting instead of the puzzle
// is one way through it.
var freeMails = limit.Rate{Burst: 60, Every: time.Minute}

// AskCode mails a code for an attempt that was refused, or that stands at the
// human check: whoever has the mailbox gets in whatever strangers do. An unknown
// address is sent a note. It is also the resend.
func (f *Flow) AskCode(ctx context.Context, in Ask) (Step, error) {
	return once.Tx(ctx, f.DB, f.Keys, in.Once, func(tx *db.Tx) (Step, error) {
		at, err := f.live(ctx, tx, in)
		if err != nil {
			return Step{}, err
		}
		to, err := f.target(at)
		if err != nil {
			return Step{}, err
		}
		if err := f.payMail(ctx, tx, in, at); err != nil {
			return Step{}, err
		}
		proof := delivery.NoProof
		if at.State != attempt.DeviceCheck {
			at.Finding = ""
			if at, err = attempt.Move(ctx, tx, at, attempt.AskDevice); err != nil {
				return Step{}, err
			}
		} else if at.Finding != "" { // the password was right
			proof = delivery.Password
		}
		sent, err := f.send(ctx, tx, at, in.Locale, to.typed, proof)
		return f.stand(at, Step{Sent: &sent}), err
	})
}

// payMail asks for the human check where a mail would cost nothing otherwise. An
// attempt that was refused has passed it.
func (f *Flow) payMail(ctx context.Context, tx *db.Tx, in Ask, at attempt.Attempt) error {
	c := guard.Caller{Action: guard.Resend, Key: at.Key, Browser: in.Browser, Network: in.Network, Attempt: at.ID}
	switch at.State {
	case attempt.Refused:
		return nil
	case attempt.HumanCheck:
		if in.Human != "" {
			c.Action = guard.SignIn
			break
		}
		if wait, err := limit.Take(ctx, tx, "code mails without a check", freeMails); err != nil || wait == 0 {
			return err
		}
	}
	return f.Guard.Human(ctx, tx, c, in.Human)
}

// live reads an attempt that can still go on.
func (f *Flow) live(ctx context.Context, tx *db.Tx, in Ask) (attempt.Attempt, error) {
	at, err := f.mine(ctx, tx, in.Attempt, in.Browser)
	if err == nil && !at.Live(tx.Time()) {
		err = fault.New(fault.Gone, "code.expired").Offer("signin")
	}
	return at, err
}

// mailCode sends the code that a right password leads to. Where the caps hold it
// back, the person may ask for it later.
func (f *Flow) mailCode(ctx context.Context, tx *db.Tx, at attempt.Attempt, locale, to string, p delivery.Proof) (*delivery.Sent, error) {
	sent, err := f.send(ctx, tx, at, locale, to, p)
	if fault.Is(err, "lock.resend-limit") {
		return nil, nil
	}
	return &sent, err
}

func (f *Flow) send(ctx context.Context, tx *db.Tx, at attempt.Attempt, locale, to string, p delivery.Proof) (delivery.Sent, error) {
	return f.Post.Send(ctx, tx, delivery.Draft{Kind: delivery.SignInCode, Locale: locale, To: to, Key: at.Key, Subject: at.ID,
		Browser: at.Browser, Life: at.ExpiresAt.Sub(tx.Time()), Proof: p})
}

// Waiting is what the page that waits for the code shows.
type Waiting struct {
	Step
	Email     string
	ExpiresAt time.Time
	Password  bool // the password is asked with the code
}

// Await gives the page of an attempt that waits for a mailed code, for the
// password after it, or for a second factor.
func (f *Flow) Await(ctx context.Context, id string, browser []byte) (Waiting, error) {
	at, err := f.mine(ctx, f.DB.Reader(), id, browser)
	if err != nil {
		return Waiting{}, err
	}
	if !at.Live(f.DB.Now()) || at.State != attempt.DeviceCheck && at.State != attempt.Started && at.State != attempt.SecondFactor {
		return Waiting{}, fault.New(fault.Gone, "find.midflow-bookmark").Offer("signin")
	}
	to, err := f.target(at)
	if err != nil {
		return Waiting{}, err
	}
	out := Waiting{Step: f.stand(at, Step{}), Email: to.typed, ExpiresAt: at.ExpiresAt, Password: at.Finding == ""}
	if at.State == attempt.SecondFactor {
		out.Ways, err = f.Factors.Ways(ctx, f.DB.Reader(), at.Account)
		return out, err
	}
	sent, err := f.Post.Newest(ctx, f.DB.Reader(), id)
	if err == nil {
		out.Sent = &sent
	} else if err == delivery.ErrNone {
		err = nil
	}
	return out, err
}

// Code judges a mailed code. Where the password was right already, a new one is
// to be chosen; else this browser has a counter of its own from now on, and the
// password, when it came along, is judged by it.
func (f *Flow) Code(ctx context.Context, in Ask, code string) (Step, error) {
	mark := in.Once
	if mark != "" {
		mark += "\x00code"
	}
	s, err := once.Press(ctx, f.DB, f.Keys, mark, func() (Step, error) {
		if err := f.judgeCode(ctx, in, code); err != nil {
			return Step{}, err
		}
		return once.Tx(ctx, f.DB, f.Keys, mark, func(tx *db.Tx) (Step, error) { return f.proven(ctx, tx, in) })
	})
	if err != nil || s.State != attempt.Started || in.Password == "" {
		return s, err
	}
	return f.Again(ctx, in)
}

// judgeCode counts a typed code, in a transaction of its own, and judges it. A
// code that no mail said fits nothing but by a guess.
func (f *Flow) judgeCode(ctx context.Context, in Ask, code string) error {
	fits := false
	err := f.DB.Tx(ctx, func(tx *db.Tx) error {
		at, err := f.live(ctx, tx, in)
		if err != nil {
			return err
		}
		if at.State != attempt.DeviceCheck {
			return fault.New(fault.Conflict, "attempt.over").Offer("signin")
		}
		wait, err := limit.TakeWindow(ctx, tx, "device code "+at.ID, codeTries, 2*attempt.Life)
		if err == nil && wait > 0 {
			e := fault.Field("code", "code.too_many", nil).Offer("signin", "recover")
			e.Kind = fault.TooMany
			return e
		}
		fits = f.Keys.CodeMatches("device code", CodeDigits, code, at.ID)
		return err
	})
	if err == nil && !fits {
		err = fault.Field("code", "code.wrong", nil).Offer("retry", "mail_help")
	}
	return err
}

func (f *Flow) proven(ctx context.Context, tx *db.Tx, in Ask) (Step, error) {
	at, err := f.live(ctx, tx, in)
	if err != nil {
		return Step{}, err
	}
	if err := attempt.Add(ctx, tx, at.ID, attempt.Note{Kind: attempt.ProvenMailbox}); err != nil {
		return Step{}, err
	}
	known, err := f.Sessions.KnownTo(ctx, tx, in.Known, at.Key)
	if err != nil {
		return Step{}, err
	}
	c := guard.Caller{Action: guard.SignIn, Key: at.Key, Browser: in.Browser, Attempt: at.ID, Known: known}
	if err := f.Guard.Prove(ctx, tx, c); err != nil {
		return Step{}, err
	}
	if at.Finding == "" {
		at, err = attempt.Move(ctx, tx, at, attempt.ProveDevice)
		return f.stand(at, Step{}), err
	}
	acc, err := f.Book.ByID(ctx, tx, at.Account)
	if err != nil {
		return Step{}, err
	}
	out := Step{}
	if acc.State != account.Active {
		at.Finding = Usual
	} else if out.Renew, err = f.renew(ctx, tx, at, acc); err != nil {
		return Step{}, err
	}
	at, err = attempt.Move(ctx, tx, at, attempt.Refuse)
	return f.stand(at, out), err
}

// renew begins a recovery for a person who gave the right password and proved
// the mailbox: only its last step is left.
func (f *Flow) renew(ctx context.Context, tx *db.Tx, at attempt.Attempt, acc account.Account) (*Renew, error) {
	a, err := account.ParseAddress(acc.Address)
	if err != nil {
		return nil, fault.Wrapf(err, "read the address of %s", acc.ID)
	}
	stored, err := password.Of(ctx, tx, acc.ID)
	if err != nil {
		return nil, err
	}
	r, err := f.Recoveries.Grant(ctx, tx, nonNil(at.Browser), a, f.Book.Key(a), at.Locale, acc.ID, stored.Version)
	if err != nil {
		return nil, err
	}
	return &Renew{r.ID, f.Recoveries.Code(r)}, audit.Write(ctx, tx, "mailbox:"+acc.ID, "password.renewal_asked", "account:"+acc.ID,
		map[string]string{"attempt": at.Reference, "why": at.Finding})
}

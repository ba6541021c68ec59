package signin

import (
	"context"
	"maps"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/audit"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/limit"
	"github.com/genkan/genkan/internal/platform/once"
)

// settle writes what follows from the judgement, in one transaction.
func (f *Flow) settle(ctx context.Context, tx *db.Tx, in Ask, to target, b begun, j judgement) (Step, error) {
	counted, err := once.Holds(ctx, tx, f.Keys, in.begun())
	if err != nil {
		return Step{}, err
	}
	if !counted { // a copy of this press took the count back
		return Step{}, fault.New(fault.Busy, "srv.overload").After(time.Second)
	}
	at := b.Attempt
	at.Account = j.stored.Account
	if j.right {
		// The hash was judged before this transaction; a change of the password
		// meanwhile must not be outrun (PW5, SE4).
		if j.right, err = password.Still(ctx, tx, j.stored.Account, j.stored.Version); err != nil {
			return Step{}, err
		}
	}
	out := Step{Hints: shape(in.Password)}
	notes := noticed(in, to, b, out.Hints, j.right)
	acc, state := account.Account{}, account.Closed
	if j.right {
		if acc, err = f.Book.ByID(ctx, tx, j.stored.Account); err != nil {
			return Step{}, err
		}
		if state, err = f.thawed(ctx, tx, acc); err != nil {
			return Step{}, err
		}
		err = f.Guard.Right(ctx, tx, b.Try)
	} else {
		err = f.Guard.Wrong(ctx, tx, b.Try)
	}
	if err != nil {
		return Step{}, err
	}
	switch state {
	case account.Active:
		var more []attempt.Note
		at, more, err = f.right(ctx, tx, in, at, acc, b, j, &out)
		notes = append(notes, more...)
	case account.Frozen:
		out.Frozen = &Frozen{Account: acc.ID, Since: acc.FrozenAt, ThawAt: acc.ThawAt}
		at.Finding = "policy.frozen"
		at, err = attempt.Move(ctx, tx, at, attempt.Hold)
	default:
		at, err = f.refuse(ctx, tx, in, to, at, b, &out)
	}
	if err != nil {
		return Step{}, err
	}
	if err := attempt.Add(ctx, tx, at.ID, notes...); err != nil {
		return Step{}, err
	}
	if at.State != attempt.SecondFactor { // else it is neither good nor bad yet
		passed := at.State == attempt.Complete
		if err := f.Guard.Outcome(ctx, tx, guard.Caller{Key: to.key, Network: in.Network}, passed); err != nil {
			return Step{}, err
		}
	}
	return f.stand(at, out), f.audit(ctx, tx, at, nil)
}

// audit writes down that a session began, if one did. It comes last: all acts of
// the house pass through the end of the audit.
func (f *Flow) audit(ctx context.Context, tx *db.Tx, at attempt.Attempt, more map[string]string) error {
	if at.State != attempt.Complete {
		return nil
	}
	detail := map[string]string{"session": at.Session, "attempt": at.Reference}
	maps.Copy(detail, more)
	return audit.Write(ctx, tx, "person:"+at.Account, "session.started", "account:"+at.Account, detail)
}

// refuse says the usual, the same to everybody; a browser that is known to the
// address is told what strangers do to it.
func (f *Flow) refuse(ctx context.Context, tx *db.Tx, in Ask, to target, at attempt.Attempt, b begun, out *Step) (attempt.Attempt, error) {
	if b.Try.Begins {
		if err := f.tellSiege(ctx, tx, in, to, b.Try); err != nil {
			return at, err
		}
	}
	if b.Try.Who == guard.Known {
		var err error
		if out.Siege, err = f.Guard.Look(ctx, tx, tx.Time(), to.key); err != nil {
			return at, err
		}
	}
	at.Finding = Usual
	return attempt.Move(ctx, tx, at, attempt.Refuse)
}

// The findings of a right password that is not enough.
const (
	leaked  = "pw.breach-reset"  // attackers hold it
	sprayed = "pw.other-service" // it came while many were tried
)

// right lets a person in whose password is right, or asks for the second factor
// where there is one; unless the password is one
// that attackers hold or came in a spray, from a browser that nobody knows: then
// the mailbox must be proven, and a new password chosen.
func (f *Flow) right(ctx context.Context, tx *db.Tx, in Ask, at attempt.Attempt, acc account.Account, b begun, j judgement, out *Step) (attempt.Attempt, []attempt.Note, error) {
	why, err := f.suspicion(ctx, tx, in, b.Try)
	if err != nil {
		return at, nil, err
	}
	if why == "" {
		if j.raised != "" {
			if err := password.Raise(ctx, tx, acc.ID, j.raised, j.stored.Hash); err != nil {
				return at, nil, err
			}
		}
		if out.Ways, err = f.Factors.Ways(ctx, tx, acc.ID); err != nil {
			return at, nil, err
		}
		if len(out.Ways) == 0 {
			return f.letIn(ctx, tx, in, at, acc, out)
		}
		at.Finding, at.Password = "", j.stored.Version
		at, err = attempt.Move(ctx, tx, at, attempt.AskFactor)
		return at, nil, err
	}
	note := attempt.Note{Kind: attempt.LeakedWord}
	if why == sprayed {
		note.Kind = attempt.SprayedWord
	}
	at.Finding = why
	if b.Try.Who == guard.Proven { // the mailbox is proven already
		if out.Renew, err = f.renew(ctx, tx, at, acc); err == nil {
			at, err = attempt.Move(ctx, tx, at, attempt.Refuse)
		}
	} else if at, err = attempt.Move(ctx, tx, at, attempt.AskDevice); err == nil {
		out.Sent, err = f.mailCode(ctx, tx, at, in.Locale, acc.Address, delivery.Password)
	}
	return at, []attempt.Note{note}, err
}

// suspicion gives the finding of a right password that is not enough, or "".
func (f *Flow) suspicion(ctx context.Context, tx *db.Tx, in Ask, t guard.Try) (string, error) {
	if t.Who == guard.Known {
		return "", nil
	}
	if f.Policy.Leaked(in.Password) {
		return leaked, nil
	}
	if t.Who == guard.Proven {
		return "", nil
	}
	level, err := f.Guard.Level(ctx, tx, tx.Time(), in.Network)
	if err != nil || level < guard.Attack {
		return "", err
	}
	return sprayed, nil
}

// thawed gives the account's state, after a thaw whose wait is over took effect.
func (f *Flow) thawed(ctx context.Context, tx *db.Tx, acc account.Account) (account.State, error) {
	if acc.State != account.Frozen || acc.ThawAt.IsZero() || acc.ThawAt.After(tx.Time()) {
		return acc.State, nil
	}
	state, err := f.Book.Move(ctx, tx, acc, account.Thaw)
	if err != nil {
		return state, err
	}
	to, err := f.Book.Addresses(ctx, tx, acc)
	if err != nil {
		return state, err
	}
	if err := f.Post.Tell(ctx, tx, acc, to, letter.Thawed, delivery.Facts{}); err != nil { // SE7
		return state, err
	}
	return state, audit.Write(ctx, tx, "house", "account.thawed", "account:"+acc.ID, nil)
}

func (f *Flow) letIn(ctx context.Context, tx *db.Tx, in Ask, at attempt.Attempt, acc account.Account, out *Step) (attempt.Attempt, []attempt.Note, error) {
	known, _ := f.Sessions.ReadKnown(in.Known)
	isKnown, err := f.Sessions.IsKnown(ctx, tx, known, acc.ID)
	if err != nil {
		return at, nil, err
	}
	var notes []attempt.Note
	if isKnown {
		notes = append(notes, attempt.Note{Kind: attempt.KnownBrowser})
	}
	if err := f.Sessions.Replace(ctx, tx, in.Secret); err != nil {
		return at, nil, err
	}
	// A client without our cookies could not show that it is known.
	o, err := f.Sessions.Open(ctx, tx, acc.ID, acc.Address, in.Where, isKnown || len(in.Browser) == 0)
	if err != nil {
		return at, nil, err
	}
	out.Opened = o
	at.Session, at.Finding = o.Session, ""
	if at, err = attempt.Move(ctx, tx, at, attempt.LetIn); err != nil {
		return at, nil, err
	}
	if !isKnown {
		err = f.tellNewBrowser(ctx, tx, in, acc)
	}
	return at, notes, err
}

// newBrowserMails bounds the notices of new browsers a day: a program that signs
// in without our cookies is new each time.
const newBrowserMails = 10

func (f *Flow) tellNewBrowser(ctx context.Context, tx *db.Tx, in Ask, acc account.Account) error {
	if wait, err := limit.TakeWindow(ctx, tx, "new browser "+acc.ID, newBrowserMails, 24*time.Hour); err != nil || wait > 0 {
		return err
	}
	return f.tell(ctx, tx, in, acc, letter.NewBrowser)
}

// noticed gives what a press showed, never what was typed.
func noticed(in Ask, to target, b begun, hints []string, right bool) []attempt.Note {
	// The verdict takes the same room whether the password was right or not.
	verdict := attempt.Note{Kind: attempt.WrongPassword}
	if right {
		verdict.Kind = attempt.RightPassword
	}
	notes := []attempt.Note{verdict}
	add := func(k attempt.Kind, value string) { notes = append(notes, attempt.Note{Kind: k, Value: value}) }
	if b.Human {
		add(attempt.HumanPassed, "")
	}
	if !b.Try.Judge {
		add(attempt.Paused, "")
	}
	for _, v := range to.folded {
		add(attempt.FoldedInput, v)
	}
	for _, v := range hints {
		add(attempt.PasswordShape, v)
	}
	if in.FormAge > 0 {
		add(attempt.FormAge, in.FormAge.Truncate(time.Second).String())
	}
	if !in.Script {
		add(attempt.NoScript, "")
	}
	return notes
}

// Package signin judges an attempt and lets people in.
//
// An attempt is a row; each press is one guarded transition. What a refusal says
// follows from the text's shape and from this browser's own doings, never from
// the account: known and unknown addresses take the same path, with the same
// rows and the same hash (EN1, EN2).
package signin

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/admit"
	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/audit"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/limit"
	"github.com/genkan/genkan/internal/platform/once"
	"github.com/genkan/genkan/internal/platform/token"
)

// Flow is sign-in.
type Flow struct {
	DB       *db.DB
	Keys     *token.Keyring
	Book     *account.Book
	Hasher   *password.Hasher
	Gate     *admit.Gate
	Sessions *session.Desk
	Post     *delivery.Post
}

// Ask is one press of the sign-in form, or one call.
type Ask struct {
	Email      string
	Password   string
	Remembered bool   // use the address that this browser's cookie remembers
	Known      string // the known-browser cookie
	Secret     string // the session that this browser has already, if any: it ends (SE2)
	Locale     string
	Browser    []byte
	Attempt    string // id of the attempt that this form belongs to; empty begins one
	FormAge    time.Duration
	Script     bool // the page's script ran
	Once       string
	Where      session.Where
}

// Step is where the attempt stands after a press.
type Step struct {
	ID        string
	Reference string
	State     attempt.State
	Finding   string         // cause id of a refusal
	Hints     []string       // shape hints, from the typed text alone
	Opened    session.Opened // when State is complete
	Frozen    *Frozen        // when State is held
}

// Frozen is what the owner of a frozen account is told, after the password.
type Frozen struct {
	Account account.ID
	Since   time.Time
	ThawAt  time.Time
}

// Usual is the cause of every refusal that could be for any reason: wrong
// password, no account, closed, or frozen without the right password.
const Usual = "signin.refused"

// Start judges one press.
func (f *Flow) Start(ctx context.Context, in Ask) (Step, error) {
	known, isKnown := f.Sessions.ReadKnown(in.Known)
	if in.Remembered && isKnown {
		in.Email = known.Address
	}
	a, err := address(in)
	if err != nil {
		return Step{}, err
	}
	if s, done, err := once.Peek[Step](ctx, f.DB.Reader(), f.Keys, in.Once, f.DB.Now()); err != nil || done {
		return s, err
	}
	j, err := f.judge(ctx, in, a)
	if err != nil {
		return Step{}, err
	}
	var out Step
	err = f.DB.Tx(ctx, func(tx *db.Tx) (err error) {
		out, err = once.Do(ctx, tx, f.Keys, in.Once, func() (Step, error) {
			return f.settle(ctx, tx, in, a, j, known)
		})
		return err
	})
	return out, err
}

// address reads the typed address. A text from the wrong field is never named,
// looked up or kept (causes who.fields-swapped).
func address(in Ask) (account.Address, error) {
	a, err := account.ParseAddress(in.Email)
	if err != nil && in.Password != "" {
		if _, swapped := account.ParseAddress(in.Password); swapped == nil {
			return a, fault.Field("email", "who.fields-swapped", nil).Offer("retry")
		}
	}
	if err == nil && in.Password == "" {
		err = fault.Field("password", "pw.missing", nil)
	}
	return a, err
}

// judgement is what the password hash said.
type judgement struct {
	stored password.Stored
	right  bool
	raised string // the same password under newer parameters, or ""
}

func (f *Flow) judge(ctx context.Context, in Ask, a account.Address) (judgement, error) {
	j := judgement{}
	if _, err := password.Normalize(in.Password); err != nil {
		// Longer than any password may be, or not text: it cannot be right for
		// anybody, and costs no hash (PW4).
		return j, nil
	}
	var err error
	if j.stored, err = f.Hasher.ByAddress(ctx, f.DB.Reader(), f.Book.Key(a)); err != nil {
		return j, err
	}
	err = f.Gate.Do(ctx, admit.SignIn, func() error {
		right, stale, err := f.Hasher.Verify(j.stored.Hash, in.Password)
		j.right = right && j.stored.Account != ""
		if err == nil && j.right && stale {
			j.raised, err = f.Hasher.Hash(in.Password)
		}
		return err
	})
	return j, err
}

// settle writes the attempt and what follows from the judgement, in one
// transaction.
func (f *Flow) settle(ctx context.Context, tx *db.Tx, in Ask, a account.Address, j judgement, known session.Known) (Step, error) {
	at, err := f.attempt(ctx, tx, in, a)
	if err != nil {
		return Step{}, err
	}
	at.Account = j.stored.Account
	if j.right {
		// The hash was judged before this transaction; a change of the password
		// meanwhile must not be outrun (PW5, SE4).
		if j.right, err = password.Still(ctx, tx, j.stored.Account, j.stored.Version); err != nil {
			return Step{}, err
		}
	}
	out := Step{Hints: shape(in.Password)}
	if err := f.note(ctx, tx, at.ID, in, a, out.Hints, j.right); err != nil {
		return Step{}, err
	}
	acc, state := account.Account{}, account.Closed
	if j.right {
		if acc, err = f.Book.ByID(ctx, tx, j.stored.Account); err != nil {
			return Step{}, err
		}
		if state, err = f.thawed(ctx, tx, acc); err != nil {
			return Step{}, err
		}
	}
	switch state {
	case account.Active:
		at, out.Opened, err = f.letIn(ctx, tx, in, at, acc, j, known)
	case account.Frozen:
		out.Frozen = &Frozen{Account: acc.ID, Since: acc.FrozenAt, ThawAt: acc.ThawAt}
		at.Finding = "policy.frozen"
		at, err = attempt.Move(ctx, tx, at, attempt.Hold)
	default:
		at.Finding = Usual
		at, err = attempt.Move(ctx, tx, at, attempt.Refuse)
	}
	out.ID, out.Reference, out.State, out.Finding = at.ID, at.Reference, at.State, at.Finding
	return out, err
}

// attempt gives the attempt that the form belongs to, or a new one. Each tab has
// its own; one that ran out is quietly begun anew.
func (f *Flow) attempt(ctx context.Context, tx *db.Tx, in Ask, a account.Address) (attempt.Attempt, error) {
	if in.Attempt != "" {
		at, err := attempt.ByID(ctx, tx, in.Attempt)
		switch {
		case err != nil && !errors.Is(err, attempt.ErrNone):
			return at, err
		case err == nil && at.State == attempt.Refused && at.Live(tx.Time()) &&
			bytes.Equal(at.Browser, in.Browser) && bytes.Equal(at.Key, f.Book.Key(a)):
			return attempt.Move(ctx, tx, at, attempt.Retry)
		}
	}
	return attempt.Begin(ctx, tx, attempt.Attempt{Key: f.Book.Key(a), Browser: nonNil(in.Browser), Locale: in.Locale})
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
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

func (f *Flow) letIn(ctx context.Context, tx *db.Tx, in Ask, at attempt.Attempt, acc account.Account, j judgement, known session.Known) (attempt.Attempt, session.Opened, error) {
	isKnown, err := f.Sessions.IsKnown(ctx, tx, known, acc.ID)
	if err != nil {
		return at, session.Opened{}, err
	}
	if isKnown {
		if err := attempt.Add(ctx, tx, at.ID, attempt.KnownBrowser, ""); err != nil {
			return at, session.Opened{}, err
		}
	}
	if err := f.Sessions.Replace(ctx, tx, in.Secret); err != nil {
		return at, session.Opened{}, err
	}
	// A client without our cookies could not show that it is known.
	o, err := f.Sessions.Open(ctx, tx, acc.ID, acc.Address, in.Where, isKnown || len(in.Browser) == 0)
	if err != nil {
		return at, o, err
	}
	if j.raised != "" {
		if err := password.Raise(ctx, tx, acc.ID, j.raised, j.stored.Hash); err != nil {
			return at, o, err
		}
	}
	at.Session, at.Finding = o.Session, ""
	if at, err = attempt.Move(ctx, tx, at, attempt.LetIn); err != nil {
		return at, o, err
	}
	if !isKnown {
		if err := f.tellNewBrowser(ctx, tx, acc, in.Where); err != nil {
			return at, o, err
		}
	}
	return at, o, audit.Write(ctx, tx, "person:"+acc.ID, "session.started", "account:"+acc.ID,
		map[string]string{"session": o.Session, "attempt": at.Reference})
}

// newBrowserMails bounds the notices of new browsers a day: a program that signs
// in without our cookies is new each time.
const newBrowserMails = 10

func (f *Flow) tellNewBrowser(ctx context.Context, tx *db.Tx, acc account.Account, w session.Where) error {
	if wait, err := limit.TakeWindow(ctx, tx, "new browser "+acc.ID, newBrowserMails, 24*time.Hour); err != nil || wait > 0 {
		return err
	}
	to, err := f.Book.Addresses(ctx, tx, acc)
	if err != nil {
		return err
	}
	return f.Post.Tell(ctx, tx, acc, to, letter.NewBrowser,
		delivery.Facts{Browser: w.Label, Place: w.Place(acc.Locale), Masked: account.Mask(acc.Address)})
}

// note keeps what was noticed, never what was typed.
func (f *Flow) note(ctx context.Context, tx *db.Tx, id string, in Ask, a account.Address, hints []string, right bool) error {
	type one struct {
		kind  attempt.Kind
		value string
	}
	// The last note takes the same room whether the password was right or not.
	verdict := one{attempt.WrongPassword, ""}
	if right {
		verdict = one{attempt.RightPassword, ""}
	}
	notes := []one{verdict}
	for _, v := range a.Folded {
		notes = append(notes, one{attempt.FoldedInput, v})
	}
	for _, v := range hints {
		notes = append(notes, one{attempt.PasswordShape, v})
	}
	if in.FormAge > 0 {
		notes = append(notes, one{attempt.FormAge, in.FormAge.Truncate(time.Second).String()})
	}
	if !in.Script {
		notes = append(notes, one{attempt.NoScript, ""})
	}
	for _, n := range notes {
		if err := attempt.Add(ctx, tx, id, n.kind, n.value); err != nil {
			return err
		}
	}
	return nil
}

// Look gives an attempt for polling, to the browser or client that began it.
func (f *Flow) Look(ctx context.Context, id string, browser []byte) (Step, error) {
	at, err := attempt.ByID(ctx, f.DB.Reader(), id)
	if errors.Is(err, attempt.ErrNone) || err == nil && len(at.Browser) > 0 && !bytes.Equal(at.Browser, browser) {
		return Step{}, fault.New(fault.NotFound, "find.midflow-bookmark").Offer("signin")
	}
	return Step{ID: at.ID, Reference: at.Reference, State: at.State, Finding: at.Finding}, err
}

// Failures counts this browser's refused attempts of the last quarter hour: from
// the second on, the page offers a new password first.
func (f *Flow) Failures(ctx context.Context, browser []byte) (int, error) {
	return attempt.RefusedLately(ctx, f.DB.Reader(), browser, f.DB.Now())
}

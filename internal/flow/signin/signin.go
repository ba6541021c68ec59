// Package signin judges an attempt and lets people in.
//
// An attempt is a row; each press is one guarded transition. What a refusal says
// follows from the text's shape and from this browser's own doings, never from
// the account: known and unknown addresses take the same path, with the same
// rows and the same hash (EN1, EN2). A press is two transactions with the hash
// between them: the first asks for the human check and counts the password, so
// that nothing is judged before it is counted (TH2); the second settles what
// came of it.
package signin

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/admit"
	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/factor"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/domain/recovery"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/once"
	"github.com/genkan/genkan/internal/platform/token"
)

// Flow is sign-in.
type Flow struct {
	DB         *db.DB
	Keys       *token.Keyring
	Book       *account.Book
	Hasher     *password.Hasher
	Policy     *password.Policy
	Gate       *admit.Gate
	Sessions   *session.Desk
	Post       *delivery.Post
	Guard      *guard.Guard
	Recoveries *recovery.Desk
	Factors    *factor.Desk
}

// Ask is one press of the sign-in form, or one call.
type Ask struct {
	Email      string
	Password   string
	Human      string // the pass of a solved human check
	Remembered bool   // use the address that this browser's cookie remembers
	Known      string // the known-browser cookie
	Secret     string // the session that this browser has already, if any: it ends (SE2)
	Locale     string
	Browser    []byte
	Network    string // the /24 or /56 that the call comes from
	Attempt    string // id of the attempt that this press goes on with; empty begins one
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
	Finding   string         // cause id of a refusal, or of what is asked
	Hints     []string       // shape hints, from the typed text alone
	Opened    session.Opened // when State is complete
	Frozen    *Frozen        // when State is held
	Sent      *delivery.Sent // the mail with a code, when State is device_check and one was sent
	Siege     guard.Siege    // for a browser known to the address: what strangers do to it
	Renew     *Renew         // the password must be replaced before anybody gets in
	Ways      []string       // methods, strongest first, when State is second_factor
	Behind    time.Duration  // how far the phone's clock is behind, when Finding says that it is
}

// Args are what the words of Finding are filled with.
func (s Step) Args() map[string]any { return factor.Args(s.Behind) }

// Renew is a recovery whose mailbox is proven already: its last step sets the
// new password.
type Renew struct{ ID, Code string }

// Frozen is what the owner of a frozen account is told, after the password.
type Frozen struct {
	Account account.ID
	Since   time.Time
	ThawAt  time.Time
}

// Usual is the cause of every refusal that could be for any reason: wrong
// password, no account, closed, frozen without the right password, or a pause.
const Usual = "signin.refused"

// target is the address that an attempt is for.
type target struct {
	key    []byte // its blind index
	typed  string // as it was typed
	folded []string
}

// Start judges one press of the form.
func (f *Flow) Start(ctx context.Context, in Ask) (Step, error) {
	known, isKnown := f.Sessions.ReadKnown(in.Known)
	if in.Remembered && isKnown {
		in.Email = known.Address
	}
	a, err := address(in)
	if err != nil {
		return Step{}, err
	}
	return f.press(ctx, in, target{f.Book.Key(a), a.Typed, a.Folded})
}

// Again judges a password for an attempt that stands already: after the human
// check, or after a mailed code. The attempt knows the address.
func (f *Flow) Again(ctx context.Context, in Ask) (Step, error) {
	at, err := f.mine(ctx, f.DB.Reader(), in.Attempt, in.Browser)
	if err != nil {
		return Step{}, err
	}
	if in.Password == "" {
		return Step{}, fault.Field("password", "pw.missing", nil)
	}
	to, err := f.target(at)
	if err != nil {
		return Step{}, err
	}
	return f.press(ctx, in, to)
}

// target reads the address of an attempt.
func (f *Flow) target(at attempt.Attempt) (target, error) {
	typed, err := f.Keys.Open("address", at.Sealed, "attempt", "address_sealed", at.ID)
	return target{key: at.Key, typed: string(typed)}, fault.Wrapf(err, "read the address of attempt %s", at.ID)
}

// press is one try of a password.
func (f *Flow) press(ctx context.Context, in Ask, to target) (Step, error) {
	if s, done, err := once.Peek[Step](ctx, f.DB.Reader(), f.Keys, in.Once, f.DB.Now()); err != nil || done {
		return s, err
	}
	b, err := f.begin(ctx, in, to)
	if err != nil || b.Over != nil {
		return b.step(), err
	}
	j, err := f.judge(ctx, in, to, b.Try)
	if err != nil {
		return Step{}, errors.Join(err, f.unjudged(ctx, in, b.Try))
	}
	run := f.DB.Tx
	if !j.right && !b.Try.Begins {
		run = f.DB.TxLight // nothing is opened and no mail is promised
	}
	var out Step
	err = run(ctx, func(tx *db.Tx) (err error) {
		out, err = once.Do(ctx, tx, f.Keys, in.Once, func() (Step, error) { return f.settle(ctx, tx, in, to, b, j) })
		return err
	})
	return out, err
}

// unjudged takes a try back whose password was not judged, because the house was
// full or the caller left. Copies of one press were counted once: so the first
// takes it back, unless another was judged meanwhile, and whichever is still being
// judged finds its count gone and is told nothing.
func (f *Flow) unjudged(ctx context.Context, in Ask, t guard.Try) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := f.DB.Tx(ctx, func(tx *db.Tx) error {
		first, err := once.Undo(ctx, tx, f.Keys, in.begun())
		if err != nil || !first {
			return err
		}
		if in.Once != "" {
			settled, err := once.Holds(ctx, tx, f.Keys, in.Once)
			if err != nil {
				return err
			}
			if settled {
				return errSettled
			}
		}
		return f.Guard.Back(ctx, tx, t)
	})
	if errors.Is(err, errSettled) {
		return nil
	}
	return err
}

// errSettled undoes unjudged: its press was judged.
var errSettled = errors.New("the press was settled")

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

// judge computes one hash. While strangers wait, theirs is a decoy's, which no
// password fits: it costs the same and tells nothing.
func (f *Flow) judge(ctx context.Context, in Ask, to target, t guard.Try) (judgement, error) {
	j := judgement{}
	if _, err := password.Normalize(in.Password); err != nil {
		// Longer than any password may be, or not text: it cannot be right for
		// anybody, and costs no hash (PW4).
		return j, nil
	}
	var err error
	if j.stored, err = f.Hasher.ByAddress(ctx, f.DB.Reader(), to.key); err != nil {
		return j, err
	}
	hash := j.stored.Hash
	if !t.Judge {
		hash = f.Hasher.Decoy()
	}
	err = f.Gate.Do(ctx, admit.SignIn, func() error {
		right, stale, err := f.Hasher.Verify(hash, in.Password)
		// A closed account is a wrong password all the way, in what it costs too.
		j.right = right && j.stored.Account != "" && j.stored.State != account.Closed && t.Judge
		if err == nil && j.right && stale {
			j.raised, err = f.Hasher.Hash(in.Password)
		}
		return err
	})
	return j, err
}

// mine reads an attempt for the browser or client that began it.
func (f *Flow) mine(ctx context.Context, q attempt.DBTX, id string, browser []byte) (attempt.Attempt, error) {
	at, err := attempt.ByID(ctx, q, id)
	if errors.Is(err, attempt.ErrNone) || err == nil && len(at.Browser) > 0 && !bytes.Equal(at.Browser, browser) {
		return at, fault.New(fault.NotFound, "find.midflow-bookmark").Offer("signin")
	}
	return at, err
}

// Look gives an attempt for polling, to the browser or client that began it.
func (f *Flow) Look(ctx context.Context, id string, browser []byte) (Step, error) {
	at, err := f.mine(ctx, f.DB.Reader(), id, browser)
	if err != nil {
		return Step{}, err
	}
	out := Step{}
	if at.State == attempt.SecondFactor && at.Live(f.DB.Now()) {
		out.Ways, err = f.Factors.Ways(ctx, f.DB.Reader(), at.Account)
	}
	return f.stand(at, out), err
}

// stand gives the step that an attempt is at.
func (f *Flow) stand(at attempt.Attempt, s Step) Step {
	s.ID, s.Reference, s.State, s.Finding = at.ID, at.Reference, at.State, at.Finding
	return s
}

// Failures counts this browser's refused attempts of the last quarter hour: from
// the second on, the page offers a new password first.
func (f *Flow) Failures(ctx context.Context, browser []byte) (int, error) {
	return attempt.RefusedLately(ctx, f.DB.Reader(), browser, f.DB.Now())
}

// Siege tells a browser that signed in before what strangers do to the address
// that its cookie remembers.
func (f *Flow) Siege(ctx context.Context, known string) (guard.Siege, error) {
	k, ok := f.Sessions.ReadKnown(known)
	if !ok {
		return guard.Siege{}, nil
	}
	a, err := account.ParseAddress(k.Address)
	if err != nil {
		return guard.Siege{}, nil //nolint:nilerr // an address that is none is under no siege
	}
	key := f.Book.Key(a)
	digest, err := f.Sessions.KnownTo(ctx, f.DB.Reader(), known, key)
	if err != nil || digest == nil {
		return guard.Siege{}, err
	}
	return f.Guard.Look(ctx, f.DB.Reader(), f.DB.Now(), key)
}

// Package factor owns what a person shows besides the password: an authenticator
// app (TOTP, RFC 6238) and recovery codes.
//
// A typed code is judged in one transaction that holds the account's turn, so of
// any number that come at once each is counted before the next is judged, and a
// code is good once (TH4, TO3). Whether a code is asked for, and what follows, is
// the flows' business.
package factor

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
)

// totp is the kind of an authenticator app.
const totp = "totp"

// pendingLife is how long an enrolment that was begun may take.
const pendingLife = 30 * time.Minute

// Desk enrols and judges.
type Desk struct{ Keys *token.Keyring }

// App is an authenticator app that is enrolled.
type App struct {
	ID          string
	ConfirmedAt time.Time
	UsedAt      time.Time
}

// Enrolment is one that was begun; its secret is shown now and never again (TO4).
type Enrolment struct {
	ID     string
	Secret Secret
	Until  time.Time
}

// Enrol begins an enrolment. It takes the place of one that was begun before; an
// app that is enrolled goes on until this one is confirmed, which only the session
// that began it can do.
func (d *Desk) Enrol(ctx context.Context, tx *db.Tx, acc account.ID, session string) (Enrolment, error) {
	e := Enrolment{ID: token.NewSecretID(), Secret: newSecret(), Until: tx.Time().Add(pendingLife)}
	q := New(tx)
	if err := q.takeTurn(ctx, acc, tx.Now()); err != nil {
		return e, fmt.Errorf("take the turn of %s: %w", acc, err)
	}
	if err := q.dropPending(ctx, acc, totp); err != nil {
		return e, fmt.Errorf("drop an enrolment: %w", err)
	}
	err := q.insertFactor(ctx, insertFactorParams{ID: e.ID, AccountID: acc, Kind: totp, SessionID: session,
		SecretSealed: d.Keys.Seal("factor", e.Secret, place(e.ID, acc)...), CreatedAt: tx.Now()})
	return e, fault.Wrapf(err, "begin an enrolment")
}

// place binds a sealed secret to its row and its account (TO1).
func place(id string, acc account.ID) []string {
	return []string{"factor", "secret_sealed", id, acc}
}

// ErrNone says that there is nothing of that id or kind.
var ErrNone = errors.New("no such factor")

// Confirm ends an enrolment with a code of the new app. The app before it is
// over from then on; replaced says whether there was one. Any number of codes may
// be tried: whoever enrols has the secret.
func (d *Desk) Confirm(ctx context.Context, tx *db.Tx, acc account.ID, session, id, code string) (v Verdict, replaced bool, err error) {
	if !sixDigits(code) {
		return Verdict{Finding: Format}, false, nil
	}
	q := New(tx)
	if err := q.takeTurn(ctx, acc, tx.Now()); err != nil {
		return v, false, fmt.Errorf("take the turn of %s: %w", acc, err)
	}
	r, err := q.factorByID(ctx, id, acc)
	if errors.Is(err, sql.ErrNoRows) || err == nil && (r.SessionID != session || r.ConfirmedAt > 0 || tx.Time().Sub(db.Time(r.CreatedAt)) > pendingLife) {
		return v, false, ErrNone
	}
	if err != nil {
		return v, false, fmt.Errorf("read an enrolment: %w", err)
	}
	now := stepOf(tx.Time())
	step, v, err := d.compare(r, code, now)
	if err != nil || !v.Right {
		return v, false, err
	}
	active, err := q.activeFactors(ctx, acc)
	if err != nil {
		return v, false, fmt.Errorf("read the factors of %s: %w", acc, err)
	}
	for _, old := range active {
		if old.Kind == totp {
			replaced = true
			if _, err := q.endFactor(ctx, tx.Now(), old.ID, acc); err != nil {
				return v, false, fmt.Errorf("end a factor: %w", err)
			}
		}
	}
	n, err := q.confirmFactor(ctx, tx.Now(), step, id)
	if err == nil && n != 1 {
		err = ErrNone
	}
	return v, replaced, fault.Wrapf(err, "confirm an enrolment")
}

// Apps gives the authenticator apps of an account.
func (d *Desk) Apps(ctx context.Context, q DBTX, acc account.ID) ([]App, error) {
	rows, err := New(q).activeFactors(ctx, acc)
	if err != nil {
		return nil, db.Unavailable(fmt.Errorf("read the factors of %s: %w", acc, err))
	}
	out := []App{}
	for _, r := range rows {
		out = append(out, App{r.ID, db.Time(r.ConfirmedAt), db.Time(r.UsedAt)})
	}
	return out, nil
}

// The methods by which a second factor is shown at the door.
const (
	ByApp          = "totp"
	ByRecoveryCode = "recovery_code"
)

// Ways gives the methods that an account can show a second factor by, the
// strongest first. It is empty where none is asked: recovery codes stand in for
// a factor, and are none themselves.
func (d *Desk) Ways(ctx context.Context, q DBTX, acc account.ID) ([]string, error) {
	apps, err := d.Apps(ctx, q, acc)
	if err != nil || len(apps) == 0 {
		return nil, err
	}
	ways := []string{ByApp}
	codes, err := d.Codes(ctx, q, acc)
	if codes.Fresh > 0 {
		ways = append(ways, ByRecoveryCode)
	}
	return ways, err
}

// Show judges what was typed for one of the methods.
func (d *Desk) Show(ctx context.Context, tx *db.Tx, acc account.ID, in Ask, method, typed string) (Verdict, error) {
	if method == ByRecoveryCode {
		return d.UseRecoveryCode(ctx, tx, acc, in, typed)
	}
	return d.Judge(ctx, tx, acc, in, typed)
}

// Remove ends an app, and the recovery codes that stood in for it: whoever made
// them must not find them good again when another app is set up one day.
func (d *Desk) Remove(ctx context.Context, tx *db.Tx, acc account.ID, id string) error {
	q := New(tx)
	if err := q.takeTurn(ctx, acc, tx.Now()); err != nil {
		return fmt.Errorf("take the turn of %s: %w", acc, err)
	}
	n, err := q.endFactor(ctx, tx.Now(), id, acc)
	if err == nil && n != 1 {
		return ErrNone
	}
	if err != nil {
		return fmt.Errorf("end a factor: %w", err)
	}
	return fault.Wrapf(q.dropRecoveryCodes(ctx, acc), "void the recovery codes of %s", acc)
}

// Restore undoes what was changed since a moment: an app that was set up is over,
// one that was taken away counts again, and recovery codes that were made are
// void. Those that they took the place of are gone.
func (d *Desk) Restore(ctx context.Context, tx *db.Tx, acc account.ID, since time.Time) error {
	q := New(tx)
	if err := q.takeTurn(ctx, acc, tx.Now()); err != nil {
		return fmt.Errorf("take the turn of %s: %w", acc, err)
	}
	if err := q.dropPending(ctx, acc, totp); err != nil {
		return fmt.Errorf("drop an enrolment: %w", err)
	}
	if _, err := q.endSince(ctx, tx.Now(), acc, db.Micros(since)); err != nil {
		return fmt.Errorf("end what was set up since: %w", err)
	}
	if _, err := q.reviveSince(ctx, acc, db.Micros(since)); err != nil {
		return fmt.Errorf("bring back what was ended since: %w", err)
	}
	_, err := q.dropCodesSince(ctx, acc, db.Micros(since))
	return fault.Wrapf(err, "void the recovery codes of %s", acc)
}

// The findings of a code that does not let anybody in (causes.yaml).
const (
	Format  = "code.format"     // no six digits
	Typo    = "totp.typo"       // it fits nothing
	Used    = "totp.used"       // it was good, once
	Expired = "totp.expired"    // it ran out just now
	Clock   = "totp.clock"      // it is older: the phone's clock is behind
	Old     = "totp.old-secret" // the app is from an earlier set-up
)

// Verdict is what came of a typed code. A finding may be told to whoever proved
// the password, and to nobody else.
type Verdict struct {
	Right   bool
	Finding string        // why not
	Behind  time.Duration // how far the phone's clock is behind, when the finding is Clock
	Misses  int           // wrong codes of this challenge, this one included
	Tell    bool          // the owner is to be told: it is the fifth wrong code of a day
}

// Args are what the words of a finding are filled with; behind is the verdict's.
func Args(behind time.Duration) map[string]any {
	if behind == 0 {
		return nil
	}
	return map[string]any{"Seconds": int(behind.Seconds())}
}

// compare judges a code by one row, without writing. The step is where it fits.
func (d *Desk) compare(r factorRow, code string, now int64) (step int64, v Verdict, err error) {
	secret, err := d.Keys.Open("factor", r.SecretSealed, place(r.ID, r.AccountID)...)
	if err != nil {
		return 0, v, fmt.Errorf("read the secret of factor %s: %w", r.ID, err)
	}
	step, ok := Secret(secret).find(code, now)
	off := step - now
	switch {
	case !ok:
		v.Finding = Typo
	case step <= r.Step:
		v.Finding = Used
	case off >= -window, r.Drift < 0 && off >= max(r.Drift-window, -mendable) && off <= r.Drift+window, mends(r, step, now):
		v.Right = true
	case off == -window-1:
		v.Finding = Expired
	default:
		v.Finding, v.Behind = Clock, time.Duration(-off)*Step
	}
	return step, v, nil
}

// mends tells whether a code that is too old is the second in a row of a clock
// that is behind by so much, and no more than can be followed: two consecutive
// codes, typed when they were shown, are no guess (RFC 6238 section 6).
func mends(r factorRow, step, now int64) bool {
	if r.MissedAt == 0 {
		return false
	}
	then := stepOf(db.Time(r.MissedAt))
	off, before := step-now, r.MissedStep-then
	return off >= -mendable && step > r.MissedStep && now > then && now-then <= mendable && off-before >= -1 && off-before <= 1
}

// Ask is where a code is typed: the attempt or session that it was asked for, and
// whether the browser signed in to the account before.
type Ask struct {
	Challenge string
	Known     bool
}

// Judge judges a typed code of the account's app. The refusal of a code that is not judged any
// more is a fault.TooMany.
func (d *Desk) Judge(ctx context.Context, tx *db.Tx, acc account.ID, in Ask, code string) (Verdict, error) {
	misses, err := d.turn(ctx, tx, acc, in)
	if err != nil {
		return Verdict{}, err
	}
	if !sixDigits(code) {
		return Verdict{Finding: Format, Misses: misses.challenge}, nil // it was compared with nothing
	}
	q := New(tx)
	rows, err := q.activeFactors(ctx, acc)
	if err != nil {
		return Verdict{}, fmt.Errorf("read the factors of %s: %w", acc, err)
	}
	if len(rows) == 0 {
		return Verdict{}, ErrNone
	}
	r, now := rows[0], stepOf(tx.Time()) // there is one at most (factor_one)
	step, v, err := d.compare(r, code, now)
	if err != nil {
		return Verdict{}, err
	}
	if v.Right {
		return d.accept(ctx, q, tx, r, step, now)
	}
	if v.Finding == Typo {
		v.Finding, err = d.retired(ctx, q, acc, code, now)
	} else if v.Finding != Used {
		err = q.missStep(ctx, step, step, tx.Now(), r.ID) // TO2: the step is spent
	}
	if err != nil {
		return Verdict{}, fmt.Errorf("note a missed step: %w", err)
	}
	return d.miss(ctx, tx, acc, in, misses, v)
}

// drift is how far behind a clock is that showed a code so many steps off: a code
// of the window says nothing, so that codes of its edge do not carry it along.
func drift(off int64) int64 {
	if off >= -window {
		return 0
	}
	return off
}

func (d *Desk) accept(ctx context.Context, q *Queries, tx *db.Tx, r factorRow, step, now int64) (Verdict, error) {
	n, err := q.takeStep(ctx, step, drift(step-now), tx.Now(), r.ID)
	if err == nil && n != 1 {
		return Verdict{}, fault.New(fault.Conflict, Used) // cannot be: the turn is ours
	}
	return Verdict{Right: true}, fault.Wrapf(err, "spend a step")
}

// retired looks whether the code is of an earlier set-up: kept to say just that.
func (d *Desk) retired(ctx context.Context, q *Queries, acc account.ID, code string, now int64) (string, error) {
	rows, err := q.retiredFactors(ctx, acc, totp)
	if err != nil {
		return "", err
	}
	for _, r := range rows {
		secret, err := d.Keys.Open("factor", r.SecretSealed, place(r.ID, r.AccountID)...)
		if err != nil {
			continue // its key was taken out: it is only a hint
		}
		if _, ok := Secret(secret).find(code, now); ok {
			return Old, nil
		}
	}
	return Typo, nil
}

// Wrong codes that are judged (TH4).
const (
	perChallenge = 5
	perHour      = 10
	perDay       = 20
	tellAt       = 5

	// Of these a browser that the account does not know may use so many less:
	// whoever has the password must not shut the owner's own browser out (TH5).
	keptHour = 3
	keptDay  = 5
)

// misses are the wrong codes so far.
type misses struct{ challenge, hour, day int }

// turn holds the account's turn until the transaction ends and gives the wrong
// codes so far. It refuses when there were too many.
func (d *Desk) turn(ctx context.Context, tx *db.Tx, acc account.ID, in Ask) (n misses, err error) {
	q := New(tx)
	if err := q.takeTurn(ctx, acc, tx.Now()); err != nil {
		return n, fmt.Errorf("take the turn of %s: %w", acc, err)
	}
	day, hour := tx.Time().Add(-24*time.Hour), tx.Time().Add(-time.Hour)
	rows, err := q.missesOf(ctx, acc, db.Micros(day))
	if err != nil {
		return n, fmt.Errorf("count the wrong codes of %s: %w", acc, err)
	}
	n.day = len(rows)
	for _, r := range rows {
		if r.Challenge == in.Challenge {
			n.challenge++
		}
		if db.Time(r.At).After(hour) {
			n.hour++
		}
	}
	anHour, aDay := perHour, perDay
	if !in.Known {
		anHour, aDay = perHour-keptHour, perDay-keptDay
	}
	switch {
	case n.day >= aDay: // newest first: the last that is allowed must be forgotten
		return n, tooMany(db.Time(rows[aDay-1].At).Add(24 * time.Hour).Sub(tx.Time()))
	case n.hour >= anHour:
		return n, tooMany(db.Time(rows[anHour-1].At).Add(time.Hour).Sub(tx.Time()))
	case n.challenge >= perChallenge:
		return n, fault.New(fault.TooMany, "code.too_many").Offer("signin")
	}
	return n, nil
}

func tooMany(wait time.Duration) error {
	return fault.New(fault.TooMany, "lock.factor").After(wait).Offer("help")
}

// miss keeps a wrong code.
func (d *Desk) miss(ctx context.Context, tx *db.Tx, acc account.ID, in Ask, before misses, v Verdict) (Verdict, error) {
	v.Misses = before.challenge + 1
	v.Tell = before.day+1 == tellAt
	err := New(tx).insertMiss(ctx, token.NewID(), acc, in.Challenge, tx.Now())
	return v, fault.Wrapf(err, "keep a wrong code")
}

// Sweep forgets wrong codes after a day and enrolments that nobody ended, at most
// n of each.
func Sweep(ctx context.Context, tx *db.Tx, n int) (int64, error) {
	a, err := New(tx).sweepMisses(ctx, db.Micros(tx.Time().Add(-24*time.Hour)), int32(n))
	if err != nil {
		return a, err
	}
	b, err := New(tx).sweepPending(ctx, db.Micros(tx.Time().Add(-pendingLife)), int32(n))
	return max(a, b), err
}

// random gives n random letters of an alphabet of 32.
func random(alphabet string, n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	for i := range b {
		b[i] = alphabet[b[i]%32]
	}
	return string(b)
}

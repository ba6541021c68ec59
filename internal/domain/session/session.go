// Package session owns signed-in browsers and browsers that are known.
//
// A session is a row and a secret of 256 random bits of which only the SHA-256
// is stored (SE1). It ends by sign-out, by an event of its account, by idling or
// by age; the server keeps all of these times (SE3). Checking one asks a bounded
// memory that hears of every end within a second on every node, and that is not
// believed while it might have missed one (SE4): then the database is asked.
package session

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/geo"
	"github.com/genkan/genkan/internal/platform/token"
)

// Where is what a session's list shows of the browser, so that its owner can
// recognise it.
type Where struct {
	Label   string // "Chrome, Android"
	Country string // ISO 3166-1 code, or "" when the operator has no database
	Network string
}

// Session is one signed-in browser, with what applications ask about its person.
type Session struct {
	ID        string
	Account   account.ID
	Where     Where
	CreatedAt time.Time
	ProvenAt  time.Time // last proof of identity, for SE5
	FactorAt  time.Time // last proof by a second factor; zero: none was given
	SeenAt    time.Time
	ExpiresAt time.Time

	// The rest is filled by Check only.
	Address    string
	Locale     string
	HoldUntil  time.Time
	HoldReason string
}

// FreshProof is how recent a proof must be for changes of the account (SE5).
const FreshProof = 5 * time.Minute

// Ends is why a session ended.
type Ends string

// The reasons; the page that meets an ended session says which.
const (
	SignedOut   Ends = "signed_out"
	EndedByUser Ends = "ended_by_owner"
	NewPassword Ends = "password_changed"
	Recovered   Ends = "recovered"
	NewAddress  Ends = "address_changed"
	NewFactor   Ends = "factor_changed"
	WasFrozen   Ends = "frozen"
	Replaced    Ends = "replaced" // by signing in anew in the same browser
)

// Desk starts, checks and ends sessions.
type Desk struct {
	DB       *db.DB
	Keys     *token.Keyring
	Idle     time.Duration
	Absolute time.Duration

	memory *memory
}

const channel = "genkan_session"

// NewDesk makes a desk whose memory listens until ctx ends.
func NewDesk(ctx context.Context, d *db.DB, keys *token.Keyring, idle, absolute time.Duration) *Desk {
	desk := &Desk{DB: d, Keys: keys, Idle: idle, Absolute: absolute, memory: newMemory()}
	desk.memory.ear = d.Listen(ctx, channel, desk.memory.forget, desk.memory.clear)
	return desk
}

// Start opens a session and gives its secret, which is never seen again.
func (d *Desk) Start(ctx context.Context, tx *db.Tx, acc account.ID, w Where) (string, Session, error) {
	secret, hash := token.Secret()
	s := Session{ID: token.NewID(), Account: acc, Where: w, CreatedAt: tx.Time(), ProvenAt: tx.Time(),
		SeenAt: tx.Time(), ExpiresAt: tx.Time().Add(d.Absolute)}
	err := New(tx).insertSession(ctx, insertSessionParams{
		ID: s.ID, SecretHash: hash, AccountID: acc, Label: w.Label, Country: w.Country, Network: w.Network,
		Now: tx.Now(), ExpiresAt: db.Micros(s.ExpiresAt),
	})
	return secret, s, fault.Wrapf(err, "start a session")
}

// ErrNone says that there is no such session, or that it ended.
var ErrNone = errors.New("no such session")

// Check gives the session of a secret, or ErrNone. Any other error means that
// it could not be found out: the caller must not let anybody in (FA3).
func (d *Desk) Check(ctx context.Context, secret string) (Session, error) {
	return d.CheckWithin(ctx, secret, 0)
}

// CheckWithin is Check for callers that cannot wait longer than limit; 0 is as
// long as ctx lasts. What is remembered needs no timer.
func (d *Desk) CheckWithin(ctx context.Context, secret string, limit time.Duration) (Session, error) {
	if len(secret) != 43 {
		return Session{}, ErrNone
	}
	key := keyOf(secret)
	now := d.DB.Now()
	if s, ok := d.memory.get(key, now, d.Idle); ok {
		return s, nil
	}
	if limit > 0 {
		bounded, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		ctx = bounded
	}
	return d.load(ctx, key, now)
}

func (d *Desk) load(ctx context.Context, key key, now time.Time) (Session, error) {
	turn := d.memory.turn.Load()
	row, err := New(d.DB.Reader()).sessionBySecret(ctx, key[:])
	if errors.Is(err, sql.ErrNoRows) {
		return Session{}, ErrNone
	}
	if err != nil {
		return Session{}, db.Unavailable(fmt.Errorf("check a session: %w", err))
	}
	s := Session{ID: row.ID, Account: row.AccountID,
		Where:     Where{Label: row.Label, Country: row.Country, Network: row.Network},
		CreatedAt: db.Time(row.CreatedAt), ProvenAt: db.Time(row.ProvenAt), FactorAt: db.Time(row.FactorAt), SeenAt: db.Time(row.SeenAt),
		ExpiresAt: db.Time(row.ExpiresAt), Locale: row.Locale, HoldUntil: db.Time(row.HoldUntil), HoldReason: row.HoldReason}
	if row.EndedAt != 0 || account.State(row.State) != account.Active ||
		!now.Before(s.ExpiresAt) || now.Sub(s.SeenAt) >= d.Idle {
		return Session{}, ErrNone
	}
	plain, err := d.Keys.Open("address", row.AddressSealed, "account", "address_sealed", row.AccountID)
	if err != nil {
		return Session{}, fmt.Errorf("check session %s: %w", s.ID, err)
	}
	s.Address = string(plain)
	// What ended while we read must not be remembered as alive.
	d.memory.put(key, s, now, turn)
	return s, nil
}

// Rotate gives the session a new secret; the old one is dead at once (SE2). It
// proves nothing: see Prove.
func (d *Desk) Rotate(ctx context.Context, tx *db.Tx, s Session, oldSecret string) (string, error) {
	secret, hash := token.Secret()
	n, err := New(tx).rotate(ctx, hash, tx.Now(), s.ID, token.Hash(oldSecret))
	if err != nil {
		return "", fmt.Errorf("rotate session %s: %w", s.ID, err)
	}
	if n != 1 {
		return "", fault.New(fault.Denied, "session.ended")
	}
	return secret, d.tell(ctx, tx, s.Account)
}

// Proof is by what somebody proved who they are in a session (SE5). A mailed code
// is none.
type Proof int64

// The proofs.
const (
	ByPassword Proof = iota
	ByFactor
)

// Prove notes that somebody proved in a session, now, who they are.
func (d *Desk) Prove(ctx context.Context, tx *db.Tx, acc account.ID, id string, by Proof) error {
	n, err := New(tx).prove(ctx, tx.Now(), int64(by), id)
	if err == nil && n != 1 {
		return fault.New(fault.Denied, "session.ended")
	}
	if err != nil {
		return fmt.Errorf("note a proof in session %s: %w", id, err)
	}
	return d.tell(ctx, tx, acc)
}

// List gives an account's live sessions, the last seen first.
func (d *Desk) List(ctx context.Context, acc account.ID) ([]Session, error) {
	now := d.DB.Now()
	rows, err := New(d.DB.Reader()).sessionsOf(ctx, acc, db.Micros(now), db.Micros(now.Add(-d.Idle)))
	if err != nil {
		return nil, db.Unavailable(fmt.Errorf("list sessions: %w", err))
	}
	out := make([]Session, len(rows))
	for i, r := range rows {
		out[i] = Session{ID: r.ID, Account: acc, Where: Where{Label: r.Label, Country: r.Country, Network: r.Network},
			CreatedAt: db.Time(r.CreatedAt), ProvenAt: db.Time(r.ProvenAt), SeenAt: db.Time(r.SeenAt), ExpiresAt: db.Time(r.ExpiresAt)}
	}
	return out, nil
}

// End ends one session of an account; false when it was no live session of it.
func (d *Desk) End(ctx context.Context, tx *db.Tx, acc account.ID, id string, why Ends) (bool, error) {
	n, err := New(tx).endOne(ctx, tx.Now(), string(why), id, acc)
	if err != nil {
		return false, fmt.Errorf("end session %s: %w", id, err)
	}
	return n == 1, d.tell(ctx, tx, acc)
}

// Replace ends the session that a browser has when it is let in anew (SE2). An
// empty or dead secret is fine.
func (d *Desk) Replace(ctx context.Context, tx *db.Tx, secret string) error {
	if secret == "" {
		return nil
	}
	acc, err := New(tx).replace(ctx, tx.Now(), token.Hash(secret))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("replace a session: %w", err)
	}
	return d.tell(ctx, tx, acc)
}

// EndAll ends every session of an account but one ("" for none) and gives how
// many there were.
func (d *Desk) EndAll(ctx context.Context, tx *db.Tx, acc account.ID, except string, why Ends) (int64, error) {
	n, err := New(tx).endAll(ctx, tx.Now(), string(why), acc, except)
	if err != nil {
		return 0, fmt.Errorf("end sessions of %s: %w", acc, err)
	}
	return n, d.tell(ctx, tx, acc)
}

// Changed makes every node read an account's sessions anew, for when what they
// carry about the person changed.
func (d *Desk) Changed(ctx context.Context, tx *db.Tx, acc account.ID) error {
	return d.tell(ctx, tx, acc)
}

func (d *Desk) tell(ctx context.Context, tx *db.Tx, acc account.ID) error {
	return tx.Notify(ctx, channel, acc)
}

// Flush writes down when remembered sessions were last used. It runs every few
// seconds; Idle is judged with at most that error.
func (d *Desk) Flush(ctx context.Context) error {
	seen := d.memory.takeDirty()
	if len(seen) == 0 {
		return nil
	}
	return d.DB.Tx(ctx, func(tx *db.Tx) error {
		q := New(tx)
		for id, at := range seen {
			if err := q.touch(ctx, db.Micros(at), id); err != nil {
				return fmt.Errorf("touch session: %w", err)
			}
		}
		return nil
	})
}

// Sweep forgets sessions a week after their end of life and browsers that were
// not used for a year, at most n of each.
func Sweep(ctx context.Context, tx *db.Tx, n int) (int64, error) {
	q := New(tx)
	sessions, err := q.sweepSessions(ctx, tx.Time().Add(-7*24*time.Hour).UnixMicro(), int32(n))
	if err != nil {
		return 0, err
	}
	browsers, err := q.sweepBrowsers(ctx, tx.Time().Add(-knownLife).UnixMicro(), int32(n))
	return max(sessions, browsers), err
}

// Place gives country and network as one text in a language, for lists and
// notices, or "".
func (w Where) Place(lang string) string {
	country := w.Country
	if country != "" {
		country = geo.CountryName(country, lang)
	}
	switch {
	case country == "":
		return w.Network
	case w.Network == "":
		return country
	case lang == "ja":
		return country + "・" + w.Network
	}
	return country + ", " + w.Network
}

// Package delivery owns messages to people and what became of each: its trace.
//
// A message is a row written in the transaction of the act that causes it, so
// it never leaves for an act that was undone (CO3). A worker decides what to
// write only when it writes it: the request that asked for a code did not look
// whether there is an account, so it cannot tell (EN2).
package delivery

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/limit"
	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/platform/outbox"
	"github.com/genkan/genkan/internal/platform/token"
)

// Kind is why a message is written; what it says is decided by its Writer.
type Kind string

// The kinds that strangers can cause. Notices to owners have the kinds of
// package letter.
const (
	Registration  Kind = "registration"
	Recovery      Kind = "recovery"
	AddressChange Kind = "address_change"
	ThawCode      Kind = "thaw_code"
	SignInCode    Kind = "sign_in_code"
	Siege         Kind = "siege" // strangers guess: told to the owner, if there is one
)

// State is how far a message is.
type State string

// The states. HandedOver: the operator's mail server took it. Suppressed: we
// did not send it, because the same was said lately.
const (
	Queued     State = "queued"
	Deferred   State = "deferred"
	HandedOver State = "handed_over"
	Refused    State = "refused"
	Suppressed State = "suppressed"
	Expired    State = "expired"
)

// Final tells whether nothing more will happen.
func (s State) Final() bool { return s != Queued && s != Deferred }

// Draft is a message to be written.
type Draft struct {
	Kind    Kind
	Locale  string
	To      string // address, byte for byte
	Key     []byte // its blind index
	Subject string // id of the act, or of the account for notices
	Browser []byte // who may see the trace; empty: nobody
	Facts   Facts
	Life    time.Duration // never sent after that
	Proof   Proof         // what was proven by whoever causes it: decides whose cap it takes from (RS8)
}

// Proof is what somebody who causes a message has proven. Each has caps of its
// own, so that strangers who use theirs up do not shut the owner out.
type Proof int

// The proofs.
const (
	NoProof  Proof = iota // anybody can cause it
	Known                 // a browser that signed in to this address before; has a reserve
	Password              // the password was right
	ByOwner               // a notice of a proven act: no cap
)

// Facts are what a notice says. They are sealed, and wiped once it is sent.
type Facts struct {
	At      time.Time `json:"at,omitzero"`
	Browser string    `json:"browser,omitempty"`
	Place   string    `json:"place,omitempty"`
	Masked  string    `json:"masked,omitempty"`
	Until   time.Time `json:"until,omitzero"`
	Change  string    `json:"change,omitempty"` // id of the address change it may undo
}

// Message is a row, opened.
type Message struct {
	ID        string
	Kind      Kind
	Locale    string
	To        string
	Key       []byte
	Subject   string
	Browser   []byte
	Facts     Facts
	State     State
	Said      letter.Kind // what it said, or has claimed to say
	Ordinal   int
	Tries     int
	CreatedAt time.Time
	ExpiresAt time.Time
	DoneAt    time.Time // zero until the state is final
}

// Letter is what a Writer decided to send. Fold names an earlier message that
// said the same lately: nothing is sent, and the trace is that one's. Drop says
// that the act is over or its address was corrected: nothing is sent any more.
type Letter struct {
	Kind letter.Kind
	Data letter.Data
	Fold string
	Drop bool
	To   string // where the letter goes instead of the typed address; for an account, its stored one (RS5)
	// Locale replaces that of whoever caused the message: what nobody asked for is
	// written in its reader's language.
	Locale string
}

// Writer decides what a message of its kind says, when it is about to be sent.
// It may be asked again for the same message.
type Writer func(ctx context.Context, m Message) (Letter, error)

// Carrier takes a composed message to the next hop and notes each stage. Errors
// are *mail.SendError.
type Carrier interface {
	Carry(ctx context.Context, m mail.Message, note func(mail.Step)) error
}

// House is what every letter says about its sender.
type House struct {
	NameJA, NameEN string
	FromName       string // name of the sender; empty for the service's
	Origin         string // "https://account.example.jp"
	SupportURL     string
	From           string
	Zone           *time.Location
}

// Issuer is the service's name in authenticator apps. It is one for all: an entry
// keeps the name that it was made with, whatever language its owner reads later.
func (h House) Issuer() string { return h.NameEN }

// Post writes messages and sends them.
type Post struct {
	DB      *db.DB
	Keys    *token.Keyring
	Queue   *outbox.Queue
	Carrier Carrier
	House   House
	Writers map[Kind]Writer
}

// Sent is what the page that waits for a message shows.
type Sent struct {
	ID      string
	Ordinal int // first, second, … of this act
	At      time.Time
	NextAt  time.Time // a resend is possible from then on
}

// resendPause is the shortest time between two messages of one act.
const resendPause = 60 * time.Second

// perHour and perDay cap what can be caused towards one address, over all
// capped kinds, in any hour and any day (RS8). Counting looks at the typed
// address only.
const (
	perHour = 3
	perDay  = 10
)

// SendJob is the queue's job for one message.
type SendJob struct {
	Message string `json:"message"`
}

// Kind names the job.
func (SendJob) Kind() string { return "message.send" }

// Send writes a message into the transaction. A capped one may be refused with
// lock.resend-limit and the time until the next is possible; the refusal is the
// same whether an account exists or not.
func (p *Post) Send(ctx context.Context, tx *db.Tx, d Draft) (Sent, error) {
	if d.Proof != ByOwner {
		if err := p.cap(ctx, tx, d); err != nil {
			return Sent{}, err
		}
	}
	q := New(tx)
	before, err := q.countOfSubject(ctx, d.Subject)
	if err != nil {
		return Sent{}, fmt.Errorf("count messages: %w", err)
	}
	facts, err := json.Marshal(d.Facts)
	if err != nil {
		return Sent{}, fmt.Errorf("keep the facts: %w", err)
	}
	id := token.NewSecretID()
	err = q.insertMessage(ctx, insertMessageParams{
		ID: id, Kind: string(d.Kind), Locale: d.Locale, RecipientKey: d.Key,
		RecipientSealed: p.Keys.Seal("address", []byte(d.To), "message", "recipient_sealed", id),
		PayloadSealed:   p.Keys.Seal("payload", facts, "message", "payload_sealed", id),
		SubjectID:       d.Subject, Browser: nonNil(d.Browser), State: string(Queued), Ordinal: before + 1,
		Now: tx.Now(), ExpiresAt: tx.Time().Add(d.Life).UnixMicro(),
	})
	if err != nil {
		return Sent{}, fmt.Errorf("write a message: %w", err)
	}
	s := Sent{ID: id, Ordinal: int(before) + 1, At: tx.Time(), NextAt: tx.Time().Add(resendPause)}
	return s, p.Queue.Add(ctx, tx, SendJob{id})
}

func nonNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// window is one cap.
type window struct {
	name   string
	most   int
	within time.Duration
}

func (p *Post) cap(ctx context.Context, tx *db.Tx, d Draft) error {
	act := []window{{fmt.Sprintf("mail act %s %x", d.Subject, d.Key), 1, resendPause}}
	if err := refuse(ctx, tx, act); err != nil {
		return err
	}
	set := func(who string, hour, day int) []window {
		return []window{{fmt.Sprintf("mail %shour %x", who, d.Key), hour, time.Hour},
			{fmt.Sprintf("mail %sday %x", who, d.Key), day, 24 * time.Hour}}
	}
	switch d.Proof {
	case Known:
		wait, err := take(ctx, tx, set("", perHour, perDay))
		if err != nil || wait == 0 {
			return err
		}
		return refuse(ctx, tx, set("known ", 1, 3))
	case Password:
		return refuse(ctx, tx, set("proven ", perHour, perDay))
	}
	return refuse(ctx, tx, set("", perHour, perDay))
}

// take counts in every window, or tells the wait of the first that is full.
func take(ctx context.Context, tx *db.Tx, all []window) (wait time.Duration, err error) {
	for _, w := range all {
		if wait, err = limit.TakeWindow(ctx, tx, w.name, w.most, w.within); err != nil || wait > 0 {
			return wait, err
		}
	}
	return 0, nil
}

func refuse(ctx context.Context, tx *db.Tx, all []window) error {
	wait, err := take(ctx, tx, all)
	if err != nil || wait == 0 {
		return err
	}
	return fault.New(fault.TooMany, "lock.resend-limit").After(wait).
		With("at", tx.Time().Add(wait)).Offer("mail_help")
}

// Tell writes a notice of a security event to every address of its owner (SE7).
// Notices are not capped: only acts that proved something cause them.
func (p *Post) Tell(ctx context.Context, tx *db.Tx, to account.Account, addresses []string, kind letter.Kind, f Facts) error {
	f.At = tx.Time()
	for _, address := range addresses {
		a, err := account.ParseAddress(address)
		if err != nil {
			return fmt.Errorf("read an address of %s: %w", to.ID, err)
		}
		_, err = p.Send(ctx, tx, Draft{Kind: Kind(kind), Locale: to.Locale, To: address,
			Key: p.Keys.Index("address", a.Key), Subject: to.ID, Facts: f, Life: 72 * time.Hour, Proof: ByOwner})
		if err != nil {
			return err
		}
	}
	return nil
}

// ErrNone says that there is no such message.
var ErrNone = errors.New("no such message")

// ByID reads one message, or ErrNone.
func (p *Post) ByID(ctx context.Context, q DBTX, id string) (Message, error) {
	r, err := New(q).messageByID(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Message{}, ErrNone
	}
	if err != nil {
		return Message{}, db.Unavailable(fmt.Errorf("read message: %w", err))
	}
	to, err := p.Keys.Open("address", r.RecipientSealed, "message", "recipient_sealed", id)
	if err != nil {
		return Message{}, fmt.Errorf("read message %s: %w", id, err)
	}
	m := Message{ID: id, Kind: Kind(r.Kind), Locale: r.Locale, To: string(to), Key: r.RecipientKey,
		Subject: r.SubjectID, Browser: r.Browser, State: State(r.State), Said: letter.Kind(r.SentKind), Ordinal: int(r.Ordinal), Tries: int(r.Tries),
		CreatedAt: db.Time(r.CreatedAt), ExpiresAt: db.Time(r.ExpiresAt), DoneAt: db.Time(r.DoneAt)}
	if len(r.PayloadSealed) == 0 {
		return m, nil
	}
	facts, err := p.Keys.Open("payload", r.PayloadSealed, "message", "payload_sealed", id)
	if err != nil {
		return Message{}, fmt.Errorf("read message %s: %w", id, err)
	}
	return m, json.Unmarshal(facts, &m.Facts)
}

// Newest gives what the waiting page of an act shows of its latest message.
func (p *Post) Newest(ctx context.Context, q DBTX, subject string) (Sent, error) {
	id, err := New(q).newestOfSubject(ctx, subject)
	if errors.Is(err, sql.ErrNoRows) {
		return Sent{}, ErrNone
	}
	if err != nil {
		return Sent{}, db.Unavailable(fmt.Errorf("find message: %w", err))
	}
	m, err := p.ByID(ctx, q, id)
	return Sent{ID: id, Ordinal: m.Ordinal, At: m.CreatedAt, NextAt: m.CreatedAt.Add(resendPause)}, err
}

// Claim makes m the one message in a window that says kind to its recipient. It
// gives "" when m may say it (also when it is tried again), or the id of the
// message that did, or is about to. Of two at the same moment one is first.
func (p *Post) Claim(ctx context.Context, tx *db.Tx, m Message, kind letter.Kind, window time.Duration) (earlier string, err error) {
	q := New(tx)
	row, err := q.messageByID(ctx, m.ID)
	if err != nil {
		return "", fmt.Errorf("read message %s: %w", m.ID, err)
	}
	if row.SentKind == string(kind) {
		return "", nil
	}
	wait, err := limit.TakeWindow(ctx, tx, claimed(string(kind), m), 1, window)
	if err != nil {
		return "", err
	}
	if wait == 0 {
		return "", fault.Wrapf(q.claimMessage(ctx, string(kind), m.ID), "claim message %s", m.ID)
	}
	earlier, err = q.newestOfKind(ctx, m.Key, string(kind), m.ID)
	return earlier, fault.Wrapf(err, "find the message that said %s", kind)
}

func claimed(kind string, m Message) string { return fmt.Sprintf("said %s %x", kind, m.Key) }

// unclaim gives up what m claimed, because it was not taken and nobody read it:
// the next message tells its reader instead, in a conversation of its own. One
// that waited or was folded there would tell a stranger that it is (EN1).
func (p *Post) unclaim(ctx context.Context, m Message) error {
	return p.DB.Tx(ctx, func(tx *db.Tx) error {
		q := New(tx)
		row, err := q.messageByID(ctx, m.ID)
		if err != nil || row.SentKind == "" {
			return fault.Wrapf(err, "read message %s", m.ID)
		}
		if err := limit.Return(ctx, tx, claimed(row.SentKind, m)); err != nil {
			return err
		}
		return fault.Wrapf(q.claimMessage(ctx, "", m.ID), "unclaim message %s", m.ID)
	})
}

// Step is one line of a trace.
type Step struct {
	At                         time.Time
	Hop, Stage, Enhanced, Text string
	Code                       int
}

// Trace gives what became of a message so far.
func (p *Post) Trace(ctx context.Context, id string) ([]Step, error) {
	rows, err := New(p.DB.Reader()).stepsOf(ctx, id)
	if err != nil {
		return nil, db.Unavailable(fmt.Errorf("read trace: %w", err))
	}
	out := make([]Step, len(rows))
	for i, r := range rows {
		out[i] = Step{db.Time(r.At), r.Hop, r.Stage, r.Enhanced, r.Text, int(r.Code)}
	}
	return out, nil
}

// Sweep forgets messages after 30 days, traces with them.
func Sweep(ctx context.Context, tx *db.Tx, n int) (int64, error) {
	return New(tx).sweepMessages(ctx, tx.Time().Add(-30*24*time.Hour).UnixMicro(), int32(n))
}

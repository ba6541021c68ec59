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
	Capped  bool          // strangers can cause it: RS8 caps it
}

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
	Ordinal   int
	Tries     int
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Letter is what a Writer decided to send. Fold names an earlier message that
// said the same lately: nothing is sent, and the trace is that one's. Drop says
// that the act is over or its address was corrected: nothing is sent any more.
type Letter struct {
	Kind letter.Kind
	Data letter.Data
	Fold string
	Drop bool
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
	if d.Capped {
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

func (p *Post) cap(ctx context.Context, tx *db.Tx, d Draft) error {
	for _, b := range []struct {
		name   string
		most   int
		within time.Duration
	}{
		{fmt.Sprintf("mail act %s %x", d.Subject, d.Key), 1, resendPause},
		{fmt.Sprintf("mail hour %x", d.Key), perHour, time.Hour},
		{fmt.Sprintf("mail day %x", d.Key), perDay, 24 * time.Hour},
	} {
		wait, err := limit.TakeWindow(ctx, tx, b.name, b.most, b.within)
		if err != nil {
			return err
		}
		if wait > 0 {
			return fault.New(fault.TooMany, "lock.resend-limit").After(wait).
				With("at", tx.Time().Add(wait)).Offer("mail_help")
		}
	}
	return nil
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
			Key: p.Keys.Index("address", a.Key), Subject: to.ID, Facts: f, Life: 72 * time.Hour})
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
		Subject: r.SubjectID, Browser: r.Browser, State: State(r.State), Ordinal: int(r.Ordinal), Tries: int(r.Tries),
		CreatedAt: db.Time(r.CreatedAt), ExpiresAt: db.Time(r.ExpiresAt)}
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

// SentLately finds a message that said kind to this recipient since t, other
// than except.
func (p *Post) SentLately(ctx context.Context, key []byte, kind letter.Kind, t time.Time, except string) (string, bool, error) {
	id, err := New(p.DB.Reader()).newestSentOfKind(ctx, key, string(kind), db.Micros(t), except)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return id, err == nil, db.Unavailable(err)
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

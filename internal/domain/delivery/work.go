package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/platform/outbox"
)

// pauses between tries; greylisting servers want minutes, not seconds.
var pauses = []time.Duration{15 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute}

// noteWithin bounds writing down what happened.
const noteWithin = 10 * time.Second

// Work sends one message. It may run twice for the same message: a repeat has
// the same Message-ID and the same bytes (CO3).
func (p *Post) Work(ctx context.Context, j SendJob) error {
	began := p.DB.Now()
	err := p.work(ctx, j, began)
	for errors.Is(err, errDecideAnew) {
		err = p.work(ctx, j, began)
	}
	return err
}

// errDecideAnew says that the message which this one would only repeat was not
// taken, so that this one is to be written after all.
var errDecideAnew = errors.New("decide anew what the message says")

func (p *Post) work(ctx context.Context, j SendJob, began time.Time) error {
	m, err := p.ByID(ctx, p.DB.Reader(), j.Message)
	if errors.Is(err, ErrNone) || err == nil && m.State.Final() {
		return nil
	}
	if err != nil {
		return err
	}
	if !p.DB.Now().Before(m.ExpiresAt) {
		return p.end(ctx, m, Expired, "", nil)
	}
	l, err := p.write(ctx, m)
	if err != nil {
		return fmt.Errorf("write message %s: %w", m.ID, err)
	}
	if l.Drop {
		return p.end(ctx, m, Expired, "", nil)
	}
	if l.Fold != "" {
		return p.fold(ctx, m, l, began)
	}
	return p.carry(ctx, m, l)
}

func (p *Post) write(ctx context.Context, m Message) (Letter, error) {
	if w, ok := p.Writers[m.Kind]; ok {
		return w(ctx, m)
	}
	return p.notice(m), nil
}

func (p *Post) carry(ctx context.Context, m Message, l Letter) error {
	m.Locale = cmp.Or(l.Locale, m.Locale)
	subject, text, html, err := letter.Render(l.Kind, m.Locale, l.Data)
	if err != nil {
		return fmt.Errorf("render message %s: %w", m.ID, err)
	}
	_, host, _ := strings.Cut(p.House.From, "@")
	sender := p.House.FromName
	if sender == "" {
		sender = p.name(m.Locale)
	}
	var steps []Step
	err = p.Carrier.Carry(ctx, mail.Message{
		ID: m.ID + "@" + host, From: p.House.From, FromName: sender, To: cmp.Or(l.To, m.To),
		Subject: subject, Text: text, HTML: html, Lang: m.Locale, Date: m.CreatedAt,
	}, func(s mail.Step) {
		text := s.Text
		if s.Code < 400 {
			// What servers say when all is well holds queue ids and sizes, and
			// those would tell one letter from another.
			text = ""
		}
		steps = append(steps, Step{s.At, s.Hop, s.Stage, s.Enhanced, text, s.Code})
	})
	// What happened is written down even when we are told to stop: a mail that
	// was taken and not noted would be sent again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	if err == nil {
		return p.end(ctx, m, HandedOver, l.Kind, steps)
	}
	var failed *mail.SendError
	if errors.As(err, &failed) && !failed.Unknown {
		if err := p.unclaim(ctx, m); err != nil {
			return err
		}
		if !failed.Temporary && failed.Class != mail.ClassOurs {
			return p.end(ctx, m, Refused, "", steps)
		}
	}
	// Temporary, unknown, or the operator's to mend: try again until it expires.
	if err := p.end(ctx, m, Deferred, "", steps); err != nil {
		return err
	}
	return outbox.Later(pauses[min(m.Tries, len(pauses)-1)])
}

// end notes what happened. A final state wipes what the message would have said.
func (p *Post) end(ctx context.Context, m Message, to State, said letter.Kind, steps []Step) error {
	return p.DB.Tx(ctx, func(tx *db.Tx) error {
		q := New(tx)
		for _, s := range steps {
			err := q.insertStep(ctx, insertStepParams{MessageID: m.ID, At: db.Micros(s.At), Hop: s.Hop,
				Stage: s.Stage, Code: int64(s.Code), Enhanced: s.Enhanced, Text: s.Text})
			if err != nil {
				return fmt.Errorf("note a step: %w", err)
			}
		}
		row, err := q.messageByID(ctx, m.ID)
		if err != nil {
			return fmt.Errorf("read message %s: %w", m.ID, err)
		}
		arg := moveMessageParams{Next: string(to), Tried: 1, SentKind: cmp.Or(string(said), row.SentKind), ID: m.ID,
			Was: string(m.State), PayloadSealed: row.PayloadSealed}
		if to.Final() {
			arg.DoneAt, arg.PayloadSealed = tx.Now(), []byte{}
		}
		if _, err := q.moveMessage(ctx, arg); err != nil {
			return fmt.Errorf("move message %s: %w", m.ID, err)
		}
		return nil
	})
}

// fold ends a message that would only repeat what its reader was told lately
// (EN4). The one who waits sees the earlier message's way, told as of now: a
// stranger must not see that this one was kept back, because that happens for
// taken addresses only. So it is one conversation, and lasts as long as the
// earlier one did.
func (p *Post) fold(ctx context.Context, m Message, l Letter, began time.Time) error {
	earlier, err := p.tried(ctx, l.Fold)
	if err != nil {
		return err
	}
	steps, err := p.Trace(ctx, l.Fold)
	if err != nil {
		return err
	}
	if steps = lastTry(steps); len(steps) > 0 && !steps[0].At.IsZero() {
		took := min(max(0, earlier.DoneAt.Sub(steps[0].At)), 30*time.Second)
		if err := pause(ctx, took-p.DB.Now().Sub(began)); err != nil {
			return err
		}
		shift := p.DB.Now().Sub(earlier.DoneAt)
		for i := range steps {
			steps[i].At = steps[i].At.Add(shift)
		}
	}
	return p.end(ctx, m, earlier.State, "", steps)
}

// tried waits for the end of a message that is on its way at this moment. It
// waits here, not in the queue, whose looks are seconds apart.
func (p *Post) tried(ctx context.Context, id string) (Message, error) {
	for range 600 {
		m, err := p.ByID(ctx, p.DB.Reader(), id)
		switch {
		case err != nil || m.State.Final() && m.Said != "":
			return m, err
		case m.Said == "":
			return m, errDecideAnew
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return m, err
		}
	}
	return Message{}, outbox.Later(2 * time.Second)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// lastTry cuts a trace to its last conversation.
func lastTry(steps []Step) []Step {
	for i := len(steps) - 1; i > 0; i-- {
		if steps[i].Stage == mail.StageConnect {
			return steps[i:]
		}
	}
	return steps
}

// notice writes what owners are told of security events.
func (p *Post) notice(m Message) Letter {
	d := p.Data(m)
	d.FreezeLink = p.Link(p.Keys.Link(FreezeLink, m.ID))
	if m.Facts.Change != "" {
		d.Link = p.Link(p.Keys.Link(UndoLink, m.Facts.Change))
		d.Number = p.Keys.Code("undo number", 4, m.Facts.Change)
	}
	if letter.Kind(m.Kind) == letter.ThawRequested {
		d.Link = p.Link(p.Keys.Link(VetoLink, m.ID))
	}
	return Letter{Kind: letter.Kind(m.Kind), Data: d}
}

// The letters that begin the tokens of links in notices (token.Link). Freeze and
// veto links carry the message's id, so they live as long as its row.
const (
	FreezeLink = 'f'
	UndoLink   = 'u'
	VetoLink   = 'v'
)

// Data gives what every letter of a message says.
func (p *Post) Data(m Message) letter.Data {
	return letter.Data{
		Service: p.name(m.Locale), Origin: p.House.Origin, SupportURL: p.House.SupportURL, Zone: p.House.Zone,
		At: m.CreatedAt, Expires: m.ExpiresAt, Ordinal: m.Ordinal,
		Browser: m.Facts.Browser, Place: m.Facts.Place, Masked: m.Facts.Masked, Until: m.Facts.Until,
		SignInLink: p.House.Origin + "/signin", RecoverLink: p.House.Origin + "/recover", RegisterLink: p.House.Origin + "/register",
	}
}

// Link makes the address of a link from the configured origin only (RS4).
func (p *Post) Link(token string) string { return p.House.Origin + "/l/" + token }

func (p *Post) name(locale string) string {
	if locale == "ja" && p.House.NameJA != "" {
		return p.House.NameJA
	}
	return p.House.NameEN
}

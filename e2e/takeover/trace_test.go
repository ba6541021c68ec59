package takeover_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/testkit"
)

// relay is a mail server that tells each mail from every other in what it says,
// and puts mails off while it is told to.
type relay struct {
	*house.Mailbox
	took time.Duration // how long a conversation lasts

	mu   sync.Mutex
	mood string // "": take, "later", "never", "lost"
	n    int
	now  func() time.Time
}

func (r *relay) set(mood string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mood = mood
}

// Carry is a conversation that began r.took ago and ends now.
func (r *relay) Carry(ctx context.Context, m mail.Message, note func(mail.Step)) error {
	r.mu.Lock()
	r.n++
	id, mood, now := fmt.Sprintf("queue id %06X", r.n*7919), r.mood, r.now()
	r.mu.Unlock()
	began := now.Add(-r.took)
	for _, stage := range []string{mail.StageConnect, mail.StageBanner, mail.StageEHLO, mail.StageMail, mail.StageRcpt} {
		note(mail.Step{Stage: stage, Code: 250, Text: "pleased to meet you, " + id, Hop: "mx.example:25", At: began})
	}
	if mood != "" {
		e := &mail.SendError{Stage: mail.StageData, Code: 550, Enhanced: "5.7.1", Text: "go away, " + id}
		if mood == "later" {
			e = &mail.SendError{Stage: mail.StageData, Code: 451, Enhanced: "4.7.1", Text: "come back, " + id, Temporary: true}
		}
		if mood == "lost" { // the connection, before the answer to all of it
			e = &mail.SendError{Stage: mail.StageBody, Text: "connection reset", Unknown: true}
		}
		note(mail.Step{Stage: e.Stage, Code: e.Code, Enhanced: e.Enhanced, Text: e.Text, Hop: "mx.example:25", At: now})
		return e
	}
	if err := r.Mailbox.Carry(ctx, m, func(mail.Step) {}); err != nil {
		return err
	}
	note(mail.Step{Stage: mail.StageBody, Code: 250, Enhanced: "2.0.0", Text: "queued as " + id, Hop: "mx.example:25", At: now})
	note(mail.Step{Stage: mail.StageQuit, Code: 221, Enhanced: "2.0.0", Text: "bye, " + id, Hop: "mx.example:25", At: now})
	return nil
}

// relayed runs f on a house on each engine whose mail goes by a relay.
func relayed(t *testing.T, took time.Duration, f func(t *testing.T, h *house.House, r *relay)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		r := &relay{Mailbox: house.NewMailbox(), took: took}
		var h *house.House
		r.now = func() time.Time { return h.Clock.Now() }
		h = house.Open(t, url, house.Options{Mail: r.Mailbox, Carrier: r})
		f(t, h, r)
	})
}

// shown is all that a stranger sees of a message, without its id.
type shown struct {
	State   string
	Ordinal int
	Life    time.Duration
	Steps   []struct {
		Hop, Stage, Enhanced, Text string
		Code                       int
	}
}

// trace asks for a message's trace as a stranger does.
func trace(t testing.TB, h *house.House, id string) (s shown) {
	t.Helper()
	code, out := api(t, h, "GET", "/deliveries/"+id, nil)
	if code != 200 {
		t.Fatalf("the trace gave %d", code)
	}
	raw, err := json.Marshal(out)
	must(t, err)
	must(t, json.Unmarshal(raw, &s))
	var at struct {
		CreatedAt time.Time `json:"created_at"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	must(t, json.Unmarshal(raw, &at))
	s.Life = at.ExpiresAt.Sub(at.CreatedAt)
	return s
}

// reached waits until a message is in a state.
func reached(t testing.TB, h *house.House, id string, want ...delivery.State) {
	t.Helper()
	until(t, "the message is "+fmt.Sprint(want), func() bool {
		m, err := h.Post.ByID(context.Background(), h.DB.Reader(), id)
		must(t, err)
		for _, w := range want {
			if m.State == w {
				return true
			}
		}
		return false
	})
}

// register registers as a stranger over the API and gives the message's id.
func register(t testing.TB, h *house.House, email string) string {
	t.Helper()
	code, out := api(t, h, "POST", "/registrations", dict{"email": email, "password": newPassword, "keep_address": true})
	if code != 202 {
		t.Fatalf("registering gave %d", code)
	}
	return out["delivery"].(string)
}

// recoverTrace asks for a new password over the API and gives the message's id.
func recoverTrace(t testing.TB, h *house.House, email string) string {
	t.Helper()
	code, out := api(t, h, "POST", "/recoveries", dict{"email": email})
	if code != 202 {
		t.Fatalf("recovering gave %d", code)
	}
	return out["delivery"].(string)
}

// TestTraceTellsNothing: EN1, EN4. A stranger who registers an address twice and
// asks for its password sees the same traces whether it is taken, where the
// second registration is folded, or free: while the server takes mail, while it
// puts it off, and when it refuses it. No good reply's words are shown, and the
// words of bad ones are of one conversation each.
func TestTraceTellsNothing(t *testing.T) {
	relayed(t, 0, func(t *testing.T, h *house.House, r *relay) {
		for _, mood := range []string{"", "later", "never"} {
			r.set(mood)
			end := map[string]delivery.State{"": delivery.HandedOver, "later": delivery.Deferred, "never": delivery.Refused}[mood]
			taken, free := "taken"+mood+"@a.example", "free"+mood+"@a.example"
			h.Member(t, taken, oldPassword, "en")
			seen := map[string][]shown{}
			for _, email := range []string{taken, free} {
				words := map[string]bool{}
				for i := range 3 {
					id := ""
					if i < 2 {
						id = register(t, h, email)
					} else {
						id = recoverTrace(t, h, email)
					}
					reached(t, h, id, end)
					s := trace(t, h, id)
					for k, step := range s.Steps {
						if step.Code < 400 && step.Text != "" {
							t.Fatalf("%s: a good reply's words are shown: %s", email, step.Text)
						}
						if step.Text != "" && words[step.Text] {
							t.Fatalf("%s: two messages show one conversation: %s", email, step.Text)
						}
						words[step.Text] = true
						s.Steps[k].Text = strings.Split(step.Text, "queue id")[0]
					}
					seen[email] = append(seen[email], s)
				}
			}
			if a, b := fmt.Sprintf("%+v", seen[taken]), fmt.Sprintf("%+v", seen[free]); a != b {
				t.Errorf("while the server says %q a stranger sees of a taken address\n%s\nand of a free one\n%s", mood, a, b)
			}
		}
	})
}

// TestTraceOfASecondTry: EN1, EN4. The first mail was put off and taken later;
// the second registration's trace is that of one good conversation all the same,
// as it is for a free address.
func TestTraceOfASecondTry(t *testing.T) {
	relayed(t, 0, func(t *testing.T, h *house.House, r *relay) {
		h.Member(t, owner, oldPassword, "en")
		var seen []string
		for _, email := range []string{owner, "free@a.example"} {
			r.set("later")
			first := register(t, h, email)
			reached(t, h, first, delivery.Deferred)
			r.set("")
			must(t, h.Post.Work(t.Context(), delivery.SendJob{Message: first})) // its next try
			reached(t, h, first, delivery.HandedOver)
			second := register(t, h, email)
			reached(t, h, second, delivery.HandedOver)
			seen = append(seen, fmt.Sprintf("%+v", trace(t, h, second)))
		}
		if seen[0] != seen[1] {
			t.Errorf("a stranger sees of a taken address\n%s\nand of a free one\n%s", seen[0], seen[1])
		}
		if n := len(h.Mail.To(owner)); n != 1 {
			t.Errorf("the holder got %d mails", n)
		}
	})
}

// TestFoldedEndsNoEarlier: EN1, EN2. A message that is kept back ends no sooner
// than the conversation it repeats lasted. The bound is one that a slow machine
// cannot miss.
func TestFoldedEndsNoEarlier(t *testing.T) {
	const took = 2 * time.Second
	relayed(t, took, func(t *testing.T, h *house.House, _ *relay) {
		h.Member(t, owner, oldPassword, "en")
		reached(t, h, register(t, h, owner), delivery.HandedOver)
		began := time.Now()
		second := register(t, h, owner)
		reached(t, h, second, delivery.HandedOver)
		if waited := time.Since(began); waited < took {
			t.Errorf("the folded message ended after %v; the one it repeats took %v", waited, took)
		}
		steps, err := h.Post.Trace(t.Context(), second)
		must(t, err)
		if lasts := steps[len(steps)-1].At.Sub(steps[0].At); lasts != took {
			t.Errorf("its trace lasts %v; want %v", lasts, took)
		}
		if n := len(h.Mail.To(owner)); n != 1 {
			t.Errorf("the holder got %d mails", n)
		}
	})
}

// TestTakenIsToldOnceADay: EN4. Ten registrations that come together cause one
// mail; so do some of which the first is put off and tried again, before and
// after others were taken. A mail that was never taken costs the holder nothing.
func TestTakenIsToldOnceADay(t *testing.T) {
	relayed(t, 0, func(t *testing.T, h *house.House, r *relay) {
		const late, never, lost = "late@a.example", "never@a.example", "lost@a.example"
		for _, email := range []string{owner, late, never, lost} {
			h.Member(t, email, oldPassword, "en")
		}
		for _, id := range together(t, h, owner, 10) {
			reached(t, h, id, delivery.HandedOver)
		}
		if n := len(h.Mail.To(owner)); n != 1 {
			t.Errorf("ten registrations at once: %d mails", n)
		}

		r.set("later")
		first := register(t, h, late)
		reached(t, h, first, delivery.Deferred)
		r.set("")
		second := register(t, h, late)
		must(t, h.Post.Work(t.Context(), delivery.SendJob{Message: first}))
		third := register(t, h, late)
		for _, id := range []string{first, second, third} {
			reached(t, h, id, delivery.HandedOver)
		}
		if n := len(h.Mail.To(late)); n != 1 {
			t.Errorf("the first was put off and tried again: %d mails", n)
		}

		r.set("never")
		reached(t, h, register(t, h, never), delivery.Refused)
		r.set("")
		reached(t, h, register(t, h, never), delivery.HandedOver)
		if n := len(h.Mail.To(never)); n != 1 {
			t.Errorf("after a mail that was refused: %d mails", n)
		}

		r.set("lost") // perhaps it was taken: it keeps its turn, and is tried again
		first = register(t, h, lost)
		reached(t, h, first, delivery.Deferred)
		r.set("")
		second = register(t, h, lost)
		must(t, h.Post.Work(t.Context(), delivery.SendJob{Message: first}))
		reached(t, h, second, delivery.HandedOver)
		if n := len(h.Mail.To(lost)); n != 1 {
			t.Errorf("after an answer that was lost: %d mails", n)
		}
	})
}

// together begins n registrations of one address and lets all their mails go at
// one moment, more than the caps would.
func together(t testing.TB, h *house.House, email string, n int) (ids []string) {
	t.Helper()
	a, err := account.ParseAddress(email)
	must(t, err)
	must(t, h.DB.Tx(t.Context(), func(tx *db.Tx) error {
		for range n {
			r, err := h.Signup.Desk.Begin(t.Context(), tx, nil, a, h.Book.Key(a), "hash", "en")
			must(t, err)
			sent, err := h.Post.Send(t.Context(), tx, delivery.Draft{Kind: delivery.Registration, Locale: "en", To: email,
				Key: r.Key, Subject: r.ID, Life: r.ExpiresAt.Sub(tx.Time()), Proof: delivery.ByOwner})
			must(t, err)
			ids = append(ids, sent.ID)
		}
		return nil
	}))
	return ids
}

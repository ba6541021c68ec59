// Package takeover_test holds what thieves and strangers tried once and must
// never manage again: each test is one finding of a review, told as its attack,
// on both engines. Each cites the requirement it proves (docs/standards.md).
package takeover_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/flow/recovery"
	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	oldPassword = "tama ga neko desu yo"
	newPassword = "saru no kiiro kun desu"

	owner = "Olivia@a.example" // as stored
	box1  = "thief1@b.example"
	box2  = "thief2@c.example"
)

// engines runs f on a house on each engine.
func engines(t *testing.T, o house.Options, f func(t *testing.T, h *house.House)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) { f(t, house.Open(t, url, o)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused wants err to be the refusal with this code.
func refused(t testing.TB, what string, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("%s gave %v; want %s", what, err, code)
	}
}

func read(t testing.TB, h *house.House, id account.ID) account.Account {
	t.Helper()
	a, err := h.Book.ByID(t.Context(), h.DB.Reader(), id)
	must(t, err)
	return a
}

// told gives every address that hears of the account's events.
func told(t testing.TB, h *house.House, id account.ID) (out []string) {
	t.Helper()
	must(t, h.DB.Tx(t.Context(), func(tx *db.Tx) (err error) {
		a, err := h.Book.ByID(t.Context(), tx, id)
		if err == nil {
			out, err = h.Book.Addresses(t.Context(), tx, a)
		}
		return err
	}))
	return out
}

func count(t testing.TB, h *house.House, query string, args ...any) (n int) {
	t.Helper()
	must(t, h.DB.Reader().QueryRowContext(context.Background(), query, args...).Scan(&n))
	return n
}

// until waits for something that the house does by itself.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !done(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

// settled waits until every message is sent or dropped.
func settled(t testing.TB, h *house.House) {
	t.Helper()
	until(t, "the queue runs empty", func() bool {
		return count(t, h, "SELECT COUNT(*) FROM message WHERE state IN ('queued', 'deferred')") == 0
	})
}

// letter waits for the n-th mail (from 1) to a box with these words in its subject.
func letter(t testing.TB, h *house.House, box, subject string, n int) house.Letter {
	t.Helper()
	for i := 1; ; i++ {
		if l := h.Mail.Wait(t, box, i); strings.Contains(l.Subject, subject) {
			if n--; n == 0 {
				return l
			}
		}
	}
}

// links gives the tokens of the links that begin with this letter.
func links(l house.Letter, kind byte) (out []string) {
	for _, part := range strings.Split(l.Text, "/l/")[1:] {
		if tok := strings.Fields(part)[0]; tok[0] == kind {
			out = append(out, tok)
		}
	}
	return out
}

// link gives the only one.
func link(t testing.TB, l house.Letter, kind byte) (id, tok string) {
	t.Helper()
	all := links(l, kind)
	if len(all) != 1 {
		t.Fatalf("the mail %q has %d links of kind %c", l.Subject, len(all), kind)
	}
	_, id, ok := token.ReadLink(all[0])
	if !ok {
		t.Fatalf("the mail %q has a link that cannot be read", l.Subject)
	}
	return id, all[0]
}

// signIn signs a program in and gives what it got.
func signIn(t testing.TB, h *house.House, email, pw string) signin.Step {
	t.Helper()
	s, err := h.Signin.Start(t.Context(), signin.Ask{Email: email, Password: pw, Locale: "en"})
	must(t, err)
	return s
}

// in signs in and fails the test when that does not work.
func in(t testing.TB, h *house.House, email, pw string) (secret string, s session.Session) {
	t.Helper()
	step := signIn(t, h, email, pw)
	if step.State != attempt.Complete {
		t.Fatalf("signing in gave %s", step.State)
	}
	s, err := h.Sessions.Check(t.Context(), step.Opened.Secret)
	must(t, err)
	return step.Opened.Secret, s
}

func alive(t testing.TB, h *house.House, secret string) bool {
	t.Helper()
	_, err := h.Sessions.Check(t.Context(), secret)
	if err != nil && err != session.ErrNone {
		t.Fatal(err)
	}
	return err == nil
}

// move changes the address of an account as its owner, or a thief with the
// password, does.
func move(t testing.TB, h *house.House, from, to string) (secret string) {
	t.Helper()
	secret, s := in(t, h, from, oldPassword)
	before := len(h.Mail.To(to))
	c, err := h.Account.AskChange(t.Context(), s, "", to, oldPassword, nil, "")
	must(t, err)
	var l house.Letter
	until(t, "the code comes", func() bool {
		for _, l = range h.Mail.To(to)[before:] {
			if len(links(l, 'a')) == 1 {
				return true
			}
		}
		return false
	})
	secret, err = h.Account.ConfirmChange(t.Context(), s, secret, c.ID, l.Code, "")
	must(t, err)
	h.Clock.Advance(time.Minute)
	return secret
}

// undo presses the undo of a mail.
func undo(t testing.TB, h *house.House, l house.Letter) error {
	t.Helper()
	id, tok := link(t, l, 'u')
	return h.Account.Undo(t.Context(), id, tok, l.Code, "")
}

// freeze presses the freeze of a mail.
func freeze(t testing.TB, h *house.House, l house.Letter) error {
	t.Helper()
	id, tok := link(t, l, 'f')
	return h.Freeze.Freeze(t.Context(), id, tok)
}

// ask begins a recovery as a stranger and gives its id and the code that came.
func ask(t testing.TB, h *house.House, email string) (id, code string) {
	t.Helper()
	n := 1
	for _, l := range h.Mail.To(email) {
		if strings.Contains(l.Subject, "(new password") {
			n++
		}
	}
	w, err := h.Recovery.Ask(t.Context(), recovery.Ask{Email: email, Locale: "en"})
	must(t, err)
	return w.ID, letter(t, h, email, "(new password", n).Code
}

// reset sets a new password with a code.
func reset(h *house.House, id, code, pw string) error {
	_, err := h.Recovery.Confirm(context.Background(), id, nil, code, pw, "", session.Where{})
	return err
}

// api calls the JSON API as a program without cookies.
func api(t testing.TB, h *house.House, method, path string, body any) (int, map[string]any) {
	t.Helper()
	raw, err := json.Marshal(body)
	must(t, err)
	if body == nil {
		raw = nil
	}
	r, err := http.NewRequestWithContext(t.Context(), method, h.URL+"/api/v1"+path, bytes.NewReader(raw))
	must(t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Language", "en")
	res, err := http.DefaultClient.Do(r)
	must(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(t, err)
	out := map[string]any{}
	_ = json.Unmarshal(text, &out)
	return res.StatusCode, out
}

type dict map[string]any

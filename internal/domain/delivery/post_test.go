package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/platform/token"
	"pgregory.net/rapid"
)

// TestCapsPerRecipientOverAllKinds holds RS8: at most 3 in any hour and 10 in
// any day, whatever the kinds and the spelling; another recipient is not touched.
func TestCapsPerRecipientOverAllKinds(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		kinds := []Kind{Registration, Recovery, AddressChange, ThawCode}
		spelling := []string{"taro@example.jp", "TARO@example.jp", "ｔａｒｏ＠example.jp"}
		var sent []time.Time
		requests, pause := 200, 15*time.Minute
		if os.Getenv("GENKAN_LONG") == "1" {
			requests, pause = 1000, 3*time.Minute
		}
		for i := range requests {
			_, err := s.send(s.draft(kinds[i%4], spelling[i%3]))
			if err == nil {
				sent = append(sent, s.clock.Now())
			} else if f := fault.Of(err); f.Code != "lock.resend-limit" || f.Kind != fault.TooMany || f.RetryAfter <= 0 || f.RetryAfter > 24*time.Hour {
				t.Fatalf("refused with %v after %v", err, f.RetryAfter)
			} else if at, ok := f.Args["at"].(time.Time); !ok || !at.Equal(s.clock.Now().Add(f.RetryAfter)) {
				t.Fatalf("the refusal names %v", f.Args["at"])
			}
			s.clock.Advance(pause)
		}
		for i, at := range sent {
			if i >= 3 && at.Sub(sent[i-3]) < time.Hour {
				t.Errorf("4 within %v", at.Sub(sent[i-3]))
			}
			if i >= 10 && at.Sub(sent[i-10]) < 24*time.Hour {
				t.Errorf("11 within %v", at.Sub(sent[i-10]))
			}
		}
		if len(sent) < 20 {
			t.Errorf("only %d in two days were sent; want 10 a day", len(sent))
		}
		if _, err := s.send(s.draft(Recovery, "hanako@example.jp")); err != nil {
			t.Errorf("another recipient: %v", err)
		}
	})
}

// TestCapHoldsAtOnce: 32 requests at the same moment (TH2).
func TestCapHoldsAtOnce(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		var sent atomic.Int32
		atOnce(32, func(int) {
			if _, err := s.send(s.draft(Recovery, "taro@example.jp")); err == nil {
				sent.Add(1)
			} else if !fault.Is(err, "lock.resend-limit") {
				t.Error(err)
			}
		})
		if sent.Load() != 3 || s.rows("message") != 3 || s.rows("river_job") != 3 {
			t.Errorf("%d sent, %d messages, %d jobs; want 3 of each", sent.Load(), s.rows("message"), s.rows("river_job"))
		}
	})
}

// TestStrangersDoNotUseUpTheOwners: who proved something has mails in reserve,
// and notices of proven acts have no cap (law 3, TH5).
func TestStrangersDoNotUseUpTheOwners(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		send := func(p Proof) (n int) {
			for range 20 {
				d := s.draft(Recovery, "taro@example.jp")
				d.Proof = p
				if _, err := s.send(d); err == nil {
					n++
				}
			}
			return n
		}
		if n := send(NoProof); n != 3 {
			t.Errorf("strangers sent %d; want 3", n)
		}
		if n := send(Known); n != 1 {
			t.Errorf("then a known browser sent %d; want 1", n)
		}
		if n := send(Password); n != 3 {
			t.Errorf("then the right password sent %d; want 3", n)
		}
		if n := send(ByOwner); n != 20 {
			t.Errorf("notices: %d of 20", n)
		}
		s.clock.Advance(time.Hour)
		if n := send(NoProof); n != 3 {
			t.Errorf("an hour later strangers sent %d; want 3", n)
		}
	})
}

// TestCapsFollowTheModel: random requests, compared with what a list of all that
// were sent allows.
func TestCapsFollowTheModel(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			var sent []time.Time
			for range rapid.IntRange(5, 25).Draw(rt, "requests") {
				now := s.clock.Advance(time.Duration(rapid.IntRange(0, 120).Draw(rt, "minutes")) * time.Minute)
				within := func(d time.Duration) (n int) {
					for _, at := range sent {
						if now.Sub(at) < d {
							n++
						}
					}
					return n
				}
				want := within(time.Hour) < 3 && within(24*time.Hour) < 10
				_, err := s.send(s.draft(Recovery, fmt.Sprintf("a%d@example.jp", run)))
				if (err == nil) != want {
					rt.Fatalf("after %d: sent %v, want %v (%v)", len(sent), err == nil, want, err)
				}
				if err == nil {
					sent = append(sent, now)
				}
			}
		})
	})
}

// TestResendPause: one act's mails are a minute apart, and count from one on.
func TestResendPause(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		d := s.draft(Registration, "taro@example.jp")
		first, err := s.send(d)
		if err != nil || first.Ordinal != 1 || !first.NextAt.Equal(s.clock.Now().Add(time.Minute)) {
			t.Fatalf("%+v, %v", first, err)
		}
		s.clock.Advance(20 * time.Second)
		if _, err := s.send(d); !fault.Is(err, "lock.resend-limit") || fault.Of(err).RetryAfter != 40*time.Second {
			t.Errorf("20 s later: %v after %v", err, fault.Of(err).RetryAfter)
		}
		s.clock.Advance(40 * time.Second)
		second, err := s.send(d)
		if err != nil || second.Ordinal != 2 {
			t.Errorf("a minute later: %+v, %v", second, err)
		}
		newest, err := s.Newest(t.Context(), s.DB.Reader(), d.Subject)
		if err != nil || newest != second {
			t.Errorf("newest: %+v, %v; want %+v", newest, err, second)
		}
		if _, err := s.Newest(t.Context(), s.DB.Reader(), "none"); !errors.Is(err, ErrNone) {
			t.Errorf("none: %v", err)
		}
	})
}

// TestSayingItOnceADay holds EN4: of many that would tell the owner of a taken
// address, one does in a day; the others look to the one who waits like that one.
func TestSayingItOnceADay(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.Writers[Registration] = func(ctx context.Context, m Message) (l Letter, err error) {
			l = Letter{Kind: letter.RegistrationTaken, Data: s.Data(m)}
			err = s.DB.Tx(ctx, func(tx *db.Tx) error {
				l.Fold, err = s.Claim(ctx, tx, m, letter.RegistrationTaken, 24*time.Hour)
				return err
			})
			return l, err
		}
		ask := func() string {
			t.Helper()
			d := s.draft(Registration, "taro@example.jp")
			d.Proof = ByOwner // the caps are another test's
			sent, err := s.send(d)
			if err != nil {
				t.Fatal(err)
			}
			return sent.ID
		}
		first := ask()
		s.server.Refuse(mail.StageRcpt, 2, 450, "4.2.0 later")
		if err := s.work(first); !putOff(err) {
			t.Fatal(err)
		}
		// It is not taken yet: whoever comes meanwhile has a conversation of its
		// own, as for a free address (EN1), and the first that is taken says it.
		second := ask()
		if err := s.work(second); !putOff(err) || s.message(second).State != Deferred {
			t.Errorf("while the first is put off: %v, %s", err, s.message(second).State)
		}
		if err := s.work(first); err != nil || s.message(first).State != HandedOver {
			t.Fatalf("tried again: %v, %s", err, s.message(first).State)
		}
		s.clock.Advance(5 * time.Minute) // what is told of the first is told as of now
		ids := []string{second}
		for range 10 {
			ids = append(ids, ask())
		}
		atOnce(len(ids), func(i int) {
			if err := s.work(ids[i]); err != nil {
				t.Error(err)
			}
		})
		if n := len(s.server.Letters()); n != 1 {
			t.Errorf("the owner got %d mails; want 1", n)
		}
		for _, id := range ids {
			want := shape(lastTry(s.trace(first)))
			if id == second {
				want = shape(s.trace(first)) // it was put off as well
			}
			if m := s.message(id); m.State != HandedOver || s.payload(id) != 0 || shape(s.trace(id)) != want {
				t.Errorf("a folded one is %s with trace\n%s\nwant\n%s", m.State, shape(s.trace(id)), want)
			}
			for _, step := range s.trace(id) {
				if step.At.Before(s.message(id).CreatedAt) {
					t.Errorf("a folded one's trace begins before it was asked for: %v", step.At)
				}
			}
		}
		s.clock.Advance(24 * time.Hour)
		if err := s.work(ask()); err != nil || len(s.server.Letters()) != 2 {
			t.Errorf("the next day: %v, %d mails; want the second", err, len(s.server.Letters()))
		}
	})
}

// shape is what one sees of a trace, without times.
func shape(steps []Step) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintln(&b, s.Hop, s.Stage, s.Code, s.Enhanced, s.Text)
	}
	return b.String()
}

// TestWhoClaimedMaySayItAgain: after an answer that was lost, the same message
// is tried again and says the same; it is not folded onto itself.
func TestWhoClaimedMaySayItAgain(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		m := s.message(s.post())
		for range 3 {
			err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
				earlier, err := s.Claim(t.Context(), tx, m, letter.RegistrationTaken, 24*time.Hour)
				if earlier != "" {
					t.Errorf("folded onto %s", earlier)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestOneOfManyClaims: 16 at the same moment, one says it (EN4).
func TestOneOfManyClaims(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		var ids []string
		for range 16 {
			d := s.draft(Registration, "taro@example.jp")
			d.Proof = ByOwner
			sent, err := s.send(d)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, sent.ID)
		}
		earlier := make([]string, len(ids))
		atOnce(len(ids), func(i int) {
			m := s.message(ids[i])
			err := s.DB.Tx(context.Background(), func(tx *db.Tx) (err error) {
				earlier[i], err = s.Claim(context.Background(), tx, m, letter.RegistrationTaken, time.Hour)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		winner := ""
		for i, e := range earlier {
			if e == "" && winner != "" {
				t.Error("two say it")
			}
			if e == "" {
				winner = ids[i]
			}
		}
		for _, e := range earlier {
			if e != "" && e != winner {
				t.Errorf("folded onto %s; want %s", e, winner)
			}
		}
	})
}

// TestMailGoesByteForByte holds RS5: to the address as it is kept, capitals and
// dots and all; a letter about an account to that account's, whatever was typed.
func TestMailGoesByteForByte(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		typed, stored := "Taro..YAMADA.@docomo.ne.jp", "taro..yamada.@docomo.ne.jp"
		for i, to := range []string{"", stored} {
			s.Writers[Registration] = func(ctx context.Context, m Message) (Letter, error) {
				l, err := s.codeLetter(ctx, m)
				l.To = to
				return l, err
			}
			sent, err := s.send(s.draft(Registration, typed))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.work(sent.ID); err != nil {
				t.Fatal(err)
			}
			want := typed
			if to != "" {
				want = to
			}
			got := s.server.Letters()
			if len(got) != i+1 || got[i].To != want {
				t.Errorf("went to %q; want %q", got[len(got)-1].To, want)
			}
		}
	})
}

// TestNoticesReachEveryAddress with a freeze link each that is genuine, its own
// and from the configured origin (SE7, RS4, FZ1).
func TestNoticesReachEveryAddress(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		acc := account.Account{ID: token.NewID(), Locale: "ja", Address: "new@example.jp"}
		boxes := []string{"new@example.jp", "old@example.jp", "older@example.jp"}
		err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
			return s.Tell(t.Context(), tx, acc, boxes, letter.AddressChangedOld,
				Facts{Change: "0192f8a2-7b1c-4d3e-8f4a-5b6c7d8e9f01", Masked: "n•••@ex•••.jp", Until: s.clock.Now().Add(72 * time.Hour)})
		})
		if err != nil {
			t.Fatal(err)
		}
		rows, err := s.DB.Reader().QueryContext(t.Context(), `SELECT id FROM message WHERE subject_id = $1`, acc.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		links := map[string]bool{}
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			m := s.message(id)
			if len(m.Browser) != 0 {
				t.Error("a notice's trace can be seen by a browser")
			}
			l := s.notice(m)
			tok, ok := strings.CutPrefix(l.Data.FreezeLink, "https://account.example.jp/l/")
			kind, of, read := token.ReadLink(tok)
			if !ok || !read || kind != FreezeLink || of != id || !s.Keys.LinkMatches(FreezeLink, id, tok) {
				t.Errorf("freeze link %q", l.Data.FreezeLink)
			}
			links[tok] = true
			undo, _ := strings.CutPrefix(l.Data.Link, "https://account.example.jp/l/")
			if kind, of, _ := token.ReadLink(undo); kind != UndoLink || of != m.Facts.Change || !s.Keys.LinkMatches(UndoLink, of, undo) || len(l.Data.Number) != 4 {
				t.Errorf("undo link %q, number %q", l.Data.Link, l.Data.Number)
			}
			if err := s.work(id); err != nil {
				t.Fatal(err)
			}
		}
		if len(links) != 3 {
			t.Errorf("%d different freeze links; want 3", len(links))
		}
		to := map[string]bool{}
		for _, l := range s.server.Letters() {
			to[l.To] = true
		}
		if len(to) != 3 || !to["old@example.jp"] {
			t.Errorf("told %v", to)
		}
	})
}

// TestMessagesAreSealed: a copied database shows neither address nor facts, and
// a box moved to another row does not open (KY1).
func TestMessagesAreSealed(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		ids := []string{}
		for _, email := range []string{"canary-one@example.jp", "canary-two@example.jp"} {
			d := s.draft(Recovery, email)
			d.Facts = Facts{Browser: "canary-browser"}
			sent, err := s.send(d)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, sent.ID)
		}
		rows, err := s.DB.Reader().QueryContext(t.Context(), `SELECT recipient_sealed, payload_sealed, recipient_key FROM message`)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var a, b, c []byte
			if err := rows.Scan(&a, &b, &c); err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(bytes.Join([][]byte{a, b, c}, nil), []byte("canary")) {
				t.Error("a message is kept in clear")
			}
		}
		rows.Close()
		if got := s.message(ids[0]); got.To != "canary-one@example.jp" || got.Facts.Browser != "canary-browser" {
			t.Errorf("%+v", got)
		}
		err = s.DB.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.ExecContext(t.Context(), `UPDATE message SET recipient_sealed = (SELECT m.recipient_sealed FROM message m WHERE m.id = $1) WHERE id = $2`, ids[0], ids[1])
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if m, err := s.ByID(t.Context(), s.DB.Reader(), ids[1]); !errors.Is(err, token.ErrBox) || m.To != "" {
			t.Errorf("a moved box gives %q, %v", m.To, err)
		}
	})
}

// TestSweepForgetsAfterThirtyDays, traces too.
func TestSweepForgetsAfterThirtyDays(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		id := s.post()
		if err := s.work(id); err != nil {
			t.Fatal(err)
		}
		sweep := func() {
			err := s.DB.Tx(t.Context(), func(tx *db.Tx) error { _, err := Sweep(t.Context(), tx, 10); return err })
			if err != nil {
				t.Fatal(err)
			}
		}
		s.clock.Advance(30 * 24 * time.Hour)
		if sweep(); s.rows("message") != 1 {
			t.Error("swept on the 30th day")
		}
		s.clock.Advance(time.Microsecond)
		if sweep(); s.rows("message")+s.rows("message_step") != 0 {
			t.Errorf("%d messages and %d steps are left", s.rows("message"), s.rows("message_step"))
		}
	})
}

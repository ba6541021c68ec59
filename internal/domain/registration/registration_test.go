package registration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const life = 20 * time.Minute

type set struct {
	*Desk
	t     *testing.T
	d     *db.DB
	clock *testkit.Clock
}

func both(t *testing.T, f func(t *testing.T, s *set)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		clock := testkit.NewClock()
		d, err := db.Open(context.Background(), url, clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		keys, err := token.Parse([]byte(token.NewLine("a")))
		if err != nil {
			t.Fatal(err)
		}
		f(t, &set{&Desk{Keys: keys, Life: life}, t, d, clock})
	})
}

func (s *set) try(f func(ctx context.Context, tx *db.Tx) error) error {
	return s.d.Tx(context.Background(), func(tx *db.Tx) error { return f(context.Background(), tx) })
}

// yes runs f in a transaction and gives its word.
func (s *set) yes(f func(ctx context.Context, tx *db.Tx) (bool, error)) (ok bool) {
	s.t.Helper()
	err := s.try(func(ctx context.Context, tx *db.Tx) (err error) {
		ok, err = f(ctx, tx)
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
	return ok
}

func (s *set) address(text string) (account.Address, []byte) {
	s.t.Helper()
	a, err := account.ParseAddress(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return a, s.Keys.Index("address", a.Key)
}

func (s *set) begin(email string) (r Registration) {
	s.t.Helper()
	a, key := s.address(email)
	err := s.try(func(ctx context.Context, tx *db.Tx) (err error) {
		r, err = s.Begin(ctx, tx, []byte("browser"), a, key, "hash", "ja")
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *set) read(id string) Registration {
	s.t.Helper()
	r, err := s.ByID(context.Background(), s.d.Reader(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func (s *set) readdress(r Registration, email string) (out Registration, err error) {
	a, key := s.address(email)
	err = s.try(func(ctx context.Context, tx *db.Tx) (err error) {
		out, err = s.Readdress(ctx, tx, r, a, key)
		return err
	})
	return out, err
}

func (s *set) confirm(id, acc string) bool {
	s.t.Helper()
	return s.yes(func(ctx context.Context, tx *db.Tx) (bool, error) { return s.Confirm(ctx, tx, id, acc) })
}

func TestRegistrationIsReadAsItWasBegun(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := s.begin("Taro@example.jp")
		got := s.read(r.ID)
		if got.Address != "Taro@example.jp" || got.State != Waiting || got.Generation != 1 || got.PasswordHash != "hash" || got.Account != "" ||
			string(got.Browser) != "browser" || !got.ExpiresAt.Equal(s.clock.Now().Add(life)) || got.LastTry {
			t.Errorf("%+v", got)
		}
		if _, err := s.ByID(t.Context(), s.d.Reader(), "none"); !errors.Is(err, ErrNone) {
			t.Errorf("none: %v", err)
		}
		s.d.Broken = func() error { return context.DeadlineExceeded }
		if _, err := s.ByID(t.Context(), s.d.Reader(), r.ID); fault.Of(err).Kind != fault.Busy {
			t.Errorf("with the database gone: %v", err)
		}
	})
}

// TestRegistrationIsInert: any number may wait for one address; none makes an
// account or takes the address (CO1).
func TestRegistrationIsInert(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		for range 5 {
			s.begin("taro@example.jp")
		}
		var n int
		if err := s.d.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM account`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d accounts, %v", n, err)
		}
	})
}

// TestDrawing holds the drawing to the statements: every state with every event.
func TestDrawing(t *testing.T) {
	drawn := testkit.Drawing(t, "Registration")
	both(t, func(t *testing.T, s *set) {
		if drawn["[*]"]["begin"] != string(Waiting) {
			t.Error("the drawing does not begin with begin")
		}
		events := map[string]func(id string) bool{
			"count_try": func(id string) bool {
				return s.yes(func(ctx context.Context, tx *db.Tx) (bool, error) { return s.CountTry(ctx, tx, id) })
			},
			"readdress": func(id string) bool {
				_, err := s.readdress(s.read(id), "other@example.jp")
				return err == nil
			},
			"confirm": func(id string) bool { return s.confirm(id, "acc") },
			"void": func(id string) bool {
				was := s.read(id).State
				err := s.try(func(ctx context.Context, tx *db.Tx) error { return s.Void(ctx, tx, id) })
				return err == nil && s.read(id).State != was
			},
			"take": func(id string) bool {
				return s.yes(func(ctx context.Context, tx *db.Tx) (bool, error) { return s.Take(ctx, tx, id) })
			},
		}
		for state, path := range map[string]string{"waiting": "", "confirmed": "confirm", "void": "void"} {
			for event, do := range events {
				r := s.begin("taro@example.jp")
				if path != "" && !events[path](r.ID) {
					t.Fatalf("no way to %s", state)
				}
				done, now, want := do(r.ID), string(s.read(r.ID).State), drawn[state][event]
				if done != (want != "") || want != "" && now != want || want == "" && now != state {
					t.Errorf("%s by %s: done %v, now %s; the drawing says %q", state, event, done, now, want)
				}
			}
		}
	})
}

// TestConfirmOnceAndInTime: one of 16 presses, not after its end; the password's
// hash goes with it.
func TestConfirmOnceAndInTime(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := s.begin("taro@example.jp")
		var won atomic.Int32
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range 16 {
			all.Go(func() {
				<-start
				if s.confirm(r.ID, fmt.Sprint("acc", i)) {
					won.Add(1)
				}
			})
		}
		close(start)
		all.Wait()
		got := s.read(r.ID)
		if won.Load() != 1 || got.State != Confirmed || got.Account == "" || got.PasswordHash != "" || got.Live(s.clock.Now()) {
			t.Errorf("%d confirmed: %+v", won.Load(), got)
		}
		last, late := s.begin("a@example.jp"), s.begin("b@example.jp")
		s.clock.Advance(life - time.Microsecond)
		if !s.read(last.ID).Live(s.clock.Now()) || !s.confirm(last.ID, "acc") {
			t.Error("a microsecond before its end it was over")
		}
		s.clock.Advance(time.Microsecond)
		if s.read(late.ID).Live(s.clock.Now()) || s.confirm(late.ID, "acc") {
			t.Error("confirmed after its end")
		}
	})
}

// TestProofsFitTheirOwnOnly: code, link and number of another registration, of
// another address of the same one, or of another use (RS10).
func TestProofsFitTheirOwnOnly(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r, other := s.begin("taro@example.jp"), s.begin("taro@example.jp")
		code, link, number := s.Code(r), s.Link(r), s.Number(r)
		if len(code) != 6 || len(number) != 4 || !s.CodeFits(r, code) || !s.LinkFits(r, link) || !s.NumberFits(r, number) {
			t.Errorf("code %q, link %q, number %q", code, link, number)
		}
		if again := s.read(r.ID); s.Code(again) != code || s.Link(again) != link {
			t.Error("a resend says something else")
		}
		if s.Code(other) != code && s.CodeFits(other, code) || s.LinkFits(other, link) {
			t.Error("another registration's proofs fit")
		}
		now, err := s.readdress(r, "tarou@example.jp")
		if err != nil {
			t.Fatal(err)
		}
		now = s.read(now.ID)
		if s.Code(now) == code || s.CodeFits(now, code) || s.LinkFits(now, link) {
			t.Error("the first box's code or link fits after the address was corrected")
		}
		if !s.NumberFits(now, number) {
			t.Error("the page's number changed with the address")
		}
		if s.LinkFits(now, s.Keys.Link('p', now.ID, "2")) || !s.LinkFits(now, s.Keys.Link('r', now.ID, "2")) {
			t.Error("a link of another use fits")
		}
	})
}

// TestTriesAreCounted before they are judged, six for each address (TH2).
func TestTriesAreCounted(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := s.begin("taro@example.jp")
		count := func() int {
			var n atomic.Int32
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					if s.yes(func(ctx context.Context, tx *db.Tx) (bool, error) { return s.CountTry(ctx, tx, r.ID) }) {
						n.Add(1)
					}
				})
			}
			all.Wait()
			return int(n.Load())
		}
		if n := count(); n != 6 || !s.read(r.ID).LastTry {
			t.Errorf("%d of 20 at once are judged; want 6", n)
		}
		if _, err := s.readdress(s.read(r.ID), "tarou@example.jp"); err != nil {
			t.Fatal(err)
		}
		if s.read(r.ID).LastTry {
			t.Error("no try is left for the corrected address")
		}
		if n := count(); n != 6 {
			t.Errorf("%d of 20 are judged for the corrected address; want 6", n)
		}
	})
}

// TestStaleCorrectionIsRefused: of two corrections of the same page one counts.
func TestStaleCorrectionIsRefused(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := s.begin("taro@example.jp")
		s.clock.Advance(time.Minute)
		got, err := s.readdress(r, "a@example.jp")
		if err != nil || got.Generation != 2 || !got.ExpiresAt.Equal(s.clock.Now().Add(life)) {
			t.Fatalf("%+v, %v", got, err)
		}
		if _, err := s.readdress(r, "b@example.jp"); !fault.Is(err, "account.changed_meanwhile") {
			t.Errorf("a stale correction: %v", err)
		}
		if now := s.read(r.ID); now.Address != "a@example.jp" {
			t.Errorf("the address is %q", now.Address)
		}
	})
}

// TestTakenOnce: the waiting browser is let in once after a confirmation
// elsewhere, of 16 polls.
func TestTakenOnce(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := s.begin("taro@example.jp")
		take := func() bool {
			return s.yes(func(ctx context.Context, tx *db.Tx) (bool, error) { return s.Take(ctx, tx, r.ID) })
		}
		if take() {
			t.Error("taken before it was confirmed")
		}
		s.confirm(r.ID, "acc")
		var n atomic.Int32
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				if take() {
					n.Add(1)
				}
			})
		}
		all.Wait()
		if n.Load() != 1 {
			t.Errorf("taken %d times; want once", n.Load())
		}
	})
}

// TestAddressCannotBeMoved to another row (KY1), and the row shows none.
func TestAddressCannotBeMoved(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		a, b := s.begin("a@example.jp"), s.begin("b@example.jp")
		err := s.try(func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE registration SET address_sealed = (SELECT r.address_sealed FROM registration r WHERE r.id = $1) WHERE id = $2`, a.ID, b.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if r, err := s.ByID(t.Context(), s.d.Reader(), b.ID); !errors.Is(err, token.ErrBox) || r.Address != "" {
			t.Errorf("a moved address gives %q, %v", r.Address, err)
		}
	})
}

// TestSweepKeepsADay, so that a dead link can still say that it ran out.
func TestSweepKeepsADay(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := s.begin("a@example.jp")
		sweep := func() error {
			if err := s.try(func(ctx context.Context, tx *db.Tx) error { _, err := Sweep(ctx, tx, 10); return err }); err != nil {
				t.Fatal(err)
			}
			_, err := s.ByID(t.Context(), s.d.Reader(), r.ID)
			return err
		}
		s.clock.Advance(life + 24*time.Hour)
		if err := sweep(); err != nil {
			t.Errorf("within a day: %v", err)
		}
		s.clock.Advance(time.Microsecond)
		if err := sweep(); !errors.Is(err, ErrNone) {
			t.Errorf("after a day: %v", err)
		}
	})
}

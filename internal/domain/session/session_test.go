package session

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
)

// TestSessionIsCheckedWithAllItCarries, from the database and from memory alike.
func TestSessionIsCheckedWithAllItCarries(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		acc := s.member("taro@example.jp")
		until := s.clock.Now().Add(time.Hour)
		s.must(func(ctx context.Context, tx *db.Tx) error { return s.book.Hold(ctx, tx, acc, until, "password_reset") })
		secret, started := s.start(acc)
		want := started
		want.Address, want.Locale, want.HoldUntil, want.HoldReason = "taro@example.jp", "ja", until, "password_reset"
		for _, from := range []string{"the database", "memory"} {
			if got := s.alive(s.Desk, secret, from); got != want {
				t.Errorf("from %s: %+v; want %+v", from, got, want)
			}
		}
		if !started.ExpiresAt.Equal(s.clock.Now().Add(absolute)) || !started.ProvenAt.Equal(s.clock.Now()) {
			t.Errorf("%+v", started)
		}
	})
}

// TestCopiedDatabaseOpensNothing: only a hash is stored, and it is no secret (SE1).
func TestCopiedDatabaseOpensNothing(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		secret, _ := s.start(s.member("taro@example.jp"))
		var hash []byte
		if err := s.DB.Reader().QueryRowContext(t.Context(), `SELECT secret_hash FROM session`).Scan(&hash); err != nil {
			t.Fatal(err)
		}
		if len(secret) != 43 || strings.Contains(string(hash), secret) || len(hash) != 32 {
			t.Errorf("a secret of %d letters, stored as %d bytes", len(secret), len(hash))
		}
		for _, stolen := range []string{string(hash), "", secret[:42], secret + "A", strings.Repeat("A", 43), secret[:42] + "~", strings.ToUpper(secret)} {
			s.dead(s.Desk, stolen, "a guess")
		}
	})
}

// TestIdleAndAbsolute hold SE3 by the server's clock, in memory and on a node
// that reads the row.
func TestIdleAndAbsolute(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		acc := s.member("taro@example.jp")
		other := s.node()

		unused, _ := s.start(acc)
		s.alive(s.Desk, unused, "at first") // remembered here
		s.clock.Advance(idle - time.Microsecond)
		s.alive(s.Desk, unused, "a microsecond before it idles out")
		left, _ := s.start(acc)
		s.alive(s.Desk, left, "at first")
		s.clock.Advance(idle)
		s.dead(s.Desk, left, "idle, remembered")
		s.dead(other, left, "idle, read")

		used, _ := s.start(acc)
		for range 24*2 - 1 { // half an hour each
			s.alive(s.Desk, used, "in use")
			if err := s.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.clock.Advance(idle / 2)
			s.alive(other, used, "in use on another node")
		}
		s.clock.Advance(idle/2 - time.Microsecond)
		s.alive(s.Desk, used, "a microsecond before its end")
		s.alive(other, used, "a microsecond before its end, read")
		if err := s.Flush(t.Context()); err != nil { // so that it is not idle anywhere
			t.Fatal(err)
		}
		s.clock.Advance(time.Microsecond)
		s.dead(s.Desk, used, "after a day, remembered")
		s.dead(other, used, "after a day, read")
		s.dead(s.node(), used, "after a day, on a new node")
	})
}

// TestFlushMovesTheLastUseForwardOnly, and writes only what changed.
func TestFlushMovesTheLastUseForwardOnly(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		secret, started := s.start(s.member("taro@example.jp"))
		seen := func() (at int64) {
			t.Helper()
			if err := s.DB.Reader().QueryRowContext(t.Context(), `SELECT seen_at FROM session`).Scan(&at); err != nil {
				t.Fatal(err)
			}
			return at
		}
		s.clock.Advance(time.Minute)
		s.alive(s.Desk, secret, "used")
		if err := s.Flush(t.Context()); err != nil || seen() != s.clock.Now().UnixMicro() {
			t.Errorf("%v, seen %v; want now", err, db.Time(seen()))
		}
		late := map[string]time.Time{started.ID: started.CreatedAt}
		s.memory.mu.Lock()
		s.memory.dirty = late // what a slower node comes with
		s.memory.mu.Unlock()
		if err := s.Flush(t.Context()); err != nil || seen() != s.clock.Now().UnixMicro() {
			t.Errorf("%v, seen %v: the last use went back", err, db.Time(seen()))
		}
		if err := s.Flush(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestRotation: a rise in trust gives a new secret, and the old one is dead at
// once though it was remembered (SE2).
func TestRotation(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		old, started := s.start(s.member("taro@example.jp"))
		s.alive(s.Desk, old, "before")
		s.clock.Advance(10 * time.Minute)
		var next string
		s.must(func(ctx context.Context, tx *db.Tx) (err error) {
			next, err = s.Rotate(ctx, tx, started, old)
			return err
		})
		s.dead(s.Desk, old, "the old secret")
		got := s.alive(s.Desk, next, "the new secret")
		if got.ID != started.ID || !got.ProvenAt.Equal(started.ProvenAt) || !got.ExpiresAt.Equal(started.ExpiresAt) {
			t.Errorf("%+v", got)
		}
	})
}

// TestOneOfManyRotates: 16 with the same old secret; one gets a new one, and it
// works.
func TestOneOfManyRotates(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		old, started := s.start(s.member("taro@example.jp"))
		secrets := make([]string, 16)
		atOnce(16, func(i int) {
			err := s.try(func(ctx context.Context, tx *db.Tx) (err error) {
				secrets[i], err = s.Rotate(ctx, tx, started, old)
				return err
			})
			if err != nil {
				secrets[i] = ""
				if !fault.Is(err, "session.ended") {
					t.Error(err)
				}
			}
		})
		won := 0
		for _, secret := range secrets {
			if secret != "" {
				won++
				s.alive(s.Desk, secret, "the winner's")
			}
		}
		if won != 1 {
			t.Errorf("%d rotated; want 1", won)
		}
		s.dead(s.Desk, old, "the old secret")
	})
}

// TestEndWinsOverRotate: whichever comes first, afterwards nothing opens it.
func TestEndWinsOverRotate(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		acc := s.member("taro@example.jp")
		for range 20 {
			old, started := s.start(acc)
			s.alive(s.Desk, old, "before")
			var next string
			var ended atomic.Int32
			atOnce(6, func(i int) {
				err := s.try(func(ctx context.Context, tx *db.Tx) error {
					if i == 0 {
						secret, err := s.Rotate(ctx, tx, started, old)
						tx.AfterCommit(func() { next = secret })
						return err
					}
					ok, err := s.End(ctx, tx, acc, started.ID, SignedOut)
					if ok {
						tx.AfterCommit(func() { ended.Add(1) })
					}
					return err
				})
				if err != nil && !fault.Is(err, "session.ended") {
					t.Error(err)
				}
			})
			if ended.Load() != 1 {
				t.Errorf("ended %d times; want once", ended.Load())
			}
			s.dead(s.Desk, old, "the old secret")
			if next != "" {
				s.dead(s.Desk, next, "the new secret")
			}
		}
	})
}

// TestWhoEndsWhat: one's own only, all but one, and nobody else's (SE4).
func TestWhoEndsWhat(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		mine, theirs := s.member("a@example.jp"), s.member("b@example.jp")
		secrets, sessions := make([]string, 3), make([]Session, 3)
		for i := range secrets {
			secrets[i], sessions[i] = s.start(mine)
			s.alive(s.Desk, secrets[i], "mine")
		}
		other, otherSession := s.start(theirs)
		s.alive(s.Desk, other, "theirs")
		end := func(acc, id string) (ok bool) {
			t.Helper()
			s.must(func(ctx context.Context, tx *db.Tx) (err error) {
				ok, err = s.End(ctx, tx, acc, id, EndedByUser)
				return err
			})
			return ok
		}
		if end(mine, otherSession.ID) || end(mine, "none") {
			t.Error("somebody else's session was ended")
		}
		s.alive(s.Desk, other, "theirs")
		if !end(mine, sessions[0].ID) || end(mine, sessions[0].ID) {
			t.Error("one's own session ends once")
		}
		s.dead(s.Desk, secrets[0], "the ended one")
		var n int64
		s.must(func(ctx context.Context, tx *db.Tx) (err error) {
			n, err = s.EndAll(ctx, tx, mine, sessions[1].ID, NewPassword)
			return err
		})
		if n != 1 {
			t.Errorf("%d others ended; want 1", n)
		}
		s.alive(s.Desk, secrets[1], "the excepted one")
		s.dead(s.Desk, secrets[2], "another one")
		s.alive(s.Desk, other, "theirs")
		s.must(func(ctx context.Context, tx *db.Tx) (err error) {
			n, err = s.EndAll(ctx, tx, mine, "", WasFrozen)
			return err
		})
		s.dead(s.Desk, secrets[1], "the last one")
		s.alive(s.Desk, other, "theirs")
	})
}

// TestUndoneEndEndsNothing.
func TestUndoneEndEndsNothing(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		acc := s.member("taro@example.jp")
		secret, started := s.start(acc)
		undo := errors.New("undo")
		err := s.try(func(ctx context.Context, tx *db.Tx) error {
			_, err := s.End(ctx, tx, acc, started.ID, SignedOut)
			return errors.Join(err, undo)
		})
		if !errors.Is(err, undo) {
			t.Fatal(err)
		}
		s.alive(s.Desk, secret, "after an end that was undone")
	})
}

// TestReplace ends what the browser had when it is let in anew (SE2).
func TestReplace(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		acc := s.member("taro@example.jp")
		old, _ := s.start(acc)
		other, _ := s.start(acc)
		s.alive(s.Desk, old, "before")
		for _, secret := range []string{"", "unknown", old, old} {
			s.must(func(ctx context.Context, tx *db.Tx) error { return s.Replace(ctx, tx, secret) })
		}
		s.dead(s.Desk, old, "the replaced one")
		s.alive(s.Desk, other, "another browser's")
	})
}

// TestFrozenAccountHasNoSessions even if nobody ended them (FZ1).
func TestFrozenAccountHasNoSessions(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		for _, state := range []string{"frozen", "closed"} {
			acc := s.member(state + "@example.jp")
			secret, _ := s.start(acc)
			s.exec(`UPDATE account SET state = $1 WHERE id = $2`, state, acc)
			s.dead(s.Desk, secret, state)
		}
	})
}

// TestUnknownIsNotNobody: when it cannot be found out the answer is neither yes
// nor "signed out" (FA3).
func TestUnknownIsNotNobody(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		acc := s.member("taro@example.jp")
		secret, _ := s.start(acc)
		s.DB.Broken = func() error { return context.DeadlineExceeded }
		got, err := s.Check(t.Context(), secret)
		if err == nil || errors.Is(err, ErrNone) || fault.Of(err).Kind != fault.Busy || got != (Session{}) {
			t.Errorf("%+v, %v; want a refusal", got, err)
		}
		if _, err := s.List(t.Context(), acc); fault.Of(err).Kind != fault.Busy {
			t.Errorf("list: %v", err)
		}
		s.DB.Broken = nil
		s.alive(s.Desk, secret, "the database is back")
		// An address that was put on another row says that the row was tampered with.
		s.exec(`UPDATE account SET address_sealed = $1 WHERE id = $2`, []byte("moved"), acc)
		s.memory.clear()
		if got, err := s.Check(t.Context(), secret); err == nil || errors.Is(err, ErrNone) {
			t.Errorf("a broken row gives %+v, %v", got, err)
		}
	})
}

// TestCheckWithinGivesUp.
func TestCheckWithinGivesUp(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		secret, _ := s.start(s.member("taro@example.jp"))
		if got, err := s.CheckWithin(t.Context(), secret, time.Nanosecond); err == nil || errors.Is(err, ErrNone) || fault.Of(err).Kind != fault.Busy {
			t.Errorf("%+v, %v; want a refusal", got, err)
		}
		s.alive(s.Desk, secret, "with time")
		if _, err := s.CheckWithin(t.Context(), secret, time.Nanosecond); err != nil {
			t.Errorf("what is remembered needs no time: %v", err)
		}
	})
}

// TestListShowsTheLiveOnes, the last seen first.
func TestListShowsTheLiveOnes(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		acc := s.member("taro@example.jp")
		s.start(acc) // idles out
		s.clock.Advance(idle)
		_, first := s.start(acc)
		s.clock.Advance(time.Minute)
		_, second := s.start(acc)
		_, ended := s.start(acc)
		s.must(func(ctx context.Context, tx *db.Tx) error {
			_, err := s.End(ctx, tx, acc, ended.ID, SignedOut)
			return err
		})
		s.start(s.member("other@example.jp"))
		got, err := s.List(t.Context(), acc)
		if err != nil || len(got) != 2 || got[0].ID != second.ID || got[1].ID != first.ID || got[0].Where != second.Where {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestSweepKeepsAWeek, and known browsers a year.
func TestSweepKeepsAWeek(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		acc := s.member("taro@example.jp")
		s.start(acc)
		s.must(func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Remember(ctx, tx, acc, "taro@example.jp", "x")
			return err
		})
		rows := func(table string) (n int) {
			t.Helper()
			s.must(func(ctx context.Context, tx *db.Tx) error { _, err := Sweep(ctx, tx, 10); return err })
			if err := s.DB.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		s.clock.Advance(absolute + 7*24*time.Hour)
		if rows("session") != 1 {
			t.Error("swept within a week")
		}
		s.clock.Advance(time.Microsecond)
		if rows("session") != 0 || rows("known_browser") != 1 {
			t.Error("a session is kept, or a browser forgotten, after a week")
		}
		s.clock.Advance(knownLife)
		if rows("known_browser") != 0 {
			t.Error("a browser is known after a year without use")
		}
	})
}

package staff

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type set struct {
	t     *testing.T
	d     *db.DB
	url   string
	clock *testkit.Clock
}

func both(t *testing.T, f func(t *testing.T, s *set)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		s := &set{t: t, url: url, clock: testkit.NewClock()}
		s.d = s.open()
		f(t, s)
	})
}

// open is a start of the program.
func (s *set) open() *db.DB {
	s.t.Helper()
	d, err := db.Open(context.Background(), s.url, s.clock.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { d.Close() })
	return d
}

func (s *set) invite() string {
	s.t.Helper()
	secret, until, err := Invite(context.Background(), s.d)
	if err != nil || len(secret) != 43 || !until.Equal(s.clock.Now().Add(15*time.Minute)) {
		s.t.Fatalf("%d letters, until %v, %v", len(secret), until, err)
	}
	return secret
}

func (s *set) enter(secret string) (id string, err error) {
	err = s.d.Tx(context.Background(), func(tx *db.Tx) (err error) {
		id, err = Enter(context.Background(), tx, secret, "First")
		return err
	})
	return id, err
}

func (s *set) count(query string) (n int) {
	s.t.Helper()
	if err := s.d.Reader().QueryRowContext(context.Background(), query).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func refused(t *testing.T, what string, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("%s: %v; want %s", what, err, code)
	}
}

// TestFirstAdministrator: no default account, one token, once (AD1).
func TestFirstAdministrator(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		if s.count(`SELECT COUNT(*) FROM staff`) != 0 {
			t.Error("there is a default account")
		}
		for _, guess := range []string{"", "x", token.NewID()} {
			_, err := s.enter(guess)
			refused(t, "a guess", err, "link.expired")
		}
		secret := s.invite()
		if s.count(fmt.Sprintf(`SELECT COUNT(*) FROM staff_invite WHERE CAST(token_hash AS TEXT) LIKE '%%%s%%'`, secret)) != 0 {
			t.Error("the token itself is stored")
		}
		id, err := s.enter(secret)
		if err != nil || id == "" || s.count(`SELECT COUNT(*) FROM staff WHERE role = 'admin'`) != 1 {
			t.Fatalf("%q, %v", id, err)
		}
		_, err = s.enter(secret)
		refused(t, "the token again", err, "staff.closed")
	})
}

func TestInviteLivesAQuarterOfAnHour(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		secret := s.invite()
		s.clock.Advance(15 * time.Minute)
		_, err := s.enter(secret)
		refused(t, "after 15 minutes", err, "link.expired")
		secret = s.invite()
		s.clock.Advance(15*time.Minute - time.Microsecond)
		if _, err := s.enter(secret); err != nil {
			t.Errorf("a microsecond before its end: %v", err)
		}
	})
}

func TestNewInviteKillsTheOld(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		old, next := s.invite(), s.invite()
		_, err := s.enter(old)
		refused(t, "the older token", err, "link.expired")
		if _, err := s.enter(next); err != nil {
			t.Error(err)
		}
	})
}

// TestClosedForGood: after the first administrator no token is made and none
// works, also after a restart, also if every row about staff is gone (AD1).
func TestClosedForGood(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		if _, err := s.enter(s.invite()); err != nil {
			t.Fatal(err)
		}
		for _, loss := range []string{"", `DELETE FROM staff`, `DELETE FROM staff_invite`} {
			if loss != "" {
				if _, err := s.d.Writer().ExecContext(t.Context(), loss); err != nil {
					t.Fatal(err)
				}
			}
			s.d = s.open() // a restart
			if err := s.d.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.clock.Advance(24 * time.Hour)
			secret, _, err := Invite(t.Context(), s.d)
			refused(t, "another invite", err, "staff.closed")
			if secret != "" {
				t.Error("a refused invite gave a token")
			}
		}
		// A token that somebody wrote into the database opens nothing either.
		secret, hash := token.Secret()
		err := s.d.Tx(t.Context(), func(tx *db.Tx) error {
			return New(tx).insertInvite(t.Context(), token.NewID(), hash, "admin", tx.Now(), tx.Now()+1e9)
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.enter(secret)
		refused(t, "a planted token", err, "staff.closed")
	})
}

// TestStoreErrorOpensNothing: what cannot be read is not "nobody yet" (AD1).
func TestStoreErrorOpensNothing(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		secret := s.invite()
		for _, table := range []string{"house", "staff_invite", "staff"} {
			rename := func(from, to string) {
				t.Helper()
				if _, err := s.d.Writer().ExecContext(t.Context(), `ALTER TABLE `+from+` RENAME TO `+to); err != nil {
					t.Fatal(err)
				}
			}
			rename(table, "away")
			if got, _, err := Invite(t.Context(), s.d); table != "staff" && (err == nil || got != "") {
				t.Errorf("without %s: invited, %v", table, err)
			}
			if _, err := s.enter(secret); err == nil {
				t.Errorf("without %s: entered", table)
			}
			rename("away", table)
		}
		s.d.Broken = func() error { return errors.New("away") }
		if got, _, err := Invite(t.Context(), s.d); err == nil || got != "" {
			t.Errorf("without a database: %q, %v", got, err)
		}
		s.d.Broken = nil
		if s.count(`SELECT COUNT(*) FROM staff`) != 0 || s.count(`SELECT COUNT(*) FROM house`) != 0 {
			t.Error("half an administrator was kept")
		}
	})
}

// TestOneOfManyEnters: the race of AD1. Each round is a house of its own: the
// table of facts is emptied, as no house ever does.
func TestOneOfManyEnters(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		rounds, presses := 15, 16
		if os.Getenv("GENKAN_LONG") == "1" {
			rounds, presses = 200, 64
		}
		for round := range rounds {
			if _, err := s.d.Writer().ExecContext(t.Context(), `DELETE FROM house`); err != nil {
				t.Fatal(err)
			}
			before := s.count(`SELECT COUNT(*) FROM staff`)
			secret := s.invite()
			var in atomic.Int32
			var all sync.WaitGroup
			start := make(chan struct{})
			for i := range presses {
				all.Go(func() {
					<-start
					if round%2 == 1 && i%8 == 7 { // somebody invites meanwhile
						_, _, _ = Invite(context.Background(), s.d)
						return
					}
					if _, err := s.enter(secret); err == nil {
						in.Add(1)
					}
				})
			}
			close(start)
			all.Wait()
			// None, when an invite killed the token first; then the newest still opens.
			if n := s.count(`SELECT COUNT(*) FROM staff`) - before; n != int(in.Load()) || n > 1 {
				t.Fatalf("%d entered, %d are kept; want at most 1", in.Load(), n)
			}
			if round%2 == 0 && in.Load() != 1 {
				t.Fatalf("%d of %d entered; want 1", in.Load(), presses)
			}
			if in.Load() == 0 {
				if _, err := s.enter(s.invite()); err != nil {
					t.Fatalf("nobody entered, and now nobody can: %v", err)
				}
			}
			if _, _, err := Invite(t.Context(), s.d); !fault.Is(err, "staff.closed") {
				t.Fatalf("after the first administrator: %v", err)
			}
		}
	})
}

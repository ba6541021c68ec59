package session

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	idle     = time.Hour
	absolute = 24 * time.Hour
)

// set is a house's desk; node opens further ones on the same database.
type set struct {
	*Desk
	t     *testing.T
	url   string
	clock *testkit.Clock
	book  *account.Book
}

func both(t *testing.T, f func(t *testing.T, s *set)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) { f(t, newSet(t, url)) })
}

func newSet(t *testing.T, url string) *set {
	t.Helper()
	keys, err := token.Parse([]byte(token.NewLine("a")))
	if err != nil {
		t.Fatal(err)
	}
	s := &set{t: t, url: url, clock: testkit.NewClock(), book: &account.Book{Keys: keys}}
	s.Desk = s.node()
	return s
}

// node opens the house once more. Its ear is fresh when it returns, so that what
// is remembered is believed.
func (s *set) node() *Desk {
	s.t.Helper()
	d, err := db.Open(context.Background(), s.url, s.clock.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { d.Close() })
	desk := NewDesk(s.t.Context(), d, s.book.Keys, idle, absolute)
	until(s.t, "a fresh ear", desk.memory.ear.Fresh)
	return desk
}

// until spins, without a sleep, until what must come to be is so.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 30 s", what)
		}
	}
}

func (s *set) try(f func(ctx context.Context, tx *db.Tx) error) error {
	return s.DB.Tx(context.Background(), func(tx *db.Tx) error { return f(context.Background(), tx) })
}

func (s *set) must(f func(ctx context.Context, tx *db.Tx) error) {
	s.t.Helper()
	if err := s.try(f); err != nil {
		s.t.Fatal(err)
	}
}

func (s *set) exec(q string, args ...any) {
	s.t.Helper()
	if _, err := s.DB.Writer().ExecContext(context.Background(), q, args...); err != nil {
		s.t.Fatalf("%s: %v", q, err)
	}
}

// member makes an account.
func (s *set) member(email string) account.ID {
	s.t.Helper()
	a, err := account.ParseAddress(email)
	if err != nil {
		s.t.Fatal(err)
	}
	id := token.NewID()
	s.must(func(ctx context.Context, tx *db.Tx) error {
		_, err := s.book.Create(ctx, tx, id, a, "ja")
		return err
	})
	return id
}

func (s *set) start(acc account.ID) (secret string, out Session) {
	s.t.Helper()
	s.must(func(ctx context.Context, tx *db.Tx) (err error) {
		secret, out, err = s.Start(ctx, tx, acc, Where{Label: "Firefox, Debian", Country: "JP", Network: "AS1"})
		return err
	})
	return secret, out
}

// alive wants a session of a secret.
func (s *set) alive(d *Desk, secret, what string) Session {
	s.t.Helper()
	got, err := d.Check(context.Background(), secret)
	if err != nil {
		s.t.Errorf("%s: %v; want a session", what, err)
	}
	return got
}

// dead wants none.
func (s *set) dead(d *Desk, secret, what string) {
	s.t.Helper()
	if got, err := d.Check(context.Background(), secret); !errors.Is(err, ErrNone) || got != (Session{}) {
		s.t.Errorf("%s: %+v, %v; want none", what, got, err)
	}
}

// atOnce runs f on n goroutines released together.
func atOnce(n int, f func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	all.Wait()
}

// keyIn gives the n-th key of a shard.
func keyIn(shard byte, n int) (k key) {
	k = keyOf(fmt.Sprint(n))
	k[0] = shard
	return k
}

package account

import (
	"context"
	"errors"
	"testing"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// set is a book on a database of its own.
type set struct {
	*Book
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
		f(t, &set{&Book{Keys: keys}, t, d, clock})
	})
}

// try runs f in a transaction of its own.
func (s *set) try(f func(ctx context.Context, tx *db.Tx) error) error {
	return s.d.Tx(context.Background(), func(tx *db.Tx) error { return f(context.Background(), tx) })
}

// must is try for what cannot fail.
func (s *set) must(f func(ctx context.Context, tx *db.Tx) error) {
	s.t.Helper()
	if err := s.try(f); err != nil {
		s.t.Fatal(err)
	}
}

// member makes an account for an address and reads it back.
func (s *set) member(email string) Account {
	s.t.Helper()
	id, a := token.NewID(), address(s.t, email)
	s.must(func(ctx context.Context, tx *db.Tx) error {
		made, err := s.Create(ctx, tx, id, a, "ja")
		if err == nil && !made {
			err = errors.New("the address has an account")
		}
		return err
	})
	return s.read(id)
}

func (s *set) read(id ID) Account {
	s.t.Helper()
	a, err := s.ByID(context.Background(), s.d.Reader(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func address(t testing.TB, text string) Address {
	t.Helper()
	a, err := ParseAddress(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return a
}

// refused wants a refusal with this code.
func refused(t *testing.T, what string, err error, code string) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("%s: %v; want %s", what, err, code)
	}
}

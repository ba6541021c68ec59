package testkit

import (
	"context"
	"testing"
)

// Migrate brings the empty database at url to the newest schema and closes its
// connections. It must be a plain function, the same at every call: its result
// is made once in a test process and copied for each test.
type Migrate func(ctx context.Context, url string) error

// Engines runs f on a fresh migrated database of each engine, as parallel
// subtests named sqlite and postgres. url has the form that genkan's
// --database-url takes: sqlite:FILE or postgres://….
//
// f gets a test that is parallel already. With a nil migrate the database is
// empty.
func Engines(t *testing.T, migrate Migrate, f func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, SQLite(t, migrate))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, Postgres(t, migrate))
	})
}

package db_test

import (
	"context"
	"testing"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// open opens the database at url on the test's clock.
func open(t *testing.T, url string) (*db.DB, *testkit.Clock) {
	t.Helper()
	clock := testkit.NewClock()
	d, err := db.Open(context.Background(), url, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, clock
}

// both runs f on a migrated database of each engine.
func both(t *testing.T, f func(t *testing.T, d *db.DB, clock *testkit.Clock)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		d, clock := open(t, url)
		f(t, d, clock)
	})
}

// postgres gives one on PostgreSQL only, and its address.
func postgres(t *testing.T) (*db.DB, string) {
	t.Helper()
	t.Parallel()
	url := testkit.Postgres(t, db.MigrateURL)
	d, _ := open(t, url)
	return d, url
}

func keep(ctx context.Context, tx *db.Tx, fact string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO house (fact, value, at) VALUES ($1, '', $2)`, fact, tx.Now())
	return err
}

// facts counts what is kept.
func facts(t *testing.T, d *db.DB) int {
	t.Helper()
	var n int
	if err := d.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM house`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

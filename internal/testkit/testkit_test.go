package testkit

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"
)

func TestMain(m *testing.M) { Main(m) }

func open(url string) (*sql.DB, error) {
	if file, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return sql.Open("sqlite", file+"?_pragma=journal_mode(wal)")
	}
	return sql.Open("pgx", url)
}

func migrate(ctx context.Context, url string) error {
	d, err := open(url)
	if err != nil {
		return err
	}
	_, err = d.ExecContext(ctx, "CREATE TABLE guest (name TEXT PRIMARY KEY)")
	return errors.Join(err, d.Close())
}

func TestEveryTestHasItsOwnMigratedDatabase(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"first", "second", "third"} {
		t.Run(name, func(t *testing.T) {
			Engines(t, migrate, func(t *testing.T, url string) {
				d, err := open(url)
				if err != nil {
					t.Fatal(err)
				}
				defer d.Close()
				// The same key in each: a shared database would refuse the second.
				if _, err := d.ExecContext(t.Context(), "INSERT INTO guest (name) VALUES ('taro')"); err != nil {
					t.Error(err)
				}
				var n int
				if err := d.QueryRowContext(t.Context(), "SELECT count(*) FROM guest").Scan(&n); err != nil || n != 1 {
					t.Errorf("guests: %d, %v; want 1", n, err)
				}
			})
		})
	}
}

var counted atomic.Int32

func countingMigrate(ctx context.Context, url string) error {
	counted.Add(1)
	return migrate(ctx, url)
}

func TestModelIsMadeOnce(t *testing.T) {
	t.Parallel()
	for range 3 {
		SQLite(t, countingMigrate)
	}
	if n := counted.Load(); n != 1 {
		t.Errorf("migrated %d times; want once", n)
	}
}

func TestNilMigrateGivesAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	Engines(t, nil, func(t *testing.T, url string) {
		if err := migrate(t.Context(), url); err != nil {
			t.Errorf("migrate what should be empty: %v", err)
		}
	})
}

func TestPostgresDatabaseGoesWithTheTest(t *testing.T) {
	t.Parallel()
	var url string
	t.Run("uses it", func(t *testing.T) {
		url = Postgres(t, migrate)
		d, err := open(url)
		if err != nil {
			t.Fatal(err)
		}
		// Left open on purpose: a forgotten connection must not keep the database.
		t.Cleanup(func() { _ = d.PingContext(context.Background()) })
		if err := d.PingContext(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	if url == "" {
		t.Skip("no PostgreSQL")
	}
	d, err := open(url)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.PingContext(t.Context()); err == nil {
		t.Error("the test's database is still there")
	}
}

func TestSQLiteFileIsPrivate(t *testing.T) {
	t.Parallel()
	file := strings.TrimPrefix(SQLite(t, migrate), "sqlite:")
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v; want 0600", info.Mode().Perm())
	}
}

func TestClockMovesOnlyWhenTold(t *testing.T) {
	t.Parallel()
	c := NewClock()
	start := c.Now()
	if !c.Now().Equal(start) {
		t.Error("the clock ran")
	}
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { c.Advance(time.Second) })
	}
	all.Wait()
	if got := c.Now().Sub(start); got != 100*time.Second {
		t.Errorf("moved by %v; want 100 s", got)
	}
	c.Set(start)
	if !c.Now().Equal(start) {
		t.Error("Set did not set")
	}
}

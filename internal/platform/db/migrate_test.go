package db_test

import (
	"context"
	"testing"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
	"golang.org/x/sync/errgroup"
)

// TestFourNodesMigrateAtOnce: nodes that start together all come up, and each
// migration ran once (DU5).
func TestFourNodesMigrateAtOnce(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, nil, func(t *testing.T, url string) {
		var nodes errgroup.Group
		start := make(chan struct{})
		for range 4 {
			nodes.Go(func() error {
				<-start
				return db.MigrateURL(context.Background(), url)
			})
		}
		close(start)
		if err := nodes.Wait(); err != nil {
			t.Fatal(err)
		}
		d, _ := open(t, url)
		if n := count(t, d, `SELECT COUNT(*) FROM audit_head`); n != 1 {
			t.Errorf("the audit chain has %d heads", n)
		}
		twice := `SELECT COUNT(*) FROM (SELECT version_id FROM goose_db_version GROUP BY version_id HAVING COUNT(*) > 1) x`
		if n := count(t, d, twice); n != 0 {
			t.Errorf("%d migrations ran twice", n)
		}
		if n := count(t, d, `SELECT COUNT(*) FROM river_migration`); n == 0 {
			t.Error("the job queue has no tables")
		}
	})
}

func TestMigratingAgainChangesNothing(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, _ *testkit.Clock) {
		if err := d.Tx(t.Context(), func(tx *db.Tx) error { return keep(t.Context(), tx, "kept") }); err != nil {
			t.Fatal(err)
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := facts(t, d); n != 1 {
			t.Errorf("%d facts after migrating again; want 1", n)
		}
	})
}

func count(t *testing.T, d *db.DB, query string) (n int) {
	t.Helper()
	if err := d.Reader().QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

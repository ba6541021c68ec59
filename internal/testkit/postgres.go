package testkit

import (
	"errors"
	"os"
	"testing"

	"github.com/genkan/genkan/internal/testkit/pgserver"
)

// Postgres returns the address of a fresh migrated database on a PostgreSQL
// server, dropped after the test. The role in it owns the database and is no
// superuser.
//
// The test is skipped where there is no PostgreSQL (but see Missing), and with
// -short where no server runs yet.
func Postgres(t testing.TB, migrate Migrate) string {
	t.Helper()
	if testing.Short() && os.Getenv(serverVariable) == "" {
		t.Skip("-short starts no PostgreSQL")
	}
	admin, err := shared.postgres()
	if errors.Is(err, pgserver.ErrAbsent) {
		Missing(t, err.Error())
	}
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	var model string
	if migrate != nil {
		if model, err = shared.postgresModel(admin, migrate); err != nil {
			t.Fatalf("make the model database: %v", err)
		}
	}
	name := databaseName("test")
	if err := createDatabase(t.Context(), admin, name, model); err != nil {
		t.Fatalf("make the test's database: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := migrateContext() // the test's own context is over by now
		defer cancel()
		if err := dropDatabase(ctx, admin, name); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	url, err := pgserver.AppURL(admin, name)
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// Package testkit makes what tests stand on: a fresh migrated database on each
// engine, and a clock that moves when told. Nothing but tests imports it.
//
// The database is never mocked. SQLite is a file per test; PostgreSQL is a
// database per test on one throwaway server: the one that make test started for
// all packages, or else one that this process starts when first asked.
package testkit

import (
	"os"
	"testing"
)

// Main runs the tests of a package, then ends what they shared: the PostgreSQL
// server, if this process started one, and whatever cleanup does. A package
// whose tests use a database says
//
//	func TestMain(m *testing.M) { testkit.Main(m) }
//
// Without it the server still ends with the process, only not before it.
func Main(m *testing.M, cleanup ...func()) {
	code := m.Run()
	for _, f := range cleanup {
		f()
	}
	shared.close()
	os.Exit(code)
}

// Missing skips the test for want of something on this machine, or fails it
// where everything should be there: make test and build servers set CI=true.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s (CI=true: a test that cannot run is a failure)", what)
	}
	t.Skip(what)
}

// Long skips the test unless the long forms were asked for: make test-long.
func Long(t testing.TB) {
	t.Helper()
	if os.Getenv("GENKAN_LONG") != "1" {
		t.Skip("a long test: make test-long, or GENKAN_LONG=1")
	}
}

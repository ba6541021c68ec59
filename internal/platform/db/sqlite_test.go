package db_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// TestSQLiteIsDurable holds DU1: WAL, synchronous=FULL, 3.51.3 or newer, on each
// connection of both pools.
func TestSQLiteIsDurable(t *testing.T) {
	t.Parallel()
	url := testkit.SQLite(t, db.MigrateURL)
	d, _ := open(t, url)
	row := func(q string) (s string) {
		t.Helper()
		if err := d.Writer().QueryRowContext(t.Context(), q).Scan(&s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		if got := row("PRAGMA " + pragma); got != want {
			t.Errorf("%s is %s; want %s", pragma, got, want)
		}
	}
	var a, b, c int
	if _, err := fmt.Sscanf(row("SELECT sqlite_version()"), "%d.%d.%d", &a, &b, &c); err != nil || a*1_000_000+b*1000+c < 3_051_003 {
		t.Errorf("SQLite is %d.%d.%d; want at least 3.51.3", a, b, c)
	}
	var only int
	if err := d.Reader().QueryRowContext(t.Context(), "PRAGMA query_only").Scan(&only); err != nil || only != 1 {
		t.Errorf("readers can write: %d, %v", only, err)
	}
	info, err := os.Stat(strings.TrimPrefix(url, "sqlite:"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v; want 0600", info.Mode().Perm(), err)
	}
}

// TestLightActsEndWithThemselves: only a light act does without the disk, and
// however it ends, whatever comes after waits again (DU1).
func TestLightActsEndWithThemselves(t *testing.T) {
	t.Parallel()
	d, _ := open(t, testkit.SQLite(t, db.MigrateURL))
	level := func(q interface {
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	}) (n int) {
		t.Helper()
		if err := q.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	ends := map[string]func(tx *db.Tx) error{
		"kept":       func(*db.Tx) error { return nil },
		"refused":    func(*db.Tx) error { return errors.New("refused") },
		"broken off": func(tx *db.Tx) error { panic("broken off") },
		"a mistake":  func(tx *db.Tx) error { _, err := tx.ExecContext(t.Context(), "INSERT INTO nothing"); return err },
	}
	for name, end := range ends {
		func() {
			defer func() { _ = recover() }()
			_ = d.TxLight(t.Context(), func(tx *db.Tx) error {
				if n := level(tx); n != 1 {
					t.Errorf("%s: a light act runs at level %d; want 1", name, n)
				}
				return end(tx)
			})
		}()
		if n := level(d.Writer()); n != 2 {
			t.Errorf("%s: level %d after it; want 2", name, n)
		}
		if err := d.Tx(t.Context(), func(tx *db.Tx) error {
			if n := level(tx); n != 2 {
				t.Errorf("%s: the next act runs at level %d; want 2", name, n)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
	}
}

// TestForeignKeysAreKept on both engines: no session without an account.
func TestForeignKeysAreKept(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, _ *testkit.Clock) {
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO password (account_id, hash, version, set_at) VALUES ('nobody', '', 1, 0)`)
			return err
		})
		if err == nil {
			t.Error("a password of nobody was kept")
		}
	})
}

// TestSQLiteDriverHasItsOwnLibc: modernc.org/sqlite is tested by its makers with
// one version of modernc.org/libc, and another corrupts quietly.
func TestSQLiteDriverHasItsOwnLibc(t *testing.T) {
	t.Parallel()
	type module struct {
		Version, GoMod string
		Replace        *struct{}
	}
	find := func(path string) (m module) {
		t.Helper()
		out, err := exec.CommandContext(context.Background(), "go", "list", "-m", "-json", path).Output()
		if err == nil {
			err = json.Unmarshal(out, &m)
		}
		if err != nil {
			t.Fatalf("go list %s: %v", path, err)
		}
		if m.Replace != nil {
			t.Errorf("%s is replaced, which breaks go install", path)
		}
		return m
	}
	text, err := os.ReadFile(find("modernc.org/sqlite").GoMod)
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`(?m)^\s*(?:require )?modernc\.org/libc (\S+)`).FindStringSubmatch(string(text))
	if want == nil {
		t.Fatal("the driver's go.mod names no modernc.org/libc")
	}
	if got := find("modernc.org/libc").Version; got != want[1] {
		t.Errorf("modernc.org/libc is %s, the driver wants %s", got, want[1])
	}
}

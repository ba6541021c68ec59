package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/testkit"
	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/sync/errgroup"
)

var errUndo = errors.New("undo")

func TestTxCarriesTheTime(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, clock *testkit.Clock) {
		at := time.Date(2026, 1, 2, 3, 4, 5, 6789, time.FixedZone("JST", 9*60*60))
		clock.Set(at)
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			clock.Advance(time.Hour) // the moment of the transaction stays
			want := at.UTC().Truncate(time.Microsecond)
			if got := tx.Time(); !got.Equal(want) || got.Location() != time.UTC || tx.Now() != want.UnixMicro() {
				t.Errorf("time %v (%d); want %v", got, tx.Now(), want)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestMicrosAndBack(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	if got := db.Time(db.Micros(at)); !got.Equal(at) || got.Location() != time.UTC {
		t.Errorf("%v came back as %v", at, got)
	}
	if db.Micros(time.Time{}) != 0 || !db.Time(0).IsZero() {
		t.Error("the zero time is not 0")
	}
}

// TestAfterCommitRunsOnlyOnceKept: nothing leaves for an act that was undone
// (CO3). On SQLite what runs after may want the one writer: it must be free.
func TestAfterCommitRunsOnlyOnceKept(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, _ *testkit.Clock) {
		var after []string
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			tx.AfterCommit(func() {
				after = append(after, fmt.Sprint("kept ", facts(t, d)))
				if err := d.Tx(t.Context(), func(tx *db.Tx) error { return keep(t.Context(), tx, "second") }); err != nil {
					t.Error(err)
				}
			})
			if len(after) > 0 {
				t.Error("ran before the commit")
			}
			return keep(t.Context(), tx, "first")
		})
		if err != nil || len(after) != 1 || after[0] != "kept 1" {
			t.Fatalf("after the commit: %v, %v", after, err)
		}
		err = d.Tx(t.Context(), func(tx *db.Tx) error {
			tx.AfterCommit(func() { t.Error("ran for an act that was undone") })
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Errorf("the refusal came out as %v", err)
		}
	})
}

func TestRollbackLeavesNothing(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, _ *testkit.Clock) {
		undone := map[string]func(tx *db.Tx) error{
			"refusal": func(*db.Tx) error { return errUndo },
			"broken statement": func(tx *db.Tx) error {
				_, err := tx.ExecContext(t.Context(), `INSERT INTO no_such_table (a) VALUES (1)`)
				return err
			},
			"panic": func(*db.Tx) error { panic("planned") },
		}
		for name, how := range undone {
			func() {
				defer func() {
					if p := recover(); (p != nil) != (name == "panic") {
						t.Errorf("%s: panic %v", name, p)
					}
				}()
				err := d.Tx(t.Context(), func(tx *db.Tx) error {
					if err := keep(t.Context(), tx, name); err != nil {
						return err
					}
					return how(tx)
				})
				if err == nil {
					t.Errorf("%s: no error", name)
				}
			}()
		}
		// The request that left in the middle.
		gone, leave := context.WithCancel(t.Context())
		err := d.Tx(gone, func(tx *db.Tx) error {
			err := keep(gone, tx, "left")
			leave()
			return err
		})
		if err == nil {
			t.Error("a transaction of a caller who left was kept")
		}
		if n := facts(t, d); n != 0 {
			t.Errorf("%d facts were kept of acts that were undone", n)
		}
		// The connection is whole: the next act goes through.
		if err := d.Tx(t.Context(), func(tx *db.Tx) error { return keep(t.Context(), tx, "next") }); err != nil {
			t.Error(err)
		}
	})
}

// TestSerializationFailuresAreTriedAgain: PostgreSQL rolls back what it cannot
// order (40001) or what waits in a circle (40P01); that is not the caller's.
func TestSerializationFailuresAreTriedAgain(t *testing.T) {
	d, _ := postgres(t)
	for _, code := range []string{"40001", "40P01"} {
		runs := 0
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			if runs++; runs < 3 {
				tx.AfterCommit(func() { t.Error("ran for a try that was undone") })
				return &pgconn.PgError{Code: code}
			}
			return keep(t.Context(), tx, code)
		})
		if err != nil || runs != 3 {
			t.Errorf("%s: %d runs, %v; want 3 and no error", code, runs, err)
		}
		runs = 0
		err = d.Tx(t.Context(), func(*db.Tx) error { runs++; return &pgconn.PgError{Code: code} })
		if err == nil || runs != 5 {
			t.Errorf("%s for ever: %d runs, %v; want 5 and an error", code, runs, err)
		}
	}
	runs := 0
	if err := d.Tx(t.Context(), func(*db.Tx) error { runs++; return &pgconn.PgError{Code: "23505"} }); err == nil || runs != 1 {
		t.Errorf("a unique key: %d runs, %v; want 1 and an error", runs, err)
	}
}

// TestDeadlockIsResolved makes a real one: two acts take two rows in opposite
// order, and both end well.
func TestDeadlockIsResolved(t *testing.T) {
	d, _ := postgres(t)
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		return errors.Join(keep(t.Context(), tx, "a"), keep(t.Context(), tx, "b"))
	})
	if err != nil {
		t.Fatal(err)
	}
	holds := [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	var acts errgroup.Group
	for i, order := range [][2]string{{"a", "b"}, {"b", "a"}} {
		first := true
		acts.Go(func() error {
			return d.Tx(context.Background(), func(tx *db.Tx) error {
				for step, fact := range order {
					if _, err := tx.ExecContext(context.Background(), `UPDATE house SET value = value || 'x' WHERE fact = $1`, fact); err != nil {
						return err
					}
					if step == 0 && first {
						first = false
						close(holds[i])
						<-holds[1-i]
					}
				}
				return nil
			})
		})
	}
	if err := acts.Wait(); err != nil {
		t.Fatal(err)
	}
	if n := count(t, d, `SELECT COUNT(*) FROM house WHERE value = 'xx'`); n != 2 {
		t.Errorf("%d rows have both marks; want 2", n)
	}
}

// TestUnavailableIsARefusal: a database that is gone is 503 with Retry-After,
// never a yes and never "something is wrong with what you typed" (DU2, FA3).
func TestUnavailableIsARefusal(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, _ *testkit.Clock) {
		gone := false
		d.Broken = func() error {
			if gone {
				return &net.OpError{Op: "dial", Err: errors.New("planned")}
			}
			return nil
		}
		if err := d.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
		gone = true
		busy(t, "Tx", d.Tx(t.Context(), func(*db.Tx) error { t.Error("ran"); return nil }))
		busy(t, "Ping", d.Ping(t.Context()))
		_, err := d.Reader().QueryContext(t.Context(), `SELECT 1`)
		busy(t, "Query", err)
		var n int
		busy(t, "QueryRow", db.Unavailable(d.Reader().QueryRowContext(t.Context(), `SELECT 1`).Scan(&n)))
		gone = false
		if err := d.Ping(t.Context()); err != nil {
			t.Errorf("it came back, but: %v", err)
		}
	})
}

// busy wants the refusal that surfaces answer with 503.
func busy(t *testing.T, what string, err error) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != fault.Busy || f.Code != "srv.emergency" || f.RetryAfter <= 0 {
		t.Errorf("%s: %v; want a Busy srv.emergency with a wait", what, err)
	}
}

// TestPostgresGoneIsARefusal: nobody listens, or the server ends our connection
// in the middle of an act.
func TestPostgresGoneIsARefusal(t *testing.T) {
	d, _ := postgres(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // the port is free now
	none, err := db.Open(t.Context(), "postgres://nobody@"+l.Addr().String()+"/none?sslmode=disable", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer none.Close()
	busy(t, "nobody listens", none.Tx(t.Context(), func(*db.Tx) error { return nil }))
	busy(t, "nobody listens: ping", none.Ping(t.Context()))

	err = d.Tx(t.Context(), func(tx *db.Tx) error {
		var pid int
		if err := tx.QueryRowContext(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
			return err
		}
		if err := keep(t.Context(), tx, "cut"); err != nil {
			return err
		}
		if _, err := d.Writer().ExecContext(t.Context(), `SELECT pg_terminate_backend($1, 5000)`, pid); err != nil {
			return err
		}
		return keep(t.Context(), tx, "after the cut")
	})
	busy(t, "cut in the middle", err)
	if n := facts(t, d); n != 0 {
		t.Errorf("%d facts were kept of an act that was cut", n)
	}
}

// TestFullDiskIsARefusal: SQLite out of space refuses, stays whole and goes on
// when there is space again (DU2).
func TestFullDiskIsARefusal(t *testing.T) {
	t.Parallel()
	d, _ := open(t, testkit.SQLite(t, db.MigrateURL))
	limit := func(pages int) {
		t.Helper()
		if _, err := d.Writer().ExecContext(t.Context(), fmt.Sprintf(`PRAGMA max_page_count = %d`, pages)); err != nil {
			t.Fatal(err)
		}
	}
	big := func(fact string) error {
		return d.Tx(t.Context(), func(tx *db.Tx) error {
			if err := keep(t.Context(), tx, fact); err != nil {
				return err
			}
			_, err := tx.ExecContext(t.Context(), `UPDATE house SET value = hex(zeroblob(1000000)) WHERE fact = $1`, fact)
			return err
		})
	}
	limit(1) // raised by SQLite to what is in use
	busy(t, "full", big("first"))
	if n := facts(t, d); n != 0 {
		t.Errorf("%d facts were kept of an act that had no space", n)
	}
	limit(1 << 30)
	if err := big("second"); err != nil {
		t.Errorf("space again, but: %v", err)
	}
	var said string
	if err := d.Writer().QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&said); err != nil || said != "ok" {
		t.Errorf("integrity: %q, %v", said, err)
	}
}

// TestOtherErrorsPassUnchanged: what says nothing about the database being there
// is not a reason to send people away.
func TestOtherErrorsPassUnchanged(t *testing.T) {
	t.Parallel()
	known := fault.New(fault.Conflict, "account.changed_meanwhile")
	for _, err := range []error{known, fmt.Errorf("wrapped: %w", known), sql.ErrNoRows, context.Canceled, errUndo, &pgconn.PgError{Code: "23505"}} {
		if got := db.Unavailable(err); got != err {
			t.Errorf("%v became %v", err, got)
		}
	}
	if db.Unavailable(nil) != nil {
		t.Error("nil became an error")
	}
	for _, code := range []string{"08006", "53300", "57P01", "57P03", "58030", "25006"} {
		busy(t, code, db.Unavailable(&pgconn.PgError{Code: code}))
	}
	busy(t, "late", db.Unavailable(context.DeadlineExceeded))
}

func TestReaderCannotWrite(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, _ *testkit.Clock) {
		if _, err := d.Reader().ExecContext(t.Context(), `DELETE FROM house`); err == nil {
			t.Error("a reader wrote")
		}
		if d.Engine == db.SQLite {
			if _, err := d.Reader().QueryContext(t.Context(), `DELETE FROM audit_head RETURNING id`); err == nil {
				t.Error("a reader wrote through a query")
			}
		}
	})
}

package db

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
)

// lite opens one connection that keeps its statements.
func lite(t *testing.T) (*sql.DB, *liteConn) {
	t.Helper()
	d := openLite("file:" + filepath.Join(t.TempDir(), "genkan.db"))
	d.SetMaxOpenConns(1)
	t.Cleanup(func() { d.Close() })
	run(t, d, "CREATE TABLE guest (name TEXT PRIMARY KEY)")
	conn, err := d.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var c *liteConn
	if err := conn.Raw(func(dc any) error { c = dc.(*liteConn); return nil }); err != nil {
		t.Fatal(err)
	}
	return d, c
}

func run(t *testing.T, d *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := d.ExecContext(context.Background(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func TestStatementsAreCompiledOnce(t *testing.T) {
	t.Parallel()
	d, c := lite(t)
	before := len(c.kept)
	for i := range 5 {
		run(t, d, "INSERT INTO guest (name) VALUES ($1)", fmt.Sprint("guest", i))
		var n int
		if err := d.QueryRow("SELECT count(*) FROM guest").Scan(&n); err != nil || n != i+1 {
			t.Fatalf("%d guests, %v; want %d", n, err, i+1)
		}
	}
	if got := len(c.kept) - before; got != 2 {
		t.Errorf("%d statements kept; want 2", got)
	}
}

// The same query inside the loop over its own rows must not disturb them.
func TestQueryRunsWithinItself(t *testing.T) {
	t.Parallel()
	d, _ := lite(t)
	for i := range 3 {
		run(t, d, "INSERT INTO guest (name) VALUES ($1)", fmt.Sprint("guest", i))
	}
	tx, err := d.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	const query = "SELECT name FROM guest WHERE name >= $1 ORDER BY name"
	outer, err := tx.Query(query, "")
	if err != nil {
		t.Fatal(err)
	}
	defer outer.Close()
	pairs := ""
	for outer.Next() {
		var a, b string
		if err := outer.Scan(&a); err != nil {
			t.Fatal(err)
		}
		if err := tx.QueryRow(query, a).Scan(&b); err != nil || a != b {
			t.Fatalf("inside %s: %s, %v", a, b, err)
		}
		pairs += a
	}
	if outer.Err() != nil || pairs != "guest0guest1guest2" {
		t.Errorf("read %q, %v", pairs, outer.Err())
	}
}

func TestKeptStatementsFollowTheSchema(t *testing.T) {
	t.Parallel()
	d, _ := lite(t)
	run(t, d, "INSERT INTO guest (name) VALUES ($1)", "taro")
	columns := func() int {
		rows, err := d.Query("SELECT * FROM guest")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil || !rows.Next() {
			t.Fatalf("%v, %v", err, rows.Err())
		}
		return len(names)
	}
	if columns() != 1 {
		t.Fatal("there are more columns than one")
	}
	run(t, d, "ALTER TABLE guest ADD COLUMN age INTEGER NOT NULL DEFAULT 0")
	run(t, d, "INSERT INTO guest (name) VALUES ($1)", "hanako")
	var age int
	if err := d.QueryRow("SELECT age FROM guest WHERE name = $1", "hanako").Scan(&age); err != nil {
		t.Error(err)
	}
}

func TestKeptStatementsAreBounded(t *testing.T) {
	t.Parallel()
	d, c := lite(t)
	rows, err := d.Query("SELECT 1 UNION SELECT 2")
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
	for i := range 2*maxKept + 10 {
		var n int
		if err := d.QueryRow(fmt.Sprintf("SELECT %d", i)).Scan(&n); err != nil || n != i {
			t.Fatalf("%d, %v; want %d", n, err, i)
		}
	}
	if len(c.kept) > maxKept {
		t.Errorf("%d statements kept", len(c.kept))
	}
}

func TestFailedStatementCanRunAgain(t *testing.T) {
	t.Parallel()
	d, _ := lite(t)
	const add = "INSERT INTO guest (name) VALUES ($1)"
	run(t, d, add, "taro")
	if _, err := d.Exec(add, "taro"); err == nil {
		t.Fatal("the same key twice")
	}
	run(t, d, add, "hanako")
	dead, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := d.ExecContext(dead, add, "jiro"); err == nil {
		t.Error("ran for somebody who had left")
	}
	var n int
	if err := d.QueryRow("SELECT count(*) FROM guest").Scan(&n); err != nil || n != 2 {
		t.Errorf("%d guests, %v; want 2", n, err)
	}
}

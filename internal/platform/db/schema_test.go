package db_test

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// TestBothEnginesHaveTheSameTables holds the two hand-written migrations to one
// schema: what runs on one engine must run on the other.
func TestBothEnginesHaveTheSameTables(t *testing.T) {
	t.Parallel()
	lite, _ := open(t, testkit.SQLite(t, db.MigrateURL))
	post, _ := open(t, testkit.Postgres(t, db.MigrateURL))
	a, b := liteShape(t, lite.Writer()), postShape(t, post.Writer())
	if len(a) < 150 {
		t.Fatalf("read %d lines of the schema: the test looks in the wrong place", len(a))
	}
	for _, line := range a {
		if !slices.Contains(b, line) {
			t.Errorf("only on SQLite: %s", line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			t.Errorf("only on PostgreSQL: %s", line)
		}
	}
}

// ours leaves out the tables of the libraries, which differ by design.
func ours(table string) bool {
	return !strings.HasPrefix(table, "river_") && !strings.HasPrefix(table, "goose_") && !strings.HasPrefix(table, "sqlite_")
}

var (
	literal = regexp.MustCompile(`'([^']*)'`)
	check   = regexp.MustCompile(`CHECK \((\w+) (?:IN \(([^)]*)\)|= (\d+))\)`)
	types   = map[string]string{"text": "TEXT", "bytea": "BLOB", "bigint": "INTEGER", "integer": "INTEGER"}
	cast    = regexp.MustCompile(`::\w+`)
)

// allowed gives the values of a check, sorted.
func allowed(s string) string {
	var out []string
	for _, m := range literal.FindAllStringSubmatch(s, -1) {
		out = append(out, m[1])
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

func column(table, name, kind string, null bool, preset string) string {
	if preset == `'\x'` { // PostgreSQL's way to write no bytes
		preset = "x''"
	}
	return fmt.Sprintf("column %s.%s %s null=%v default=%s", table, name, kind, null, preset)
}

func index(table string, unique bool, columns []string) string {
	if unique {
		slices.Sort(columns) // the order of a unique key says nothing
	}
	return fmt.Sprintf("index %s unique=%v (%s)", table, unique, strings.Join(columns, ","))
}

func liteShape(t *testing.T, d *sql.DB) (out []string) {
	t.Helper()
	for _, tab := range rows(t, d, 2, `SELECT name, sql FROM sqlite_master WHERE type = 'table'`) {
		name := tab[0]
		if !ours(name) {
			continue
		}
		if !strings.HasSuffix(strings.TrimSpace(tab[1]), "STRICT") {
			t.Errorf("table %s is not STRICT", name)
		}
		for _, m := range check.FindAllStringSubmatch(tab[1], -1) {
			out = append(out, "check "+name+" "+allowed(m[2]))
		}
		var pk []string
		for _, c := range rows(t, d, 5, `SELECT name, type, "notnull", COALESCE(dflt_value, ''), pk FROM pragma_table_info('`+name+`') ORDER BY pk`) {
			out = append(out, column(name, c[0], c[1], c[2] == "0" && c[4] == "0", c[3]))
			if c[4] != "0" {
				pk = append(pk, c[0])
			}
		}
		out = append(out, index(name, true, pk))
		for _, i := range rows(t, d, 3, `SELECT name, "unique", origin FROM pragma_index_list('`+name+`')`) {
			if i[2] == "pk" {
				continue
			}
			var cols []string
			for _, c := range rows(t, d, 1, `SELECT name FROM pragma_index_info('`+i[0]+`') ORDER BY seqno`) {
				cols = append(cols, c[0])
			}
			out = append(out, index(name, i[1] == "1", cols))
		}
		for _, f := range rows(t, d, 4, `SELECT "from", "table", "to", on_delete FROM pragma_foreign_key_list('`+name+`')`) {
			out = append(out, fmt.Sprintf("foreign %s.%s -> %s.%s on delete %s", name, f[0], f[1], f[2], f[3]))
		}
	}
	return out
}

func postShape(t *testing.T, d *sql.DB) (out []string) {
	t.Helper()
	for _, c := range rows(t, d, 5, `SELECT table_name, column_name, data_type, is_nullable, COALESCE(column_default, '')
		FROM information_schema.columns WHERE table_schema = 'public'`) {
		if ours(c[0]) {
			out = append(out, column(c[0], c[1], types[c[2]], c[3] == "YES", cast.ReplaceAllString(c[4], "")))
		}
	}
	for _, i := range rows(t, d, 3, `SELECT t.relname, x.indisunique, string_agg(a.attname, ',' ORDER BY k.n)
		FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace s ON s.oid = t.relnamespace
		CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k(att, n)
		JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.att
		WHERE s.nspname = 'public' GROUP BY x.indexrelid, t.relname, x.indisunique`) {
		if ours(i[0]) {
			out = append(out, index(i[0], i[1] == "true", strings.Split(i[2], ",")))
		}
	}
	for _, f := range rows(t, d, 5, `SELECT t.relname, a.attname, o.relname, b.attname, c.confdeltype
		FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class o ON o.oid = c.confrelid
		JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = c.conkey[1]
		JOIN pg_attribute b ON b.attrelid = o.oid AND b.attnum = c.confkey[1] WHERE c.contype = 'f'`) {
		if ours(f[0]) {
			act := map[string]string{"a": "NO ACTION", "c": "CASCADE"}[f[4]]
			out = append(out, fmt.Sprintf("foreign %s.%s -> %s.%s on delete %s", f[0], f[1], f[2], f[3], act))
		}
	}
	for _, c := range rows(t, d, 2, `SELECT t.relname, pg_get_constraintdef(c.oid) FROM pg_constraint c
		JOIN pg_class t ON t.oid = c.conrelid WHERE c.contype = 'c'`) {
		if ours(c[0]) {
			out = append(out, "check "+c[0]+" "+allowed(c[1]))
		}
	}
	return out
}

// rows reads n columns as text.
func rows(t *testing.T, d *sql.DB, n int, query string) (out [][]string) {
	t.Helper()
	r, err := d.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer r.Close()
	for r.Next() {
		cells, into := make([]string, n), make([]any, n)
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := r.Scan(into...); err != nil {
			t.Fatal(err)
		}
		out = append(out, cells)
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

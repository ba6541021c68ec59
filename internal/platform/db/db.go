// Package db opens the house's database and runs transactions on it.
//
// Two engines run the same SQL text ($1 parameters, the common subset of SQLite
// and PostgreSQL): SQLite inside the binary for one node, PostgreSQL for many.
// The transaction carries the time, so that nothing above this package asks the
// clock, and what must happen after commit, so that nothing leaves for an act
// that was undone (design law 4).
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// Engine names a kind of database.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// DB is an open database. Its methods may be called from many goroutines.
type DB struct {
	Engine Engine
	// Now is the clock that transactions carry; microsecond steps.
	Now func() time.Time
	// Broken, when set, stands for a database that is gone: its error meets
	// whoever asks. Tests and dev builds set it.
	Broken func() error

	file   string // SQLite only
	writer *sql.DB
	reader *sql.DB
	pool   *pgxpool.Pool // PostgreSQL only
	bus    bus
}

// Open opens url: "sqlite:PATH" (the folder is made if missing) or a
// "postgres://" address. It does not migrate. now may be nil for the wall clock.
func Open(ctx context.Context, url string, now func() time.Time) (*DB, error) {
	if now == nil {
		now = time.Now
	}
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return openSQLite(ctx, path, now)
	}
	return openPostgres(ctx, url, now)
}

func openSQLite(ctx context.Context, path string, now func() time.Time) (*DB, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	// synchronous=FULL: a used code must stay used after a power cut (DU1).
	dsn := "file:" + path + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)" +
		"&_pragma=synchronous(full)&_pragma=foreign_keys(1)"
	writer := openLite(dsn + "&_txlock=immediate")
	// One writer: SQLite has one write lock, and waiting for it in Go is fairer.
	writer.SetMaxOpenConns(1)
	if err := writer.PingContext(ctx); err != nil {
		writer.Close()
		return nil, fmt.Errorf("open SQLite file %s: %w", filepath.Base(path), err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		writer.Close()
		return nil, fmt.Errorf("protect the SQLite file: %w", err)
	}
	reader := openLite(dsn + "&_pragma=query_only(1)")
	reader.SetMaxOpenConns(8)
	reader.SetMaxIdleConns(8)
	return &DB{Engine: SQLite, Now: now, file: path, writer: writer, reader: reader}, nil
}

func openPostgres(ctx context.Context, url string, now func() time.Time) (*DB, error) {
	conf, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The address may hold a password: do not repeat it.
		return nil, errors.New("database_url cannot be read as a postgres:// address")
	}
	conf.ConnConfig.ConnectTimeout = 5 * time.Second
	if !strings.Contains(url, "pool_max_conns") {
		// pgx gives one per core; ours wait for the disk and for each other, not
		// for the processor.
		conf.MaxConns = max(conf.MaxConns, 16)
	}
	pool, err := pgxpool.NewWithConfig(ctx, conf)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	both := stdlib.OpenDBFromPool(pool)
	both.SetMaxIdleConns(0) // the pool below keeps the connections
	return &DB{Engine: Postgres, Now: now, writer: both, reader: both, pool: pool}, nil
}

// Close waits for running queries and closes the connections.
func (d *DB) Close() error {
	err := d.writer.Close()
	if d.reader != d.writer {
		err = errors.Join(err, d.reader.Close())
	}
	if d.pool != nil {
		d.pool.Close()
	}
	return err
}

// Ping asks the database whether it is there.
func (d *DB) Ping(ctx context.Context) error {
	if err := d.broken(); err != nil {
		return err
	}
	return unavailable(d.reader.PingContext(ctx))
}

func (d *DB) broken() error {
	if d.Broken == nil {
		return nil
	}
	return unavailable(d.Broken())
}

// Writer gives the pool that may write, for libraries that manage their own SQL.
func (d *DB) Writer() *sql.DB { return d.writer }

// Pool gives PostgreSQL's connections, nil on SQLite.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Reader runs single statements outside a transaction.
func (d *DB) Reader() *Reader { return &Reader{d} }

// Micros gives t as the database keeps it. The zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the opposite of Micros, in UTC.
func Time(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// Reader is a DBTX for plain reads.
type Reader struct{ d *DB }

// ExecContext is here because generated code asks for it; a reader refuses it.
func (r *Reader) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, errors.New("a reader cannot write")
}

// PrepareContext prepares on the reading pool.
func (r *Reader) PrepareContext(ctx context.Context, q string) (*sql.Stmt, error) {
	s, err := r.d.reader.PrepareContext(ctx, q)
	return s, unavailable(err)
}

// QueryContext runs a query on the reading pool.
func (r *Reader) QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	if err := r.d.broken(); err != nil {
		return nil, err
	}
	rows, err := r.d.reader.QueryContext(ctx, q, args...)
	return rows, unavailable(err)
}

// QueryRowContext runs a query for one row on the reading pool.
func (r *Reader) QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row {
	if r.d.broken() != nil {
		// A Row cannot be made from outside; a dead context gives one that fails.
		dead, cancel := context.WithDeadline(ctx, time.Unix(0, 0))
		cancel()
		return r.d.reader.QueryRowContext(dead, q, args...)
	}
	return r.d.reader.QueryRowContext(ctx, q, args...)
}

var _ pgx.Tx = (*lentTx)(nil)

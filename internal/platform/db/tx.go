package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
)

// Tx is one transaction and the moment it happens at.
type Tx struct {
	*sql.Tx
	Engine Engine

	at    time.Time
	owner *DB
	conn  *sql.Conn
	after []func()
}

// Time is the moment of this transaction, UTC, whole microseconds.
func (tx *Tx) Time() time.Time { return tx.at }

// Now is Time as the database keeps it.
func (tx *Tx) Now() int64 { return tx.at.UnixMicro() }

// AfterCommit runs f once the transaction is kept, and never otherwise.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// retries bounds how often a transaction that PostgreSQL rolled back for
// serialization (40001) or a deadlock (40P01) is run again.
const retries = 5

// Tx runs f in one transaction: all of it is kept, or nothing. f may run again
// after a serialization failure, so it must not act outside the transaction
// except through AfterCommit. A database that cannot be reached gives a
// fault.Busy with code "srv.emergency".
func (d *DB) Tx(ctx context.Context, f func(tx *Tx) error) error { return d.run(ctx, f) }

// TxLight is Tx for an act that promises nothing to anybody. On SQLite it does
// not wait for the disk: a killed process loses nothing, a power cut may undo the
// last of such acts, and those only.
func (d *DB) TxLight(ctx context.Context, f func(tx *Tx) error) error {
	return d.run(context.WithValue(ctx, lightKey{}, true), f)
}

func (d *DB) run(ctx context.Context, f func(tx *Tx) error) error {
	if err := d.broken(); err != nil {
		return err
	}
	for try := 1; ; try++ {
		err := d.once(ctx, f)
		if err == nil || try == retries || !again(err) {
			return unavailable(err)
		}
	}
}

func (d *DB) once(ctx context.Context, f func(tx *Tx) error) (err error) {
	conn, err := d.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("take a connection: %w", err)
	}
	defer conn.Close()
	sqlTx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	tx := &Tx{Tx: sqlTx, Engine: d.Engine, owner: d, conn: conn, at: d.Now().UTC().Truncate(time.Microsecond)}
	defer func() {
		if p := recover(); p != nil {
			_ = sqlTx.Rollback()
			panic(p)
		}
	}()
	if err := f(tx); err != nil {
		_ = sqlTx.Rollback()
		return err
	}
	if err := sqlTx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	// The connection goes back before anything else runs: on SQLite there is
	// one writer, and what runs after may want it.
	conn.Close()
	for _, g := range tx.after {
		g()
	}
	return nil
}

func again(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// unavailable turns "the database cannot be used now" into a refusal that
// surfaces answer with 503 and Retry-After; everything else passes unchanged.
func unavailable(err error) error {
	if err == nil || !gone(err) {
		return err
	}
	return &fault.Error{Kind: fault.Busy, Code: "srv.emergency", RetryAfter: 10 * time.Second, Err: err}
}

// Unavailable tells whether err means that the database cannot be used now, for
// code that reads through database/sql itself, such as a Row's Scan.
func Unavailable(err error) error { return unavailable(err) }

func gone(err error) bool {
	var known *fault.Error
	if errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, sql.ErrNoRows) {
		return false
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) { // whatever reason the server gave for not letting us in
		return true
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) && len(pg.Code) == 5 {
		switch pg.Code[:2] {
		case "08", "53", "57", "58": // connection, resources, operator intervention, system
			return true
		}
		return pg.Code == "25006" // read only: the old primary after a failover
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case 5, 6, 8, 10, 13, 14, 26: // busy, locked, readonly, ioerr, full, cantopen, notadb
			return true
		}
		return false
	}
	var network net.Error
	return errors.As(err, &network) ||
		// What database/sql says of a connection that was cut in the middle of a transaction.
		errors.Is(err, driver.ErrBadConn) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, context.DeadlineExceeded)
}

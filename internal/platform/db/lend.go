package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// LendPgx calls f with the transaction as a pgx.Tx whose end stays ours: Commit
// and Rollback refuse. It lets a library that speaks pgx write into a
// transaction that was begun through database/sql. PostgreSQL only.
func (tx *Tx) LendPgx(f func(pgx.Tx) error) error {
	return tx.conn.Raw(func(dc any) error {
		c, ok := dc.(*stdlib.Conn)
		if !ok {
			return errors.New("not a PostgreSQL connection")
		}
		return f(&lentTx{conn: c.Conn()})
	})
}

var errLent = errors.New("a lent transaction is ended by its owner")

type lentTx struct {
	conn  *pgx.Conn
	depth int
}

// Begin makes a savepoint, which its borrower may end.
func (t *lentTx) Begin(ctx context.Context) (pgx.Tx, error) {
	inner := &lentTx{conn: t.conn, depth: t.depth + 1}
	_, err := t.conn.Exec(ctx, fmt.Sprintf("SAVEPOINT lent%d", inner.depth))
	return inner, err
}

func (t *lentTx) Commit(ctx context.Context) error { return t.end(ctx, "RELEASE SAVEPOINT lent%d") }
func (t *lentTx) Rollback(ctx context.Context) error {
	return t.end(ctx, "ROLLBACK TO SAVEPOINT lent%d")
}

func (t *lentTx) end(ctx context.Context, how string) error {
	if t.depth == 0 {
		return errLent
	}
	if t.depth < 0 {
		return pgx.ErrTxClosed
	}
	_, err := t.conn.Exec(ctx, fmt.Sprintf(how, t.depth))
	t.depth = -1
	return err
}

func (t *lentTx) CopyFrom(ctx context.Context, table pgx.Identifier, cols []string, src pgx.CopyFromSource) (int64, error) {
	return t.conn.CopyFrom(ctx, table, cols, src)
}

func (t *lentTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return t.conn.SendBatch(ctx, b)
}

func (t *lentTx) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

func (t *lentTx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	return t.conn.Prepare(ctx, name, sql)
}

func (t *lentTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return t.conn.Exec(ctx, sql, args...)
}

func (t *lentTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return t.conn.Query(ctx, sql, args...)
}

func (t *lentTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return t.conn.QueryRow(ctx, sql, args...)
}

func (t *lentTx) Conn() *pgx.Conn { return t.conn }

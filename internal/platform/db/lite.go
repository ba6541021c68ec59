package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
)

// openLite opens one of SQLite's pools, whose connections keep the statements
// that they have compiled: the driver compiles a statement at each call, which
// took as long as running it, and starts a goroutine for each, to interrupt it.
func openLite(dsn string) *sql.DB { return sql.OpenDB(&liteConnector{dsn: dsn}) }

type liteConnector struct {
	dsn    string
	driver sqlite.Driver
}

func (c *liteConnector) Driver() driver.Driver { return &c.driver }

func (c *liteConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	return &liteConn{driverConn: conn.(driverConn), kept: map[string]*liteStmt{}}, nil
}

// driverConn is what the driver's connections can do.
type driverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.Pinger
	driver.QueryerContext
	driver.SessionResetter
	driver.Validator
}

// driverStmt is what its statements can do.
type driverStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// liteConn is a connection; database/sql lets one goroutine use it at a time.
type liteConn struct {
	driverConn
	kept  map[string]*liteStmt
	stuck bool // its way to commit could not be put back
}

type liteStmt struct {
	driverStmt
	busy bool // its rows are still being read
}

const (
	// maxKept bounds the statements of a connection; the house has about 150.
	maxKept = 400
	// maxKeptText leaves out scripts, which are migrations and run once.
	maxKeptText = 4000
)

// statement gives a compiled statement, or nil for one that is not kept.
func (c *liteConn) statement(ctx context.Context, query string) (*liteStmt, error) {
	if s := c.kept[query]; s != nil {
		if s.busy {
			return nil, nil // run again while its rows are read: the driver compiles a second one
		}
		return s, nil
	}
	if len(query) > maxKeptText {
		return nil, nil
	}
	if len(c.kept) >= maxKept {
		c.drop()
	}
	made, err := c.driverConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s := &liteStmt{driverStmt: made.(driverStmt)}
	c.kept[query] = s
	return s, nil
}

// drop forgets every statement that is not in use.
func (c *liteConn) drop() {
	for query, s := range c.kept {
		if !s.busy {
			delete(c.kept, query)
			_ = s.Close() // frees memory only
		}
	}
}

// lightKey marks the context of a transaction that need not wait for the disk.
type lightKey struct{}

// BeginTx begins a transaction. One that need not wait for the disk changes how
// the connection commits, until it ends: whoever begins none keeps waiting.
func (c *liteConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	light, _ := ctx.Value(lightKey{}).(bool)
	if !light {
		return c.driverConn.BeginTx(ctx, opts)
	}
	if err := c.synchronous("normal"); err != nil {
		return nil, err
	}
	tx, err := c.driverConn.BeginTx(ctx, opts)
	if err != nil {
		back := c.synchronous("full")
		c.stuck = back != nil
		return nil, errors.Join(err, back)
	}
	return &lightTx{tx, c}, nil
}

func (c *liteConn) synchronous(level string) error {
	_, err := c.driverConn.ExecContext(context.Background(), "PRAGMA synchronous="+level, nil)
	return err
}

// lightTx puts the connection back when it ends. A connection that cannot be put
// back is not used again.
type lightTx struct {
	driver.Tx
	c *liteConn
}

func (t *lightTx) Commit() error   { return t.end(t.Tx.Commit()) }
func (t *lightTx) Rollback() error { return t.end(t.Tx.Rollback()) }

func (t *lightTx) end(err error) error {
	if back := t.c.synchronous("full"); back != nil {
		t.c.stuck = true
	}
	return err
}

// IsValid tells database/sql whether the connection may be used again.
func (c *liteConn) IsValid() bool { return !c.stuck && c.driverConn.IsValid() }

// Close closes the connection and what it kept.
func (c *liteConn) Close() error {
	c.drop()
	return c.driverConn.Close()
}

// ExecContext runs a statement. It looks at ctx once, before: our statements on a
// local file take microseconds, and the wait for the write lock is in BEGIN,
// which can be interrupted.
func (c *liteConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.driverConn.ExecContext(ctx, query, args)
	}
	return s.ExecContext(context.WithoutCancel(ctx), args)
}

// QueryContext runs a query; ctx is looked at as by ExecContext.
func (c *liteConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := c.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.driverConn.QueryContext(ctx, query, args)
	}
	rows, err := s.QueryContext(context.WithoutCancel(ctx), args)
	if err != nil {
		return nil, err
	}
	s.busy = true
	return &liteRows{rows, s}, nil
}

// liteRows gives its statement back when it is closed.
type liteRows struct {
	driver.Rows
	s *liteStmt
}

func (r *liteRows) Close() error {
	r.s.busy = false
	return r.Rows.Close() // resets the statement
}

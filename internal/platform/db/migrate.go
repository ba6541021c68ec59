package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/gofrs/flock"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
)

//go:embed migration
var migrations embed.FS

// Migrate brings the tables to this release's form; it is safe to run from many
// nodes at once and does nothing when there is nothing to do. Forward only: the
// previous release still runs on the result.
func (d *DB) Migrate(ctx context.Context) error {
	if d.Engine == SQLite {
		// goose has no lock of its own for SQLite; without one, four racing
		// starters gave "table already exists".
		l := flock.New(d.file + ".migrate.lock")
		if err := l.Lock(); err != nil {
			return fmt.Errorf("lock for migration: %w", err)
		}
		defer l.Unlock()
	}
	if err := d.migrateHouse(ctx); err != nil {
		return unavailable(err)
	}
	return unavailable(d.migrateQueue(ctx))
}

// MigrateURL migrates the database at url, for tests and tools.
func MigrateURL(ctx context.Context, url string) error {
	d, err := Open(ctx, url, nil)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Migrate(ctx)
}

func (d *DB) migrateHouse(ctx context.Context) error {
	sub, err := fs.Sub(migrations, "migration/"+string(d.Engine))
	if err != nil {
		return err
	}
	dialect, opts := goose.DialectSQLite3, []goose.ProviderOption{}
	if d.Engine == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("make the migration lock: %w", err)
		}
		opts = append(opts, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, d.writer, sub, opts...)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// migrateQueue makes the job queue's own tables. Racing PostgreSQL nodes are
// kept apart by an advisory lock of ours, since the queue's migrator has none.
func (d *DB) migrateQueue(ctx context.Context) error {
	if d.Engine == SQLite {
		m, err := rivermigrate.New(riversqlite.New(d.writer), nil)
		return upQueue(ctx, m, err)
	}
	m, unread := rivermigrate.New(riverpgxv5.New(d.pool), nil)
	if unread == nil {
		// Nothing to do is the rule, and needs neither lock nor second connection.
		if r, err := m.Validate(ctx, nil); err == nil && r.OK {
			return nil
		}
	}
	tx, err := d.pool.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin the queue's migration: %w", err)
	}
	defer tx.Rollback(ctx)
	const queueLock = 0x67656e6b616e // "genkan"
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(queueLock)); err != nil {
		return fmt.Errorf("lock for the queue's migration: %w", err)
	}
	if err := upQueue(ctx, m, unread); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

func upQueue[T any](ctx context.Context, m *rivermigrate.Migrator[T], unread error) error {
	if unread != nil {
		return fmt.Errorf("read the queue's migrations: %w", unread)
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	return nil
}

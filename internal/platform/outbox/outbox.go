// Package outbox holds work that is to be done after an act is kept: a job is a
// row written in the act's own transaction and claimed by a worker by lease, so
// it is never done for an act that was undone, and done at least once for every
// act that was kept (CO3). The queue is River, on the same database.
//
// Job arguments are stored in clear: put ids in them, never a code, an address
// or a text.
package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// Queue adds jobs and, once started, works them.
type Queue struct {
	add   func(ctx context.Context, tx *db.Tx, args river.JobArgs, opts *river.InsertOpts) error
	start func(ctx context.Context) error
	stop  func(ctx context.Context) error
	kill  func(ctx context.Context) error
}

// Jobs is what a queue works: workers by kind of job, and jobs that come round.
type Jobs struct {
	workers  *river.Workers
	periodic []*river.PeriodicJob
}

// NewJobs makes an empty set.
func NewJobs() *Jobs { return &Jobs{workers: river.NewWorkers()} }

// Handle names the function that works jobs of T's kind. Returning nil ends the
// job, Later puts it off without counting a try, any other error tries again
// with growing pauses.
func Handle[T river.JobArgs](j *Jobs, f func(ctx context.Context, args T) error) {
	river.AddWorker(j.workers, river.WorkFunc(func(ctx context.Context, job *river.Job[T]) error {
		return f(ctx, job.Args)
	}))
}

// Every lets one node work a job of this kind once each interval.
func Every(j *Jobs, interval time.Duration, args river.JobArgs) {
	j.periodic = append(j.periodic, river.NewPeriodicJob(river.PeriodicInterval(interval),
		func() (river.JobArgs, *river.InsertOpts) { return args, &river.InsertOpts{MaxAttempts: 1} },
		&river.PeriodicJobOpts{RunOnStart: true}))
}

// Later puts the job off by d without counting a try.
func Later(d time.Duration) error { return river.JobSnooze(d) }

// New makes a queue on d. Nothing is worked before Start.
func New(d *db.DB, jobs *Jobs, log *slog.Logger) (*Queue, error) {
	conf := &river.Config{
		Queues:       map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 20}},
		Workers:      jobs.workers,
		PeriodicJobs: jobs.periodic,
		Logger:       slog.New(quiet{log.Handler()}),
		// Cancelling does not reach a running job on SQLite: every job has an end.
		JobTimeout:  2 * time.Minute,
		MaxAttempts: 25,
		// What is done is told by each noun's own rows.
		CompletedJobRetentionPeriod: time.Hour,
	}
	if d.Engine == db.Postgres {
		return newPostgres(d, conf)
	}
	return newSQLite(d, conf)
}

func newSQLite(d *db.DB, conf *river.Config) (*Queue, error) {
	c, err := river.NewClient(riversqlite.New(d.Writer()), conf)
	if err != nil {
		return nil, fmt.Errorf("make the job queue: %w", err)
	}
	return wrap(c, func(ctx context.Context, tx *db.Tx, args river.JobArgs, opts *river.InsertOpts) error {
		_, err := c.InsertTx(ctx, tx.Tx, args, opts)
		return err
	}), nil
}

func newPostgres(d *db.DB, conf *river.Config) (*Queue, error) {
	c, err := river.NewClient(riverpgxv5.New(d.Pool()), conf)
	if err != nil {
		return nil, fmt.Errorf("make the job queue: %w", err)
	}
	return wrap(c, func(ctx context.Context, tx *db.Tx, args river.JobArgs, opts *river.InsertOpts) error {
		return tx.LendPgx(func(lent pgx.Tx) error {
			_, err := c.InsertTx(ctx, lent, args, opts)
			return err
		})
	}), nil
}

func wrap[T any](c *river.Client[T], add func(context.Context, *db.Tx, river.JobArgs, *river.InsertOpts) error) *Queue {
	return &Queue{add: add, start: c.Start, stop: c.Stop, kill: c.StopAndCancel}
}

// Add writes a job into the transaction.
func (q *Queue) Add(ctx context.Context, tx *db.Tx, args river.JobArgs) error {
	if err := q.add(ctx, tx, args, nil); err != nil {
		return fmt.Errorf("add job %s: %w", args.Kind(), err)
	}
	return nil
}

// Start begins to work jobs until Stop; ctx ends them at once.
func (q *Queue) Start(ctx context.Context) error { return q.start(ctx) }

// Stop lets running jobs finish until ctx ends, then cancels them.
func (q *Queue) Stop(ctx context.Context) error {
	if err := q.stop(ctx); err == nil {
		return nil
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	return q.kill(end)
}

// quiet passes only what the queue itself finds worrying: a job that is tried
// again is told by its own trace.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && q.Handler.Enabled(ctx, l)
}

// Handle passes a record on unless all it says is that a stop cut something off.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	cut := false
	r.Attrs(func(a slog.Attr) bool {
		cut = strings.Contains(a.Value.String(), context.Canceled.Error())
		return !cut
	})
	if cut {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

func (q quiet) WithAttrs(a []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(a)} }
func (q quiet) WithGroup(n string) slog.Handler      { return quiet{q.Handler.WithGroup(n)} }

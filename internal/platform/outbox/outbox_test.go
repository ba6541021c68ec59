package outbox_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/outbox"
	"github.com/genkan/genkan/internal/testkit"
	"golang.org/x/sync/errgroup"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type job struct {
	Name string `json:"name"`
}

func (job) Kind() string { return "test.job" }

type round struct{}

func (round) Kind() string { return "test.round" }

// node is one process of the house: a queue and what it worked.
type node struct {
	d     *db.DB
	queue *outbox.Queue
	did   chan string
}

// works makes a node whose jobs meet f and are then told on did.
func works(t *testing.T, d *db.DB, did chan string, f func(ctx context.Context, name string) error) *node {
	t.Helper()
	jobs := outbox.NewJobs()
	outbox.Handle(jobs, func(ctx context.Context, j job) error {
		err := f(ctx, j.Name)
		did <- j.Name
		return err
	})
	outbox.Handle(jobs, func(context.Context, round) error { did <- "round"; return nil })
	outbox.Every(jobs, time.Hour, round{})
	q, err := outbox.New(d, jobs, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return &node{d, q, did}
}

func (n *node) start(t *testing.T) {
	t.Helper()
	// Not the test's context, which is over before its cleanup.
	if err := n.queue.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.queue.Stop(context.Background()) })
}

func (n *node) add(name string, end error) error {
	return n.d.Tx(context.Background(), func(tx *db.Tx) error {
		return errors.Join(n.queue.Add(context.Background(), tx, job{name}), end)
	})
}

// waitFor reads what was worked until name comes, and fails on what must not.
func (n *node) waitFor(t *testing.T, name string, never ...string) {
	t.Helper()
	late := time.After(60 * time.Second)
	for {
		select {
		case got := <-n.did:
			for _, bad := range never {
				if got == bad {
					t.Errorf("%s was worked", bad)
				}
			}
			if got == name {
				return
			}
		case <-late:
			t.Fatalf("%s was not worked", name)
		}
	}
}

func both(t *testing.T, f func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		d, err := db.Open(context.Background(), url, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		f(t, d)
	})
}

func well(context.Context, string) error { return nil }

func (n *node) rows(t *testing.T, where string) (count int) {
	t.Helper()
	if err := n.d.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM river_job WHERE `+where).Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}

// TestJobsFollowTheirAct: work is done for an act that was kept, never for one
// that was undone (CO3).
func TestJobsFollowTheirAct(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		n := works(t, d, make(chan string, 100), well)
		undo := errors.New("undo")
		if err := n.add("undone before", undo); !errors.Is(err, undo) {
			t.Fatal(err)
		}
		if err := n.add("kept before the start", nil); err != nil {
			t.Fatal(err)
		}
		n.start(t)
		n.waitFor(t, "kept before the start", "undone before")
		if err := n.add("undone", undo); !errors.Is(err, undo) {
			t.Fatal(err)
		}
		if err := n.add("kept", nil); err != nil {
			t.Fatal(err)
		}
		n.waitFor(t, "kept", "undone before", "undone")
		if k := n.rows(t, `kind = 'test.job'`); k != 2 {
			t.Errorf("%d rows; want the two that were kept", k)
		}
	})
}

// TestFailedWorkIsDoneAgain: at least once, for an error and for a panic (CO3).
func TestFailedWorkIsDoneAgain(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		var runs sync.Map
		n := works(t, d, make(chan string, 100), func(_ context.Context, name string) error {
			if _, again := runs.LoadOrStore(name, true); again {
				return nil
			}
			if name == "panics" {
				panic("planned")
			}
			return errors.New("planned")
		})
		n.start(t)
		for _, name := range []string{"fails", "panics"} {
			if err := n.add(name, nil); err != nil {
				t.Fatal(err)
			}
		}
		worked, late := map[string]int{}, time.After(60*time.Second)
		for worked["fails"] < 2 || worked["panics"] < 1 { // the run that panics is not told
			select {
			case name := <-n.did:
				worked[name]++
			case <-late:
				t.Fatalf("worked %v; want two that failed, and one after a panic", worked)
			}
		}
	})
}

// TestLaterCostsNoTry: a job may be put off oftener than jobs may fail, as mail
// is when a server keeps saying "later". The long form does so.
func TestLaterCostsNoTry(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		times := int32(2)
		if os.Getenv("GENKAN_LONG") == "1" {
			times = 30
		}
		var runs atomic.Int32
		n := works(t, d, make(chan string, 100), func(context.Context, string) error {
			if runs.Add(1) <= times {
				return outbox.Later(0)
			}
			return nil
		})
		n.start(t)
		if err := n.add("patient", nil); err != nil {
			t.Fatal(err)
		}
		for range times + 1 {
			n.waitFor(t, "patient")
		}
		if err := n.queue.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if k := n.rows(t, `kind = 'test.job' AND max_attempts - attempt = 24`); k != 1 {
			t.Error("putting a job off used up its tries")
		}
	})
}

// TestEachJobIsWorkedOnce by one of two nodes, and what comes round runs on one
// of them only.
func TestEachJobIsWorkedOnce(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		did := make(chan string, 1000)
		a, b := works(t, d, did, well), works(t, d, did, well)
		a.start(t)
		b.start(t)
		a.waitFor(t, "round")
		var add errgroup.Group
		for i := range 40 {
			n := []*node{a, b}[i%2]
			add.Go(func() error { return n.add("job", nil) })
		}
		if err := add.Wait(); err != nil {
			t.Fatal(err)
		}
		for range 40 {
			a.waitFor(t, "job", "round")
		}
		if k := a.rows(t, `kind = 'test.round'`); k != 1 {
			t.Errorf("what comes round was put in the queue %d times; want once", k)
		}
		for _, n := range []*node{a, b} {
			if err := n.queue.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if len(did) > 0 {
			t.Errorf("%d jobs were worked twice", len(did))
		}
	})
}

// TestStopIsSafe: twice, unstarted, and after its time is up.
func TestStopIsSafe(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		unstarted := works(t, d, make(chan string, 10), well)
		for range 2 {
			if err := unstarted.queue.Stop(t.Context()); err != nil {
				t.Errorf("stop unstarted: %v", err)
			}
		}
		n := works(t, d, make(chan string, 10), well)
		n.start(t)
		var stops errgroup.Group
		for range 4 {
			stops.Go(func() error { return n.queue.Stop(context.Background()) })
		}
		if err := stops.Wait(); err != nil {
			t.Errorf("stop four times: %v", err)
		}
	})
}

// TestStopWaitsForWork, then cancels it when the time is up; cancelled work is
// done again by the next process (CO3).
func TestStopWaitsForWork(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		begun, finish, cut := make(chan string, 10), make(chan struct{}), make(chan error, 10)
		n := works(t, d, make(chan string, 10), func(ctx context.Context, name string) error {
			begun <- name
			<-finish
			return ctx.Err()
		})
		n.start(t)
		if err := n.add("slow", nil); err != nil {
			t.Fatal(err)
		}
		<-begun
		stopped := make(chan error, 1)
		go func() { stopped <- n.queue.Stop(context.Background()) }()
		close(finish)
		if err := <-stopped; err != nil {
			t.Errorf("stop with slow work: %v", err)
		}
		n.waitFor(t, "slow") // it was done, not cut
		if k := n.rows(t, `kind = 'test.job' AND state = 'completed'`); k != 1 {
			t.Errorf("%d jobs completed; want the slow one", k)
		}

		n = works(t, d, make(chan string, 10), func(ctx context.Context, name string) error {
			begun <- name
			<-ctx.Done()
			cut <- ctx.Err()
			return ctx.Err()
		})
		n.start(t)
		if err := n.add("endless", nil); err != nil {
			t.Fatal(err)
		}
		<-begun
		up, cancel := context.WithCancel(t.Context())
		cancel()
		if err := n.queue.Stop(up); err != nil {
			t.Errorf("stop with endless work: %v", err)
		}
		if err := <-cut; !errors.Is(err, context.Canceled) {
			t.Errorf("endless work ended by itself: %v", err)
		}
		next := works(t, d, make(chan string, 10), well)
		next.start(t)
		next.waitFor(t, "endless")
	})
}

// TestOnlyWorriesAreLogged: a job that is tried again is told by its own trace.
func TestOnlyWorriesAreLogged(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB) {
		var lines atomic.Int32
		log := slog.New(&counter{Handler: slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelDebug}), lines: &lines})
		jobs := outbox.NewJobs()
		done := make(chan struct{})
		outbox.Handle(jobs, func(context.Context, job) error { close(done); return nil })
		q, err := outbox.New(d, jobs, log)
		if err != nil {
			t.Fatal(err)
		}
		n := &node{d: d, queue: q}
		n.start(t)
		if err := n.add("dull", nil); err != nil {
			t.Fatal(err)
		}
		<-done
		if err := q.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if k := lines.Load(); k != 0 {
			t.Errorf("a dull job wrote %d lines", k)
		}
	})
}

type counter struct {
	slog.Handler
	lines *atomic.Int32
}

func (c *counter) Handle(context.Context, slog.Record) error { c.lines.Add(1); return nil }
func (c *counter) WithAttrs(a []slog.Attr) slog.Handler {
	return &counter{c.Handler.WithAttrs(a), c.lines}
}
func (c *counter) WithGroup(s string) slog.Handler { return &counter{c.Handler.WithGroup(s), c.lines} }

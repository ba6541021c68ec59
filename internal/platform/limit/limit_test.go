package limit_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/limit"
	"github.com/genkan/genkan/internal/testkit"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("GENKAN_LONG") != "1" {
		flag.Set("rapid.checks", "15") // each check is some thirty commits
	}
	testkit.Main(m)
}

func both(t *testing.T, f func(t *testing.T, d *db.DB, clock *testkit.Clock)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		clock := testkit.NewClock()
		d, err := db.Open(context.Background(), url, clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		f(t, d, clock)
	})
}

type fataler interface{ Fatal(...any) }

var ctx = context.Background()

func inTx(t fataler, d *db.DB, f func(tx *db.Tx) (time.Duration, error)) (wait time.Duration) {
	err := d.Tx(context.Background(), func(tx *db.Tx) (err error) {
		wait, err = f(tx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return wait
}

func take(t fataler, d *db.DB, bucket string, r limit.Rate) time.Duration {
	return inTx(t, d, func(tx *db.Tx) (time.Duration, error) { return limit.Take(context.Background(), tx, bucket, r) })
}

func takeWindow(t fataler, d *db.DB, bucket string, n int, window time.Duration) time.Duration {
	return inTx(t, d, func(tx *db.Tx) (time.Duration, error) {
		return limit.TakeWindow(context.Background(), tx, bucket, n, window)
	})
}

// atOnce runs f on 64 goroutines released together and counts the yeses.
func atOnce(f func() bool) int {
	var yes atomic.Int32
	var all sync.WaitGroup
	start := make(chan struct{})
	for range 64 {
		all.Go(func() {
			<-start
			if f() {
				yes.Add(1)
			}
		})
	}
	close(start)
	all.Wait()
	return int(yes.Load())
}

// TestExactlyAsManyAsAllowed: 64 that come at the same moment, and the limit
// lets in exactly its number (TH2).
func TestExactlyAsManyAsAllowed(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, clock *testkit.Clock) {
		rate := limit.Rate{Burst: 7, Every: time.Minute}
		if n := atOnce(func() bool { return take(t, d, "b", rate) == 0 }); n != 7 {
			t.Errorf("%d of 64 were let in; want 7", n)
		}
		clock.Advance(2 * time.Minute)
		if n := atOnce(func() bool { return take(t, d, "b", rate) == 0 }); n != 2 {
			t.Errorf("two minutes later %d were let in; want 2", n)
		}
		if n := atOnce(func() bool { return takeWindow(t, d, "w", 5, time.Hour) == 0 }); n != 5 {
			t.Errorf("%d of 64 were let into the window; want 5", n)
		}
		clock.Advance(time.Hour)
		if n := atOnce(func() bool { return takeWindow(t, d, "w", 5, time.Hour) == 0 }); n != 5 {
			t.Errorf("in the next window %d were let in; want 5", n)
		}
	})
}

func TestWaitIsExact(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, clock *testkit.Clock) {
		rate := limit.Rate{Burst: 2, Every: time.Minute}
		take(t, d, "b", rate)
		clock.Advance(10 * time.Second)
		take(t, d, "b", rate)
		// Refusals are not counted: asking again does not lengthen the wait.
		for range 3 {
			if got := take(t, d, "b", rate); got != 50*time.Second {
				t.Fatalf("wait %v; want 50 s", got)
			}
		}
		clock.Advance(50*time.Second - time.Microsecond)
		if got := take(t, d, "b", rate); got != time.Microsecond {
			t.Errorf("a microsecond early: wait %v", got)
		}
		clock.Advance(time.Microsecond)
		if got := take(t, d, "b", rate); got != 0 {
			t.Errorf("on time: wait %v", got)
		}
		if got := take(t, d, "another", rate); got != 0 {
			t.Errorf("another bucket: wait %v", got)
		}
	})
}

// TestUndoneActCostsNothing: a use is counted with the act it belongs to.
func TestUndoneActCostsNothing(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, _ *testkit.Clock) {
		undo := errors.New("undo")
		rate := limit.Rate{Burst: 1, Every: time.Hour}
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			if wait, err := limit.Take(t.Context(), tx, "b", rate); wait != 0 || err != nil {
				t.Errorf("%v, %v", wait, err)
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Fatal(err)
		}
		if got := take(t, d, "b", rate); got != 0 {
			t.Errorf("after an act that was undone: wait %v", got)
		}
	})
}

// TestClockTurnedBackFreesNothing (CO5).
func TestClockTurnedBackFreesNothing(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, clock *testkit.Clock) {
		rate := limit.Rate{Burst: 1, Every: time.Hour}
		take(t, d, "b", rate)
		takeWindow(t, d, "w", 1, time.Hour)
		for range 3 {
			clock.Advance(-24 * time.Hour)
			if take(t, d, "b", rate) == 0 || takeWindow(t, d, "w", 1, time.Hour) == 0 {
				t.Fatal("an earlier clock let one in")
			}
		}
	})
}

// TestFollowsTheModel compares random uses with a model that remembers all: for
// a rate the theoretical arrival time, for a window the times of every use.
func TestFollowsTheModel(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, clock *testkit.Clock) {
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			bucket, window := fmt.Sprint("rate ", run), fmt.Sprint("window ", run)
			burst := rapid.IntRange(1, 5).Draw(rt, "burst")
			every := time.Duration(rapid.IntRange(1, 100).Draw(rt, "every")) * time.Second
			var tat time.Time
			var taken []time.Time
			for range rapid.IntRange(1, 15).Draw(rt, "uses") {
				now := clock.Advance(time.Duration(rapid.IntRange(0, 150).Draw(rt, "pause")) * time.Second)
				later := tat
				if later.Before(now) {
					later = now
				}
				later = later.Add(every)
				want := max(0, later.Sub(now)-time.Duration(burst)*every)
				if want == 0 {
					tat = later
				}
				if got := take(rt, d, bucket, limit.Rate{Burst: burst, Every: every}); got != want {
					rt.Fatalf("rate: wait %v; want %v", got, want)
				}
				want = 0
				if i := len(taken) - burst; i >= 0 {
					want = max(0, taken[i].Add(every).Sub(now))
				}
				if want == 0 {
					taken = append(taken, now)
				}
				if got := takeWindow(rt, d, window, burst, every); got != want {
					rt.Fatalf("window: wait %v; want %v", got, want)
				}
			}
		})
	})
}

// TestSweepForgetsFullBucketsOnly: forgetting must not let anybody in.
func TestSweepForgetsFullBucketsOnly(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, clock *testkit.Clock) {
		rate := limit.Rate{Burst: 2, Every: time.Minute}
		for i := range 5 {
			take(t, d, fmt.Sprint("old ", i), rate)
		}
		clock.Advance(time.Minute)
		take(t, d, "used up", rate)
		take(t, d, "used up", rate)
		sweep := func(n int) {
			t.Helper()
			inTx(t, d, func(tx *db.Tx) (time.Duration, error) {
				_, err := limit.Sweep(t.Context(), tx, n)
				return 0, err
			})
		}
		rows := func() (n int) {
			if err := d.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*) FROM limit_bucket`).Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		clock.Advance(time.Minute + time.Microsecond)
		if sweep(3); rows() != 3 {
			t.Errorf("a sweep of 3 left %d rows; want 3", rows())
		}
		if sweep(100); rows() != 1 {
			t.Errorf("%d rows are left; want the used one", rows())
		}
		clock.Advance(time.Hour)
		if sweep(100); rows() != 0 {
			t.Errorf("%d rows are left at the end", rows())
		}
	})
}

// TestSweepLeavesWhatIsTakenMeanwhile: a bucket that is full again is taken while
// the sweeper looks at it. The taking stands: a bucket forgotten then would give
// one more than its rate.
func TestSweepLeavesWhatIsTakenMeanwhile(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, clock *testkit.Clock) {
		rate := limit.Rate{Burst: 1, Every: time.Hour}
		if wait := take(t, d, "b", rate); wait != 0 {
			t.Fatal("the first was not let through")
		}
		clock.Advance(2 * time.Hour)
		swept := make(chan error, 1)
		inTx(t, d, func(tx *db.Tx) (time.Duration, error) {
			wait, err := limit.Take(ctx, tx, "b", rate)
			if wait != 0 || err != nil {
				t.Errorf("taking after the hour: wait %v, %v", wait, err)
			}
			go func() {
				swept <- d.Tx(ctx, func(tx *db.Tx) error {
					_, err := limit.Sweep(ctx, tx, 10)
					return err
				})
			}()
			return 0, untilHeldUp(d)
		})
		if err := <-swept; err != nil {
			t.Fatal(err)
		}
		if wait := take(t, d, "b", rate); wait == 0 {
			t.Error("the bucket gave two in its hour")
		}
	})
}

// untilHeldUp waits until a transaction is held up by another one's row. SQLite
// lets a second writer begin only when the first is done.
func untilHeldUp(d *db.DB) error {
	for d.Engine == db.Postgres {
		var n int
		err := d.Reader().QueryRowContext(ctx, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
		if err != nil || n > 0 {
			return err
		}
		runtime.Gosched()
	}
	return nil
}

package limit_test

import (
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/limit"
	"github.com/genkan/genkan/internal/testkit"
	"pgregory.net/rapid"
)

var ladder = limit.Ladder{Free: 5, First: time.Minute, Longest: time.Hour, Most: 20, Quiet: 24 * time.Hour, Keep: 30 * 24 * time.Hour}

func try(t fataler, d *db.DB, bucket string, l limit.Ladder) (s limit.Streak, ok bool) {
	err := d.Tx(ctx, func(tx *db.Tx) (err error) {
		s, ok, err = limit.Try(ctx, tx, bucket, l)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, ok
}

func act(t fataler, d *db.DB, f func(tx *db.Tx) error) {
	if err := d.Tx(ctx, f); err != nil {
		t.Fatal(err)
	}
}

// TestPausesGrow: five go freely, then each pause is twice the last, up to the
// longest, and the last of all stops it for good (TH1).
func TestPausesGrow(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, clock *testkit.Clock) {
		for n := 1; n <= ladder.Most; n++ {
			s, ok := try(t, d, "b", ladder)
			if want := ladder.Pause(n); !ok || s.Run != n || s.Total != n || s.Until.Sub(clock.Now()) != want {
				t.Fatalf("try %d: %v %+v; want a pause of %v", n, ok, s, want)
			}
			if p := ladder.Pause(n); p > 0 {
				clock.Advance(p - time.Microsecond)
				if _, ok := try(t, d, "b", ladder); ok {
					t.Fatalf("try %d: another one a microsecond before the pause of %v ends", n, p)
				}
				clock.Advance(time.Microsecond)
			}
		}
		if got := []time.Duration{ladder.Pause(4), ladder.Pause(5), ladder.Pause(6), ladder.Pause(10), ladder.Pause(11), ladder.Pause(1000)}; got[0] != 0 ||
			got[1] != time.Minute || got[2] != 2*time.Minute || got[3] != 32*time.Minute || got[4] != time.Hour || got[5] != time.Hour {
			t.Errorf("pauses: %v", got)
		}
		clock.Advance(300 * 24 * time.Hour)
		if s, ok := try(t, d, "b", ladder); ok || s.Total != ladder.Most {
			t.Errorf("after the last: %v %+v", ok, s)
		}
		act(t, d, func(tx *db.Tx) error { return limit.Absolve(ctx, tx, "b") })
		if s, ok := try(t, d, "b", ladder); !ok || s.Run != 1 || s.Total != 1 {
			t.Errorf("absolved after long: %v %+v", ok, s)
		}
	})
}

// TestAtOnceNoMoreThanFree: 64 that come at the same moment (TH2).
func TestAtOnceNoMoreThanFree(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, clock *testkit.Clock) {
		for round, want := range []int{5, 1, 1} {
			if n := atOnce(func() bool { _, ok := try(t, d, "b", ladder); return ok }); n != want {
				t.Errorf("round %d: %d of 64 passed; want %d", round, n, want)
			}
			clock.Advance(ladder.Pause(5 + round))
		}
	})
}

// TestAbsolveKeepsThePause: what the owner does never quickens an attacker.
func TestAbsolveKeepsThePause(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, clock *testkit.Clock) {
		for range 5 {
			try(t, d, "b", ladder)
		}
		act(t, d, func(tx *db.Tx) error { return limit.Absolve(ctx, tx, "b") })
		if _, ok := try(t, d, "b", ladder); ok {
			t.Error("absolving ended the pause")
		}
		clock.Advance(time.Minute)
		if s, ok := try(t, d, "b", ladder); !ok || s.Run != 6 || s.Total != 1 {
			t.Errorf("%v %+v", ok, s)
		}
		act(t, d, func(tx *db.Tx) error { return limit.Forget(ctx, tx, "b") })
		if s, ok := try(t, d, "b", ladder); !ok || s.Run != 1 {
			t.Errorf("forgotten: %v %+v", ok, s)
		}
	})
}

// TestStreakFollowsTheModel compares random histories with a model.
func TestStreakFollowsTheModel(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, clock *testkit.Clock) {
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			bucket := time.Duration(run).String()
			l := limit.Ladder{Free: rapid.IntRange(1, 3).Draw(rt, "free"), First: time.Second, Longest: 5 * time.Second,
				Most: 6, Quiet: time.Minute, Keep: time.Hour}
			var m limit.Streak
			var tried time.Time
			for range rapid.IntRange(1, 20).Draw(rt, "acts") {
				now := clock.Advance(time.Duration(rapid.SampledFrom([]int{0, 1, 2, 4, 8, 70}).Draw(rt, "pause")) * time.Second)
				switch what := rapid.IntRange(0, 9).Draw(rt, "what"); {
				case what == 0:
					act(rt, d, func(tx *db.Tx) error { return limit.Forgive(ctx, tx, bucket, l) })
					if !tried.IsZero() {
						m.Run, m.Total = max(0, m.Run-1), max(0, m.Total-1)
						m.Until = tried.Add(l.Pause(m.Run))
					}
				case what == 1:
					act(rt, d, func(tx *db.Tx) error { return limit.Charge(ctx, tx, bucket, l) })
					m.Total++
					if tried.IsZero() {
						tried = now
					}
				default:
					s, ok := try(rt, d, bucket, l)
					if want := !m.Paused(now, l); ok != want {
						rt.Fatalf("passed: %v, want %v; %+v", ok, want, m)
					}
					if ok {
						if now.Sub(tried) > l.Quiet {
							m.Run = 0
						}
						m.Run, m.Total, tried = m.Run+1, m.Total+1, now
						m.Until = now.Add(l.Pause(m.Run))
					}
					if s.Run != m.Run || s.Total != m.Total || !m.Until.IsZero() && !s.Until.Equal(m.Until) {
						rt.Fatalf("%+v; want %+v", s, m)
					}
				}
			}
		})
	})
}

// TestTallyForgetsOldSlots: a window slides, and shards are summed.
func TestTallyForgetsOldSlots(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, clock *testkit.Clock) {
		span := limit.Span{Slot: time.Minute, Slots: 3}
		for i := range 20 {
			act(t, d, func(tx *db.Tx) error {
				return limit.Count(ctx, tx, span, i%4 == 0, limit.Place{Bucket: "b", Shard: byte(i)})
			})
		}
		act(t, d, func(tx *db.Tx) error {
			return limit.Count(ctx, tx, span, true, limit.Place{Bucket: "other"}, limit.Place{Bucket: "and another"})
		})
		for minute, want := range []limit.Tally{{15, 5}, {15, 5}, {15, 5}, {}} {
			got, err := limit.Sum(ctx, d.Reader(), clock.Now(), "b", span)
			if err != nil || got != want {
				t.Errorf("after %d minutes: %+v, %v; want %+v", minute, got, err, want)
			}
			clock.Advance(time.Minute)
		}
		clock.Advance(time.Minute)
		act(t, d, func(tx *db.Tx) error { _, err := limit.SweepTallies(ctx, tx, 1000); return err })
		var n int
		if err := d.Reader().QueryRowContext(ctx, `SELECT COUNT(*) FROM limit_tally`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows are left, %v", n, err)
		}
	})
}

package admit

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/genkan/genkan/internal/platform/fault"
)

// TestNeverMoreThanAllowed: 500 at once, and never more run than the gate lets
// (PW4); all are served when the line is long enough.
func TestNeverMoreThanAllowed(t *testing.T) {
	t.Parallel()
	g := NewGate(3, 500, time.Hour)
	var inside, most, done atomic.Int32
	var all sync.WaitGroup
	for range 500 {
		all.Go(func() {
			err := g.Do(t.Context(), SignIn, func() error {
				n := inside.Add(1)
				for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
				}
				for range 100 { // hold the place for a while, other goroutines running
					inside.Load()
				}
				inside.Add(-1)
				done.Add(1)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() > 3 || done.Load() != 500 {
		t.Errorf("at most %d at once, %d in all; want 3 and 500", most.Load(), done.Load())
	}
	empty(t, g, 3)
}

// empty wants a gate as it was made.
func empty(t *testing.T, g *Gate, running int) {
	t.Helper()
	if l := g.Load(); l.Running != 0 || l.Queued != 0 || g.free != running {
		t.Errorf("left behind: %+v, %d of %d places free", l, g.free, running)
	}
	for c := range g.waiting {
		if n := g.waiting[c].Len(); n != 0 {
			t.Errorf("class %d still has %d in line", c, n)
		}
	}
}

// hold fills the gate's one place until the test says go.
func hold(t *testing.T, g *Gate) (release func()) {
	t.Helper()
	begun, end, over := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		_ = g.Do(context.Background(), SignIn, func() error { close(begun); <-end; return nil })
	}()
	<-begun
	return func() { close(end); <-over }
}

// TestOrderByClass: who has begun goes before who begins, and within a class who
// came first.
func TestOrderByClass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1, 100, time.Hour)
		release := hold(t, g)
		var order []string
		var all sync.WaitGroup
		for _, who := range []struct {
			name  string
			class Class
		}{{"reg1", Registration}, {"in1", SignIn}, {"rec1", Recovery}, {"reg2", Registration}, {"begun1", Begun}, {"in2", SignIn}, {"begun2", Begun}, {"rec2", Recovery}} {
			all.Go(func() {
				if err := g.Do(t.Context(), who.class, func() error { order = append(order, who.name); return nil }); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait() // in line before the next comes
		}
		release()
		all.Wait()
		want := []string{"begun1", "begun2", "rec1", "rec2", "in1", "in2", "reg1", "reg2"}
		for i := range want {
			if order[i] != want[i] {
				t.Fatalf("order %v; want %v", order, want)
			}
		}
		empty(t, g, 1)
	})
}

// overload wants the refusal that says "come back", with a wait.
func overload(t *testing.T, what string, err error) {
	t.Helper()
	f := fault.Of(err)
	if f.Code != "srv.overload" || f.Kind != fault.Busy || f.RetryAfter <= 0 {
		t.Errorf("%s: %v after %v; want srv.overload with a wait", what, err, f.RetryAfter)
	}
}

// TestFullLineRefusesAtOnce: the one too many waits for nothing (PW4).
func TestFullLineRefusesAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1, 2, time.Minute)
		release := hold(t, g)
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if err := g.Do(t.Context(), SignIn, func() error { return nil }); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		began := time.Now()
		// The line is one for all classes: a better one does not go past its end.
		overload(t, "the third in line", g.Do(t.Context(), Begun, func() error { t.Error("ran"); return nil }))
		if took := time.Since(began); took != 0 {
			t.Errorf("refused after %v", took)
		}
		if l := g.Load(); l.Queued != 2 || l.Running != 1 || l.Refused != 1 {
			t.Errorf("%+v", l)
		}
		release()
		all.Wait()
		empty(t, g, 1)
		if err := g.Do(t.Context(), SignIn, func() error { return nil }); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// TestNobodyWaitsLongerThanPatience, and who was told to come back keeps no place.
func TestNobodyWaitsLongerThanPatience(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1, 5, 7*time.Second)
		release := hold(t, g)
		began := time.Now()
		overload(t, "waiting", g.Do(t.Context(), SignIn, func() error { t.Error("ran"); return nil }))
		if took := time.Since(began); took != 7*time.Second {
			t.Errorf("told after %v; want 7 s", took)
		}
		release()
		empty(t, g, 1)
	})
}

func TestWhoLeavesKeepsNoPlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(1, 5, time.Hour)
		release := hold(t, g)
		ctx, leave := context.WithCancel(t.Context())
		told := make(chan error, 1)
		go func() { told <- g.Do(ctx, SignIn, func() error { t.Error("ran"); return nil }) }()
		synctest.Wait()
		leave()
		if err := <-told; !errors.Is(err, context.Canceled) {
			t.Errorf("who left is told %v", err)
		}
		if l := g.Load(); l.Queued != 0 {
			t.Errorf("%d are still in line", l.Queued)
		}
		release()
		empty(t, g, 1)
	})
}

// TestTurnAtTheSameMomentIsUsed: the place was handed over, and at that very
// moment the caller left. Whoever gave it away will not take it back, so it is
// used; otherwise it would be lost for ever.
func TestTurnAtTheSameMomentIsUsed(t *testing.T) {
	t.Parallel()
	g := NewGate(1, 5, time.Hour)
	gone, leave := context.WithCancel(t.Context())
	leave()
	p := &place{ready: make(chan struct{}), gone: true} // as leave makes it, the news not yet seen
	if err := g.wait(gone, SignIn, p, nil); err != nil {
		t.Errorf("%v: the place is lost", err)
	}
}

// TestPlaceComesBack after an error and after a panic.
func TestPlaceComesBack(t *testing.T) {
	t.Parallel()
	g := NewGate(1, 1, time.Hour)
	no := errors.New("no")
	if err := g.Do(t.Context(), SignIn, func() error { return no }); !errors.Is(err, no) {
		t.Errorf("%v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = g.Do(t.Context(), SignIn, func() error { panic("planned") })
	}()
	empty(t, g, 1)
}

// TestStress: callers of all classes who run, wait, lose patience, leave at the
// moment of their turn or before, again and again; nothing is left behind.
func TestStress(t *testing.T) {
	t.Parallel()
	g := NewGate(2, 20, 300*time.Microsecond)
	var inside atomic.Int32
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				switch r.IntN(3) {
				case 0:
					go cancel()
				case 1:
					cancel()
				}
				err := g.Do(ctx, Class(r.IntN(int(classes))), func() error {
					if n := inside.Add(1); n > 2 {
						t.Errorf("%d at once", n)
					}
					for range r.IntN(2000) {
						inside.Load()
					}
					inside.Add(-1)
					return nil
				})
				if err != nil && !errors.Is(err, context.Canceled) && !fault.Is(err, "srv.overload") {
					t.Error(err)
				}
				cancel()
			}
		})
	}
	all.Wait()
	empty(t, g, 2)
	// Every place is still there: two can be held at once, a third waits.
	a := hold(t, g)
	b := hold(t, g)
	overload(t, "a third", g.Do(t.Context(), Begun, func() error { return nil }))
	a()
	b()
}

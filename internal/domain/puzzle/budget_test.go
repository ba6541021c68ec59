package puzzle

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/puzzle/trail/hand"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
)

// tryPass is pass for those who may run out.
func (s *set) tryPass(f For) error {
	c, err := s.Begin(s.t.Context(), f)
	if err != nil {
		return err
	}
	if _, err := s.Picture(s.t.Context(), c.ID, f, Solve(c.Work.Salt, 0, c.Work.Tries)); err != nil {
		return err
	}
	s.clock.Advance(time.Second)
	_, err = s.Answer(s.t.Context(), c.ID, f, s.byKeys(f, c))
	return err
}

// passesOf counts how often f passes in n tries; other refusals than that no pass
// is left fail the test.
func (s *set) passesOf(n int, f func(i int) For) (passed int) {
	s.t.Helper()
	for i := range n {
		switch err := s.tryPass(f(i)); code(err) {
		case "":
			passed++
		case "puzzle.loop":
			if fault.Of(err).RetryAfter <= 0 || len(fault.Of(err).Next) < 3 {
				s.t.Errorf("no wait or no other way is told: %+v", err)
			}
		default:
			s.t.Fatal(err)
		}
	}
	return passed
}

// TestBudgets: six for a session, six for an account from browsers that it does
// not know, sixty for a network, in any ten minutes, whoever solves (TH7).
func TestBudgets(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		f := someone("session")
		n := s.passesOf(9, func(i int) For { g := f; g.Key = token.Hash(fmt.Sprint(i)); return g })
		if n != 6 {
			t.Errorf("a session naming many accounts: %d", n)
		}
		s.clock.Advance(window)
		if n := s.passesOf(1, func(int) For { return f }); n != 1 {
			t.Error("nothing after ten minutes")
		}
		victim := token.Hash("victim")
		n = s.passesOf(9, func(i int) For { g := someone(fmt.Sprint("account", i)); g.Key = victim; return g })
		if n != 6 {
			t.Errorf("an account from many browsers: %d", n)
		}
		owner := someone("owner")
		owner.Key, owner.Known = victim, true
		if n := s.passesOf(2, func(int) For { return owner }); n != 2 {
			t.Errorf("its known browser meanwhile: %d", n)
		}
		n = s.passesOf(9, func(i int) For { g := someone(fmt.Sprint("program", i)); g.Browser, g.Key = nil, victim; return g })
		if n != 0 {
			t.Errorf("programs for the same account: %d", n)
		}
		n = s.passesOf(9, func(i int) For { g := someone("nobody"); g.Browser, g.Key = nil, nil; return g })
		if n != 6 {
			t.Errorf("programs that name no account: %d", n)
		}
		n = s.passesOf(70, func(i int) For { g := someone(fmt.Sprint("network", i)); g.Network = "203.0.113.0/24"; return g })
		if n != 60 {
			t.Errorf("a network of fresh browsers and accounts: %d", n)
		}
	})
}

// TestBudgetsAtOnce: what is solved before and answered at one moment is counted
// one by one.
func TestBudgetsAtOnce(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		f := someone("taro")
		type ready struct {
			id string
			f  For
			a  Answer
		}
		var all []ready
		for i := range 24 {
			g := f
			if i%2 == 0 { // the same account from elsewhere
				g = someone(fmt.Sprint("taro", i))
				g.Key = f.Key
			}
			c, _ := s.picture(g)
			all = append(all, ready{c.ID, g, s.byKeys(g, c)})
		}
		s.clock.Advance(time.Second)
		n := atOnce(len(all), func(i int) bool {
			_, err := s.Answer(context.Background(), all[i].id, all[i].f, all[i].a)
			if err != nil && code(err) != "puzzle.loop" {
				t.Error(err)
			}
			return err == nil
		})
		if n != 6 {
			t.Errorf("%d of 24 at once pass", n)
		}
	})
}

// TestBudgetsWaitForEachOther: an answer that is judged while another one of the
// same account is not yet kept waits for it, and counts it.
func TestBudgetsWaitForEachOther(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.Budget.Account = 1
		first, second := someone("first"), someone("second")
		second.Key = first.Key
		c1, _ := s.picture(first)
		c2, _ := s.picture(second)
		s.clock.Advance(time.Second)
		a1, a2 := s.byKeys(first, c1), s.byKeys(second, c2)
		o1, err := s.open(c1.ID, first)
		if err != nil {
			t.Fatal(err)
		}
		later := make(chan error, 1)
		err = s.DB.Tx(t.Context(), func(tx *db.Tx) error {
			_, hash := token.Secret()
			if verdict, err := s.settle(t.Context(), tx, o1, first, a1, hash); err != nil || verdict != nil {
				t.Errorf("the first: %v, %v", verdict, err)
			}
			go func() {
				_, err := s.Answer(context.Background(), c2.ID, second, a2)
				later <- err
			}()
			select {
			case err := <-later:
				later <- err
				t.Errorf("the second did not wait: %v", err)
			case <-time.After(300 * time.Millisecond):
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := <-later; code(err) != "puzzle.loop" {
			t.Errorf("the second: %v", err)
		}
	})
}

// TestNetworkBudgetOverMidnight: the key changes, the window does not.
func TestNetworkBudgetOverMidnight(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.clock.Set(time.Date(2026, 11, 27, 23, 56, 0, 0, time.UTC))
		who := func(i int) For { g := someone(fmt.Sprint("n", i)); g.Network = "203.0.113.0/24"; return g }
		before := s.passesOf(40, who)
		s.clock.Set(time.Date(2026, 11, 28, 0, 1, 0, 0, time.UTC))
		if n := s.passesOf(40, func(i int) For { return who(100 + i) }); before != 40 || n != 20 {
			t.Errorf("%d before midnight, %d after", before, n)
		}
		if a, b := s.network(who(0), s.clock.Now()), s.network(who(0), s.clock.Now().Add(-time.Hour)); string(a) == string(b) {
			t.Error("a network has the same digest on two days")
		}
	})
}

// TestWorkRises fourfold with each wrong answer, to a cap, and cools calmly; and
// from the twentieth pass of a network.
func TestWorkRises(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.Tries = 100
		f := someone("taro")
		tries := func(f For) int { return s.begin(f).Work.Tries }
		if n := tries(f); n != 100 {
			t.Fatalf("for somebody new: %d", n)
		}
		quick := func(f For) {
			s.Tries = 1
			if err := s.wrong(f); code(err) != "puzzle.missed" {
				t.Fatal(err)
			}
			s.Tries = 100
		}
		quick(f)
		if n := tries(f); n < 380 || n > 400 {
			t.Errorf("after one miss: %d", n)
		}
		account, session, network := someone("a"), someone("s"), someone("n")
		account.Key, session.Browser, network.Network = f.Key, f.Browser, f.Network
		known := account
		known.Known = true
		if a, b, n, k := tries(account), tries(session), tries(network), tries(known); a < 380 || b < 380 || n < 130 || n > 150 || k != 100 {
			t.Errorf("the same account %d, session %d, network %d, a known browser %d", a, b, n, k)
		}
		quick(f)
		if n := tries(f); n < 1500 || n > 1600 {
			t.Errorf("after two: %d", n)
		}
		quick(f)
		if n := tries(f); n != 2700 {
			t.Errorf("after three: %d; want the cap", n)
		}
		s.clock.Advance(coolEach)
		if n := tries(f); n < 1300 || n > 1600 {
			t.Errorf("five minutes later: %d", n)
		}
		s.clock.Advance(3 * coolEach)
		if n := tries(f); n != 100 {
			t.Errorf("twenty minutes later: %d", n)
		}
		s.Tries = 1
		crowd := func(i int) For { g := someone(fmt.Sprint("crowd", i)); g.Network = "crowd"; return g }
		s.passesOf(19, crowd)
		s.Tries = 100
		at19 := tries(crowd(100))
		s.Tries = 1
		s.passesOf(11, func(i int) For { return crowd(200 + i) })
		s.Tries = 100
		if at30 := tries(crowd(101)); at19 != 100 || at30 < 350 {
			t.Errorf("after 19 passes of a network %d, after 30 %d", at19, at30)
		}
	})
}

// TestSixWrongAnswersPause a session, which is told how long and what else there
// is; nobody else is paused, not even the account that it named.
func TestSixWrongAnswersPause(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		f := someone("taro")
		for i := range 6 {
			if err := s.wrong(f); code(err) != "puzzle.missed" {
				t.Fatalf("miss %d: %v", i, err)
			}
		}
		_, err := s.Begin(t.Context(), f)
		var e *fault.Error
		if !errors.As(err, &e) || e.Code != "puzzle.loop" || e.RetryAfter < time.Minute || e.RetryAfter > 10*time.Minute || e.Next[0] != "mail_code" {
			t.Fatalf("after six: %+v", err)
		}
		other := someone("other")
		other.Key, other.Network = f.Key, f.Network
		if err := s.tryPass(other); err != nil {
			t.Errorf("the same account in another browser: %v", err)
		}
		s.clock.Advance(e.RetryAfter)
		if err := s.tryPass(f); err != nil {
			t.Errorf("after the pause: %v", err)
		}
	})
}

// TestWaitingIsAWay without a picture: dear, and once in ten minutes.
func TestWaitingIsAWay(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.Tries = 2
		f := someone("taro")
		wait := func(after time.Duration, change func(*Answer)) error {
			c := s.begin(f)
			a := Answer{Way: Wait, Work: Solve(c.Work.Salt, 2*workProofs, c.Work.Wait)}
			change(&a)
			s.clock.Advance(after)
			pass, err := s.Answer(t.Context(), c.ID, f, a)
			if err == nil {
				if _, err := s.Answer(t.Context(), c.ID, f, a); code(err) != "puzzle.spent" {
					t.Errorf("the same wait again: %v", err)
				}
				return s.spend(f, pass)
			}
			return err
		}
		same := func(*Answer) {}
		if err := wait(waitLeast-time.Microsecond, same); code(err) != "puzzle.too-fast" {
			t.Errorf("too soon: %v", err)
		}
		if err := wait(waitLeast, func(a *Answer) { a.Work = "1.2.3.4.5.6.7.8" }); code(err) != "puzzle.work" {
			t.Errorf("without its work: %v", err)
		}
		if err := wait(waitLeast, same); err != nil {
			t.Errorf("waited: %v", err)
		}
		if err := wait(waitLeast, same); code(err) != "puzzle.loop" {
			t.Errorf("again: %v", err)
		}
		if err := s.tryPass(f); err != nil {
			t.Errorf("a puzzle after a wait: %v", err)
		}
		s.clock.Advance(waitEach)
		if err := wait(waitLeast, same); err != nil {
			t.Errorf("ten minutes later: %v", err)
		}
	})
}

// TestHandsPassAtTheDesk, and their drags do so once.
func TestHandsPassAtTheDesk(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := rand.New(rand.NewPCG(11, 12))
		type drag struct {
			a     Answer
			start int
		}
		var kept []drag
		refused := 0
		people := hand.People()
		for i, p := range people {
			f := someone(fmt.Sprint("hand", i))
			c, d := s.picture(f)
			a := s.byHand(f, c, p, r)
			switch _, err := s.Answer(t.Context(), c.ID, f, a); code(err) {
			case "":
				kept = append(kept, drag{a, d.Start})
			default:
				refused++
			}
		}
		if refused > 0 {
			t.Errorf("%d of %d hands are refused", refused, len(people))
		}
		passed := 0
		for i, k := range kept[:30] {
			f := someone(fmt.Sprint("replay", i))
			c, d := s.picture(f)
			a := s.byHand(f, c, people[0], r) // for its place, its grip and the time
			length := a.X - float64(d.Start)
			a.Trail, a.Touch = k.a.Trail, k.a.Touch
			by := length / (k.a.X - float64(k.start))
			for j := range a.Trail {
				a.Trail[j].X *= by
			}
			s.clock.Advance(10 * time.Second)
			if _, err := s.Answer(t.Context(), c.ID, f, a); err == nil {
				passed++
			}
		}
		if passed > 0 {
			t.Errorf("%d of 30 replayed drags pass", passed)
		}
	})
}

// TestGripIsOfThisDrag: a stamp of another challenge, of before the picture, or
// none stamps nothing.
func TestGripIsOfThisDrag(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := rand.New(rand.NewPCG(13, 14))
		p := hand.People()[0]
		for what, grip := range map[string]func(f For, early string) string{
			"none":   func(For, string) string { return "" },
			"forged": func(For, string) string { return "AAAA" },
			"early":  func(_ For, early string) string { return early },
			"of another": func(f For, _ string) string {
				c, _ := s.picture(f)
				g, err := s.Grip(t.Context(), c.ID, f)
				if err != nil {
					t.Fatal(err)
				}
				return g
			},
		} {
			f := someone(what)
			c := s.begin(f)
			early, err := s.Grip(t.Context(), c.ID, f)
			if err != nil {
				t.Fatal(err)
			}
			s.clock.Advance(time.Millisecond)
			if _, err := s.Picture(t.Context(), c.ID, f, Solve(c.Work.Salt, 0, c.Work.Tries)); err != nil {
				t.Fatal(err)
			}
			a := s.byHand(f, c, p, r)
			a.Grip = grip(f, early)
			if _, err := s.Answer(t.Context(), c.ID, f, a); code(err) != "puzzle.spent" {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// TestSweepForgets what ran out, and nothing that a budget still counts.
func TestSweepForgets(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		r := rand.New(rand.NewPCG(15, 16))
		f := someone("taro")
		c, _ := s.picture(f)
		if _, err := s.Answer(t.Context(), c.ID, f, s.byHand(f, c, hand.People()[0], r)); err != nil {
			t.Fatal(err)
		}
		s.picture(f)
		count := func() (n [3]int) {
			t.Helper()
			if err := s.DB.Tx(t.Context(), func(tx *db.Tx) error { _, err := Sweep(t.Context(), tx, 1000); return err }); err != nil {
				t.Fatal(err)
			}
			err := s.DB.Reader().QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM puzzle), (SELECT count(*) FROM puzzle_heat), (SELECT count(*) FROM puzzle_sketch)`).Scan(&n[0], &n[1], &n[2])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if n := count(); n != [3]int{2, 3, 12} {
			t.Errorf("at once: %v", n)
		}
		s.clock.Advance(window - time.Second)
		if n := count(); n[0] != 1 {
			t.Errorf("within the window: %v", n)
		}
		s.clock.Advance(sketchLife)
		if n := count(); n != [3]int{} {
			t.Errorf("a day later: %v", n)
		}
	})
}

// TestNetworkThatAnswersCounts: pictures that were drawn in one network and are
// answered from others do not get around any network's budget.
func TestNetworkThatAnswersCounts(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.Budget.Network = 3
		passed := 0
		for i := range 8 {
			f := someone(fmt.Sprint("roamer", i))
			f.Network = fmt.Sprint("drawn", i)
			c, _ := s.picture(f)
			s.clock.Advance(time.Second)
			a := s.byKeys(f, c)
			f.Network = "answered"
			if _, err := s.Answer(t.Context(), c.ID, f, a); err == nil {
				passed++
			} else if code(err) != "puzzle.loop" {
				t.Fatal(err)
			}
		}
		if passed != 3 {
			t.Errorf("%d passes; want 3", passed)
		}
	})
}

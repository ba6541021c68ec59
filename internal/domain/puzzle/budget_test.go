package puzzle

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

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
		back := someone("owner, elsewhere")
		back.Key, back.Action = victim, Recovery
		if n := s.passesOf(2, func(int) For { return back }); n != 2 {
			t.Errorf("the way back in meanwhile: %d", n)
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
		besieged := someone("besieged")
		besieged.Siege = 1
		if n := tries(besieged); n != 400 {
			t.Errorf("while the house is besieged: %d", n)
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

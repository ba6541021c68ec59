package security_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
)

func freshCookie() string { text, _ := token.Secret(); return text }

// TestPerfectSolver lets a solver that is always right, with a hand that is never
// refused, try for ten minutes of the house's clock: six passes for a session or
// an account, sixty for a network (TH7, docs/puzzle.md).
func TestPerfectSolver(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		h := house.Open(t, url, house.Options{Human: "always"})
		one := freshCookie()
		for _, who := range []struct {
			name string
			most int
			next func(i int) *house.Solver
		}{
			{"one session, many accounts", 6, func(i int) *house.Solver {
				return &house.Solver{Cookie: one, Action: puzzle.Registration, Email: fmt.Sprintf("s%d@example.org", i)}
			}},
			{"one account, a fresh browser each time", 6, func(i int) *house.Solver {
				return &house.Solver{Cookie: freshCookie(), Action: puzzle.SignIn, Email: "victim@example.org"}
			}},
			{"one account, programs", 6, func(i int) *house.Solver {
				return &house.Solver{Action: puzzle.SignIn, Email: "victim@example.org"}
			}},
			// The ways back in are bounded by the network's budget and by the caps of
			// mail; an account's would let six passes of a stranger's close them.
			{"one account, all actions", 60, func(i int) *house.Solver {
				return &house.Solver{Cookie: freshCookie(), Action: []puzzle.Action{puzzle.SignIn, puzzle.Recovery, puzzle.Registration}[i%3], Email: "victim@example.org"}
			}},
			{"one network, a fresh browser and account each time", 60, func(i int) *house.Solver {
				return &house.Solver{Cookie: freshCookie(), Action: puzzle.Recovery, Email: fmt.Sprintf("n%d@example.org", i)}
			}},
		} {
			h.Clock.Advance(time.Hour)
			end, passed := h.Clock.Now().Add(10*time.Minute), 0
			r := rand.New(rand.NewPCG(1, uint64(who.most)))
			for i := 0; h.Clock.Now().Before(end); i++ {
				s := who.next(i)
				s.H, s.R = h, r
				switch _, code := s.Pass(t); code {
				case "":
					passed++
				case "puzzle.loop":
					h.Clock.Advance(5 * time.Second)
				default:
					t.Fatalf("%s: refused with %s", who.name, code)
				}
			}
			t.Logf("%s: %d passes in 10 minutes", who.name, passed)
			if passed > who.most {
				t.Errorf("%s: %d passes in 10 minutes; at most %d", who.name, passed, who.most)
			}
			if passed < who.most {
				t.Errorf("%s: only %d passes; the budget is %d", who.name, passed, who.most)
			}
		}
	})
}

// TestPlaceIsInNoAnswer: what a browser is told has these members and no other,
// and nothing in it follows the place (TH7).
func TestPlaceIsInNoAnswer(t *testing.T) {
	t.Parallel()
	h := house.Open(t, testkit.SQLite(t, db.MigrateURL), house.Options{Human: "always"})
	h.Puzzle.Budget = puzzle.Budget{Session: 1000, Account: 1000, Network: 1000}
	known := [][]string{
		{"expires_at", "id", "work"},
		{"back", "expires_at", "height", "piece", "piece_height", "piece_width", "piece_y", "start", "width"},
		{"grip"}, {"pass"},
	}
	lengths := map[int]bool{}
	for i := range 30 {
		s := &house.Solver{H: h, R: rand.New(rand.NewPCG(2, uint64(i))), Cookie: freshCookie(), Action: puzzle.Recovery, Email: fmt.Sprintf("p%d@example.org", i)}
		if _, code := s.Pass(t); code != "" {
			t.Fatal(code)
		}
		for k, raw := range s.Answers {
			var members map[string]any
			if err := json.Unmarshal([]byte(raw), &members); err != nil {
				t.Fatal(err)
			}
			var names []string
			for name := range members {
				names = append(names, name)
			}
			if slices.Sort(names); !slices.Equal(names, known[k]) {
				t.Fatalf("answer %d tells %v", k, names)
			}
			if k == 0 {
				lengths[len(members["id"].(string))] = true
			}
		}
	}
	if len(lengths) != 1 {
		t.Errorf("ids have lengths %v", lengths)
	}
}

// TestPassIsForOneAct: a pass of another action, browser or address opens
// nothing, and a used one is used (TH7).
func TestPassIsForOneAct(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		h := house.Open(t, url, house.Options{Human: "always"})
		cookie, email := freshCookie(), "taro@example.org"
		ask := func(cookie, pass string) string {
			t.Helper()
			body, _ := json.Marshal(map[string]any{"email": email, "human": pass})
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.URL+"/api/v1/recoveries", bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Origin", h.URL)
			r.AddCookie(&http.Cookie{Name: "genkan-browser", Value: cookie})
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			var out struct{ ID, Code string }
			if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
				t.Fatal(err)
			}
			if res.StatusCode == http.StatusAccepted {
				return "done"
			}
			return out.Code
		}
		good := h.Human(t, puzzle.Recovery, email, cookie)
		for what, pass := range map[string]string{
			"another action":  h.Human(t, puzzle.SignIn, email, cookie),
			"another address": h.Human(t, puzzle.Recovery, "jiro@example.org", cookie),
			"no address":      h.Human(t, puzzle.Recovery, "", cookie),
			"another browser": h.Human(t, puzzle.Recovery, email, freshCookie()),
			"a program":       h.Human(t, puzzle.Recovery, email, ""),
			"forged":          freshCookie(),
		} {
			if got := ask(cookie, pass); got != "puzzle.pass-spent" {
				t.Errorf("%s: %s", what, got)
			}
		}
		if got := ask(freshCookie(), good); got != "puzzle.pass-spent" {
			t.Errorf("in another browser: %s", got)
		}
		if got := ask(cookie, ""); got != "puzzle.pass-needed" {
			t.Errorf("none: %s", got)
		}
		if got := ask(cookie, good); got != "done" {
			t.Errorf("its own act: %s", got)
		}
		if got := ask(cookie, good); got != "puzzle.pass-spent" {
			t.Errorf("used again: %s", got)
		}
	})
}

package house

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/domain/puzzle/trail"
	"github.com/genkan/genkan/internal/domain/puzzle/trail/hand"
)

// Solver is an attacker with the best of everything: it speaks HTTP like any
// program, but reads each place in the house's own database, and drags with a
// hand that is never refused. Limits must hold against it (TH7).
type Solver struct {
	H       *House
	Cookie  string // value of the browser's cookie; "" for a program
	Action  puzzle.Action
	Email   string
	R       *rand.Rand
	Answers []string // bodies of all answers so far, for those who look for secrets
}

type begun struct {
	ID   string `json:"id"`
	Work struct {
		Salt  string `json:"salt"`
		Tries int    `json:"tries"`
	} `json:"work"`
}

// Pass tries to get a pass and gives it, or the code of the refusal. The house's
// clock moves on as long as a hand takes. A drag that happens to be like another
// one lately is done again, as a person would.
func (s *Solver) Pass(t testing.TB) (pass, code string) {
	t.Helper()
	for range 3 {
		before := len(s.Answers)
		if pass, code = s.solve(t); code != "puzzle.unnatural" {
			break
		}
		s.Answers = s.Answers[:before]
	}
	return pass, code
}

func (s *Solver) solve(t testing.TB) (pass, code string) {
	t.Helper()
	var b begun
	if code = s.Call(t, "", map[string]any{"action": s.Action, "email": s.Email}, &b); code != "" {
		return "", code
	}
	var drawn struct {
		Start int `json:"start"`
	}
	work := puzzle.Solve(b.Work.Salt, 0, b.Work.Tries)
	if code = s.Call(t, "/"+b.ID+"/picture", map[string]any{"work": work}, &drawn); code != "" {
		return "", code
	}
	var place int
	row := uuid.MustParse(b.Work.Salt).String() // the salt is the row's id
	err := s.H.DB.Reader().QueryRowContext(t.Context(), `SELECT place FROM puzzle WHERE id = $1`, row).Scan(&place)
	check(t, err, "look a place up")
	s.H.Clock.Advance(600 * time.Millisecond)
	var grip struct {
		Grip string `json:"grip"`
	}
	if code = s.Call(t, "/"+b.ID+"/grip", nil, &grip); code != "" {
		return "", code
	}
	d := s.drag(float64(drawn.Start), float64(place))
	s.H.Clock.Advance(time.Duration(d[len(d)-1].T) * time.Millisecond)
	samples := make([][3]float64, len(d))
	for i, p := range d {
		samples[i] = [3]float64{p.T, p.X, p.Y}
	}
	var out struct {
		Pass string `json:"pass"`
	}
	code = s.Call(t, "/"+b.ID+"/answer", map[string]any{"x": place, "trail": samples, "grip": grip.Grip}, &out)
	return out.Pass, code
}

// drag draws drags until one is good enough.
func (s *Solver) drag(start, place float64) []trail.Point {
	p := hand.People()[s.R.IntN(7)]
	for {
		d := p.Drag(s.R, place-start)
		took := time.Duration(d[len(d)-1].T) * time.Millisecond
		if len(d) < 300 && trail.Judge(d, trail.Drag{Start: start, End: place, Took: took}) == trail.Fine {
			return d
		}
	}
}

// Call posts to a path below /api/v1/puzzles and reads the answer into out, or
// gives the code of a refusal.
func (s *Solver) Call(t testing.TB, path string, in, out any) (code string) {
	t.Helper()
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		check(t, err, "write a call")
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.H.URL+"/api/v1/puzzles"+path, body)
	check(t, err, "make a call")
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if s.Cookie != "" {
		r.Header.Set("Origin", s.H.URL)
		r.AddCookie(&http.Cookie{Name: "genkan-browser", Value: s.Cookie})
	}
	res, err := http.DefaultClient.Do(r)
	check(t, err, "call")
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	check(t, err, "read an answer")
	s.Answers = append(s.Answers, string(raw))
	var problem struct {
		Code string `json:"code"`
	}
	if res.StatusCode >= 400 {
		check(t, json.Unmarshal(raw, &problem), "read a problem")
		return problem.Code
	}
	check(t, json.Unmarshal(raw, out), "read an answer")
	return ""
}

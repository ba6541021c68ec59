package house

import (
	"context"
	"encoding/hex"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/token"
)

// Loopback is the network that callers of a test house come from.
const Loopback = "127.0.0.0/24"

// Human is a solver that is always right, for tests about something else: it
// gives a pass for an action that names email ("" for none), to the browser whose
// cookie has this value ("" for a program), and knows neither time nor budgets.
func (h *House) Human(t testing.TB, action puzzle.Action, email, cookie string) string {
	t.Helper()
	return h.Pass(t, h.Caller(t, action, email, cookie))
}

// Human is House.Human for this browser.
func (p *Person) Human(h *House, action puzzle.Action, email string) string {
	p.t.Helper()
	return h.Human(p.t, action, email, p.Cookies()["genkan-browser"])
}

// Caller is how the puzzle knows a browser.
func (h *House) Caller(t testing.TB, action puzzle.Action, email, cookie string) puzzle.For {
	t.Helper()
	f := puzzle.For{Action: action, Network: Loopback}
	if cookie != "" {
		f.Browser = token.Hash(cookie)
	}
	if email != "" {
		a, err := account.ParseAddress(email)
		check(t, err, "read the address of a human")
		f.Key = h.Book.Key(a)
	}
	return f
}

// Pass is Human for any caller.
func (h *House) Pass(t testing.TB, f puzzle.For) string {
	t.Helper()
	h.exec(t, `DELETE FROM puzzle WHERE state = 'spent'`)
	h.exec(t, `DELETE FROM puzzle_heat`)
	s := h.Solve(t, f)
	h.exec(t, `UPDATE puzzle SET shown_at = shown_at - 10000000 WHERE id = $1`, s.Row)
	pass, err := h.Puzzle.Answer(context.Background(), s.ID, f, s.Keys())
	check(t, err, "answer a puzzle")
	return pass
}

// Solved is a picture whose place is known.
type Solved struct {
	puzzle.Challenge
	Drawn puzzle.Drawn
	Row   string // id of its row
	Place int    // the secret
}

// Solve begins a puzzle, does its work, and looks the place up in the database,
// as no solver outside can.
func (h *House) Solve(t testing.TB, f puzzle.For) Solved {
	t.Helper()
	s, err := h.TrySolve(f)
	check(t, err, "begin a puzzle")
	return s
}

// TrySolve is Solve for those who may be refused.
func (h *House) TrySolve(f puzzle.For) (s Solved, err error) {
	ctx := context.Background()
	if s.Challenge, err = h.Puzzle.Begin(ctx, f); err != nil {
		return s, err
	}
	if s.Drawn, err = h.Puzzle.Picture(ctx, s.ID, f, puzzle.Solve(s.Work.Salt, 0, s.Work.Tries)); err != nil {
		return s, err
	}
	salt, err := hex.DecodeString(s.Work.Salt) // the id of the row, too
	if err != nil {
		return s, err
	}
	s.Row = uuid.UUID(salt).String()
	err = h.DB.Reader().QueryRowContext(ctx, `SELECT place FROM puzzle WHERE id = $1`, s.Row).Scan(&s.Place)
	return s, err
}

// Keys is the right answer by keyboard.
func (s Solved) Keys() puzzle.Answer {
	return puzzle.Answer{X: float64(s.Place), Way: puzzle.Keys, Work: puzzle.Solve(s.Work.Salt, s.Work.Proofs, s.Work.More)}
}

func (h *House) exec(t testing.TB, q string, args ...any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	check(t, h.DB.Tx(ctx, func(tx *db.Tx) error { _, err := tx.ExecContext(ctx, q, args...); return err }), q)
}

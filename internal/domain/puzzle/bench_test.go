package puzzle

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	drawing "github.com/genkan/genkan/internal/domain/puzzle/picture"
	"github.com/genkan/genkan/internal/domain/puzzle/trail/hand"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
)

// processor is the processor time of this process.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkCosts gives the processor time of each step on SQLite, disk included:
// a picture is to cost 4 ms at most, an answer 1 ms (docs/puzzle.md).
func BenchmarkCosts(b *testing.B) {
	clock := testkit.NewClock()
	ctx := context.Background()
	url := "sqlite:" + filepath.Join(b.TempDir(), "b.db")
	if err := db.MigrateURL(ctx, url); err != nil {
		b.Fatal(err)
	}
	d, err := db.Open(ctx, url, clock.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	keys, _ := token.Parse([]byte(token.NewLine("a")))
	s := NewDesk(d, keys)
	r, p := rand.New(rand.NewPCG(1, 2)), hand.People()[0]
	var begin, picture, answer time.Duration
	n := 0
	for b.Loop() {
		n++
		f := For{Action: SignIn, Browser: token.Hash(token.NewID()), Key: token.Hash(token.NewID()), Network: token.NewID()}
		t0 := processor()
		c, err := s.Begin(ctx, f)
		if err != nil {
			b.Fatal(err)
		}
		begin += processor() - t0
		work := Solve(c.Work.Salt, 0, c.Work.Tries)
		t0 = processor()
		drawn, err := s.Picture(ctx, c.ID, f, work)
		if err != nil {
			b.Fatal(err)
		}
		picture += processor() - t0
		o, _ := s.open(c.ID, f)
		var place int
		_ = d.Reader().QueryRowContext(ctx, `SELECT place FROM puzzle WHERE id = $1`, o.uuid()).Scan(&place)
		clock.Advance(time.Second)
		grip, _ := s.Grip(ctx, c.ID, f)
		m := p.Drag(r, float64(place-drawn.Start))
		clock.Advance(time.Duration(m[len(m)-1].T) * time.Millisecond)
		t0 = processor()
		_, _ = s.Answer(ctx, c.ID, f, Answer{X: float64(place), Trail: m, Grip: grip, Way: Drag})
		answer += processor() - t0
	}
	t0 := processor()
	for i := range n {
		drawing.Draw([32]byte{byte(i), byte(i >> 8)}, drawing.Options{})
	}
	bare := processor() - t0
	ms := func(t time.Duration) float64 { return float64(t.Microseconds()) / float64(n) / 1000 }
	b.ReportMetric(ms(begin), "ms-cpu/begin")
	b.ReportMetric(ms(picture), "ms-cpu/picture")
	b.ReportMetric(ms(bare), "ms-cpu/bare-drawing")
	b.ReportMetric(ms(answer), "ms-cpu/answer")
	b.ReportMetric(float64(s.Load().Passed)/float64(n), "passed")
}

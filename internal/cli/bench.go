package cli

import (
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"

	"github.com/genkan/genkan/internal/domain/puzzle/attack"
	"github.com/genkan/genkan/internal/domain/puzzle/picture"
)

type benchCmd struct {
	Puzzle benchPuzzle `cmd:"" help:"Draw puzzles, let our own solvers try them, and print both (docs/puzzle.md)."`
}

type benchPuzzle struct {
	N     int  `help:"Challenges for the solvers." default:"2000"`
	Train int  `help:"Other challenges for the fitted solver to learn on." default:"1000"`
	Easy  int  `help:"How much easier the pictures are (0 to 3)." default:"0"`
	Seed  byte `help:"Which series of challenges." default:"1"`
}

func (c *benchPuzzle) Run(e *env) error {
	o := picture.Options{Easy: c.Easy}
	drawing(e.out, c.Seed, o)
	fmt.Fprintf(e.out, "\nFirst try within %d of %d pixels, %d challenges, 95 %% interval (Wilson)\n", attack.Near, picture.Width, c.N)
	rates, err := attack.Measure(e, c.Seed, c.N, c.Train, o)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(e.out, 2, 0, 2, ' ', 0)
	for _, r := range rates {
		lo, hi := r.Interval()
		fmt.Fprintf(w, "  %s\t%5.1f %%\t%.1f–%.1f\t%s\n", r.Name, 100*float64(r.Hits)/float64(max(r.N, 1)), 100*lo, 100*hi, r.Aim)
	}
	return w.Flush()
}

// drawing measures one core's processor time, which other programs disturb least.
func drawing(out io.Writer, series byte, o picture.Options) {
	const n = 1000
	var before, after runtime.MemStats
	picture.Draw(attack.Seed(series, n), o) // memory that is kept is taken once
	runtime.ReadMemStats(&before)
	start := processorTime()
	sum, most := 0, 0
	for i := range n {
		s := picture.Draw(attack.Seed(series, i), o)
		size := len(s.Back) + len(s.Piece)
		sum, most = sum+size, max(most, size)
	}
	spent := processorTime() - start
	runtime.ReadMemStats(&after)
	fmt.Fprintf(out, "Drawing, %d challenges\n", n)
	w := tabwriter.NewWriter(out, 2, 0, 2, ' ', 0)
	fmt.Fprintf(w, "  challenges a second and core\t%.0f\t≥ 250\n", n/spent.Seconds())
	fmt.Fprintf(w, "  processor time of one\t%.2f ms\t≤ 4 ms\n", 1000*spent.Seconds()/n)
	fmt.Fprintf(w, "  bytes, mean and most\t%d, %d\t≤ 18000\n", sum/n, most)
	fmt.Fprintf(w, "  allocations\t%d\t≤ 300\n", (after.Mallocs-before.Mallocs)/n)
	_ = w.Flush()
}

package attack

import (
	"context"
	"math"
	"sync"

	"github.com/genkan/genkan/internal/domain/puzzle/picture"
)

// Near is how far from the right place an answer may be.
const Near = 5

// Rate is how often one solver hit.
type Rate struct {
	Name    string
	Aim     string
	Hits, N int
}

// Interval is Wilson's, at 95 %.
func (r Rate) Interval() (lo, hi float64) {
	const z = 1.96
	n := float64(r.N)
	if n == 0 {
		return 0, 1
	}
	p := float64(r.Hits) / n
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(mid-half, 0), min(mid+half, 1)
}

type solver struct {
	name, aim string
	cue       cue
	blended   bool // part of the untuned blend: about the figure's shape
}

func solvers() []solver {
	return []solver{
		{"darkness", "< 10 %", darkness, false},
		{"outline", "< 10 %", edges, true},
		{"ring", "< 10 %", ring, true},
		{"seam", "< 10 %", seam, false},
		{"difference", "< 10 %", difference, false},
		{"Canny + template, as found", "< 35 %, stretch < 20 %", asFound, false},
		{"Canny + template, improved", "< 35 %, stretch < 20 %", script, true},
		{"energy", "–", energy, false},
		{"light", "–", light, true},
		{"all our drawings, by name", "published, no promise", known, false},
	}
}

// Measure lets every solver try n challenges of one series. The fitted solver learns
// on train challenges of the next series before; with none it stays away. When ctx is
// over, so is the measurement.
func Measure(ctx context.Context, series byte, n, train int, o picture.Options) ([]Rate, error) {
	var rates []Rate
	for _, s := range solvers() {
		rates = append(rates, Rate{Name: s.name, Aim: s.aim, N: n})
	}
	rates = append(rates, Rate{Name: "blend, untuned", Aim: "< 25 %, stretch < 10 %", N: n})
	var w *weights
	if train > 0 {
		var err error
		if w, err = fit(ctx, series+1, train, o); err != nil {
			return nil, err
		}
		rates = append(rates, Rate{Name: "fitted to the generator", Aim: "published, no promise", N: n})
	}
	var mu sync.Mutex
	err := challenges(ctx, series, n, o, func(s picture.Scene, maps [][]float32, lo int) {
		answers := make([]int, 0, len(rates))
		for _, m := range maps {
			answers = append(answers, best(m))
		}
		answers = append(answers, best(blend(maps)))
		if w != nil {
			answers = append(answers, best(w.score(maps)))
		}
		mu.Lock()
		defer mu.Unlock()
		for i, a := range answers {
			if d := lo + a - s.Hole; d >= -Near && d <= Near {
				rates[i].Hits++
			}
		}
	})
	return rates, err
}

// challenges draws n challenges on all cores and hands each over with every
// solver's scores.
func challenges(ctx context.Context, from byte, n int, o picture.Options, each func(s picture.Scene, maps [][]float32, lo int)) error {
	all := solvers()
	const workers = 2
	libs := map[int]*library{}
	for n := picture.Least; n <= picture.Most; n += 2 {
		libs[n] = newLibrary(n)
	}
	errs := make(chan error, workers)
	for k := range workers {
		go func() {
			for i := k; i < n; i += workers {
				if err := ctx.Err(); err != nil {
					errs <- err
					return
				}
				s := picture.Draw(Seed(from, i), o)
				v, err := look(s, libs)
				if err != nil {
					errs <- err
					return
				}
				maps := make([][]float32, len(all))
				for j, a := range all {
					maps[j] = a.cue(v)
				}
				each(s, maps, v.lo)
			}
			errs <- nil
		}()
	}
	var first error
	for range workers {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// Seed is the i-th of a series.
func Seed(from byte, i int) (s [32]byte) {
	s[0], s[1], s[2], s[3], s[31] = from, byte(i), byte(i>>8), byte(i>>16), 0x61
	return s
}

func best(m []float32) int {
	k := 0
	for i, x := range m {
		if x > m[k] {
			k = i
		}
	}
	return k
}

func root(x float64) float64 { return math.Sqrt(max(x, 0)) }

package attack

import (
	"context"
	"math"
	"sync"

	"github.com/genkan/genkan/internal/domain/puzzle/picture"
)

// standard gives scores of mean 0 and deviation 1, so that cues can be added.
func standard(m []float32) []float32 {
	var sum, sq float64
	for _, x := range m {
		sum += float64(x)
		sq += float64(x) * float64(x)
	}
	n := float64(len(m))
	mean := sum / n
	dev := root(sq/n-mean*mean) + 1e-9
	out := make([]float32, len(m))
	for i, x := range m {
		out[i] = float32((float64(x) - mean) / dev)
	}
	return out
}

// blend adds all cues about shape, none weighted more than another.
func blend(maps [][]float32) []float32 {
	sum := make([]float32, len(maps[0]))
	for k, s := range solvers() {
		if !s.blended {
			continue
		}
		for i, x := range standard(maps[k]) {
			sum[i] += x
		}
	}
	return sum
}

// weights of the fitted solver: one layer of hidden units over all cues at a place
// and beside it.
type weights struct {
	in  [hidden][]float32
	out [hidden]float32
}

const hidden = 8

// features of one place: every cue there and 3 pixels to each side.
func features(maps [][]float32) [][]float32 {
	n := len(maps[0])
	out := make([][]float32, n)
	for i := range out {
		f := make([]float32, 0, 3*len(maps)+1)
		for _, m := range maps {
			f = append(f, m[i], m[max(i-3, 0)], m[min(i+3, n-1)])
		}
		out[i] = append(f, 1)
	}
	return out
}

func standards(maps [][]float32) [][]float32 {
	out := make([][]float32, len(maps))
	for i, m := range maps {
		out[i] = standard(m)
	}
	return out
}

func (w *weights) score(maps [][]float32) []float32 {
	fs := features(standards(maps))
	out := make([]float32, len(fs))
	for i, f := range fs {
		out[i], _ = w.one(f)
	}
	return out
}

func (w *weights) one(f []float32) (s float32, h [hidden]float32) {
	for k := range w.in {
		h[k] = float32(math.Tanh(float64(dot(f, w.in[k]))))
		s += w.out[k] * h[k]
	}
	return s, h
}

type lesson struct {
	f     [][]float32
	right int
}

// fit learns on n challenges, by steps against the gradient, to make the right
// place the likeliest of all places.
func fit(ctx context.Context, from byte, n int, o picture.Options) (*weights, error) {
	lessons := make([]lesson, 0, n)
	var mu sync.Mutex
	err := challenges(ctx, from, n, o, func(s picture.Scene, maps [][]float32, lo int) {
		l := lesson{features(standards(maps)), s.Hole - lo}
		mu.Lock()
		lessons = append(lessons, l)
		mu.Unlock()
	})
	if err != nil {
		return nil, err
	}
	w := &weights{}
	for k := range w.in {
		w.in[k] = make([]float32, len(lessons[0].f[0]))
		for i := range w.in[k] {
			w.in[k][i] = .2 * float32(math.Sin(float64(1+k*131+i*71)))
		}
		w.out[k] = .5
	}
	for epoch := range 60 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rate := float32(.03) / (1 + float32(epoch)/15)
		for _, l := range lessons {
			w.learn(l, rate)
		}
	}
	return w, nil
}

func (w *weights) learn(l lesson, rate float32) {
	p := make([]float32, len(l.f))
	hs := make([][hidden]float32, len(l.f))
	top := float32(-1e9)
	for i, f := range l.f {
		p[i], hs[i] = w.one(f)
		top = max(top, p[i])
	}
	all, near := float32(0), float32(0)
	for i := range p {
		p[i] = float32(math.Exp(float64(p[i] - top)))
		all += p[i]
		if d := i - l.right; d >= -3 && d <= 3 {
			near += p[i]
		}
	}
	if near < 1e-9 {
		near = 1e-9
	}
	for i, f := range l.f {
		g := -p[i] / all // rise of log(near/all)
		if d := i - l.right; d >= -3 && d <= 3 {
			g += p[i] / near
		}
		if abs(g) < 1e-4 {
			continue
		}
		for k := range w.in {
			back := g * w.out[k] * (1 - hs[i][k]*hs[i][k]) * rate
			w.out[k] += rate * g * hs[i][k]
			for j, x := range f {
				w.in[k][j] += back * x
			}
		}
	}
}

package picture

import (
	"bytes"
	"crypto/sha256"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"slices"
	"sync"
	"testing"
)

// seed is the i-th of a series that only this file uses.
func seed(i int) [32]byte { return sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(i >> 16)}) }

// many is how many pictures a test draws.
func many(short, long int) int {
	if os.Getenv("GENKAN_LONG") == "1" {
		return long
	}
	return short
}

// The same seed gives the same bytes, alone or among others, on used memory or
// fresh; another seed gives another picture.
func TestSeedIsAllThatCounts(t *testing.T) {
	t.Parallel()
	const n = 12
	var want [n]Scene
	for i := range n {
		want[i] = Draw(seed(i), Options{})
	}
	var wg sync.WaitGroup
	for k := range 4 {
		wg.Go(func() {
			for i := range n {
				j := (i*5 + k) % n
				got := Draw(seed(j), Options{})
				if !bytes.Equal(got.Back, want[j].Back) || !bytes.Equal(got.Piece, want[j].Piece) || got.Hole != want[j].Hole {
					t.Errorf("seed %d drawn again is not the same", j)
				}
			}
		})
	}
	wg.Wait()
	for i := 1; i < n; i++ {
		if bytes.Equal(want[i].Back, want[0].Back) {
			t.Errorf("seeds 0 and %d give one picture", i)
		}
	}
}

func TestPicturesAreWhatTheSceneSays(t *testing.T) {
	t.Parallel()
	for easy := range 4 {
		for i := range many(10, 300) {
			s := Draw(seed(i), Options{Easy: easy})
			b, err := jpeg.DecodeConfig(bytes.NewReader(s.Back))
			if err != nil || b.Width != s.Width || b.Height != s.Height {
				t.Fatalf("seed %d: picture %d by %d, %v", i, b.Width, b.Height, err)
			}
			p, err := png.DecodeConfig(bytes.NewReader(s.Piece))
			if err != nil || p.Width != 2*s.PieceW || p.Height != 2*s.PieceH {
				t.Fatalf("seed %d: card %d by %d, %v", i, p.Width, p.Height, err)
			}
			if len(s.Back)+len(s.Piece) > 18_000 {
				t.Errorf("seed %d: %d bytes", i, len(s.Back)+len(s.Piece))
			}
			if want := 2 - easy/3; len(s.Decoys) != want {
				t.Errorf("easy %d: %d false hollows", easy, len(s.Decoys))
			}
		}
	}
}

// Everything lies inside the picture, and nothing on the row overlaps: a card that
// covers one hollow leaves the others to be seen.
func TestPlacesAreApart(t *testing.T) {
	t.Parallel()
	s := new(studio)
	all := figures()
	for i := range 20_000 {
		s.rng.Seed(seed(i))
		p := s.plan(all)
		if p.y < 0 || p.y+p.size > Height || p.start < 0 {
			t.Fatalf("seed %d: %+v", i, p)
		}
		on := append([]int{p.start}, p.x[:]...)
		if on[4] == none {
			on = on[:4]
		}
		for k, a := range on {
			if a < 0 || a+p.size > Width {
				t.Fatalf("seed %d: %+v", i, p)
			}
			for _, b := range on[:k] {
				if a-b < p.size && b-a < p.size {
					t.Fatalf("seed %d: %+v overlaps", i, p)
				}
			}
		}
	}
}

// Without looking at the picture, no place is a good guess: the best 11 pixels
// hold few of the right places.
func TestNoPlaceIsLikely(t *testing.T) {
	t.Parallel()
	s := new(studio)
	all := figures()
	var hist [Width]int
	const n = 50_000
	for i := range n {
		s.rng.Seed(seed(i))
		hist[s.plan(all).x[0]]++
	}
	for x := 5; x < Width-5; x++ {
		sum := 0
		for _, h := range hist[x-5 : x+6] {
			sum += h
		}
		if share := float64(sum) / n; share > .085 {
			t.Errorf("always %d hits %.1f %%", x, 100*share)
		}
	}
}

// Who finds all three hollows, and has seen many answers, still has one chance in
// three: where they are does not tell which is right.
func TestPlacesDoNotTellTheRightOne(t *testing.T) {
	t.Parallel()
	s := new(studio)
	all := figures()
	seen := map[[3]int]*[3]int{}
	const n = 200_000
	hits, asked := 0, 0
	for i := range n {
		s.rng.Seed(seed(i))
		p := s.plan(all)
		row := [3]int{p.x[0] / 12, p.x[1] / 12, p.x[2] / 12}
		right := row[0]
		slices.Sort(row[:])
		rank := slices.Index(row[:], right)
		c := seen[row]
		if c == nil {
			c = new([3]int)
			seen[row] = c
		}
		if i > n/2 {
			asked++
			if slices.Index(c[:], max(c[0], c[1], c[2])) == rank {
				hits++
			}
		}
		c[rank]++
	}
	if share := float64(hits) / float64(asked); share > .35 {
		t.Errorf("the places alone tell the right one in %.1f %%", 100*share)
	}
}

func TestFiguresInOnePictureHaveOtherNames(t *testing.T) {
	t.Parallel()
	all := figures()
	if len(all) < 12 {
		t.Fatalf("%d figures", len(all))
	}
	s := new(studio)
	for i := range 2000 {
		s.rng.Seed(seed(i))
		a := s.below(len(all))
		b := s.other(all, []int{a})
		c := s.other(all, []int{a, b})
		for _, p := range [][2]int{{a, b}, {a, c}, {b, c}} {
			f, g := all[p[0]], all[p[1]]
			if f.name == g.name || f.kin != alone && f.kin == g.kin {
				t.Fatalf("%s and %s in one picture", f.name, g.name)
			}
		}
	}
}

// What a client can weigh and measure tells nothing of the place.
func TestSizesDoNotTellThePlace(t *testing.T) {
	t.Parallel()
	n := many(250, 4000)
	var hole []float64
	told := map[string][]float64{}
	for i := range n {
		s := Draw(seed(i), Options{})
		hole = append(hole, float64(s.Hole))
		for name, v := range map[string]int{
			"bytes of the picture": len(s.Back), "bytes of the card": len(s.Piece), "row": s.PieceY,
		} {
			told[name] = append(told[name], float64(v))
		}
		// The card's size and start bound where it can end, evenly for everybody.
		lo, hi := s.Start+s.PieceW+space, s.Width-s.PieceW-3
		told["start and size"] = append(told["start and size"], float64(s.Hole-lo)/float64(hi-lo))
	}
	for name, v := range told {
		if name == "start and size" {
			mean := 0.0
			for _, x := range v {
				mean += x / float64(n)
			}
			if math.Abs(mean-.5) > 1.3/math.Sqrt(float64(n)) { // 4.5 deviations of an even spread
				t.Errorf("places lie %.3f of the way on average", mean)
			}
			continue
		}
		if r := correlation(hole, v); math.Abs(r) > 4.5/math.Sqrt(float64(n)) {
			t.Errorf("%s goes with the place: r = %.2f", name, r)
		}
	}
}

func correlation(a, b []float64) float64 {
	var n, sa, sb, saa, sbb, sab float64
	for i := range a {
		n, sa, sb = n+1, sa+a[i], sb+b[i]
		saa, sbb, sab = saa+a[i]*a[i], sbb+b[i]*b[i], sab+a[i]*b[i]
	}
	return (sab - sa*sb/n) / math.Sqrt((saa-sa*sa/n)*(sbb-sb*sb/n))
}

func TestDrawingSparesMemory(t *testing.T) {
	i := 0
	if got := testing.AllocsPerRun(50, func() { Draw(seed(i), Options{}); i++ }); got > 300 {
		t.Errorf("%.0f allocations for each picture", got)
	}
}

// A hollow adds no lightness on the whole: where it is dark elsewhere it is bright.
func TestHollowsAreNeitherDarkNorBright(t *testing.T) {
	t.Parallel()
	s := studios.New().(*studio)
	all := figures()
	for i := range 100 {
		s.rng.Seed(seed(i))
		for k := range s.back.Pix {
			s.back.Pix[k] = 128
		}
		s.cut(&s.c, all[i%len(all)], -1, 1)
		s.hollow(&s.c, 100, 100, 50, depth)
		sum, square, n := 0.0, 0.0, 0.0
		for k := 0; k < len(s.back.Pix); k += 4 {
			if d := float64(s.back.Pix[k]) - 128; d != 0 {
				sum, square, n = sum+d, square+d*d, n+1
			}
		}
		if mean := sum / n; math.Abs(mean) > 3 {
			t.Errorf("%s: %.1f levels in the mean", all[i%len(all)].name, mean)
		}
		if deep := math.Sqrt(square / n); deep < .6*depth || deep > 1.1*depth {
			t.Errorf("%s: %.1f levels deep", all[i%len(all)].name, deep)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		Draw(seed(n), Options{})
		n++
	}
}

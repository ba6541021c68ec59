package argon2

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// model is what mixFirst and mixRest do, in the words of RFC 9106 section 3.5:
// the pattern for the assembly and the judge of it.
func model(old, prev, ref *block) (dst block) {
	var r block
	for i := range r {
		r[i] = prev[i] ^ ref[i]
	}
	q := r
	for row := range 8 {
		var at [16]int
		for i := range at {
			at[i] = 16*row + i
		}
		permute(&q, at)
	}
	for column := range 8 {
		var at [16]int
		for i := range at {
			at[i] = 16*(i/2) + 2*column + i%2
		}
		permute(&q, at)
	}
	for i := range dst {
		dst[i] = old[i] ^ q[i] ^ r[i]
	}
	return dst
}

// permute is P of section 3.6 on the words of b with the given indices.
func permute(b *block, at [16]int) {
	for _, n := range [8][4]int{
		{0, 4, 8, 12}, {1, 5, 9, 13}, {2, 6, 10, 14}, {3, 7, 11, 15},
		{0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13}, {3, 4, 9, 14},
	} {
		gb(&b[at[n[0]]], &b[at[n[1]]], &b[at[n[2]]], &b[at[n[3]]])
	}
}

func gb(a, b, c, d *uint64) {
	step := func(x, y, z *uint64, right int) {
		*x += *y + 2*uint64(uint32(*x))*uint64(uint32(*y))
		*z = bits.RotateLeft64(*z^*x, -right)
	}
	step(a, b, d, 32)
	step(c, d, b, 24)
	step(a, b, d, 16)
	step(c, d, b, 63)
}

func needVectorCode(t *testing.T) {
	t.Helper()
	if !useAVX2 {
		t.Skip("no AVX2 here: ID is x/crypto")
	}
}

// mix runs both halves as matrix.go does.
func mix(dst, old, prev, ref *block) {
	var rows, next block
	mixFirst(dst, old, prev, ref, &rows)
	mixRest(dst, old, prev, ref, &rows, &next)
}

func TestMixEqualsModel(t *testing.T) {
	t.Parallel()
	needVectorCode(t)
	rnd := rand.New(rand.NewPCG(9106, 35))
	for round := range 500 {
		old, prev, ref := randomBlock(rnd), randomBlock(rnd), randomBlock(rnd)
		want := model(&old, &prev, &ref)

		var dst block
		mix(&dst, &old, &prev, &ref)
		if dst != want {
			t.Fatalf("round %d: apart", round)
		}
		for name, alias := range map[string]*block{"old": &old, "prev": &prev, "ref": &ref} {
			o, p, r := old, prev, ref
			args := map[string]*block{"old": &o, "prev": &p, "ref": &r}
			mix(args[name], &o, &p, &r)
			if *args[name] != want {
				t.Fatalf("round %d: dst is %s: apart", round, name)
			}
			if *alias == want {
				t.Fatal("the sample is useless")
			}
		}
	}
}

// The first word has to be final after mixFirst: the next reference hangs on it.
func TestFirstWordIsFinalAfterMixFirst(t *testing.T) {
	t.Parallel()
	needVectorCode(t)
	rnd := rand.New(rand.NewPCG(9106, 341))
	old, prev, ref := randomBlock(rnd), randomBlock(rnd), randomBlock(rnd)
	var dst, rows block
	mixFirst(&dst, &old, &prev, &ref, &rows)
	if want := model(&old, &prev, &ref); dst[0] != want[0] {
		t.Fatalf("first word %x, want %x", dst[0], want[0])
	}
}

// randomBlock has words of all ones and zeros among the random ones: carries.
func randomBlock(rnd *rand.Rand) (b block) {
	for i := range b {
		switch b[i] = rnd.Uint64(); rnd.IntN(8) {
		case 0:
			b[i] = 0
		case 1:
			b[i] = ^uint64(0)
		}
	}
	return b
}

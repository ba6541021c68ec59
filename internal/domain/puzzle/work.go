package puzzle

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"strconv"
	"strings"
	"sync"
)

// The work is a search: for each of workProofs lanes find a number whose Mix
// with the salt is below a bound. Mix fills 64 kB and wanders through them,
// writing as it goes, so that a graphics card gains little over a browser. One
// Mix takes the server some 50 µs and a slow phone some 300 µs; all lanes of an
// answer are checked in under a millisecond.
const (
	// WorkKind names this very function; another one gets another name.
	WorkKind   = "genkan-mix-1"
	workProofs = 8
	mixWords   = 1 << 14
	mixSteps   = 1 << 12
)

// mixBuffers keeps the 64 kB of a Mix for the next one.
var mixBuffers = sync.Pool{New: func() any { return new([mixWords]uint32) }}

// Mix is the function of the work: 32 bits from the 16 bytes of a salt (as four
// little-endian words), a lane and a number. JavaScript computes the same with
// Uint32Array, Math.imul and >>> 0; testdata/mix.json holds values to check by.
func Mix(salt [4]uint32, lane, n uint32) uint32 {
	buf := mixBuffers.Get().(*[mixWords]uint32)
	defer mixBuffers.Put(buf)
	// sfc32, by Chris Doty-Humphrey (public domain): small, fast, no multiplication.
	a, b, c, d := salt[0]^n, salt[1]^lane, salt[2], salt[3]^0x9e3779b9
	next := func() uint32 {
		t := a + b + d
		d++
		a = b ^ b>>9
		b = c + c<<3
		c = bits.RotateLeft32(c, 21) + t
		return t
	}
	for range 12 {
		next()
	}
	for i := range buf {
		buf[i] = next()
	}
	x := a
	for i := range uint32(mixSteps) {
		j := (x ^ i*0x9e3779b1) & (mixWords - 1)
		v := buf[j]
		x = bits.RotateLeft32(x^v, 13) * 0x85ebca6b
		buf[j] = v + x
	}
	x ^= x >> 16
	x *= 0xc2b2ae35
	return x ^ x>>13
}

// Work is what a browser must compute before it gets a picture.
type Work struct {
	Kind string
	Salt string // 16 bytes in hex
	// Proofs is how many numbers are wanted: for each lane from 0 on one n with
	// Mix(salt, lane, n) < 2^32/Tries.
	Proofs int
	Tries  int // expected tries for each lane
	// More is Tries of the further lanes (Proofs … 2·Proofs-1) that an answer by
	// keys or tap needs, so that it costs four times as much in all.
	More int
	// Wait is Tries of the lanes (2·Proofs … 3·Proofs-1) that stand for a whole
	// puzzle, and WaitSeconds the least time that they must have taken.
	Wait        int
	WaitSeconds int
}

func bound(tries int) uint64 { return (1 << 32) / uint64(max(tries, 1)) }

// Solve does the work of workProofs lanes from first on: for programs and tests.
func Solve(salt string, first, tries int) string {
	w, ok := readSalt(salt)
	if !ok {
		return ""
	}
	out := make([]string, workProofs)
	for i := range out {
		n := uint32(0)
		for uint64(Mix(w, uint32(first+i), n)) >= bound(tries) {
			n++
		}
		out[i] = strconv.FormatUint(uint64(n), 10)
	}
	return strings.Join(out, ".")
}

// worked checks the numbers of workProofs lanes. It stops at the first that does
// not fit: guessing costs the guesser a request and the house one Mix.
func worked(id [16]byte, first, tries int, text string) bool {
	if len(text) > workProofs*11 {
		return false
	}
	parts := strings.Split(text, ".")
	if len(parts) != workProofs {
		return false
	}
	salt := saltOf(id)
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 32)
		if err != nil || uint64(Mix(salt, uint32(first+i), uint32(n))) >= bound(tries) {
			return false
		}
	}
	return true
}

func saltOf(id [16]byte) (w [4]uint32) {
	for i := range w {
		w[i] = binary.LittleEndian.Uint32(id[4*i:])
	}
	return w
}

func readSalt(text string) (w [4]uint32, ok bool) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != 16 {
		return w, false
	}
	return saltOf([16]byte(raw)), true
}

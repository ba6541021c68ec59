// Package argon2 is Argon2id with one lane (RFC 9106, version 0x13), with the
// results of golang.org/x/crypto/argon2 about 2.5 times as fast: AVX2 code for
// the block function, the next block fetched while this one is computed, and
// memory reused from hash to hash. Processors without AVX2 get x/crypto.
//
// Read argon2.go (what is hashed), matrix.go (which block is made from which),
// mix_amd64.s (how two blocks become one). docs/decisions/0003-argon2.md says
// what was measured and how the results are checked.
package argon2

import (
	"encoding/binary"

	xargon2 "golang.org/x/crypto/argon2"
	"golang.org/x/crypto/blake2b"
)

// ID returns the Argon2id tag of password and salt, keyLen bytes long, exactly
// as argon2.IDKey of golang.org/x/crypto with threads 1. passes is t and
// memoryKiB is m of RFC 9106; m below 8 works in 8 KiB. It is safe for
// concurrent use and holds m KiB of memory while it runs. It panics if passes or
// keyLen is zero: whoever takes parameters from outside checks them first.
func ID(password, salt []byte, passes, memoryKiB, keyLen uint32) []byte {
	if passes < 1 || keyLen < 1 {
		panic("argon2: passes and key length start at 1")
	}
	if !useAVX2 {
		return xargon2.IDKey(password, salt, passes, memoryKiB, 1, keyLen)
	}
	in := inputs{
		password: password, salt: salt,
		lanes: 1, passes: passes, memoryKiB: memoryKiB, keyLen: keyLen,
	}
	return in.tag(kept)
}

const (
	version    = 0x13 // the only one in use, RFC 9106 section 3.1
	typeID     = 2    // y: Argon2id
	sliceCount = 4    // SL: each lane is filled in four slices per pass
	blockBytes = 1024
)

// block is one KiB of Argon2 memory, as little-endian words.
type block [blockBytes / 8]uint64

// inputs are the arguments of RFC 9106 section 3.1. More than one lane, the
// secret and the data serve only the vector of section 5.3: lanes are filled one
// after the other.
type inputs struct {
	password, salt, secret, data     []byte
	lanes, passes, memoryKiB, keyLen uint32
}

// tag runs the steps of section 3.2 in memory from the list.
func (in *inputs) tag(from *freeList) []byte {
	// m', step 2: whole segments, of two blocks at least.
	segment := max(in.memoryKiB/(sliceCount*in.lanes), 2)
	mem := from.take(int(in.lanes) * sliceCount * int(segment))
	defer from.give(mem)

	m := matrix{
		memory: mem,
		lanes:  in.lanes, columns: sliceCount * segment, segment: segment, passes: in.passes,
	}
	m.firstColumns(in.seed())
	m.fill()
	return m.extract(in.keyLen)
}

// seed is H0, step 1.
func (in *inputs) seed() [blake2b.Size]byte {
	numbers := []uint32{in.lanes, in.keyLen, in.memoryKiB, in.passes, version, typeID}
	strings := [][]byte{in.password, in.salt, in.secret, in.data}
	size := 4 * (len(numbers) + len(strings))
	for _, s := range strings {
		size += len(s)
	}
	msg := make([]byte, 0, size) // never grows: no copy of the password is left behind
	for _, n := range numbers {
		msg = binary.LittleEndian.AppendUint32(msg, n)
	}
	for _, s := range strings {
		msg = binary.LittleEndian.AppendUint32(msg, uint32(len(s)))
		msg = append(msg, s...)
	}
	defer clear(msg)
	return blake2b.Sum512(msg)
}

// longHash fills out with H'(msg), section 3.3: half of each hash is output, all
// of it is the next input, and the last one is as long as what is missing.
func longHash(out, msg []byte) {
	var sum [blake2b.Size]byte
	v := binary.LittleEndian.AppendUint32(nil, uint32(len(out)))
	v = append(v, msg...)
	for len(out) > blake2b.Size {
		sum = blake2b.Sum512(v)
		v = sum[:]
		out = out[copy(out, v[:blake2b.Size/2]):]
	}
	h, err := blake2b.New(len(out), nil)
	if err != nil {
		panic(err) // only for a length outside 1..64
	}
	h.Write(v)
	h.Sum(out[:0])
}

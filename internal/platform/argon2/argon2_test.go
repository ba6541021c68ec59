package argon2

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	xargon2 "golang.org/x/crypto/argon2"
)

// RFC 9106 section 5.3, the Argon2id vector: four lanes, secret and data.
func TestVectorOfRFC9106(t *testing.T) {
	t.Parallel()
	needVectorCode(t)
	in := inputs{
		password: bytes.Repeat([]byte{1}, 32), salt: bytes.Repeat([]byte{2}, 16),
		secret: bytes.Repeat([]byte{3}, 8), data: bytes.Repeat([]byte{4}, 12),
		lanes: 4, passes: 3, memoryKiB: 32, keyLen: 32,
	}
	const want = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
	if got := hex.EncodeToString(in.tag(&freeList{})); got != want {
		t.Errorf("tag %s, want %s", got, want)
	}
}

// One lane, from src/test.c of the reference implementation
// (P-H-C/phc-winner-argon2): password "password", salt "somesalt", t = 2.
func TestVectorsOfReferenceImplementation(t *testing.T) {
	t.Parallel()
	for memoryKiB, want := range map[uint32]string{
		256:   "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe",
		65536: "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7",
	} {
		got := hex.EncodeToString(ID([]byte("password"), []byte("somesalt"), 2, memoryKiB, 32))
		if got != want {
			t.Errorf("%d KiB: tag %s, want %s", memoryKiB, got, want)
		}
	}
}

// Every memory size from 0 to 300 KiB: all ways of rounding, the smallest
// segments, and keys of every length on both sides of a BLAKE2b hash.
func TestSmallSizesEqualXCrypto(t *testing.T) {
	t.Parallel()
	for m := range uint32(300) {
		same(t, []byte("correct horse"), []byte("0123456789abcdef"), 1+m%4, m, 1+m%200)
	}
}

func TestRandomInputsEqualXCrypto(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(0x13, 2))
	text := func(most int) []byte {
		b := make([]byte, rnd.IntN(most+1))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		return b
	}
	for range 150 {
		same(t, text(300), text(64), 1+rnd.Uint32N(4), 8+rnd.Uint32N(4089), 4+rnd.Uint32N(125))
	}
	for passes := range uint32(4) { // the size that is really used, PW3
		same(t, text(300), text(64), 1+passes, 19456, 32)
	}
}

func FuzzIDEqualsXCrypto(f *testing.F) {
	f.Add([]byte("password"), []byte("somesalt"), uint8(2), uint16(512), uint8(32))
	f.Add([]byte(nil), []byte(nil), uint8(1), uint16(8), uint8(4))
	f.Add([]byte("さくら\x00桜"), []byte("0123456789abcdef"), uint8(4), uint16(4096), uint8(128))
	f.Fuzz(func(t *testing.T, password, salt []byte, passes uint8, memoryKiB uint16, keyLen uint8) {
		same(t, password, salt, 1+uint32(passes)%4, uint32(memoryKiB)%4097, 1+uint32(keyLen)%128)
	})
}

func same(t *testing.T, password, salt []byte, passes, memoryKiB, keyLen uint32) {
	t.Helper()
	got := ID(password, salt, passes, memoryKiB, keyLen)
	want := xargon2.IDKey(password, salt, passes, memoryKiB, 1, keyLen)
	if !bytes.Equal(got, want) {
		t.Errorf("password %x, salt %x, t=%d, m=%d, %d bytes:\n got %x\nwant %x",
			password, salt, passes, memoryKiB, keyLen, got, want)
	}
}

func TestZeroParametersPanic(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(){
		"passes": func() { ID(nil, nil, 0, 8, 32) },
		"keyLen": func() { ID(nil, nil, 1, 8, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			call()
		}()
	}
}

package argon2

import (
	"math/rand/v2"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The assembly may not look past a block by a single byte. Every argument lies
// at the very start or the very end of a page whose neighbours are forbidden, so
// that one step outside ends the test program.
func TestMixStaysInsideItsBlocks(t *testing.T) {
	t.Parallel()
	needVectorCode(t)
	page := unix.Getpagesize()
	rnd := rand.New(rand.NewPCG(1024, 0))
	for _, offset := range []int{0, page - blockBytes} {
		var b [6]*block
		for i := range b {
			b[i] = guarded(t, page, offset)
			*b[i] = randomBlock(rnd)
		}
		dst, old, prev, ref, rows, next := b[0], b[1], b[2], b[3], b[4], b[5]
		want := model(old, prev, ref)
		mixFirst(dst, old, prev, ref, rows)
		mixRest(dst, old, prev, ref, rows, next)
		if *dst != want {
			t.Fatal("apart")
		}
	}
}

// guarded is a block at the offset of a page between two forbidden pages.
func guarded(t *testing.T, page, offset int) *block {
	t.Helper()
	raw, err := unix.Mmap(-1, 0, 3*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(raw); err != nil {
			t.Error(err)
		}
	})
	for _, edge := range [][]byte{raw[:page], raw[2*page:]} {
		if err := unix.Mprotect(edge, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return (*block)(unsafe.Pointer(&raw[page+offset]))
}

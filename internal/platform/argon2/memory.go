package argon2

import (
	"runtime"
	"sync"
)

// memory is what one hash works in.
type memory struct {
	blocks []block
	side   *side
}

// side is the little that is needed beside the matrix. The compiler puts an
// object of this size on a cache-line boundary, which the vector code likes
// but does not need.
type side struct {
	rows      block // between mixFirst and mixRest
	zero      block // never written
	request   block // section 3.4.1.2: the input for the next addresses
	addresses block // and the 128 pseudo-random words made of it
	spareRows block // rows, while making addresses
}

// keepMiB bounds one kept memory. A rare hash with a larger cost, an imported
// one perhaps, must not make the program fat for good.
const keepMiB = 64

// freeList keeps memory between hashes: 19 MiB that come fresh from the heap
// cost page faults, zeroing and a garbage collection every few sign-ins.
type freeList struct {
	mu   sync.Mutex
	idle []*memory
	most int // never keeps more than this many
}

// kept serves ID: one memory for each hash that can truly run at the same time,
// so at most cores × 64 MiB, usually cores × 19 MiB. It is the process's, like
// the heap it spares, and never decides a result; therefore a package variable.
var kept = &freeList{most: runtime.GOMAXPROCS(0)}

// take returns memory for n blocks, contents undefined except side.zero. Many
// callers at once are not held back here; whoever comes when the list is empty
// gets fresh memory. (Holding back is the caller's business, PW6.)
func (f *freeList) take(n int) *memory {
	f.mu.Lock()
	var m *memory
	if last := len(f.idle) - 1; last >= 0 {
		m, f.idle[last] = f.idle[last], nil
		f.idle = f.idle[:last]
	}
	f.mu.Unlock()
	if m == nil || cap(m.blocks) < n { // one that is too small is let go
		return &memory{blocks: make([]block, n), side: new(side)}
	}
	m.blocks = m.blocks[:n]
	return m
}

// give wipes m and keeps it if there is room.
//
// Left-over blocks are worth wiping: G can be walked backwards from a finished
// matrix to its second block, and that is a plain BLAKE2b of the password, salt
// and parameters, so whoever reads the memory could guess passwords at the
// speed of BLAKE2b instead of that of Argon2. It takes 0.7 ms of 9.
func (f *freeList) give(m *memory) {
	clear(m.blocks)
	*m.side = side{}
	if cap(m.blocks) > keepMiB<<20/blockBytes {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.idle) < f.most {
		f.idle = append(f.idle, m)
	}
}

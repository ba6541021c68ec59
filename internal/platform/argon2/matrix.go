package argon2

import (
	"encoding/binary"
	"runtime"
)

// matrix is B of RFC 9106 section 3.2: lanes of columns, lane after lane. A
// lane is cut into four slices; slice and lane together name a segment.
type matrix struct {
	*memory
	lanes, columns, segment, passes uint32
}

// segmentAt is the segment being filled.
type segmentAt struct{ pass, slice, lane uint32 }

// blind says that references here do not look at the memory: the first half of
// the first pass, which makes Argon2id what it is (section 3.4.1.3).
func (s segmentAt) blind() bool { return s.pass == 0 && s.slice < sliceCount/2 }

// firstColumns makes the first two blocks of each lane: steps 3 and 4.
func (m *matrix) firstColumns(h0 [64]byte) {
	var bytes [blockBytes]byte
	for lane := range m.lanes {
		for column := range uint32(2) {
			msg := binary.LittleEndian.AppendUint32(h0[:], column)
			msg = binary.LittleEndian.AppendUint32(msg, lane)
			longHash(bytes[:], msg)
			b := &m.blocks[lane*m.columns+column]
			for i := range b {
				b[i] = binary.LittleEndian.Uint64(bytes[i*8:])
			}
		}
	}
}

// fill makes all other blocks, in all passes: steps 5 and 6.
func (m *matrix) fill() {
	for pass := range m.passes {
		for slice := range uint32(sliceCount) {
			for lane := range m.lanes {
				m.fillSegment(segmentAt{pass, slice, lane})
				// A millisecond's work: whoever came back from the disk meanwhile, and
				// may hold the database's lock, need not wait for all of it.
				runtime.Gosched()
			}
		}
	}
}

func (m *matrix) fillSegment(at segmentAt) {
	lane := m.blocks[at.lane*m.columns:][:m.columns]
	first := at.slice * m.segment
	if at.blind() {
		m.startAddresses(at)
	}
	i := uint32(0)
	if at.pass == 0 && at.slice == 0 {
		i = 2 // made by firstColumns
	}
	prev := &lane[(first+i+m.columns-1)%m.columns] // column 0 follows the last
	ref := m.reference(at, i, prev)
	for ; i < m.segment; i++ {
		dst, old := &lane[first+i], &m.side.zero
		if at.pass > 0 {
			old = dst // step 6: XOR onto the pass before
		}
		mixFirst(dst, old, prev, ref, &m.side.rows)
		next := &m.side.zero // nothing to fetch
		if i+1 < m.segment {
			next = m.reference(at, i+1, dst)
		}
		mixRest(dst, old, prev, ref, &m.side.rows, next)
		prev, ref = dst, next
	}
}

// reference chooses the block that goes with prev to make block i of a segment.
// For each segment it is asked once for each i, in order.
func (m *matrix) reference(at segmentAt, i uint32, prev *block) *block {
	random := prev[0] // section 3.4.1.1
	if at.blind() {
		random = m.address(i)
	}
	lane := uint32(random>>32) % m.lanes
	if at.pass == 0 && at.slice == 0 {
		lane = at.lane // the others have nothing to offer yet
	}

	// Section 3.4.2, the window W of candidates: finished segments, the oldest
	// first, then what this segment has made, but never prev.
	size, start := (sliceCount-1)*m.segment, (at.slice+1)%sliceCount*m.segment
	if at.pass == 0 {
		size, start = at.slice*m.segment, 0
	}
	if lane == at.lane {
		size += i
	}
	if lane == at.lane || i == 0 {
		size--
	}
	x := random & 0xffffffff
	x = x * x >> 32
	y := uint64(size) * x >> 32
	z := uint64(size) - 1 - y
	column := (uint64(start) + z) % uint64(m.columns)
	return &m.blocks[lane*m.columns+uint32(column)]
}

// startAddresses prepares section 3.4.1.2 for a segment.
func (m *matrix) startAddresses(at segmentAt) {
	m.side.request = block{uint64(at.pass), uint64(at.lane), uint64(at.slice),
		uint64(m.lanes) * uint64(m.columns), uint64(m.passes), typeID}
	if at.slice == 0 {
		m.moreAddresses() // words 0 and 1 of the first are never asked for
	}
}

// address is pseudo-random word i of the segment; 128 are made at a time.
func (m *matrix) address(i uint32) uint64 {
	words := &m.side.addresses
	if i%uint32(len(words)) == 0 {
		m.moreAddresses()
	}
	return words[i%uint32(len(words))]
}

// moreAddresses is G(zero, G(zero, request)) with the next counter.
func (m *matrix) moreAddresses() {
	s := m.side
	s.request[6]++
	for _, ref := range []*block{&s.request, &s.addresses} {
		mixFirst(&s.addresses, &s.zero, &s.zero, ref, &s.spareRows)
		mixRest(&s.addresses, &s.zero, &s.zero, ref, &s.spareRows, &s.zero)
	}
}

// extract is step 7: the last blocks of all lanes, folded and hashed.
func (m *matrix) extract(keyLen uint32) []byte {
	var last block
	for lane := range m.lanes {
		b := &m.blocks[(lane+1)*m.columns-1]
		for i := range last {
			last[i] ^= b[i]
		}
	}
	var bytes [blockBytes]byte
	for i, w := range last {
		binary.LittleEndian.PutUint64(bytes[i*8:], w)
	}
	key := make([]byte, keyLen)
	longHash(key, bytes[:])
	return key
}

// Package fuse keeps a set of texts in a file, as a 16-bit binary fuse filter
// (Graf and Lemire 2022): about 2.3 bytes an entry, a lookup reads three words.
//
// A text is known by the first 64 bits of its SHA-1, which is how public lists
// of leaked passwords name them. A member is always found. A text that is not a
// member is taken for one once in 65,536 times.
//
// The file, all integers little endian:
//
//	0   8  magic "GKFUSE16"
//	8   4  version, 1
//	12  4  reserved, 0
//	16  8  number of entries
//	24  8  length of the filter that follows the header
//	32  32 SHA-256 of bytes 0 to 31 and of the filter
//	64  …  the filter, as xorfilter writes it
package fuse

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // names entries of public lists, protects nothing
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"github.com/FastFilter/xorfilter"
)

const (
	magic     = "GKFUSE16"
	version   = 1
	headLen   = 64
	summedLen = 32 // the part of the header that the checksum covers
	innerLen  = 28 // xorfilter's own header: seed, four sizes, number of words
)

// Set is a loaded filter. It never changes and may be shared.
type Set struct {
	filter *xorfilter.BinaryFuse[uint16]
	count  uint64
}

// Key gives the entry's name for a text.
func Key(text string) uint64 {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // see the import
	return KeyOfSHA1(sum[:])
}

// KeyOfSHA1 gives the entry's name for the SHA-1 of a text.
func KeyOfSHA1(sum []byte) uint64 { return binary.BigEndian.Uint64(sum) }

// Contains tells whether key was written, or, once in 65,536 times, that it was
// although it was not.
func (s *Set) Contains(key uint64) bool { return s.filter.Contains(key) }

// Count is the number of entries.
func (s *Set) Count() uint64 { return s.count }

// Write writes the set of keys to w and gives the number of distinct ones. It
// sorts and overwrites keys. While it works, about 50 bytes a key are in memory.
func Write(w io.Writer, keys []uint64) (int, error) {
	keys = distinct(keys)
	if len(keys) == 0 {
		return 0, errors.New("word filter: no entries")
	}
	n := len(keys)
	filter, err := xorfilter.NewBinaryFuse[uint16](keys)
	if err != nil {
		return 0, fmt.Errorf("word filter: build: %w", err)
	}
	var inner bytes.Buffer
	if err := filter.Save(&inner); err != nil {
		return 0, fmt.Errorf("word filter: build: %w", err)
	}
	if _, err := w.Write(header(uint64(n), inner.Bytes())); err != nil {
		return 0, fmt.Errorf("word filter: write: %w", err)
	}
	if _, err := w.Write(inner.Bytes()); err != nil {
		return 0, fmt.Errorf("word filter: write: %w", err)
	}
	return n, nil
}

// distinct sorts keys in place and drops the repeated ones: the filter's builder
// wants few of them, and the count in the header has to be right.
func distinct(keys []uint64) []uint64 {
	slices.Sort(keys)
	return slices.Compact(keys)
}

func header(count uint64, inner []byte) []byte {
	h := make([]byte, summedLen, headLen)
	copy(h, magic)
	binary.LittleEndian.PutUint32(h[8:], version)
	binary.LittleEndian.PutUint64(h[16:], count)
	binary.LittleEndian.PutUint64(h[24:], uint64(len(inner)))
	return append(h, checksum(h, inner)...)
}

func checksum(head, inner []byte) []byte {
	sum := sha256.New()
	sum.Write(head[:summedLen])
	sum.Write(inner)
	return sum.Sum(nil)
}

// Read loads a set from the size bytes of r. It refuses files of another kind
// or version, cut files and changed files, before it uses any of their numbers.
func Read(r io.Reader, size int64) (*Set, error) {
	if size < headLen+innerLen {
		return nil, errors.New("word filter: the file is too short")
	}
	head := make([]byte, headLen)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, fmt.Errorf("word filter: read: %w", err)
	}
	if string(head[:8]) != magic {
		return nil, errors.New("word filter: not such a file")
	}
	if v := binary.LittleEndian.Uint32(head[8:]); v != version {
		return nil, fmt.Errorf("word filter: version %d, this program reads %d", v, version)
	}
	if binary.LittleEndian.Uint64(head[24:]) != uint64(size-headLen) {
		return nil, errors.New("word filter: the file is cut short or too long")
	}
	inner := make([]byte, size-headLen)
	if _, err := io.ReadFull(r, inner); err != nil {
		return nil, fmt.Errorf("word filter: read: %w", err)
	}
	if subtle.ConstantTimeCompare(head[summedLen:], checksum(head, inner)) != 1 {
		return nil, errors.New("word filter: the checksum does not fit")
	}
	return load(inner, binary.LittleEndian.Uint64(head[16:]))
}

// load trusts no size inside the filter: a wrong one would make lookups panic.
func load(inner []byte, count uint64) (*Set, error) {
	words := binary.LittleEndian.Uint32(inner[innerLen-4:])
	if uint64(len(inner)) != innerLen+2*uint64(words) {
		return nil, errors.New("word filter: sizes do not fit")
	}
	f, err := xorfilter.LoadBinaryFuse[uint16](bytes.NewReader(inner))
	if err != nil {
		return nil, fmt.Errorf("word filter: load: %w", err)
	}
	whole := (uint64(f.SegmentCount) + 2) * uint64(f.SegmentLength)
	if bits.OnesCount32(f.SegmentLength) != 1 || f.SegmentLengthMask != f.SegmentLength-1 || f.SegmentCount == 0 ||
		uint64(f.SegmentCountLength) != uint64(f.SegmentCount)*uint64(f.SegmentLength) || whole != uint64(words) {
		return nil, errors.New("word filter: sizes do not fit")
	}
	return &Set{filter: f, count: count}, nil
}

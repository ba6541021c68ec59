package fuse

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// A file with a right checksum and wrong sizes, which a person who can write
// the file can make, is refused and does not panic at the first lookup.
func TestReadTrustsNoSize(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if n, err := Write(&b, []uint64{3, 1, 2, 3, 1}); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	inner := b.Bytes()[headLen:]
	for at := 8; at < innerLen; at += 4 {
		for _, size := range []uint32{0, 1, 3, 1 << 31, 1<<32 - 1} {
			changed := bytes.Clone(inner)
			binary.LittleEndian.PutUint32(changed[at:], size)
			if bytes.Equal(changed, inner) {
				continue
			}
			file := append(header(3, changed), changed...)
			if _, err := Read(bytes.NewReader(file), int64(len(file))); err == nil {
				t.Errorf("size at %d = %d: accepted", at, size)
			}
		}
	}
}

// Sizes that agree with each other and not with the file.
func TestReadCountsSegments(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if _, err := Write(&b, []uint64{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	inner := b.Bytes()[headLen:]
	length := binary.LittleEndian.Uint32(inner[8:])
	binary.LittleEndian.PutUint32(inner[16:], 1000)
	binary.LittleEndian.PutUint32(inner[20:], 1000*length)
	file := append(header(3, inner), inner...)
	if _, err := Read(bytes.NewReader(file), int64(len(file))); err == nil {
		t.Error("accepted")
	}
}

// One key, and sets around the sizes at which the builder changes its mind.
func TestWriteRead(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 10, 1000, 5000} {
		keys := make([]uint64, n)
		for i := range keys {
			keys[i] = Key(string(rune('a' + i)))
		}
		var b bytes.Buffer
		if _, err := Write(&b, slices.Clone(keys)); err != nil {
			t.Fatal(err)
		}
		set, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if !set.Contains(k) {
				t.Fatalf("%d keys: %x is missing", n, k)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if _, err := Write(&b, []uint64{1, 2, 3}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes()[headLen:])
	f.Fuzz(func(t *testing.T, inner []byte) {
		file := append(header(3, inner), inner...)
		if set, err := Read(bytes.NewReader(file), int64(len(file))); err == nil {
			set.Contains(12345)
		}
	})
}

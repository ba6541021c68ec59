package argon2

import (
	"bytes"
	"runtime"
	"sync"
	"testing"
)

func testInputs(memoryKiB uint32) inputs {
	return inputs{
		password: []byte("correct horse"), salt: []byte("0123456789abcdef"),
		lanes: 1, passes: 2, memoryKiB: memoryKiB, keyLen: 32,
	}
}

func TestMemoryIsWipedAndReused(t *testing.T) {
	t.Parallel()
	needVectorCode(t)
	list := &freeList{most: 1}
	in := testInputs(256)
	first := in.tag(list)
	if len(list.idle) != 1 {
		t.Fatalf("%d memories kept, want 1", len(list.idle))
	}
	m := list.idle[0]
	for i := range m.blocks {
		if m.blocks[i] != (block{}) {
			t.Fatalf("block %d still holds something", i)
		}
	}
	if *m.side != (side{}) {
		t.Error("the side blocks still hold something")
	}
	if again := in.tag(list); !bytes.Equal(again, first) || list.idle[0] != m {
		t.Error("the second hash differs, or did not reuse the memory")
	}
}

// Whatever an earlier hash left must not matter, wiped or not.
func TestResultDoesNotDependOnOldContents(t *testing.T) {
	t.Parallel()
	needVectorCode(t)
	in := testInputs(64)
	want := in.tag(&freeList{})
	dirty := &memory{blocks: make([]block, 100), side: new(side)}
	for i := range dirty.blocks {
		dirty.blocks[i][i] = 0x5a5a
	}
	dirty.side.rows[1], dirty.side.request[6], dirty.side.addresses[2] = 1, 2, 3
	if got := in.tag(&freeList{idle: []*memory{dirty}}); !bytes.Equal(got, want) {
		t.Error("old contents changed the result")
	}
}

func TestFreeListStaysBounded(t *testing.T) {
	t.Parallel()
	needVectorCode(t)
	list := &freeList{most: 2}
	small, large := testInputs(64), testInputs(512)
	want := large.tag(&freeList{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 10 {
				small.tag(list)
				if got := large.tag(list); !bytes.Equal(got, want) {
					t.Error("a hash disturbed another")
				}
			}
		})
	}
	all.Wait()

	var taken []*memory
	for range 5 {
		taken = append(taken, list.take(8))
	}
	for _, m := range taken {
		list.give(m)
	}
	if len(list.idle) != 2 {
		t.Errorf("%d memories kept, want 2", len(list.idle))
	}

	huge := testInputs(keepMiB<<10 + 4)
	huge.passes = 1
	list.idle = nil
	huge.tag(list)
	if len(list.idle) != 0 {
		t.Error("kept a memory above the bound")
	}
}

// Not parallel: it looks at what the whole program allocates.
func TestSteadyStateAllocatesNoBlocks(t *testing.T) {
	needVectorCode(t)
	list, in := &freeList{most: 1}, testInputs(1024)
	in.tag(list)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10 {
		in.tag(list)
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / 10; each > 64<<10 {
		t.Errorf("%d bytes allocated for each hash of 1 MiB", each)
	}
}

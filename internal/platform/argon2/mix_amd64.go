//go:build amd64 && !purego

package argon2

import "golang.org/x/sys/cpu"

// useAVX2 is asked once, when the program starts. The question includes
// whether the operating system saves the wide registers.
var useAVX2 = cpu.X86.HasAVX2

// mixFirst and mixRest, one after the other with the same arguments, set
//
//	*dst = *old XOR G(*prev, *ref)
//
// with G of RFC 9106 section 3.5. After mixFirst the first words of dst are
// final: in the passes that depend on data they say which block is next, and
// mixRest asks the memory for *next while it computes (see docs/decisions,
// 0003). dst may be old, prev or ref; rows carries the half-mixed block from
// the one to the other and must be none of the rest; next is not read.
//
//go:noescape
func mixFirst(dst, old, prev, ref, rows *block)

//go:noescape
func mixRest(dst, old, prev, ref, rows, next *block)

package fuse

import "slices"

// distinct sorts keys in place and drops the repeated ones: the filter's
// builder wants few of them, and the count in the header has to be right.
func distinct(keys []uint64) []uint64 {
	slices.Sort(keys)
	return slices.Compact(keys)
}

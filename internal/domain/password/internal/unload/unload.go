// Package unload takes zxcvbn's word lists away before that library makes
// dictionaries of them: 54 ms of every start and 10 MB that a house would hold for
// ever. The words are in data/en.txt, which is searched where it lies.
//
// It works because packages are initialised in the order of their paths as soon
// as what they import is (Go specification, "Program initialization"): this one
// imports the lists and nothing else, and its path comes before that of
// zxcvbn/matching. TestListsAreNotLoaded holds it.
package unload

import "github.com/trustelem/zxcvbn/frequency"

func init() { clear(frequency.FrequencyLists) }

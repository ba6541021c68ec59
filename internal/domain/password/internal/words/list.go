package words

import (
	"strconv"
	"strings"
)

// List is a dictionary as text: sorted lines of a word, a space and its rank,
// each ended by a line feed. It is searched where it lies, so that a list in
// the program's image costs no memory and no time at the start.
type List string

// Rank gives the word's rank, 1 for the commonest.
func (l List) Rank(word string) (int, bool) {
	lo, hi := 0, len(l)
	for lo < hi {
		mid := lo + (hi-lo)/2
		start := strings.LastIndexByte(string(l[:mid]), '\n') + 1
		end := start + strings.IndexByte(string(l[start:]), '\n')
		entry, rank, _ := strings.Cut(string(l[start:end]), " ")
		switch c := strings.Compare(entry, word); {
		case c == 0:
			n, err := strconv.Atoi(rank)
			return n, err == nil
		case c < 0:
			lo = end + 1
		default:
			hi = start
		}
	}
	return 0, false
}

package words

import (
	"sort"
	"strconv"
	"strings"
)

// List is a dictionary as text: sorted lines of a word, its rank and, where the
// list knows one, its kind, with a space between them; each line is ended by a
// line feed. It is searched where it lies, so that a list in the program's image
// costs no memory and no time at the start.
type List string

// Entry is a word of a list.
type Entry struct {
	Word string
	Rank int    // 1 for the commonest
	Kind string // p: a password, n: a name; "" for a word
}

// Rank gives the word's rank, 1 for the commonest.
func (l List) Rank(word string) (int, bool) {
	if e := l.entry(l.from(0, word)); e.Word == word && word != "" {
		return e.Rank, true
	}
	return 0, false
}

// Kind gives the word's kind; "" for a word that is not there.
func (l List) Kind(word string) string {
	if e := l.entry(l.from(0, word)); e.Word == word {
		return e.Kind
	}
	return ""
}

// Beginning gives the words that text begins with, the shortest first.
func (l List) Beginning(text string, shortest, longest int) (found []Entry) {
	at := 0
	for n := shortest; n <= min(longest, len(text)); n++ {
		at = l.from(at, text[:n])
		e := l.entry(at)
		if !strings.HasPrefix(e.Word, text[:n]) {
			break // no word goes on like this
		}
		if len(e.Word) == n {
			found = append(found, e)
		}
	}
	return found
}

// from gives where the first line from start on lies whose word is not before
// word.
func (l List) from(start int, word string) int {
	rest := l[start:]
	// Any place in a line stands for that line.
	i := sort.Search(len(rest), func(i int) bool { return rest.entry(rest.line(i)).Word >= word })
	return start + rest.line(i)
}

// line gives the beginning of the line that place i is in.
func (l List) line(i int) int { return strings.LastIndexByte(string(l[:i]), '\n') + 1 }

// entry reads the line that begins at i; the end of the list is an empty word.
func (l List) entry(i int) Entry {
	text, _, _ := strings.Cut(string(l[i:]), "\n")
	word, text, _ := strings.Cut(text, " ")
	rank, kind, _ := strings.Cut(text, " ")
	n, _ := strconv.Atoi(rank) // the generator writes numbers only
	return Entry{word, n, kind}
}

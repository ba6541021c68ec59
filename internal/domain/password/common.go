package password

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/genkan/genkan/internal/domain/password/internal/fuse"
	"github.com/genkan/genkan/internal/domain/password/internal/words"
)

// The built-in lists are made by the program in gen from the sources that it
// names; data/LICENSES.txt has their notices.
//
//go:generate go run ./gen -common passwords.json -ja language-ja
var (
	//go:embed data/common.fuse
	commonFile []byte
	//go:embed data/top.txt
	topFile string
)

// common is the built-in list (PW2): 134,000 folded passwords in a filter, 23,000
// of them of 15 characters or more, and apart from them the 2,400 that are used
// so much that two in a row are no better.
type common struct {
	set *fuse.Set
	top words.List
}

// loadCommon gives the list, loaded at first use and never changed since.
var loadCommon = sync.OnceValues(func() (*common, error) {
	set, err := fuse.Read(bytes.NewReader(commonFile), int64(len(commonFile)))
	if err != nil {
		return nil, fmt.Errorf("built-in password list: %w", err)
	}
	return &common{set: set, top: words.List(topFile)}, nil
})

// covers tells whether any form of a password is listed or needs no list.
func (c *common) covers(f forms) bool {
	for _, s := range f {
		if c.weak(s) {
			return true
		}
	}
	return false
}

func (c *common) weak(s string) bool {
	return c.set.Contains(fuse.Key(s)) || c.twoWords(s)
}

// twoWords tells whether s is two of the most used passwords in a row, or one
// and a pattern ("password" "qwertyui"). Two patterns are one too.
func (c *common) twoWords(s string) bool {
	r := []rune(s)
	front, back := words.Ends(r)
	if front[len(r)] {
		return true
	}
	for i := range r {
		if !front[i] && i > longestTop || !back[i] && len(r)-i > longestTop {
			continue
		}
		if (front[i] || c.isTop(r[:i])) && (back[i] || c.isTop(r[i:])) {
			return true
		}
	}
	return false
}

// longestTop is the length of the longest word in the file, in characters.
const longestTop = 16

func (c *common) isTop(r []rune) bool {
	if len(r) < 3 || len(r) > longestTop {
		return false
	}
	_, ok := c.top.Rank(string(r))
	return ok
}

// forms are the readings of one password under which it is looked up.
type forms []string

// maxForms bounds the readings of one password, and with them the time and the
// share of good passwords that the filter takes for listed ones: at most 64 in
// 65,536; of random ones, about 1 in 10,000.
const maxForms = 64

// formsOf gives the readings of a normalised password: as typed, kana in Latin
// letters, kana as keys; each without signs between words, with look-alikes
// read as letters, without digits and signs at the ends, and as the one unit
// that it repeats. What attackers try after the list itself is the list with
// these changes.
func formsOf(normal string) forms {
	f := &finder{trimmed: map[string]bool{}}
	s := words.Fold(normal)
	f.add(s, false)
	f.add(words.Romaji(s), false)
	if words.HasKana(s) {
		f.add(words.ShortVowels(words.Romaji(s)), false)
		f.add(words.Keys(s), false)
	}
	for i := 0; i < len(f.found); i++ {
		f.derive(f.found[i])
	}
	return f.found
}

// finder collects forms and remembers which of them were trimmed: a second time
// would take a number apart four digits at a time.
type finder struct {
	found   forms
	trimmed map[string]bool
}

func (f *finder) add(s string, trimmed bool) {
	if _, known := f.trimmed[s]; known || s == "" || len(f.found) == maxForms {
		return
	}
	f.trimmed[s] = trimmed
	f.found = append(f.found, s)
}

func (f *finder) derive(s string) {
	trimmed := f.trimmed[s]
	if !trimmed {
		f.add(words.Trim(s), true)
	}
	unit, _ := words.Unit(s)
	f.add(unit, trimmed)
	f.add(words.Squash(s), trimmed)
	f.add(words.Squeeze(s), trimmed)
	f.add(words.Unleet(s, 'i'), trimmed)
	f.add(words.Unleet(s, 'l'), trimmed)
}

// equalAny tells whether a form is one of these words, themselves folded.
func (f forms) equalAny(list []string) bool {
	for _, word := range list {
		w := words.Fold(word)
		for _, w := range []string{w, words.Squash(w), words.Romaji(w)} {
			if utf8.RuneCountInString(w) >= 3 && f.has(w) {
				return true
			}
		}
	}
	return false
}

func (f forms) has(w string) bool {
	return slices.Contains(f, w)
}

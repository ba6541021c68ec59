package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/genkan/genkan/internal/domain/password/internal/fuse"
	"github.com/genkan/genkan/internal/domain/password/internal/words"
)

// set is the list in the making: folded texts.
type set struct{ has map[string]bool }

func newSet() *set { return &set{has: map[string]bool{}} }

func (s *set) add(text string) {
	if f := words.Fold(text); utf8.RuneCountInString(f) >= 3 {
		s.has[f] = true
		s.has[words.Romaji(f)] = true
	}
}

func (s *set) keys() []uint64 {
	var out []uint64
	for text := range s.has {
		out = append(out, fuse.Key(text))
	}
	return out
}

func (s *set) long() int {
	n := 0
	for text := range s.has {
		if utf8.RuneCountInString(text) >= 15 {
			n++
		}
	}
	return n
}

// addAll puts everything in. The check finds repetitions, runs and walks by
// rule as well; they are listed all the same, so that the list stands alone.
func (s *set) addAll(src sources) {
	for _, w := range src.passwords {
		s.add(w)
	}
	s.addLong(src.english, 11)
	s.addLong(src.jaWiki, 8)
	s.addLong(src.jaNames, 5)
	for _, p := range src.phrases {
		s.add(p)
		s.add(words.Squash(p))
	}
	s.addRepeated(src.passwords[:6000])
	s.addRepeated(src.jaGiven)
	s.addRepeated(src.jaWords)
	s.addRepeated(src.jaFamily[:200])
	s.addNames(src)
	s.addTemplates(src)
	s.addKeyboard()
}

func (s *set) addLong(list []string, least int) {
	for _, w := range list {
		if len(w) >= least {
			s.add(w)
		}
	}
}

// addRepeated adds a word as often in a row as it takes to be long enough.
func (s *set) addRepeated(list []string) {
	for _, w := range list {
		if len(w) < 3 {
			continue
		}
		n := max(2, (15+len(w)-1)/len(w))
		s.add(strings.Repeat(w, 2))
		s.add(strings.Repeat(w, n))
	}
}

func (s *set) addNames(src sources) {
	for _, family := range src.jaFamily[:100] {
		for _, given := range src.jaGiven {
			s.add(family + given)
			s.add(given + family)
		}
	}
}

func (s *set) addTemplates(src sources) {
	var short []string
	for _, w := range src.passwords[:4000] {
		if strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") == "" && len(w) >= 4 {
			short = append(short, w)
		}
	}
	short = append(short[:900], src.jaGiven...)
	for _, before := range []string{"iloveyou", "ilove", "mynameis", "mypassword", "password", "letmein", "welcome", "thisis", "ihate", "daisuki", "aishiteru"} {
		for _, w := range short {
			s.add(before + w)
			s.add(w + before)
		}
	}
	for _, a := range src.jaGiven {
		for _, b := range []string{"daisukidayo", "chandaisuki", "kundaisuki", "to", "love", "forever"} {
			s.add(a + b)
		}
	}
}

// addKeyboard adds runs along rows and columns of both layouts, from every key,
// both ways, and runs of letters, digits and kana.
func (s *set) addKeyboard() {
	lines := []string{
		"1234567890-=qwertyuiop[]asdfghjkl;'zxcvbnm,./",
		`1234567890-^\qwertyuiop@[asdfghjkl;:]zxcvbnm,./_`,
		"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
		"qazwsxedcrfvtgbyhnujmikolp",
		"zaqxswcdevfrbgtnhymjukilop",
		"1q2w3e4r5t6y7u8i9o0p",
		"qawsedrftgyhujikolp",
		"azsxdcfvgbhnjmkl",
		"!@#$%^&*()_+", `!"#$%&'()=~|`,
		"abcdefghijklmnopqrstuvwxyz", "12345678901234567890",
		"ぬふあうえおやゆよわほへたていすかんなにらせちとしはきくまのりれけむつさそひこみもねるめろ",
	}
	for _, line := range lines {
		r := []rune(line + line)
		s.addPieces(r)
		slices.Reverse(r)
		s.addPieces(r)
	}
}

func (s *set) addPieces(r []rune) {
	for i := range len(r) / 2 {
		for _, n := range []int{8, 10, 12, 14, 15, 16, 17, 18, 20, 24} {
			if i+n <= len(r) {
				s.add(string(r[i : i+n]))
			}
		}
	}
}

// sample takes 500 entries for the tests: two in five from the most used
// passwords, the others spread over the entries of at least 15 characters.
func (s *set) sample(src sources) []byte {
	var b bytes.Buffer
	n := 0
	for _, w := range src.passwords {
		if len(w) >= 8 && n < 200 {
			fmt.Fprintln(&b, w)
			n++
		}
	}
	all := slices.Sorted(maps.Keys(s.has))
	long := slices.DeleteFunc(all, func(w string) bool { return utf8.RuneCountInString(w) < 15 })
	for i := range 300 {
		fmt.Fprintln(&b, long[i*len(long)/300])
	}
	return b.Bytes()
}

// topList gives the most used passwords with their rank, sorted for search.
func topList(passwords []string) []byte {
	rank := map[string]int{}
	for i, w := range passwords[:2500] {
		if f := words.Fold(w); len(f) >= 4 && len(f) <= 16 && !strings.ContainsAny(f, " \n") && strings.Trim(f, "0123456789") != "" {
			if _, known := rank[f]; !known {
				rank[f] = i + 1
			}
		}
	}
	return listFile(rank)
}

// jaList joins the Japanese lists. The family names and the encyclopedia are in
// the order of use; given names are not, so all get a middling rank.
func jaList(src sources) []byte {
	rank := map[string]int{}
	add := func(w string, r int) {
		w = words.Squash(words.Romaji(words.Fold(w)))
		if old, known := rank[w]; len(w) >= 3 && len(w) <= 40 && (!known || r < old) {
			rank[w] = r
		}
	}
	for i, w := range src.jaWords {
		add(w, i+1)
	}
	for i, w := range src.jaFamily {
		add(w, i+1)
	}
	for i, w := range src.jaGiven {
		add(w, i+1)
	}
	for _, w := range src.jaNames {
		add(w, 1500)
	}
	for i, w := range src.jaWiki {
		add(w, i+1)
	}
	for _, w := range src.phrases {
		if words.HasKana(w) {
			add(w, 1000)
		}
	}
	return listFile(rank)
}

func listFile(rank map[string]int) []byte {
	var b bytes.Buffer
	for _, w := range slices.Sorted(maps.Keys(rank)) {
		fmt.Fprintf(&b, "%s %d\n", w, rank[w])
	}
	return b.Bytes()
}

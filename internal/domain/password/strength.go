package password

import (
	"cmp"
	_ "embed"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn"
	"github.com/trustelem/zxcvbn/match"

	_ "github.com/genkan/genkan/internal/domain/password/internal/unload" // zxcvbn's lists
	"github.com/genkan/genkan/internal/domain/password/internal/words"
)

// The words that are looked for: Japanese ones in Latin letters, and the lists of
// zxcvbn.
var (
	//go:embed data/ja.txt
	jaFile string
	//go:embed data/en.txt
	enFile string
)

// Score is advice for the person who chooses; Policy.Check alone decides.
type Score struct {
	Level       int      // 0 worthless … 4 strong
	WarningCode string   // message key of what makes it weak, or ""
	Hints       []string // message keys of what would help, best first; may be empty
}

// The bounds on guesses between the levels are those of zxcvbn.
var levels = []float64{1e3, 1e6, 1e8, 1e10}

// scored is how much of a password is judged: what follows can only make it
// stronger, and the judge's time grows with the square of the length (PW4).
const scored = 72

// Strength estimates how many guesses pw withstands. words are what an attacker
// may know of the person: address, name, name of the service. Text that
// Normalize refuses has level 0 and the refusal's code as its warning.
//
// zxcvbn knows neither kana nor Japanese words nor JIS keyboards, miscounts
// letters outside ASCII and finds only English words inside repetitions. So it
// is asked about readings of the password in ASCII that repeat nothing, and the
// lowest answer counts.
func Strength(pw string, personal []string) Score {
	n, err := Normalize(pw)
	if err != nil {
		return refused(err)
	}
	if n == "" {
		return Score{Hints: []string{HintLonger, HintWords}}
	}
	best := advisor{personal: foldAll(personal)}.judge(n)
	forms := formsOf(n)
	list, err := loadCommon()
	switch {
	// What Check refuses is tried first, whatever its length.
	case slices.ContainsFunc(personal, func(w string) bool { return forms.equalAny(addressWords(w)) }):
		best = verdict{warning: WarnPersonal}
	case err != nil || list.covers(forms):
		best.guesses = 0
		if best.warning == "" {
			best.warning = WarnCommon
		}
	}
	return best.score()
}

// verdict is what one reading came to.
type verdict struct {
	guesses float64
	warning string
}

func (v verdict) score() Score {
	level := 0
	for level < len(levels) && v.guesses >= levels[level] {
		level++
	}
	if level == len(levels) {
		return Score{Level: level}
	}
	return Score{Level: level, WarningCode: v.warning, Hints: hints(v.warning)}
}

// advisor judges the readings of one password.
type advisor struct{ personal []string }

func (a advisor) judge(normal string) verdict {
	best := verdict{guesses: math.Inf(1)}
	for _, reading := range readings(normal) {
		for _, folded := range []bool{false, true} {
			v := a.judgeReading(reading, folded)
			if v.guesses < best.guesses {
				best = v
			}
		}
	}
	return best
}

// readings are the spellings of one password that zxcvbn can judge: kana in
// Latin letters, kana as the keys that give them, signs of a JIS keyboard as
// those on the same keys of a US one.
func readings(normal string) []string {
	kana := words.Fold(normal)
	if !words.HasKana(kana) {
		kana = normal
	}
	out := []string{words.Romaji(kana), words.ToUS(words.Keys(kana))}
	return slices.Compact(out)
}

// judgeReading asks zxcvbn once, with or without the repetitions folded away.
func (a advisor) judgeReading(s string, fold bool) verdict {
	s = ascii(s)
	times := 1
	if fold {
		short, n := words.Unrepeat(s)
		if n == 1 {
			return verdict{guesses: math.Inf(1)} // nothing repeated: judged already
		}
		s, times = short, n
	}
	r := zxcvbn.PasswordStrength(s, a.dictionary(s))
	v := verdict{guesses: r.Guesses * float64(times), warning: a.warning(r.Sequence)}
	if times > 2 {
		v.warning = WarnRepeat
	}
	return v
}

// ascii cuts the text to what is judged and puts a control character for every
// letter outside ASCII: zxcvbn counts bytes in places where letters are meant.
// Their steps are too wide to look like a run.
func ascii(s string) string {
	known := map[rune]byte{}
	b := make([]byte, 0, scored)
	for _, r := range s {
		if len(b) == scored {
			break
		}
		if r < utf8.RuneSelf {
			b = append(b, byte(r))
			continue
		}
		if known[r] == 0 {
			known[r] = byte(0x0e + 7*len(known)%17)
		}
		b = append(b, known[r])
	}
	return string(b)
}

// farRank is given to words that are rarer than this, so that the list handed
// over stays short.
const farRank = 8000

// dictionary gives the personal words and the words of our lists that stand in s,
// forwards or backwards, each at the place of its rank, as zxcvbn takes a word's
// place for its rank. It is no longer than the last word needs.
func (a advisor) dictionary(s string) []string {
	s = strings.ToLower(s)
	ranks := map[string]int{}
	for _, text := range append(looks(s), s, backwards(s)) {
		for i := range text {
			for _, list := range []words.List{words.List(jaFile), words.List(enFile)} {
				for _, e := range list.Beginning(text[i:], shortestWord, longestWord) {
					if slices.Contains(a.personal, e.Word) {
						continue // zxcvbn takes the last place of a word
					}
					if rank := min(e.Rank, farRank); ranks[e.Word] == 0 || rank < ranks[e.Word] {
						ranks[e.Word] = rank
					}
				}
			}
		}
	}
	list := slices.Clone(a.personal)
	for _, word := range slices.SortedFunc(maps.Keys(ranks), func(a, b string) int {
		return cmp.Or(cmp.Compare(ranks[a], ranks[b]), cmp.Compare(a, b))
	}) {
		list = put(list, len(a.personal)+ranks[word], word)
	}
	return list
}

// looks reads s by zxcvbn's table of look-alikes, whose words it is to find again:
// each way to read the two that have two meanings.
func looks(s string) (out []string) {
	for _, one := range []string{"i", "l"} {
		for _, seven := range []string{"t", "l"} {
			r := strings.NewReplacer("4", "a", "@", "a", "8", "b", "(", "c", "{", "c", "[", "c", "<", "c", "3", "e", "6", "g", "9", "g",
				"1", one, "!", "i", "|", one, "0", "o", "$", "s", "5", "s", "+", "t", "7", seven, "%", "x", "2", "z")
			if text := r.Replace(s); text != s && !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	return out
}

// backwards turns a text of ASCII letters round.
func backwards(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// put sets the place at, or the next one that is free.
func put(list []string, at int, word string) []string {
	for at < len(list) && list[at] != "" {
		at++
	}
	if at >= len(list) {
		list = append(list, make([]string, at+1-len(list))...)
	}
	list[at] = word
	return list
}

// The lengths of the words that are looked for, in Latin letters.
const (
	shortestWord = 3
	longestWord  = 24
)

// foldAll spells the personal words as the readings are and adds their parts.
func foldAll(list []string) []string {
	var out []string
	for _, w := range list {
		w = words.Romaji(words.Fold(w))
		for _, part := range append(strings.FieldsFunc(w, notWord), w, words.Squash(w)) {
			if utf8.RuneCountInString(part) >= 3 && !slices.Contains(out, part) && len(out) < 100 {
				out = append(out, part)
			}
		}
	}
	return out
}

// warning names what the longest match of the cheapest way to guess is.
func (a advisor) warning(seq []*match.Match) string {
	var longest *match.Match
	for _, m := range seq {
		if m.Pattern != "bruteforce" && (longest == nil || len(m.Token) > len(longest.Token)) {
			longest = m
		}
	}
	if longest == nil {
		return ""
	}
	switch longest.Pattern {
	case "spatial":
		return WarnKeyboard
	case "repeat":
		return WarnRepeat
	case "sequence":
		return WarnSequence
	case "date", "regex":
		return WarnDate
	}
	return dictionaryWarning(longest, len(a.personal))
}

package words

import (
	"strings"
	"unicode"
)

// Trim takes the decoration off a word: up to four digits, or any number of
// digits that make a pattern, and up to three signs or one sign repeated, at
// either end. It gives "" when nothing was taken or no letter is left.
func Trim(s string) string {
	core := trimEnd(trimEnd(s, false), true)
	if core == s || !strings.ContainsFunc(core, unicode.IsLetter) || len([]rune(core)) < 3 {
		return ""
	}
	return core
}

func trimEnd(s string, front bool) string {
	s = trimSigns(s, front)
	if rest, d := cut(s, front, unicode.IsDigit); len(d) <= 4 || Patterns(d) {
		s = rest
	}
	return trimSigns(s, front)
}

func trimSigns(s string, front bool) string {
	rest, signs := cut(s, front, isSign)
	r := []rune(signs)
	if len(r) > 3 && strings.Trim(signs, string(r[0])) != "" {
		return s
	}
	return rest
}

// cut splits what f accepts off one end.
func cut(s string, front bool, f func(rune) bool) (rest, off string) {
	if front {
		rest = strings.TrimLeftFunc(s, f)
		return rest, s[:len(s)-len(rest)]
	}
	rest = strings.TrimRightFunc(s, f)
	return rest, s[len(rest):]
}

func isSign(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// Squash leaves out what people put between words.
func Squash(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '_', '.', ',', '・', '、', '。':
			return -1
		}
		return r
	}, s)
}

// Squeeze takes one of each group when all characters come in groups of one
// size: "aabbcc" is "abc". Otherwise it gives the text back.
func Squeeze(s string) string {
	var out []rune
	size, run := 0, 0
	r := []rune(s)
	for i, c := range r {
		run++
		if i+1 < len(r) && r[i+1] == c {
			continue
		}
		if size == 0 {
			size = run
		}
		if run != size || size == 1 {
			return s
		}
		out, run = append(out, c), 0
	}
	return string(out)
}

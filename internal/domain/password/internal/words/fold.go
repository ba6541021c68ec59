// Package words brings passwords and dictionary words to one form and knows
// the patterns that people type instead of words: runs of letters, digits and
// kana, walks over the keyboard (US and JIS), repetitions, dates.
package words

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold gives the form in which words are compared: NFKC, no capitals, katakana
// as hiragana. Folding is for finding weak passwords only; what is hashed keeps
// its capitals.
func Fold(s string) string {
	s = norm.NFKC.String(s)
	s = cases.Fold().String(s) // a Caser has state: one for each call
	return strings.Map(hiragana, norm.NFKC.String(s))
}

func hiragana(r rune) rune {
	if r >= 'ァ' && r <= 'ヶ' {
		return r - ('ァ' - 'ぁ')
	}
	return r
}

// Unleet reads look-alike characters as letters. Two readings exist, since 1
// stands for i as often as for l.
func Unleet(s string, one rune) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '0':
			return 'o'
		case '1', '!', '|':
			return one
		case '3':
			return 'e'
		case '4', '@':
			return 'a'
		case '5', '$':
			return 's'
		case '7', '+':
			return 't'
		case '8':
			return 'b'
		case '9':
			return 'g'
		}
		return r
	}, s)
}

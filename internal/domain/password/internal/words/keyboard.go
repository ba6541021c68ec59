package words

import "strings"

// Two layouts share the letters; the signs beside them differ, so a character
// may have a place in each. The upper string of a row holds the shifted signs.
var layouts = [][]string{
	{"1234567890-=", "qwertyuiop[]\\", "asdfghjkl;'", "zxcvbnm,./"},   // US
	{"!@#$%^&*()_+", "qwertyuiop{}|", "asdfghjkl:\"", "zxcvbnm<>?"},   // US with shift
	{"1234567890-^\\", "qwertyuiop@[", "asdfghjkl;:]", "zxcvbnm,./_"}, // JIS X 6002
	{"!\"#$%&'()~=~|", "qwertyuiop`{", "asdfghjkl+*}", "zxcvbnm<>?_"}, // JIS with shift
}

// place is a key: its row from the top and its column.
type place struct{ row, col int }

// places is read once and never written.
var places = findPlaces()

func findPlaces() map[rune][]place {
	m := map[rune][]place{}
	for _, layout := range layouts {
		for row, line := range layout {
			for col, c := range line {
				m[c] = append(m[c], place{row, col})
			}
		}
	}
	return m
}

// walkLen is how far a finger gets from the first key by staying, moving to a
// key that touches it, or moving along a column or to the next ("1qaz2wsx").
func walkLen(r []rune) int {
	return 1 + lead(r, near)
}

func near(a, b rune) bool {
	for _, p := range places[a] {
		for _, q := range places[b] {
			if dc := p.col - q.col; dc >= -1 && dc <= 1 {
				return true
			}
		}
	}
	return false
}

// ToUS writes the signs of a JIS keyboard as those on the same keys of a US
// one, for a judge that knows only the latter.
func ToUS(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '@':
			return '['
		case '[':
			return ']'
		case ':':
			return '\''
		case ']':
			return '\\'
		case '^':
			return '='
		}
		return r
	}, s)
}

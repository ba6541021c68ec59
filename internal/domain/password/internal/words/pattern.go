package words

import (
	"slices"
	"strings"
)

// Pattern tells whether the whole of a folded text is one thing that needs no
// dictionary to guess: a repetition, a run, a walk over the keyboard, a date.
func Pattern(s string) bool {
	r := []rune(s)
	return len(r) > 0 && fronts(r)[len(r)]
}

// Patterns tells whether the text is one pattern or two in a row.
func Patterns(s string) bool {
	r := []rune(s)
	front, back := Ends(r)
	if len(r) > 0 && front[len(r)] {
		return true
	}
	for i := range r {
		if front[i] && back[i] {
			return true
		}
	}
	return false
}

// Ends tells for each i whether the first i characters are a pattern, and
// whether those from i on are. It takes time in proportion to the length.
func Ends(r []rune) (front, back []bool) {
	front = fronts(r)
	turned := slices.Clone(r)
	slices.Reverse(turned)
	back = fronts(turned) // all patterns but dates read the same backwards
	slices.Reverse(back)
	for _, n := range []int{6, 8} {
		if i := len(r) - n; i >= 0 && date(string(r[i:])) {
			back[i] = true
		}
	}
	return front, back
}

// The least that counts: three for a repetition or a run, and six for a walk,
// since "were" and "tree" are words.
const (
	shortestRun  = 3
	shortestWalk = 6
)

// shortUnit is the longest unit whose repetition is a pattern whatever it is.
const shortUnit = 5

// fronts tells for each n whether the first n characters are a pattern.
func fronts(r []rune) []bool {
	out := make([]bool, len(r)+1)
	run, steps, border := runLen(r), walkLen(r), borders(r)
	for n := shortestRun; n <= len(r); n++ {
		unit := n - border[n]
		out[n] = n <= run || n <= steps && n >= shortestWalk ||
			unit == 1 || unit <= shortUnit && n >= 3*unit ||
			(n == 6 || n == 8) && date(string(r[:n]))
	}
	return out
}

// borders gives for each n the length of the longest text that the first n
// characters both begin and end with, as in Knuth, Morris and Pratt; n less
// that length is the shortest unit they consist of.
func borders(r []rune) []int {
	border := make([]int, len(r)+1)
	border[0] = -1
	for i, k := 0, -1; i < len(r); i++ {
		for k >= 0 && r[i] != r[k] {
			k = border[k]
		}
		k++
		border[i+1] = k
	}
	return border
}

// Unit gives the shortest unit that the text repeats, the last time perhaps cut
// ("passwordpass"), and how often it stands there in full; the text itself and
// 1 when nothing is repeated for at least half its length.
func Unit(s string) (string, int) {
	r := []rune(s)
	unit := len(r) - borders(r)[len(r)]
	if 3*unit > 2*len(r) || unit == 0 {
		return s, 1
	}
	return string(r[:unit]), len(r) / unit
}

// orders are those that people count in besides that of the code points; it is
// read once and never written.
var orders = readOrders(
	"0123456789",
	"あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん",
	"いろはにほへとちりぬるをわかよたれそつねならむうゐのおくやまけふこえてあさきゆめみしゑひもせす",
	"一二三四五六七八九十",
	"月火水木金土日",
)

func readOrders(texts ...string) []map[rune]rune {
	var out []map[rune]rune
	for _, text := range texts {
		order := map[rune]rune{}
		for i, c := range []rune(text) {
			order[c] = rune(i)
		}
		out = append(out, order)
	}
	return out
}

// runLen is how far the text goes on from its first character by the same small
// step, or along one of the orders, forwards or backwards, around the end.
func runLen(r []rune) int {
	if len(r) < 2 {
		return len(r)
	}
	best := 2
	if step := r[1] - r[0]; step != 0 && step >= -2 && step <= 2 {
		best = max(best, 1+lead(r, func(a, b rune) bool { return b-a == step }))
	}
	for _, order := range orders {
		n := rune(len(order))
		for _, step := range []rune{1, n - 1} {
			best = max(best, 1+lead(r, func(a, b rune) bool {
				i, known := order[a]
				j, also := order[b]
				return known && also && j == (i+step)%n
			}))
		}
	}
	return best
}

// lead counts the pairs of neighbours, from the first on, that next accepts.
func lead(r []rune, next func(a, b rune) bool) int {
	for i := 1; i < len(r); i++ {
		if !next(r[i-1], r[i]) {
			return i - 1
		}
	}
	return max(0, len(r)-1)
}

// date tells whether s is six or eight digits that read as a day, in any order.
func date(s string) bool {
	if len(s) != 6 && len(s) != 8 || !digits(s) {
		return false
	}
	if len(s) == 6 {
		a, b, c := num(s[:2]), num(s[2:4]), num(s[4:])
		return dayMonth(b, c) || dayMonth(a, b) || dayMonth(b, a) || year(num(s[:4])) && dayMonth(c, 1)
	}
	a, b := num(s[:2]), num(s[2:4])
	return year(num(s[4:])) && (dayMonth(a, b) || dayMonth(b, a)) ||
		year(num(s[:4])) && dayMonth(num(s[4:6]), num(s[6:]))
}

func year(n int) bool            { return n >= 1900 && n < 2100 }
func dayMonth(month, d int) bool { return month >= 1 && month <= 12 && d >= 1 && d <= 31 }

func num(s string) int {
	n := 0
	for _, c := range []byte(s) {
		n = 10*n + int(c-'0')
	}
	return n
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

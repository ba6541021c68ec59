package letter

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// columns bounds the lines of the plain part: 35 full-width characters, or 70
// others. Addresses of pages alone may be longer.
const columns = 70

// plain lays the blocks out as text.
func plain(lang string, blocks []block) string {
	var out strings.Builder
	last := ""
	for _, b := range blocks {
		together := last == b.Kind && (b.Kind == "li" || b.Kind == "fact") || last == "h"
		if last != "" && !together {
			out.WriteByte('\n')
		}
		last = b.Kind
		for _, l := range lines(lang, b) {
			out.WriteString(l + "\n")
		}
	}
	return out.String()
}

// lines gives one block.
func lines(lang string, b block) []string {
	ja := lang == Japanese
	switch b.Kind {
	case "h":
		if ja {
			return wrap("■ "+b.Text, "")
		}
		return wrap(b.Text+":", "")
	case "li":
		if ja {
			return wrap("・"+b.Text, "　")
		}
		return wrap("- "+b.Text, "  ")
	case "fact":
		if ja {
			return wrap(b.Text+"： "+b.Value, "　　")
		}
		return wrap(b.Text+": "+b.Value, "  ")
	case "code":
		// Grouped for the eye, and in one piece for phones that find codes by
		// themselves and for copying.
		if ja {
			return []string{b.Text + "： " + strings.Join(groups(b.Value), " "), "（空白なしで " + b.Value + "）"}
		}
		return []string{b.Text + ": " + strings.Join(groups(b.Value), " "), "(without the space: " + b.Value + ")"}
	case "number":
		if ja {
			return []string{b.Text + "： " + b.Value}
		}
		return []string{b.Text + ": " + b.Value}
	case "link", "press":
		return append(wrap(b.Text, ""), b.Value)
	}
	return sentences(lang, b.Text)
}

// sentences gives each Japanese sentence a line of its own, as letters to
// beginners do; English runs on.
func sentences(lang, text string) []string {
	if lang != Japanese {
		return wrap(text, "")
	}
	var out []string
	for _, s := range strings.SplitAfter(text, "。") {
		if s != "" {
			out = append(out, wrap(s, "")...)
		}
	}
	return out
}

// wrap breaks text into lines of at most columns, later ones after indent.
func wrap(text, indent string) []string {
	var out []string
	lead := ""
	rest := []rune(text)
	for {
		room := columns - wide(lead)
		if wide(string(rest)) <= room {
			return append(out, lead+string(rest))
		}
		at := breakAt(rest, room)
		out = append(out, lead+strings.TrimRight(string(rest[:at]), " "))
		rest = []rune(strings.TrimLeft(string(rest[at:]), " "))
		lead = indent
	}
}

// breakAt finds the best place to end a line of at most room columns: after a
// comma, else after a particle, else anywhere allowed; the later the better.
func breakAt(text []rune, room int) int {
	best, score, used := 0, 0, 0
	for i := 1; i < len(text); i++ {
		used += columnsOf(text[i-1])
		if used > room {
			break
		}
		s := breakScore(text[i-1], text[i])
		if used < room*3/5 {
			s = min(s, 1) // too short a line is no gain
		}
		if s > 0 && s >= score {
			best, score = i, s
		}
	}
	if best > 0 {
		return best
	}
	used = 0
	for i, r := range text { // one unbroken run: cut it where the line ends
		if used += columnsOf(r); used > room {
			return max(1, i)
		}
	}
	return len(text)
}

// breakScore says how good a line end between a and b is; 0 is forbidden (JIS X
// 4051: nothing that closes may begin a line, nothing that opens may end one).
func breakScore(a, b rune) int {
	switch {
	case strings.ContainsRune("、。，．：）」』】・ーぁぃぅぇぉっゃゅょァィゥェォッャュョ…）)]},.:;!?！？", b),
		strings.ContainsRune("（「『【([{", a):
		return 0
	case a == ' ' || b == ' ':
		return 2
	case columnsOf(a) == 1 && columnsOf(b) == 1:
		return 0 // inside a word or number
	case strings.ContainsRune("、。", a):
		return 3
	case a == 'を', strings.ContainsRune("はがにでともへの", a) && !unicode.Is(unicode.Hiragana, b):
		return 2
	case unicode.Is(unicode.Hiragana, a) != unicode.Is(unicode.Hiragana, b) && unicode.Is(unicode.Hiragana, a):
		return 1
	case unicode.IsDigit(a) || unicode.IsDigit(b):
		return 0
	case unicode.Is(unicode.Han, a) || unicode.Is(unicode.Katakana, a):
		return 0 // a word goes on
	}
	return 1
}

// wide gives the columns of s.
func wide(s string) (n int) {
	for _, r := range s {
		n += columnsOf(r)
	}
	return n
}

func columnsOf(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
		return 2
	}
	return 1
}

package signin

import (
	"strings"
	"unicode"

	"github.com/genkan/genkan/internal/domain/account"
)

// shape gives hints that follow from the typed password's form alone, so they
// are the same for everybody: "full_width", "space_at_end",
// "looks_like_address". What is recognised here is never accepted because of it.
func shape(pw string) []string {
	var out []string
	if strings.IndexFunc(pw, fullWidth) >= 0 {
		out = append(out, "full_width")
	}
	if pw != strings.TrimFunc(pw, unicode.IsSpace) {
		out = append(out, "space_at_end")
	}
	if strings.Contains(pw, "@") {
		if _, err := account.ParseAddress(pw); err == nil {
			out = append(out, "looks_like_address")
		}
	}
	return out
}

// fullWidth finds what only an input method makes: full-width ASCII and the
// ideographic blank.
func fullWidth(r rune) bool { return r >= 0xFF01 && r <= 0xFF5E || r == 0x3000 }

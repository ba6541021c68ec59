package obs

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
)

// hidden is what stands in the place of a secret.
const hidden = "[redacted]"

// Secret is a text that no log, error, JSON or YAML output shows. string(s)
// gives the text itself, so that every place that reveals it can be found.
//
// fmt does not ask methods of unexported struct fields: keep a Secret in an
// exported field or print the field by itself.
type Secret string

// Format prints "[redacted]" for every verb and flag, %x and %#v included.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// String gives "[redacted]".
func (Secret) String() string { return hidden }

// LogValue gives "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText gives "[redacted]".
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Mask hides the middle of an e-mail address, as in "t•••@ex•••.jp": enough
// for its owner to recognise, too little for a stranger to use. What is not
// an address becomes "•••".
func Mask(addr string) string {
	at := strings.LastIndexByte(addr, '@')
	if at < 1 || at == len(addr)-1 || !utf8.ValidString(addr) {
		return "•••"
	}
	domain, top := addr[at+1:], ""
	if dot := strings.LastIndexByte(domain, '.'); dot > 0 {
		// A top-level domain is a name, not a place to hide text in (RFC 1035 §2.3.4).
		if domain[dot:] != "." && len(domain)-dot <= 64 {
			top = clean(domain[dot:], 64)
		}
		domain = domain[:dot]
	}
	return clean(firstRunes(addr[:at], 1), 8) + "•••@" + clean(firstRunes(domain, 2), 16) + "•••" + top
}

// firstRunes gives the first n runes of s, never all of a text that has more
// than one: "ab" cut to 2 gives "a".
func firstRunes(s string, n int) string {
	if have := utf8.RuneCountInString(s); have > 1 && n >= have {
		n = have - 1
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

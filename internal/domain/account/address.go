package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/genkan/genkan/internal/platform/fault"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Address is a mail address as it was typed, tidied only where the form of the
// text alone shows a slip.
type Address struct {
	// Typed is where mail goes, byte for byte (RS5).
	Typed string
	// Key is what is compared: one account for each (CO1, TH3).
	Key string
	// Folded names what was tidied: "width", "space", "domain_case".
	Folded []string
}

// maxAddress is the longest path of RFC 5321 section 4.5.3.1.3, less brackets.
const maxAddress = 254

// ParseAddress reads what a person typed or pasted into an address field.
// Full-width letters and blanks around or inside are folded silently (causes
// pw.full-width, pw.pasted-space), because they cannot be part of an address.
// Nothing else is: letters that only look alike stay different (RS5). The local
// part may have dots anywhere, as old docomo addresses have. Refusals are
// fault.Invalid on field "email": email.missing, email.no_at, email.two_ats,
// email.too_long, email.bad_local, email.bad_domain.
func ParseAddress(text string) (Address, error) {
	a := Address{}
	if !utf8.ValidString(text) || len(text) > 4*maxAddress {
		return a, bad("email.too_long")
	}
	s := foldWidth(text)
	if s != text {
		a.Folded = append(a.Folded, "width")
	}
	if t := strings.Join(strings.Fields(s), ""); t != s {
		a.Folded, s = append(a.Folded, "space"), t
	}
	s = strings.TrimPrefix(s, "mailto:")
	switch {
	case s == "":
		return a, bad("email.missing")
	case len(s) > maxAddress:
		return a, bad("email.too_long")
	case !strings.Contains(s, "@"):
		return a, bad("email.no_at")
	case strings.Count(s, "@") > 1:
		return a, bad("email.two_ats")
	}
	local, domain, _ := strings.Cut(s, "@")
	if !goodLocal(local) {
		return a, bad("email.bad_local")
	}
	ascii, ok := goodDomain(domain)
	if !ok {
		return a, bad("email.bad_domain")
	}
	if lower := strings.ToLower(domain); lower != domain {
		a.Folded = append(a.Folded, "domain_case")
	}
	a.Typed = local + "@" + ascii
	a.Key = lowerASCII(norm.NFC.String(local)) + "@" + ascii
	return a, nil
}

func bad(code string) error { return fault.Field("email", code, nil) }

// foldWidth turns full-width ASCII (U+FF01–U+FF5E) and the ideographic blank
// into their plain forms, and drops invisible marks that paste carries along.
// It is not NFKC, which would also fold ligatures and other look-alikes.
func foldWidth(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0xFF01 && r <= 0xFF5E:
			return r - 0xFEE0
		case r == 0x3000 || r == 0x00A0:
			return ' '
		case r == 0x200B || r == 0x200E || r == 0x200F || r == 0xFEFF:
			return -1
		case r == '。' || r == '｡': // an IME's full stop where a dot was meant
			return '.'
		}
		return r
	}, s)
}

// goodLocal allows RFC 5322 atext, dots anywhere, and letters beyond ASCII
// (RFC 6531); never blanks, quotes, brackets or control characters.
func goodLocal(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for _, r := range s {
		if r < 0x80 {
			if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
				strings.ContainsRune("!#$%&'*+-/=?^_`{|}~.", r)) {
				return false
			}
		} else if !norm.NFC.IsNormalString(string(r)) || r == utf8.RuneError || r < 0xA0 {
			return false
		}
	}
	return true
}

// domains checks and does not map: UTS 46 mapping would make one domain of
// look-alikes (ligatures, the Kelvin sign, superscripts, soft hyphens), and what
// merely looks like an address must not reach its account (RS5).
var domains = idna.New(idna.ValidateForRegistration(), idna.CheckJoiners(true), idna.Transitional(false))

// goodDomain gives the domain in lower case and, where it is not ASCII, in
// punycode (RFC 5891); a single trailing dot goes.
func goodDomain(s string) (string, bool) {
	for _, r := range s {
		if !norm.NFC.IsNormalString(string(r)) { // a look-alike by itself, such as the Kelvin sign
			return "", false
		}
	}
	s = strings.TrimSuffix(lowerDomain(norm.NFC.String(s)), ".")
	ascii, err := domains.ToASCII(s)
	if err != nil || len(ascii) > 253 || !strings.Contains(ascii, ".") {
		return "", false
	}
	for _, label := range strings.Split(ascii, ".") {
		if label == "" || len(label) > 63 {
			return "", false
		}
	}
	return ascii, true
}

// lowerDomain folds ASCII, and other letters to letters beyond ASCII only: İ
// and the Kelvin sign do not become i and k.
func lowerDomain(s string) string {
	return strings.Map(func(r rune) rune {
		if low := unicode.ToLower(r); (r < 0x80) == (low < 0x80) {
			return low
		}
		return r
	}, s)
}

// lowerASCII folds only A to Z: İ, ı, ſ and K (Kelvin) stay themselves (RS5).
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// Mask shows as much of an address as its owner needs to recognise it:
// "t•••@ex•••.jp".
func Mask(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	if !ok {
		return "•••"
	}
	first, _ := utf8.DecodeRuneInString(local)
	name, end := domain, ""
	if i := strings.LastIndexByte(domain, '.'); i > 0 {
		name, end = domain[:i], domain[i:]
	}
	if len(name) > 2 {
		name = name[:2]
	}
	return string(first) + "•••@" + name + "•••" + end
}

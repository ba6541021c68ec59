package obs

import (
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of one value, in bytes; an event has at most maxAttrs of them.
const (
	maxText  = 2 << 10
	maxStack = 8 << 10
	maxKey   = 64
)

// cleaner decides what a log line may say. Its patterns are compiled once per
// logger.
type cleaner struct {
	pair, scheme, tokenish, uuid *regexp.Regexp
}

func newCleaner() *cleaner {
	const names = `pass(?:word|wd|phrase)?|pw|pwd|secret|token|code|otp|pin|cookie|session|sid|credentials?|api_?key|authorization|signature|nonce`
	return &cleaner{
		// name=value in URLs and forms; name: "value" in JSON and headers.
		pair: regexp.MustCompile(`(?i)\b([a-z0-9_.-]*(?:` + names + `))("?\s*(?:=|%3D)\s*|"\s*:\s*|:\s+)("[^"]*"?|[^\s&;,"]+)`),
		// Authorization: <scheme> <credentials> (RFC 9110 §11.4).
		scheme: regexp.MustCompile(`(?i)\b(bearer|basic|digest|dpop)\s+[^\s,"]{6,}`),
		// A long run with digits in it is more likely a token than a word.
		tokenish: regexp.MustCompile(`[A-Za-z0-9_\-]{22,}`),
		uuid:     regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`),
	}
}

// attr is a slog ReplaceAttr: it sees every value that is not a group, with
// the groups it is in.
func (c *cleaner) attr(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
		a.Value = slog.TimeValue(a.Value.Time().UTC().Truncate(time.Millisecond))
		return a
	}
	if _, ok := a.Value.Any().(slog.Level); ok {
		return a
	}
	for _, g := range groups {
		if keyKind(g) != open {
			return slog.String(clean(a.Key, maxKey), hidden)
		}
	}
	a.Key = clean(a.Key, maxKey)
	switch keyKind(a.Key) {
	case secretKey:
		a.Value = slog.StringValue(hidden)
	case addressKey:
		a.Value = slog.StringValue(maskHost(text(a.Value)))
	default:
		a.Value = c.value(a.Key, a.Value)
	}
	return a
}

// value cleans by type. Numbers, times and truth values pass.
func (c *cleaner) value(key string, v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		limit := maxText
		if key == stackKey {
			limit = maxStack
		}
		return slog.StringValue(c.text(v.String(), limit))
	case slog.KindAny:
		return slog.StringValue(c.text(text(v), maxText))
	default:
		return v
	}
}

// text turns a value into a text without looking into what it cannot judge: a
// struct, map or header is shown as its type, since its keys would not be
// checked.
func text(v slog.Value) string {
	if v.Kind() != slog.KindAny {
		return v.String()
	}
	switch x := v.Any().(type) {
	case nil:
		return ""
	case error:
		return x.Error()
	case *url.URL: // paths and queries of links carry tokens (RS7)
		return x.Scheme + "://" + x.Host
	case []string:
		if len(x) > 32 {
			x = x[:32]
		}
		return strings.Join(x, ", ")
	case time.Time:
		return x.Format(time.RFC3339Nano)
	case fmt.Stringer:
		return x.String()
	default:
		return fmt.Sprintf("[%T]", x)
	}
}

// text hides what looks like a secret or an address, then bounds the rest.
// It is the last net; callers are expected to use the first two.
func (c *cleaner) text(s string, limit int) string {
	s = clean(s, limit)
	if strings.ContainsAny(s, "=:%") {
		s = c.pair.ReplaceAllStringFunc(s, c.hidePair)
	}
	if strings.Contains(s, " ") {
		s = c.scheme.ReplaceAllString(s, "$1 "+hidden)
	}
	if len(s) >= 22 {
		s = c.tokenish.ReplaceAllStringFunc(s, c.hideToken)
	}
	return maskAddresses(s)
}

// hidePair hides the value of name=value. It leaves the prose of wrapped errors
// ("open session: not found") and status codes ("code: 451") readable.
func (c *cleaner) hidePair(pair string) string {
	m := c.pair.FindStringSubmatch(pair)
	name, sep, value := m[1], m[2], m[3]
	digits := strings.Trim(value, "0123456789") == ""
	if digits && len(value) <= 3 {
		return pair
	}
	prose := strings.HasPrefix(sep, ":") && !strings.ContainsAny(value, "0123456789=\"")
	if prose && !strings.HasPrefix(strings.ToLower(name), "pass") {
		return pair
	}
	return name + sep + hidden
}

func (c *cleaner) hideToken(run string) string {
	digits := 0
	for i := range len(run) {
		if run[i] >= '0' && run[i] <= '9' {
			digits++
		}
	}
	if digits < 3 || c.uuid.MatchString(run) {
		return run
	}
	return hidden
}

// maskAddresses masks every e-mail address in a text, and with the same step
// the user and password of a URL. %40 is an @ that went through a URL.
func maskAddresses(s string) string {
	if !strings.Contains(s, "@") && !strings.Contains(s, "%40") {
		return s
	}
	s = strings.ReplaceAll(s, "%40", "@")
	var b strings.Builder
	for {
		at := strings.IndexByte(s, '@')
		if at < 0 {
			b.WriteString(s)
			return b.String()
		}
		from, to := at, at+1
		for from > 0 && !strings.ContainsRune(" \t\r\n\"<>(),;[]/", rune(s[from-1])) {
			from--
		}
		for to < len(s) && !strings.ContainsRune(" \t\r\n\"<>(),;[]/?&:'@", rune(s[to])) {
			to++
		}
		b.WriteString(s[:from])
		b.WriteString(Mask(s[from:to]))
		s = s[to:]
	}
}

// maskHost masks an address but keeps network addresses readable: a log also
// says on which address the house listens.
func maskHost(s string) string {
	if _, err := netip.ParseAddr(s); err == nil {
		return s
	}
	if _, err := netip.ParseAddrPort(s); err == nil || strings.HasPrefix(s, ":") && len(s) <= 6 {
		return clean(s, maxKey)
	}
	return Mask(s)
}

// clean makes a text safe to show on one line: valid UTF-8, no control or
// direction characters, at most limit bytes (LG2). What was cut is counted.
func clean(s string, limit int) string {
	cut := 0
	if len(s) > limit {
		end := limit
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s, cut = s[:end], len(s)-end
	}
	if !plain(s) {
		s = strings.Map(func(r rune) rune {
			if bad(r) {
				return unicode.ReplacementChar
			}
			return r
		}, s)
	}
	if cut > 0 {
		s += "…(+" + strconv.Itoa(cut) + " bytes)"
	}
	return s
}

// plain tells whether s is printable ASCII, which most values are.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\n' || s[i] > '~' {
			return false
		}
	}
	return true
}

// bad names the runes that could fake a line, a colour or an order of letters.
// The line feed stays: JSON writes it as \n, and stacks are read with it.
func bad(r rune) bool {
	if r == '\n' {
		return false
	}
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r)
}

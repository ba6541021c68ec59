package mail

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The stages of a session, in order. StageTLS comes before the banner on a port
// with TLS from the first byte, and after StageSTARTTLS otherwise; StageEHLO
// comes a second time after STARTTLS (RFC 3207 section 4.2).
const (
	StageConnect  = "connect"
	StageTLS      = "tls"
	StageBanner   = "banner"
	StageEHLO     = "ehlo"
	StageSTARTTLS = "starttls"
	StageAuth     = "auth"
	StageMail     = "mail"
	StageRcpt     = "rcpt"
	StageData     = "data"
	StageBody     = "body" // the message, its final dot and the answer to that
	StageQuit     = "quit"
)

// maxText bounds Step.Text in bytes.
const maxText = 500

// Step is one stage of an SMTP session as it happened.
type Step struct {
	Stage    string
	Code     int           // three-digit reply, 0 when there was none
	Enhanced string        // RFC 3463 status such as "5.1.1", or empty
	Text     string        // the reply, or our own words; valid UTF-8 of one line, at most 500 bytes, no address
	Hop      string        // whom we spoke to: name:port, with the IP address once connected
	At       time.Time     // when the stage began
	Took     time.Duration // until its reply
}

// reply is what a server said to one command.
type reply struct {
	code     int
	enhanced string
	text     string
}

// parseReply reads the last complete reply in raw (RFC 5321 section 4.2).
// Without one, code is 0.
func parseReply(raw []byte) reply {
	var r reply
	var lines []string
	for line := range bytes.Lines(raw) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) < 3 {
			continue
		}
		code, err := strconv.Atoi(string(line[:3]))
		if err != nil {
			continue
		}
		if len(line) == 3 {
			line = append(bytes.Clone(line), ' ')
		}
		lines = append(lines, string(line[4:]))
		if line[3] != '-' {
			r = newReply(code, lines)
			lines = nil
		}
	}
	return r
}

// newReply takes the enhanced code off each line (RFC 2034 section 4).
func newReply(code int, lines []string) reply {
	r := reply{code: code}
	for i, line := range lines {
		status, rest, _ := strings.Cut(line, " ")
		if i == 0 && enhancedCode(status) {
			r.enhanced = status
		}
		if r.enhanced != "" && status == r.enhanced {
			lines[i] = rest
		}
	}
	r.text = strings.Join(lines, " ")
	return r
}

// enhancedCode says whether s is class.subject.detail (RFC 3463 section 2).
func enhancedCode(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) != 3 || len(parts[0]) != 1 || !strings.Contains("245", parts[0]) {
		return false
	}
	for _, p := range parts[1:] {
		if n, err := strconv.Atoi(p); err != nil || n < 0 || len(p) > 3 {
			return false
		}
	}
	return true
}

var (
	// Servers like to repeat the recipient; the trace must not hold it (KY1).
	addressIn = regexp.MustCompile(`(?:"[^"]*"|[^\s<>"'(),;:=]+)@([\pL\pN.-]+|\[[^\]\s]*\])`)
	// Filters quote the link they object to, and ours carry a token (LG1).
	urlIn = regexp.MustCompile(`(?i)(https?://[^\s/?#<>"']+)([^\s<>"']*)`)
	// A run this long behind a host is a token, not a help page.
	tokenIn = regexp.MustCompile(`[A-Za-z0-9_~-]{20,}`)
)

// clean makes text of a stranger fit to keep: one line, valid UTF-8, bounded,
// without the recipient, any other address or a token.
func clean(text, recipient string) string {
	text = strings.ToValidUTF8(text, "?")
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || r == utf8.RuneError
	}), " ")
	if recipient != "" {
		text = replaceFold(text, recipient, "…")
	}
	text = addressIn.ReplaceAllString(text, "…@$1")
	text = urlIn.ReplaceAllStringFunc(text, func(u string) string {
		part := urlIn.FindStringSubmatch(u)
		if tokenIn.MatchString(part[2]) {
			return part[1] + "/…"
		}
		return u
	})
	return cut(text, maxText)
}

// replaceFold replaces old in s whatever its case.
func replaceFold(s, old, by string) string {
	re, err := regexp.Compile("(?i)" + regexp.QuoteMeta(old))
	if err != nil { // not UTF-8: Send has refused it before
		return s
	}
	return re.ReplaceAllLiteralString(s, by)
}

// cut shortens s to at most n bytes between two characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

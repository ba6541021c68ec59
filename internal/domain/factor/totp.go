package factor

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// What every authenticator app understands; apps ignore or misread the rest
// (causes totp.app-differs).
const (
	Digits = 6
	Step   = 30 * time.Second

	secretBytes = 20 // 160 bits (RFC 4226 section 4)
	window      = 1  // steps to each side that are accepted (RFC 6238 section 5.2)
	hindsight   = 20 // steps that a hint looks back
	mendable    = 10 // steps that a slow clock may be behind and still be followed
)

// Secret is the key that the app and the house share.
type Secret []byte

// newSecret draws one.
func newSecret() Secret {
	s := make(Secret, secretBytes)
	_, _ = rand.Read(s) // never fails (crypto/rand)
	return s
}

var plainBase32 = base32.StdEncoding.WithPadding(base32.NoPadding)

// Text is the backup key as people type it: 32 characters of base32 (RFC 4648).
func (s Secret) Text() string { return plainBase32.EncodeToString(s) }

// Grouped is the backup key in groups of four.
func (s Secret) Grouped() string {
	text, out := s.Text(), []string{}
	for ; len(text) > 4; text = text[4:] {
		out = append(out, text[:4])
	}
	return strings.Join(append(out, text), " ")
}

// URI is the otpauth link of Google's key URI format: issuer is the service, who
// the entry's second line.
func (s Secret) URI(issuer, who string) string {
	q := url.Values{"secret": {s.Text()}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {fmt.Sprint(Digits)}, "period": {fmt.Sprint(int(Step.Seconds()))}}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + issuer + ":" + who,
		RawQuery: strings.ReplaceAll(q.Encode(), "+", "%20")} // apps show a plus as it is
	return u.String()
}

// stepOf numbers the step that t is in.
func stepOf(t time.Time) int64 { return t.Unix() / int64(Step.Seconds()) }

// at gives the code of a step: HOTP (RFC 4226 section 5.3) with the step as the
// counter (RFC 6238 section 4).
func (s Secret) at(step int64) string {
	h := hmac.New(sha1.New, s)
	_ = binary.Write(h, binary.BigEndian, step) // a hash takes everything
	sum := h.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[from:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", Digits, n%1_000_000)
}

// find looks for the step whose code was typed, in the window and before it, never
// after: nobody learns whether a code is one that is still to come (TO2). It
// compares all of them, whichever fits; of two the later one counts.
func (s Secret) find(code string, now int64) (step int64, ok bool) {
	found := 0
	for at := now - hindsight; at <= now+window; at++ {
		fits := subtle.ConstantTimeCompare([]byte(s.at(at)), []byte(code))
		step = int64(subtle.ConstantTimeSelect(fits, int(at), int(step)))
		found |= fits
	}
	return step, found == 1
}

// sixDigits tells whether text is a code at all: exactly six ASCII digits.
func sixDigits(text string) bool {
	if len(text) != Digits {
		return false
	}
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

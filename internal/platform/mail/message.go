// Package mail composes messages and hands them to the operator's mail server.
// It knows nothing of accounts.
//
// The contract:
//   - The same Message gives the same bytes, so a repeat after an unknown
//     outcome is the same message with the same Message-ID (CO3). Only the
//     time of signing in the DKIM-Signature differs.
//   - Every stage of an SMTP session becomes one Step, on success and on
//     failure; a Step never holds an address or a mailed token.
//   - A certificate that does not verify ends the session; nothing ever falls
//     back to plain text (KY4, ASVS 5.0 12.3.1 and 12.3.2).
//   - The recipient goes into RCPT byte for byte (RS5, ASVS 5.0 1.3.11).
package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/textproto"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"
)

// ErrUnsafe is returned by Compose for a field that would break out of its
// header, and by Send for an envelope or message that would break out of its
// command. Repeating does not help.
var ErrUnsafe = errors.New("mail: unsafe field")

// maxHeader bounds one header value in bytes, so that even a value without a
// space to fold at stays below the 998 of RFC 5322 section 2.1.1.
const maxHeader = 900

// Message is one letter to one person.
type Message struct {
	ID       string            // Message-ID without its <>, chosen once when the message is written
	From     string            // address
	FromName string            // display name, may be empty
	To       string            // address, exactly as stored
	Subject  string            //
	Text     string            // plain part, complete on its own; required
	HTML     string            // HTML part; empty for a message with the plain part only
	Lang     string            // language tag for Content-Language, for example "ja"
	Date     time.Time         // when the message was written
	Headers  map[string]string // further fields, for example "Feedback-ID"
}

// Compose gives the bytes of m for SMTP DATA: CRLF line ends, ASCII only unless
// an address itself is not, multipart/alternative with the plain part first.
// A nil key leaves the message unsigned. Errors: ErrUnsafe, or the key's.
func Compose(m Message, key *DKIM) ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(
		gomail.WithBoundary(m.boundary()),
		gomail.WithEncoding(m.encoding()),
		gomail.WithNoDefaultUserAgent(),
	)
	// Addresses go in as they are: parsing would refuse the old carrier
	// addresses with two dots in a row, which exist and receive mail.
	msg.FromMailAddress(&netmail.Address{Name: m.FromName, Address: m.From})
	msg.ToMailAddress(&netmail.Address{Address: m.To})
	msg.Subject(m.Subject)
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDateWithValue(m.Date.UTC())
	// RFC 3834 section 5: keeps vacation responders quiet.
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if m.Lang != "" {
		msg.SetGenHeader("Content-Language", m.Lang) // RFC 3282
	}
	for name, value := range m.Headers {
		msg.SetGenHeader(gomail.Header(name), value)
	}
	msg.SetBodyString(gomail.TypeTextPlain, crlf(m.Text))
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, crlf(m.HTML))
	}
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("compose message %s: %w", m.ID, err)
	}
	if key == nil {
		return out.Bytes(), nil
	}
	return key.sign(out.Bytes())
}

// check refuses whatever could start a header or a line of its own (RFC 5322
// section 2.2; ASVS 5.0 1.3.11). It names the field, never its value.
func (m *Message) check() error {
	if !messageID(m.ID) {
		return fmt.Errorf("%w: Message-ID", ErrUnsafe)
	}
	if m.Text == "" || m.Date.IsZero() {
		return fmt.Errorf("%w: text and date are required", ErrUnsafe)
	}
	if !address(m.From) || !address(m.To) {
		return fmt.Errorf("%w: From or To", ErrUnsafe)
	}
	for name, value := range map[string]string{
		"FromName": m.FromName, "Subject": m.Subject, "Lang": m.Lang,
	} {
		if !oneLine(value) {
			return fmt.Errorf("%w: %s", ErrUnsafe, name)
		}
	}
	if !utf8.ValidString(m.Text) || !utf8.ValidString(m.HTML) {
		return fmt.Errorf("%w: body is not UTF-8", ErrUnsafe)
	}
	for name, value := range m.Headers {
		if !freeHeader(name) || !oneLine(value) {
			return fmt.Errorf("%w: header %q", ErrUnsafe, name)
		}
	}
	return nil
}

// boundary is drawn from the message itself: fixed by the input, and no body
// can hold it without holding its own hash.
func (m *Message) boundary() string {
	h := sha256.New()
	for _, s := range []string{m.ID, m.Text, m.HTML} {
		fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return "b-" + hex.EncodeToString(h.Sum(nil)[:16])
}

// encoding takes quoted-printable for Latin text, which stays readable in raw
// form, and base64 for Japanese, which it would otherwise triple.
func (m *Message) encoding() gomail.Encoding {
	wide := 0
	for _, r := range m.Text {
		if r >= 0x80 {
			wide++
		}
	}
	if wide*4 > utf8.RuneCountInString(m.Text) {
		return gomail.EncodingB64
	}
	return gomail.EncodingQP
}

// crlf makes line ends canonical before encoding, which base64 does not do by
// itself (RFC 2045 section 6.8).
func crlf(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	return strings.ReplaceAll(s, "\n", "\r\n")
}

// oneLine says whether s may stand in a header: short, UTF-8, no control
// character and none of the Unicode line ends.
func oneLine(s string) bool {
	return len(s) <= maxHeader && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	})
}

// address says whether s can stand between the <> of MAIL and RCPT without
// ending them. It judges safety, not deliverability; the sizes are those of
// RFC 5321 section 4.5.3.1, the first with room for UTF-8.
func address(s string) bool {
	local, domain, ok := cutLast(s, '@')
	return ok && local != "" && domain != "" && len(s) <= 512 && oneLine(s) &&
		!strings.ContainsAny(s, "<> ") && !strings.ContainsFunc(s, unicode.IsSpace)
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// messageID accepts id-left "@" id-right made of atoms (RFC 5322 section 3.6.4).
func messageID(s string) bool {
	left, right, ok := strings.Cut(s, "@")
	return ok && len(s) <= 250 && atoms(left) && atoms(right)
}

func atoms(s string) bool {
	if s == "" {
		return false
	}
	for _, r := range s {
		letter := r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r))
		if !letter && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r) {
			return false
		}
	}
	return true
}

// freeHeader says whether a caller may set the field: a token (RFC 5322
// section 3.6.8) that is not one of those written here or on the way.
func freeHeader(name string) bool {
	if name == "" || len(name) > 76 || strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || r == ':'
	}) {
		return false
	}
	key := textproto.CanonicalMIMEHeaderKey(name)
	return !strings.HasPrefix(key, "Content-") && !strings.HasPrefix(key, "Resent-") &&
		!slices.Contains([]string{
			"From", "Sender", "To", "Cc", "Bcc", "Subject", "Date", "Message-Id", "Mime-Version",
			"Auto-Submitted", "Dkim-Signature", "Received", "Return-Path", "Authentication-Results",
		}, key)
}

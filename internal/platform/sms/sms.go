// Package sms knows phone numbers and hands short messages to the operator's
// gateway. It knows nothing of accounts.
//
// The contract:
//   - A Number prints as its last two digits; only E164, Block and Shown give
//     more, so that no log holds one by accident (LG1, KY1). Errors hold
//     neither the number nor the text, whatever a gateway says.
//   - Send says exactly one of: taken over (nil), try again (Temporary), may
//     have been sent (Unknown), refused for good.
//   - TLS is verified, there is no fall-back to plain text, and plain text is
//     for loopback alone, judged by the address that is connected to (KY4, NS1).
//   - Redirects are not followed, answers are bounded in size and time (NS1).
//   - A receipt counts only with a right signature or over our own session, and
//     then still only for a message that the caller handed over: see Receipt.
//   - Budgets (SM3) are the caller's; whatever is given to Send is sent.
package sms

import (
	"context"
	"errors"
	"net/http"
	"time"
	"unicode/utf8"
)

// Message is one text to one phone.
type Message struct {
	ID   string        // chosen once when the message is written, the same on every try: 1 to 64 of A-Z a-z 0-9 - _
	To   Number        //
	From string        // see ValidFrom; empty for the sender's own
	Text string        // UTF-8, at most MaxParts segments
	Life time.Duration // gateways that can drop it afterwards instead of sending it late; 0 for their own time
}

// Sender hands messages to a gateway. It is safe for concurrent use.
type Sender interface {
	// Send hands m to the gateway. The receipt of a message that was taken over
	// has the state HandedOver (or a final one that the gateway knew at once).
	// Errors: *SendError once sending was tried, ErrUnsafe for a message that
	// cannot be sent by anybody.
	Send(ctx context.Context, m Message) (Receipt, error)
}

// Receiver reads receipts that a gateway posts to us. now becomes Receipt.At.
// Errors: ErrForged, ErrGarbled, or that of the connection.
type Receiver interface {
	ParseReceipt(r *http.Request, now time.Time) (Receipt, error)
}

// ErrUnsafe is returned for a message whose id, sender, number or text would
// not survive the way as it is. Repeating does not help.
var ErrUnsafe = errors.New("sms: unsafe message")

// check refuses what no gateway may be given.
func (m Message) check() error {
	switch {
	case !validID(m.ID), m.To.e164 == "", m.Text == "", !utf8.ValidString(m.Text):
		return ErrUnsafe
	case !ValidFrom(m.From), m.Life < 0:
		return ErrUnsafe
	}
	if _, err := segments(m.Text); err != nil {
		return err
	}
	return nil
}

// validID keeps ids fit for a header and a query.
func validID(id string) bool {
	for _, c := range []byte(id) {
		if !letter(c) && !digit(c) && c != '-' && c != '_' {
			return false
		}
	}
	return id != "" && len(id) <= 64
}

// ValidFrom tells whether from can stand as a sender: a number in E.164 form, a
// short code of 3 to 8 digits, a name of at most 11 letters, digits and blanks
// with a letter in it (3GPP TS 23.040 section 9.1.2.5), a Twilio messaging
// service ("MG" and 32 hexadecimal digits), or empty.
func ValidFrom(from string) bool {
	if from == "" || service(from) {
		return true
	}
	letters, digits, blanks := 0, 0, 0
	for i, c := range []byte(from) {
		switch {
		case letter(c):
			letters++
		case digit(c):
			digits++
		case c == ' ' && i > 0 && i < len(from)-1:
			blanks++
		case c == '+' && i == 0:
		default:
			return false
		}
	}
	switch {
	case from[0] == '+':
		return letters+blanks == 0 && digits >= 7 && digits <= 15 && from[1] != '0'
	case letters == 0:
		return blanks == 0 && digits >= 3 && digits <= 8
	}
	return len(from) <= 11
}

// service tells whether from is a Twilio messaging service.
func service(from string) bool {
	if len(from) != 34 || from[:2] != "MG" {
		return false
	}
	for _, c := range []byte(from[2:]) {
		if !digit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

package sms

import (
	"errors"
	"regexp"
	"time"
)

// State says how far a message has come, in the words of a message's trace.
type State string

// The states. The last three are final.
const (
	HandedOver State = "handed_over" // the gateway or the carrier has it
	Taken      State = "taken"       // the phone has it
	Refused    State = "refused"     // nobody will deliver it; see Reason
	Silent     State = "silent"      // the gateway has given up without knowing
)

// Final tells whether no other state should follow.
func (s State) Final() bool { return s == Taken || s == Refused || s == Silent }

// Reason says why a message was refused; empty when the gateway does not say.
type Reason string

// The reasons.
const (
	ReasonAddress     Reason = "address"     // no such number, or none that takes texts
	ReasonUnreachable Reason = "unreachable" // off, out of reach, or its memory full, until time ran out
	ReasonFilter      Reason = "filter"      // the carrier or the phone takes nothing from here
	ReasonPolicy      Reason = "policy"      // the person unsubscribed, or the country is closed at the gateway
	ReasonOurs        Reason = "ours"        // the operator's to mend; says nothing of the number
)

// Receipt is what a gateway says of one message.
//
// Gateways repeat receipts, send them late and out of order, and a forged or
// mistaken one may name anything. A caller is safe when it
//   - looks for the message by MessageRef among those it handed to this very
//     gateway (or by ID, when that is set), and drops a receipt without one;
//   - applies it by a guarded update that leaves a Final state as it is. The
//     same receipt again, or an older one, then changes no row.
//
// A Taken is the carrier's word, never a proof that anybody holds the phone.
type Receipt struct {
	MessageRef string    // the gateway's name for the message; may be empty when ID is set
	ID         string    // our own Message.ID, where the gateway carries it back under a signature
	State      State     //
	Reason     Reason    // with Refused
	Code       string    // the gateway's code in its own form ("30003", "UNDELIV 0cb"), of letters, digits and blanks; for operators
	At         time.Time // when we heard it; zero from Send
}

// ErrForged is returned for a receipt whose signature is missing, wrong or too
// old. It deserves an answer of 403 and no more.
var ErrForged = errors.New("sms: receipt without a right signature")

// ErrGarbled is returned for a receipt that is signed but says nothing we know.
var ErrGarbled = errors.New("sms: receipt that cannot be read")

// maxReceipt bounds the body of a receipt, in bytes.
const maxReceipt = 64 << 10

// longDigits are those of a phone number rather than of a code.
var longDigits = regexp.MustCompile(`[0-9]{7,}`)

// plainCode bounds a stranger's code to what can stand in a log or on a page,
// and drops a phone number that it may quote.
func plainCode(s string) string {
	out := make([]byte, 0, min(len(s), 32))
	for _, c := range []byte(s) {
		if len(out) < cap(out) && (letter(c) || digit(c) || c == ' ' || c == '.' || c == '-' || c == '_') {
			out = append(out, c)
		}
	}
	return longDigits.ReplaceAllString(string(out), "")
}

// plainRef tells whether s can be a gateway's name for a message.
func plainRef(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return s != "" && len(s) <= 128
}

func (s State) known() bool { return s == HandedOver || s.Final() }

func (r Reason) known() bool {
	switch r {
	case ReasonAddress, ReasonUnreachable, ReasonFilter, ReasonPolicy, ReasonOurs:
		return true
	}
	return false
}

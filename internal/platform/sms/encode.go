package sms

import (
	"fmt"
	"unicode/utf16"

	"github.com/linxGnu/gosmpp/data"
)

// MaxParts bounds the segments of one message: each is paid for.
const MaxParts = 6

// Octets of one segment's payload (3GPP TS 23.038 and 23.040): 140, which is
// 160 characters of seven bits, and six less with a header for concatenation.
// Over SMPP a character of the default alphabet takes a whole octet.
const (
	oneGSM, partGSM   = 160, 153
	oneUCS2, partUCS2 = 140, 134
)

// segment is the payload of one part.
type segment struct {
	data     []byte
	encoding data.Encoding
}

// segments cuts text into parts: the default alphabet (GSM 7 bit) if it can say
// it, UCS-2 otherwise. Errors: ErrUnsafe for more than MaxParts.
func segments(text string) ([]segment, error) {
	encoding, units, one, part := data.Encoding(data.UCS2), ucs2(text), oneUCS2, partUCS2
	if u, ok := gsm7(text); ok {
		encoding, units, one, part = data.GSM7BIT, u, oneGSM, partGSM
	}
	all := pack(units, part)
	if whole := pack(units, one); len(whole) == 1 {
		all = whole
	}
	if len(all) > MaxParts {
		return nil, fmt.Errorf("%w: more than %d parts", ErrUnsafe, MaxParts)
	}
	out := make([]segment, len(all))
	for i, d := range all {
		out[i] = segment{d, encoding}
	}
	return out, nil
}

// pack fills parts of at most most octets without cutting a unit.
func pack(units [][]byte, most int) [][]byte {
	var parts [][]byte
	var now []byte
	for _, u := range units {
		if len(now)+len(u) > most {
			parts, now = append(parts, now), nil
		}
		now = append(now, u...)
	}
	return append(parts, now)
}

// gsm7 gives the octets of each character, escapes as pairs. Only ASCII is
// tried: the encoder of gosmpp v0.3.1 miscounts characters of several bytes.
func gsm7(text string) ([][]byte, bool) {
	units := make([][]byte, 0, len(text))
	for _, c := range []byte(text) {
		if c >= 0x80 {
			return nil, false
		}
		u, err := data.GSM7BIT.Encode(string(rune(c)))
		if err != nil {
			return nil, false
		}
		units = append(units, u)
	}
	return units, true
}

// ucs2 gives the octets of each character, surrogates as pairs.
func ucs2(text string) [][]byte {
	units := make([][]byte, 0, len(text))
	for _, c := range text {
		var u []byte
		for _, w := range utf16.AppendRune(nil, c) {
			u = append(u, byte(w>>8), byte(w))
		}
		units = append(units, u)
	}
	return units
}

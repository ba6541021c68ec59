package password

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/genkan/genkan/internal/platform/fault"
)

// MaxLength is the longest password, in code points after normalising (PW1;
// SP 800-63B-4 3.1.1.2 asks for 64 at least).
const MaxLength = 256

// maxBytes bounds the raw input before any work is spent on it (PW4). The
// longest password that is accepted, written by a device that decomposes
// letters, takes up to nine bytes a letter: it must still fit.
const maxBytes = 4096

// Normalize gives the form of a password that is hashed and compared, or a
// refusal: pw.invalid_text for bytes that are not UTF-8, pw.too_long {max} for
// more than MaxLength code points.
//
// The form is NFKC (SP 800-63B-4 3.1.1.2), so one password typed on two devices
// is one password: composed or decomposed (cause pw.unicode-form), full or half
// width (cause pw.full-width). White space at the ends, inner NUL and capitals
// stay as typed. The limit holds for the normal form, not for the raw text,
// since otherwise a device that sends decomposed letters could be unable to
// send a password that another device was allowed to set.
func Normalize(pw string) (string, error) {
	if len(pw) > maxBytes {
		return "", tooLong()
	}
	if !utf8.ValidString(pw) {
		return "", fault.Field(field, CodeInvalidText, nil)
	}
	n := norm.NFKC.String(pw)
	if utf8.RuneCountInString(n) > MaxLength {
		return "", tooLong()
	}
	return n, nil
}

func tooLong() error {
	return fault.Field(field, CodeTooLong, map[string]any{"max": MaxLength})
}

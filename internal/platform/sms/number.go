package sms

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/width"

	"github.com/genkan/genkan/internal/platform/fault"
)

// Field is the form and JSON field that refusals of numbers name.
const Field = "phone"

// Codes of refused numbers.
const (
	CodeForm     = "sms.number-form"      // no number of any numbering plan
	CodeLine     = "sms.unsupported-line" // landline, IP phone, service or premium number
	CodeUnserved = "sms.country-unserved" // not in the countries that are served
)

// maxTyped bounds what a person may type, in bytes.
const maxTyped = 100

// Number is a phone number that can take a text. The zero value is none.
// Numbers are comparable: equal means the same phone.
type Number struct {
	e164   string // "+819012345678"
	region string // "JP"
}

// Rules say which numbers are served.
type Rules struct {
	Home      string   // ISO 3166 region of numbers without a country code; empty for the first of Countries
	Countries []string // ISO 3166 regions that are served
	VoIP      bool     // IP phones too (in Japan 050), whose holder nobody has looked at
}

// ParseNumber reads what a person typed: full-width digits, blanks, hyphens and
// brackets anywhere; +81, 0081 or Japan's 010 81 in front, with or without the
// leading zero behind it; or the national form of r.Home.
//
// Errors: *fault.Error of kind Invalid for Field, with one of the codes above.
// They say what the shape of the number says, and nothing of any account.
func ParseNumber(typed string, r Rules) (Number, error) {
	home := r.Home
	if home == "" && len(r.Countries) > 0 {
		home = r.Countries[0]
	}
	digits, ok := fold(typed)
	if !ok {
		return Number{}, fault.Field(Field, CodeForm, nil)
	}
	parsed, err := phonenumbers.Parse(digits, home)
	if rest, twice := strings.CutPrefix(digits, "00"); twice && (err != nil || !phonenumbers.IsValidNumber(parsed)) {
		// 00 is how most of the world dials abroad and how people write it
		// down, also where the phone itself would want another prefix.
		parsed, err = phonenumbers.Parse("+"+rest, home)
	}
	if err != nil {
		return Number{}, fault.Field(Field, CodeForm, nil)
	}
	n := Number{e164: phonenumbers.Format(parsed, phonenumbers.E164), region: phonenumbers.GetRegionCodeForNumber(parsed)}
	line := phonenumbers.GetNumberType(parsed)
	if opened(n.e164) {
		n.region, line = "JP", phonenumbers.MOBILE
	}
	return n, r.judge(n, line)
}

// judge refuses numbers by country and by kind of line.
func (r Rules) judge(n Number, line phonenumbers.PhoneNumberType) error {
	switch {
	case line == phonenumbers.UNKNOWN || n.region == "":
		return fault.Field(Field, CodeForm, nil)
	case !slices.Contains(r.Countries, n.region):
		return fault.Field(Field, CodeUnserved, map[string]any{"country": n.region})
	}
	switch line {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE: // the latter: North America, where nobody can tell
		return nil
	case phonenumbers.VOIP:
		if r.VoIP {
			return nil
		}
	}
	// Also personal numbers, which cost like premium ones in some countries,
	// and pagers, which in Japan are SIM cards of machines (020).
	return fault.Field(Field, CodeLine, nil)
}

// sixty matches Japan's 060, opened for mobile phones by the ministry (MIC) in
// December 2024; the metadata of v1.8.1 does not have it yet.
var sixty = regexp.MustCompile(`^\+8160[1-9]\d{7}$`)

func opened(e164 string) bool { return sixty.MatchString(e164) }

// fold keeps the digits and a plus in front. Anything but what people put
// between digits is no number: a name, an extension, a second number.
func fold(typed string) (string, bool) {
	if len(typed) > maxTyped {
		return "", false
	}
	var b strings.Builder
	for _, c := range width.Narrow.String(typed) {
		switch {
		case c >= '0' && c <= '9':
			b.WriteRune(c)
		case c == '+' && b.Len() == 0:
			b.WriteRune(c)
		case strings.ContainsRune(" \t\u00a0\u3000-.()/\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff70\u30fc", c):
		default:
			return "", false
		}
	}
	return b.String(), b.Len() >= 5
}

// Known reads a number from where it was stored in E.164 form. It is not
// judged again: rules may have changed since. Errors: not such a number.
func Known(e164 string) (Number, error) {
	digits, ok := fold(e164)
	if !ok || digits != e164 || e164[0] != '+' || len(e164) > 16 {
		return Number{}, errors.New("sms: stored text is not a number in E.164 form")
	}
	parsed, err := phonenumbers.Parse(e164, "")
	if err != nil || phonenumbers.Format(parsed, phonenumbers.E164) != e164 || !phonenumbers.IsPossibleNumber(parsed) {
		return Number{}, errors.New("sms: stored text is not a number in E.164 form")
	}
	n := Number{e164: e164, region: phonenumbers.GetRegionCodeForNumber(parsed)}
	if opened(e164) {
		n.region = "JP"
	}
	return n, nil
}

// E164 gives the whole number, as in "+819012345678" (ITU-T E.164), for
// gateways and for sealing. Empty for none.
func (n Number) E164() string { return n.e164 }

// Country gives the ISO 3166 region, as in "JP"; empty when it is unknown.
func (n Number) Country() string { return n.region }

// Block gives the number without its last four digits, as in "+81901234": what
// one operator is given in a row, and so what caps are put on (SM3).
func (n Number) Block() string { return n.e164[:max(0, len(n.e164)-4)] }

// Shown gives the whole number as people of the region home write it, for its
// owner to confirm: 090-1234-5678 at home, +81 90-1234-5678 elsewhere.
func (n Number) Shown(home string) string {
	parsed, err := phonenumbers.Parse(n.e164, "")
	if err != nil {
		return ""
	}
	if n.region == home && home != "" {
		return phonenumbers.Format(parsed, phonenumbers.NATIONAL)
	}
	return phonenumbers.Format(parsed, phonenumbers.INTERNATIONAL)
}

// Masked gives the last two digits, as in "•••78": neither country nor length.
func (n Number) Masked() string {
	if n.e164 == "" {
		return ""
	}
	return "•••" + n.e164[len(n.e164)-2:]
}

// String gives Masked.
func (n Number) String() string { return n.Masked() }

// Format prints Masked for every verb and flag, %#v included.
func (n Number) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, n.Masked()) }

// LogValue gives Masked.
func (n Number) LogValue() slog.Value { return slog.StringValue(n.Masked()) }

// MarshalText gives Masked, so that a number in a job's arguments is seen to be
// useless at once (KY1).
func (n Number) MarshalText() ([]byte, error) { return []byte(n.Masked()), nil }

// KnownCountry tells whether code is a region with phone numbers of its own, in
// the capitals of ISO 3166, as in "JP".
func KnownCountry(code string) bool { return phonenumbers.GetSupportedRegions()[code] }

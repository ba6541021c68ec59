package password

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/genkan/genkan/internal/platform/fault"
)

// The refusals of a new password, all about the field "password".
const (
	CodeInvalidText = "pw.invalid_text" // not UTF-8
	CodeTooShort    = "pw.too_short"    // {min, got}, in code points
	CodeTooLong     = "pw.too_long"     // {max}, in code points
	CodeCommon      = "pw.common"       // on the built-in list, or a plain variation
	CodeBreached    = "pw.breached"     // on the operator's list
	CodeIsAddress   = "pw.is_address"   // the address, a part of it, or a plain variation
	CodeIsService   = "pw.is_service"   // the name of the service, or a plain variation
)

const field = "password"

// DefaultMinLength is for a password that may be the only factor (PW1,
// SP 800-63B-4 3.1.1.2). Where a second factor is always asked it may be 8.
const DefaultMinLength = 15

// Policy says which new passwords are accepted. It has no rules about kinds of
// characters and no expiry (SP 800-63B-4 3.1.1.2 forbids both). The built-in
// list needs no field: it is always in force.
type Policy struct {
	MinLength    int      // in code points; 0 means DefaultMinLength
	ServiceNames []string // names and domains of this service
	Breach       *Breach  // the operator's list of leaked passwords, or nil
}

// Context is what the person has told us and an attacker may know too.
type Context struct {
	Address string   // mail address
	Words   []string // names and the like; equal to one of them is "common"
}

// Check gives nil or the reason why pw is refused, the plainest first. It reads
// no clock and no network and takes well under a millisecond.
func (p *Policy) Check(pw string, about Context) error {
	n, err := Normalize(pw)
	if err != nil {
		return err
	}
	if got := utf8.RuneCountInString(n); got < p.minLength() {
		return fault.Field(field, CodeTooShort, map[string]any{"min": p.minLength(), "got": got})
	}
	list, err := loadCommon()
	if err != nil {
		return err // the embedded list is damaged: ours, and no reason to let all pass
	}
	code := ""
	forms := formsOf(n)
	switch {
	case forms.equalAny(addressWords(about.Address)):
		code = CodeIsAddress
	case forms.equalAny(serviceWords(p.ServiceNames)):
		code = CodeIsService
	case forms.equalAny(about.Words), list.covers(forms):
		code = CodeCommon
	case p.Breach.Contains(n), p.Breach.Contains(pw):
		code = CodeBreached
	default:
		return nil
	}
	return fault.Field(field, code, nil)
}

// Leaked tells whether attackers hold pw: it is on the built-in list or on the
// operator's. Passwords that were set before a list grew may be.
func (p *Policy) Leaked(pw string) bool {
	n, err := Normalize(pw)
	if err != nil {
		return false
	}
	if list, err := loadCommon(); err == nil && list.covers(formsOf(n)) {
		return true
	}
	return p.Breach.Contains(n) || p.Breach.Contains(pw)
}

func (p *Policy) minLength() int {
	if p.MinLength <= 0 {
		return DefaultMinLength
	}
	return p.MinLength
}

// Validate refuses settings that no standard allows (PW1).
func (p *Policy) Validate() error {
	if n := p.minLength(); n < 8 || n > 64 {
		return errors.New("password policy: the minimum length must be 8 to 64")
	}
	return nil
}

// addressWords gives the address, its local part with and without a tag, the
// pieces of it and its domain.
func addressWords(address string) []string {
	if address == "" {
		return nil
	}
	words := []string{address}
	local, domain, _ := strings.Cut(address, "@")
	untagged, _, _ := strings.Cut(local, "+")
	words = append(words, local, untagged, untagged+"@"+domain, domain)
	words = append(words, strings.FieldsFunc(untagged, notWord)...)
	return words
}

// serviceWords gives the names and, for domains, each label.
func serviceWords(names []string) []string {
	words := make([]string, 0, 2*len(names))
	for _, name := range names {
		words = append(words, name)
		if strings.Contains(name, ".") {
			words = append(words, strings.Split(name, ".")...)
		}
	}
	return words
}

func notWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// Package fault holds the few kinds of refusal that the rest of the house returns.
//
// A refusal carries a code (a cause id or message key, never a sentence), the
// field it concerns, arguments for the sentence and what to offer next. Only
// surfaces turn it into a page or an RFC 9457 problem document; every error
// that is not a *fault.Error is, to people, "something went wrong on our side".
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what class of answer a refusal becomes.
type Kind int

// The kinds, with the HTTP status a surface gives them.
const (
	Internal  Kind = iota // 500: ours; the detail goes to the log only
	Invalid               // 422: the input cannot be right, whatever the account
	Malformed             // 400: not even readable
	Denied                // 401: not proven
	Forbidden             // 403: proven, but not allowed (or a cross-site request)
	NotFound              // 404
	Method                // 405
	Conflict              // 409: someone or something was faster
	Gone                  // 410: ran out or was used
	TooLarge              // 413
	TooMany               // 429: a limit of this caller
	Busy                  // 503: a limit of the house
)

// Error is a refusal.
type Error struct {
	Kind       Kind
	Code       string         // cause id or message key, for example "pw.too_short"
	Field      string         // form or JSON field, empty when none
	Args       map[string]any // for the sentence; never a secret
	Next       []string       // what to offer, best first, for example "recover"
	RetryAfter time.Duration  // for TooMany and Busy
	Reference  string         // the attempt's reference code, when there is one
	Err        error          // the cause, for the log
}

// Error gives the code and the cause, for logs.
func (e *Error) Error() string {
	s := e.Code
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes a refusal of kind k.
func New(k Kind, code string) *Error { return &Error{Kind: k, Code: code} }

// Field makes an Invalid refusal about one field.
func Field(field, code string, args map[string]any) *Error {
	return &Error{Kind: Invalid, Code: code, Field: field, Args: args}
}

// With adds an argument for the sentence and gives the same error.
func (e *Error) With(key string, value any) *Error {
	if e.Args == nil {
		e.Args = map[string]any{}
	}
	e.Args[key] = value
	return e
}

// Offer sets what to offer next, best first, and gives the same error.
func (e *Error) Offer(next ...string) *Error {
	e.Next = next
	return e
}

// After sets the wait before another try and gives the same error.
func (e *Error) After(d time.Duration) *Error {
	e.RetryAfter = d
	return e
}

// Wrapf adds what was being tried. It keeps nil nil.
func Wrapf(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// Of finds the refusal in err, or makes an Internal one around it.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Code: "unknown", Err: err}
}

// Refer gives a refusal the reference code of the attempt that it belongs to;
// other errors stay as they are.
func Refer(err error, reference string) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	about := *e
	about.Reference = reference
	return &about
}

// Is tells whether err is a refusal with this code.
func Is(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

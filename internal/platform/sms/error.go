package sms

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// SendError says how sending failed.
//
// Exactly one of three holds: Temporary (send again later), Unknown (the
// request left and the answer is missing: a repeat has the same id, but only
// the webhook and its receiver can tell from it; over the others the person may
// get the text twice), or neither (refused for good, because of the number).
type SendError struct {
	Stage     string // one of the Stage constants
	Code      string // the gateway's, as in Receipt.Code, or empty
	Reason    Reason // ReasonOurs for everything that is the operator's to mend
	Temporary bool
	Unknown   bool
	Err       error // the cause, without number or text; nil when the code says it all
}

// The stages of sending.
const (
	StageConnect = "connect" // reach the gateway, TLS included
	StageBind    = "bind"    // sign in (SMPP)
	StageSubmit  = "submit"  // hand over, and the answer to that
)

// Error names the stage, the code and the cause.
func (e *SendError) Error() string {
	s := "sms " + e.Stage
	if e.Code != "" {
		s += " " + e.Code
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (e *SendError) Unwrap() error { return e.Err }

// cause keeps of err what can be compared and leaves its text behind: the
// errors of net/http quote URLs, and those of a gateway may quote anything.
type cause struct {
	words string
	err   error
}

func (c *cause) Error() string { return c.words }
func (c *cause) Unwrap() error { return c.err }

// because describes a failure of the network in our own words.
func because(err error) error {
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var dns *net.DNSError
	words := "connection failed"
	switch {
	case errors.As(err, &verify), errors.As(err, &authority), errors.As(err, &name), errors.As(err, &invalid):
		words = "certificate does not verify"
	case errors.Is(err, errPlain):
		words = errPlain.Error()
	case errors.Is(err, errLarge):
		words = errLarge.Error()
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		words = "no answer in time"
	case errors.Is(err, context.Canceled), errors.Is(err, errStopped):
		words = "stopped by us"
	case errors.Is(err, syscall.ECONNREFUSED):
		words = "connection refused"
	case errors.As(err, &dns):
		words = "host name not found"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		words = "connection lost"
	}
	return &cause{words, err}
}

package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/emersion/go-smtp"
)

// ClassOurs marks a failure that is the operator's to mend (certificate, login,
// the mail server itself) and says nothing about the recipient.
const ClassOurs = "ours"

// SendError says how a session failed.
//
// Exactly one of three holds: Temporary (send again later), Unknown (the whole
// message was sent and the answer is missing: send again, with the same
// Message-ID, and do not call it failed), or neither (refused for good).
type SendError struct {
	Stage     string // one of the Stage constants
	Code      int    // three-digit reply, 0 when there was none
	Enhanced  string // RFC 3463 status, or empty
	Text      string // as in Step.Text
	Temporary bool
	Unknown   bool
	Class     string // ClassOurs or empty
	Err       error  // the cause; nil when a reply says it all
}

// Error names the stage and the codes. A server's own words stay in the trace.
func (e *SendError) Error() string {
	s := "smtp " + e.Stage
	if e.Code == 0 {
		return s + ": " + e.Text
	}
	return strings.TrimSpace(fmt.Sprintf("%s: %d %s", s, e.Code, e.Enhanced))
}

// Unwrap gives the cause.
func (e *SendError) Unwrap() error { return e.Err }

// refusal is our own decision not to go on.
type refusal struct {
	text      string
	enhanced  string
	permanent bool
}

func (r *refusal) Error() string { return r.text }

// refused is a reply that we read ourselves and did not want.
type refused struct{ reply }

func (r *refused) Error() string { return fmt.Sprintf("%d %s", r.code, r.enhanced) }

// errCut is the cause when a stage took longer than it may.
var errCut = errors.New("no answer in time")

// judge turns what ended a stage into a SendError. sent says that the final dot
// may have left.
//
// Before MAIL nothing has been said about this message, so even a 5xx there is
// the operator's and worth another try (RFC 5321 section 4.2.1 makes it
// permanent for the command, not for the message).
func judge(stage string, r reply, err error, sent bool) *SendError {
	e := &SendError{Stage: stage, Code: r.code, Enhanced: r.enhanced, Text: r.text}
	var own *refusal
	switch class := r.code / 100; {
	case errors.As(err, &own):
		e.Temporary, e.Class = !own.permanent, ClassOurs
	case (class == 4 || class == 5) && before(stage):
		e.Temporary, e.Class = true, ClassOurs
	case class == 4:
		e.Temporary = true
	case class == 5:
	default: // no reply, or one that makes no sense here
		e.Unknown, e.Temporary = sent, !sent
		if stage == StageConnect || certificate(err) {
			e.Class = ClassOurs
		}
		if r.code == 0 {
			e.Err = err
		}
	}
	return e
}

// before says whether stage comes before MAIL.
func before(stage string) bool {
	switch stage {
	case StageMail, StageRcpt, StageData, StageBody, StageQuit:
		return false
	}
	return true
}

// certificate says whether err means that the server could not prove its name.
func certificate(err error) bool {
	var verify *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verify) || errors.As(err, &authority) ||
		errors.As(err, &name) || errors.As(err, &invalid)
}

// answer finds what to write down about err: the server's reply inside it, or
// our own words.
func answer(err error) reply {
	var said *refused
	var own *refusal
	var e *smtp.SMTPError
	switch {
	case err == nil:
		return reply{}
	case errors.As(err, &said):
		return said.reply
	case errors.As(err, &own):
		return reply{text: own.text, enhanced: own.enhanced}
	case errors.As(err, &e):
		r := reply{code: e.Code, text: e.Message}
		if c := e.EnhancedCode; c[0] > 0 {
			r.enhanced = fmt.Sprintf("%d.%d.%d", c[0], c[1], c[2])
		}
		return r
	}
	return reply{text: words(err)}
}

// words describes a failure without a reply, in terms that do not depend on the
// operating system.
func words(err error) string {
	var dns *net.DNSError
	switch {
	case errors.Is(err, errCut), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return errCut.Error()
	case errors.Is(err, context.Canceled):
		return "stopped by us"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.As(err, &dns):
		return "host name not found"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection lost"
	}
	return err.Error()
}

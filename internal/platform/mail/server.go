package mail

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"
	"unicode/utf8"
)

// Security says how the connection is protected. There is no "if possible":
// what is asked for happens, or the session ends (KY4).
type Security string

// The kinds of protection. The zero value is none of them and is refused.
const (
	STARTTLS Security = "starttls" // RFC 3207, usually port 587
	TLS      Security = "tls"      // from the first byte, RFC 8314, usually port 465
	None     Security = "none"     // a server on the same machine
)

// Server is the operator's mail server and how to speak with it. It is safe for
// concurrent use; each Send has its own session.
type Server struct {
	Host      string         // name or IP address; the certificate must be for it
	Port      int            //
	Security  Security       //
	Username  string         // empty: no login
	Password  string         //
	HelloName string         // our name in EHLO; empty: our IP address as a literal
	RootCAs   *x509.CertPool // nil: the system's
	Timeouts  Timeouts       // zero fields take the defaults

	Now func() time.Time // the clock of the steps; required
}

// Timeouts bound one session. The answer to the final dot gets long, because
// giving up there sends the message twice (RFC 5321 section 4.5.3.2.6).
type Timeouts struct {
	Connect time.Duration // TCP and TLS handshakes, default 30 s
	Command time.Duration // banner and each command, default 1 min
	Body    time.Duration // message, final dot and its answer, default 5 min
	Quit    time.Duration // default 5 s
	Total   time.Duration // the whole session, default 10 min
}

func (t Timeouts) orDefault() Timeouts {
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	set(&t.Connect, 30*time.Second)
	set(&t.Command, time.Minute)
	set(&t.Body, 5*time.Minute)
	set(&t.Quit, 5*time.Second)
	set(&t.Total, 10*time.Minute)
	return t
}

// String names the server without its login.
func (s *Server) String() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// LogValue keeps the password out of logs (LG1).
func (s *Server) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Send hands raw to the server for one recipient and reports each stage to
// note, in order and from this goroutine. nil means that the server took the
// message. from and to go out byte for byte; from may be empty (no bounces,
// RFC 5321 section 4.5.5).
//
// Errors: *SendError once a session was tried, ErrUnsafe for an envelope or a
// message that would break out of its command.
func (s *Server) Send(ctx context.Context, from, to string, raw []byte, note func(Step)) error {
	if from != "" && !address(from) || !address(to) {
		return fmt.Errorf("%w: envelope", ErrUnsafe)
	}
	if err := checkRaw(raw); err != nil {
		return err
	}
	limits := s.Timeouts.orDefault()
	ctx, cancel := context.WithTimeout(ctx, limits.Total)
	defer cancel()
	ss := &session{server: s, limits: limits, note: note, hop: s.String(), from: from, to: to, raw: raw}
	defer ss.close()
	return ss.run(ctx)
}

// checkRaw refuses bare CR and LF: servers disagree on whether they end the
// message, and what follows would be read as commands ("SMTP smuggling",
// RFC 5321 section 2.3.8).
func checkRaw(raw []byte) error {
	bare := bytes.ReplaceAll(raw, []byte("\r\n"), nil)
	if len(raw) == 0 || bytes.ContainsAny(bare, "\r\n\x00") || !utf8.Valid(raw) {
		return fmt.Errorf("%w: message", ErrUnsafe)
	}
	return nil
}

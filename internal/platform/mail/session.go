package mail

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one conversation about one message.
type session struct {
	server *Server
	limits Timeouts
	note   func(Step)
	hop    string
	from   string
	to     string
	raw    []byte

	conn   net.Conn
	wire   *wire
	client *smtp.Client
	secure bool // TLS is up and the name was proven
	sent   bool // the final dot may have left
}

// run goes through the stages. QUIT comes after the answer that counts, so its
// failure is noted and changes nothing (RFC 5321 section 4.1.1.10).
func (ss *session) run(ctx context.Context) error {
	for _, part := range []func(context.Context) error{
		ss.connect, ss.hello, ss.startTLS, ss.login, ss.deliver,
	} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	_ = ss.stage(ctx, StageQuit, ss.limits.Quit, ss.client.Quit)
	return nil
}

// stage runs one stage under its own time limit and notes how it went.
func (ss *session) stage(ctx context.Context, name string, limit time.Duration, act func() error) error {
	if ss.wire != nil {
		ss.wire.heard = ss.wire.heard[:0]
	}
	began := ss.server.Now()
	err := ss.guarded(ctx, limit, act)
	r := answer(err)
	if err == nil && ss.wire != nil {
		r = parseReply(ss.wire.heard)
	}
	if name == StageTLS && err == nil {
		r.text = ss.cipher()
	}
	// Some servers answer the final dot with a 2xx of their own choice; the
	// first digit is what counts (RFC 5321 section 4.2.1).
	if name == StageBody && r.code/100 == 2 {
		err = nil
	}
	r.text = clean(r.text, ss.to)
	ss.note(Step{
		Stage: name, Code: r.code, Enhanced: r.enhanced, Text: r.text, Hop: ss.hop,
		At: began, Took: max(0, ss.server.Now().Sub(began)),
	})
	if err == nil {
		return nil
	}
	return judge(name, r, err, ss.sent)
}

// guarded runs act and cuts the connection when the limit or the context ends.
// The library sets deadlines for replies only; a stalled write needs this.
func (ss *session) guarded(ctx context.Context, limit time.Duration, act func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	conn := ss.conn // nil while dialling, which ends by itself
	cut := func() {
		if conn != nil {
			conn.Close()
		}
	}
	var late atomic.Bool
	timer := time.AfterFunc(limit, func() { late.Store(true); cut() })
	defer timer.Stop()
	stop := context.AfterFunc(ctx, cut)
	defer stop()
	err := act()
	switch {
	case err == nil:
		return nil
	case late.Load():
		return errCut
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return err
}

func (ss *session) close() {
	if ss.conn != nil {
		ss.conn.Close()
	}
}

// connect dials, and on a TLS port shakes hands before the first word.
func (ss *session) connect(ctx context.Context) error {
	dialer := net.Dialer{Timeout: ss.limits.Connect}
	err := ss.stage(ctx, StageConnect, ss.limits.Connect, func() error {
		switch ss.server.Security {
		case STARTTLS, TLS, None:
		default:
			return &refusal{text: "no such kind of security"}
		}
		conn, err := dialer.DialContext(ctx, "tcp", ss.server.String())
		if err != nil {
			return err
		}
		ss.conn = conn
		ss.hop += " (" + conn.RemoteAddr().(*net.TCPAddr).IP.String() + ")"
		return nil
	})
	if err != nil {
		return err
	}
	if ss.server.Security == TLS {
		if err := ss.handshake(ctx); err != nil {
			return err
		}
	}
	ss.wire = newWire(ss.conn, "")
	return ss.stage(ctx, StageBanner, ss.limits.Command, func() error { return ss.wire.expect(220) })
}

// handshake proves the server's name. The certificate is judged by the real
// clock, not by the injected one: an expired one must stay expired.
func (ss *session) handshake(ctx context.Context) error {
	return ss.stage(ctx, StageTLS, ss.limits.Connect, func() error {
		conn := tls.Client(ss.conn, &tls.Config{
			ServerName: ss.server.Host,
			RootCAs:    ss.server.RootCAs,
			MinVersion: tls.VersionTLS12, // ASVS 5.0 12.1.1
		})
		if err := conn.HandshakeContext(ctx); err != nil {
			return err
		}
		ss.conn, ss.secure = conn, true
		return nil
	})
}

func (ss *session) cipher() string {
	conn, ok := ss.conn.(*tls.Conn)
	if !ok {
		return ""
	}
	state := conn.ConnectionState()
	return tls.VersionName(state.Version) + " " + tls.CipherSuiteName(state.CipherSuite)
}

// hello introduces us. The library waits for a greeting first, and we have read
// the real one already, so it gets a stand-in.
func (ss *session) hello(ctx context.Context) error {
	ss.wire.ahead = []byte("220 \r\n")
	ss.client = smtp.NewClient(ss.wire)
	ss.client.CommandTimeout = ss.limits.Command
	ss.client.SubmissionTimeout = ss.limits.Body
	name := ss.server.HelloName
	if name == "" {
		name = literal(ss.conn.LocalAddr())
	}
	return ss.stage(ctx, StageEHLO, ss.limits.Command, func() error { return ss.client.Hello(name) })
}

// literal writes our address for EHLO (RFC 5321 section 4.1.3).
func literal(a net.Addr) string {
	ip := a.(*net.TCPAddr).IP
	if v4 := ip.To4(); v4 != nil {
		return "[" + v4.String() + "]"
	}
	return "[IPv6:" + ip.String() + "]"
}

// startTLS protects the session where it is asked for, and ends it where the
// server does not offer it: an attacker on the way can strike the offer out
// (RFC 3207 section 6, RFC 8314 section 3.3).
func (ss *session) startTLS(ctx context.Context) error {
	if ss.server.Security != STARTTLS {
		return nil
	}
	err := ss.stage(ctx, StageSTARTTLS, ss.limits.Command, func() error {
		if offered, _ := ss.client.Extension("STARTTLS"); !offered {
			return &refusal{text: "STARTTLS is not offered"}
		}
		return ss.wire.startTLS()
	})
	if err != nil {
		return err
	}
	ss.wire = nil // what was said in clear text is forgotten
	if err := ss.handshake(ctx); err != nil {
		return err
	}
	ss.wire = newWire(ss.conn, "")
	return ss.hello(ctx)
}

// login authenticates. A password goes over TLS only, except to this machine.
func (ss *session) login(ctx context.Context) error {
	if ss.server.Username == "" {
		return nil
	}
	return ss.stage(ctx, StageAuth, ss.limits.Command, func() error {
		if !ss.secure && !ss.conn.RemoteAddr().(*net.TCPAddr).IP.IsLoopback() {
			return &refusal{text: "the password is not sent without TLS"}
		}
		switch user, pass := ss.server.Username, ss.server.Password; {
		case ss.client.SupportsAuth(sasl.Plain):
			return ss.client.Auth(sasl.NewPlainClient("", user, pass))
		case ss.client.SupportsAuth(sasl.Login):
			return ss.client.Auth(sasl.NewLoginClient(user, pass))
		}
		return &refusal{text: "no kind of login that we know is offered"}
	})
}

// deliver is the mail transaction.
func (ss *session) deliver(ctx context.Context) error {
	err := ss.stage(ctx, StageMail, ss.limits.Command, func() error {
		opts := &smtp.MailOptions{Size: int64(len(ss.raw)), UTF8: ss.needsUTF8()}
		if offered, _ := ss.client.Extension("SMTPUTF8"); opts.UTF8 && !offered {
			// RFC 6531 section 3.2: rewriting the address is not ours to do.
			return &refusal{text: "the server cannot take this kind of address", enhanced: "5.6.7", permanent: true}
		}
		return ss.client.Mail(ss.from, opts)
	})
	if err != nil {
		return err
	}
	err = ss.stage(ctx, StageRcpt, ss.limits.Command, func() error { return ss.client.Rcpt(ss.to, nil) })
	if err != nil {
		return err
	}
	var data *smtp.DataCommand
	err = ss.stage(ctx, StageData, ss.limits.Command, func() (err error) {
		data, err = ss.client.Data()
		return err
	})
	if err != nil {
		return err
	}
	return ss.stage(ctx, StageBody, ss.limits.Body, func() error {
		if _, err := data.Write(ss.raw); err != nil {
			return err
		}
		ss.sent = true // from here on silence may mean "taken"
		_, err := data.CloseWithResponse()
		return err
	})
}

// needsUTF8 says whether the envelope or a header holds more than ASCII (RFC
// 6531 section 1.2). Bodies are encoded and never do.
func (ss *session) needsUTF8() bool {
	head, _, _ := strings.Cut(string(ss.raw), "\r\n\r\n")
	return slices.ContainsFunc([]string{ss.from, ss.to, head}, func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 })
	})
}

package smtptest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strings"
)

// talk is one session.
type talk struct {
	s      *Server
	conn   net.Conn
	in     *bufio.Reader
	letter Letter
	over   bool
}

func newTalk(s *Server, c net.Conn) *talk {
	return &talk{s: s, conn: c, in: bufio.NewReader(c)}
}

func (t *talk) run() {
	if t.s.opts.TLS && !t.secure() {
		return
	}
	if t.misbehave(Banner) {
		return
	}
	t.say("220 mail.test ESMTP")
	for !t.over {
		line, err := t.line()
		if err != nil {
			return
		}
		t.command(line)
	}
}

func (t *talk) line() (string, error) {
	line, err := t.in.ReadString('\n')
	return strings.TrimRight(line, "\r\n"), err
}

func (t *talk) say(lines ...string) {
	if _, err := io.WriteString(t.conn, strings.Join(lines, "\r\n")+"\r\n"); err != nil {
		t.over = true
	}
}

// misbehave does what the test asked for at stage and says whether it did.
func (t *talk) misbehave(stage string) bool {
	a, ok := t.s.due(stage)
	switch {
	case !ok:
		return false
	case a.drop:
		t.over = true
		t.conn.Close()
	case a.hang:
		t.over = true
		_, _ = io.Copy(io.Discard, t.in) // until the client leaves
	default:
		sep := " "
		if strings.HasPrefix(a.text, "-") {
			sep = ""
		}
		t.say(fmt.Sprintf("%d%s%s", a.code, sep, a.text))
		t.over = t.over || a.code == 421 || stage == Banner
	}
	return true
}

func (t *talk) command(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	stage := strings.ToLower(verb)
	if verb == "HELO" {
		stage = EHLO
	}
	if t.misbehave(stage) {
		return
	}
	switch verb {
	case "EHLO", "HELO":
		t.letter.Hello = rest
		t.say(t.offers()...)
	case "STARTTLS":
		t.startTLS()
	case "AUTH":
		t.auth(rest)
	case "MAIL":
		t.letter.From, t.letter.Params = path(rest)
		t.say("250 2.1.0 sender ok")
	case "RCPT":
		t.letter.To, _ = path(rest)
		t.say("250 2.1.5 recipient ok")
	case "DATA":
		t.say("354 go ahead")
		t.body()
	case "RSET", "NOOP":
		t.say("250 2.0.0 ok")
	case "QUIT":
		t.say("221 2.0.0 bye")
		t.over = true
	default:
		t.say("500 5.5.2 no such command")
	}
}

func (t *talk) offers() []string {
	lines := []string{"mail.test", "PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "SIZE 33554432"}
	if t.s.opts.STARTTLS && !t.letter.TLS {
		lines = append(lines, "STARTTLS")
	}
	if !t.s.opts.NoSMTPUTF8 {
		lines = append(lines, "SMTPUTF8")
	}
	if t.s.opts.Users != nil && t.s.opts.LoginOnly {
		lines = append(lines, "AUTH LOGIN")
	} else if t.s.opts.Users != nil {
		lines = append(lines, "AUTH PLAIN LOGIN")
	}
	for i := range lines {
		sep := "-"
		if i == len(lines)-1 {
			sep = " "
		}
		lines[i] = "250" + sep + lines[i]
	}
	return lines
}

func (t *talk) startTLS() {
	switch {
	case !t.s.opts.STARTTLS:
		t.say("502 5.5.1 not offered")
	case t.s.opts.Inject:
		t.say("220 2.0.0 ready", "250 2.0.0 injected")
		t.over = !t.secure()
	default:
		t.say("220 2.0.0 ready")
		t.over = !t.secure()
	}
}

// secure shakes hands and forgets what was said before.
func (t *talk) secure() bool {
	c := tls.Server(t.conn, t.s.tls)
	if c.Handshake() != nil {
		return false
	}
	t.conn, t.in, t.letter = c, bufio.NewReader(c), Letter{TLS: true}
	return true
}

// auth knows PLAIN with an initial response, and LOGIN.
func (t *talk) auth(rest string) {
	kind, initial, _ := strings.Cut(rest, " ")
	var user, pass string
	switch strings.ToUpper(kind) {
	case "PLAIN":
		text, _ := base64.StdEncoding.DecodeString(initial)
		parts := bytes.Split(text, []byte{0})
		if len(parts) == 3 {
			user, pass = string(parts[1]), string(parts[2])
		}
	case "LOGIN":
		user, pass = t.ask(initial, "Username:"), t.ask("", "Password:")
	}
	if want, ok := t.s.opts.Users[user]; !ok || want != pass {
		t.say("535 5.7.8 wrong name or password")
		return
	}
	t.letter.User = user
	t.say("235 2.7.0 welcome")
}

func (t *talk) ask(given, prompt string) string {
	if given == "" {
		t.say("334 " + base64.StdEncoding.EncodeToString([]byte(prompt)))
		given, _ = t.line()
	}
	text, _ := base64.StdEncoding.DecodeString(given)
	return string(text)
}

func (t *talk) body() {
	var raw bytes.Buffer
	for first := true; ; first = false {
		line, err := t.in.ReadString('\n')
		if err != nil {
			t.over = true
			return
		}
		if line == ".\r\n" {
			break
		}
		raw.WriteString(strings.TrimPrefix(line, "."))
		if first && t.misbehave(MidBody) {
			t.over = true
			return
		}
	}
	t.letter.Raw = raw.Bytes()
	// The message is taken before a lost answer, and not before a refusal.
	a, ok := t.peek(Body)
	if !ok || a.drop || a.hang {
		t.s.keep(t.letter)
	}
	if t.misbehave(Body) {
		return
	}
	t.say("250 2.0.0 ok, queued as TEST1")
}

func (t *talk) peek(stage string) (act, bool) {
	t.s.mu.Lock()
	defer t.s.mu.Unlock()
	a := t.s.acts[stage]
	if a == nil || a.times == 0 {
		return act{}, false
	}
	return *a, true
}

// path takes apart "FROM:<a@b> SIZE=1", byte for byte.
func path(s string) (addr, params string) {
	_, s, _ = strings.Cut(s, ":<")
	i := strings.LastIndexByte(s, '>')
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i+1:])
}

package mail_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/testkit/smtptest"
)

const recipient = "Taro.Yamada+x@Example.com"

// bundle is a server under test control and a client for it.
type bundle struct {
	*smtptest.Server
	client *mail.Server
	steps  []mail.Step
	raw    []byte
}

func setup(t *testing.T, opts smtptest.Options) *bundle {
	t.Helper()
	b := &bundle{Server: smtptest.Start(t, opts)}
	b.client = &mail.Server{
		Host: b.Host(), Port: b.Port(), Security: mail.None, HelloName: "front.example",
		RootCAs: b.RootCAs(), Timeouts: mail.Timeouts{Command: 20 * time.Second, Body: 20 * time.Second},
		Now: ticking(),
	}
	switch {
	case opts.TLS:
		b.client.Security = mail.TLS
	case opts.STARTTLS:
		b.client.Security = mail.STARTTLS
	}
	if opts.Users != nil {
		b.client.Username, b.client.Password = "genkan", "s3cret"
	}
	raw, err := mail.Compose(japanese(), nil)
	if err != nil {
		t.Fatal(err)
	}
	b.raw = raw
	return b
}

// ticking gives a clock that moves one second at each look.
func ticking() func() time.Time {
	now := written
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}

func (b *bundle) send(ctx context.Context) error {
	b.steps = nil
	return b.client.Send(ctx, "bounce@example.jp", recipient, b.raw, func(s mail.Step) { b.steps = append(b.steps, s) })
}

func (b *bundle) stages() (out []string) {
	for _, s := range b.steps {
		out = append(out, s.Stage)
	}
	return out
}

func everything() smtptest.Options {
	return smtptest.Options{STARTTLS: true, Users: map[string]string{"genkan": "s3cret"}}
}

func TestWholeSessionIsNoted(t *testing.T) {
	t.Parallel()
	b := setup(t, everything())
	if err := b.send(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"connect", "banner", "ehlo", "starttls", "tls", "ehlo", "auth", "mail", "rcpt", "data", "body", "quit"}
	if got := b.stages(); !reflect.DeepEqual(got, want) {
		t.Fatalf("stages %v", got)
	}
	codes := []int{0, 220, 250, 220, 0, 250, 235, 250, 250, 354, 250, 221}
	for i, s := range b.steps {
		if s.Code != codes[i] || s.Took != time.Second || s.At.IsZero() || !strings.HasPrefix(s.Hop, "127.0.0.1:") {
			t.Errorf("step %+v", s)
		}
	}
	body := b.steps[10]
	if body.Enhanced != "2.0.0" || body.Text != "ok, queued as TEST1" || !strings.HasSuffix(body.Hop, " (127.0.0.1)") {
		t.Errorf("body %+v", body)
	}
	if !strings.HasPrefix(b.steps[4].Text, "TLS 1.3 ") {
		t.Errorf("tls %+v", b.steps[4])
	}
	got := b.Letters()
	if len(got) != 1 || got[0].From != "bounce@example.jp" || got[0].To != recipient || !got[0].TLS ||
		got[0].User != "genkan" || got[0].Hello != "front.example" || string(got[0].Raw) != string(b.raw) {
		t.Errorf("letter %+v", got)
	}
}

func TestOtherWaysIn(t *testing.T) {
	t.Parallel()
	users := map[string]string{"genkan": "s3cret"}
	for name, opts := range map[string]smtptest.Options{
		"plain on loopback": {},
		"login on loopback": {Users: users},
		"tls at once":       {TLS: true, Users: users},
		"auth login":        {TLS: true, Users: users, LoginOnly: true},
	} {
		b := setup(t, opts)
		b.client.HelloName = ""
		if err := b.send(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := b.Letters(); len(got) != 1 || got[0].TLS != opts.TLS || got[0].Hello != "[127.0.0.1]" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestRefusalAtEveryStage holds CO3 and the split of temporary and final.
func TestRefusalAtEveryStage(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"banner", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body"} {
		for _, code := range []int{451, 550} {
			t.Run(fmt.Sprint(stage, code), func(t *testing.T) {
				t.Parallel()
				b := setup(t, everything())
				text := fmt.Sprintf("%d.7.1 not today, <%s>", code/100, strings.ToLower(recipient))
				b.Refuse(stage, -1, code, text)
				e := b.failed(t)
				early := stage == "banner" || stage == "ehlo" || stage == "starttls" || stage == "auth"
				want := mail.SendError{
					Stage: stage, Code: code, Enhanced: fmt.Sprintf("%d.7.1", code/100), Text: "not today, <…>",
					Temporary: early || code == 451,
				}
				if early {
					want.Class = mail.ClassOurs
				}
				if !reflect.DeepEqual(*e, want) {
					t.Errorf("got %+v, want %+v", *e, want)
				}
				last := b.steps[len(b.steps)-1]
				if last.Stage != stage || last.Code != code || last.Enhanced != want.Enhanced || last.Text != want.Text {
					t.Errorf("last step %+v", last)
				}
				if len(b.Letters()) != 0 {
					t.Error("the server took it")
				}
			})
		}
	}
}

// failed sends and wants a SendError.
func (b *bundle) failed(t *testing.T) *mail.SendError {
	t.Helper()
	var e *mail.SendError
	if err := b.send(t.Context()); !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(e.Error(), "@") || strings.Contains(e.Error(), "s3cret") {
		t.Errorf("error tells too much: %v", e)
	}
	return e
}

func TestLostConnectionAtEveryStage(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"banner", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body"} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			b := setup(t, everything())
			b.Drop(stage, 1)
			e := b.failed(t)
			unknown := stage == "body"
			if e.Stage != stage || e.Code != 0 || e.Unknown != unknown || e.Temporary == unknown ||
				e.Text != "connection lost" || e.Class != "" {
				t.Errorf("got %+v", *e)
			}
			if err := b.send(t.Context()); err != nil {
				t.Fatalf("again: %v", err)
			}
			// At least once, and the repeat is the same message (CO3).
			got := b.Letters()
			if want := map[bool]int{false: 1, true: 2}[unknown]; len(got) != want {
				t.Fatalf("%d letters, want %d", len(got), want)
			}
			if string(got[0].Raw) != string(got[len(got)-1].Raw) {
				t.Error("the repeat differs")
			}
		})
	}
}

// A message larger than the buffers on the way: the cut is seen while writing,
// so the final dot cannot have left.
func TestLostConnectionInsideTheMessageIsTemporary(t *testing.T) {
	t.Parallel()
	b := setup(t, smtptest.Options{})
	b.raw = append(b.raw, strings.Repeat(strings.Repeat("x", 70)+"\r\n", 400_000)...)
	b.Drop(smtptest.MidBody, 1)
	e := b.failed(t)
	if e.Stage != "body" || !e.Temporary || e.Unknown {
		t.Errorf("got %+v", *e)
	}
	if len(b.Letters()) != 0 {
		t.Error("the server took it")
	}
}

func TestSilenceAtEveryStage(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"banner", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body"} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			b := setup(t, everything())
			limit := 150 * time.Millisecond
			b.client.Timeouts = mail.Timeouts{Command: limit, Body: limit}
			if stage != "body" { // elsewhere time is not short
				b.client.Timeouts.Body = time.Minute
			} else {
				b.client.Timeouts.Command = time.Minute
			}
			b.Hang(stage, -1)
			e := b.failed(t)
			if e.Text != "no answer in time" || e.Temporary == (stage == "body") || e.Unknown != (stage == "body") {
				t.Errorf("got %+v", *e)
			}
			if stage == "body" { // taken all the same, hence "unknown"
				if _, err := b.Wait(t.Context().Done(), 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestSilenceAtQuitIsStillSuccess(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*bundle){
		"hang":   func(b *bundle) { b.Hang("quit", -1); b.client.Timeouts.Quit = 50 * time.Millisecond },
		"drop":   func(b *bundle) { b.Drop("quit", -1) },
		"refuse": func(b *bundle) { b.Refuse("quit", -1, 500, "what?") },
	} {
		b := setup(t, smtptest.Options{})
		spoil(b)
		if err := b.send(t.Context()); err != nil || b.steps[len(b.steps)-1].Stage != "quit" {
			t.Errorf("%s: %v, %v", name, err, b.stages())
		}
	}
}

// TestUntrustedCertificateEndsTheSession holds KY4: no fallback, nothing said.
func TestUntrustedCertificateEndsTheSession(t *testing.T) {
	t.Parallel()
	for name, cert := range map[string]smtptest.Certificate{
		"wrong name": smtptest.WrongName, "unknown authority": smtptest.UnknownAuthority, "expired": smtptest.Expired,
	} {
		for _, atOnce := range []bool{false, true} {
			b := setup(t, smtptest.Options{
				STARTTLS: !atOnce, TLS: atOnce, Certificate: cert, Users: map[string]string{"genkan": "s3cret"},
			})
			e := b.failed(t)
			if e.Stage != "tls" || e.Class != mail.ClassOurs || !e.Temporary || !strings.Contains(e.Text, "x509") {
				t.Errorf("%s: %+v", name, *e)
			}
			if b.Sessions() != 1 || len(b.Letters()) != 0 {
				t.Errorf("%s: %d sessions, %d letters", name, b.Sessions(), len(b.Letters()))
			}
		}
	}
}

func TestMissingSTARTTLSIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, smtptest.Options{Users: map[string]string{"genkan": "s3cret"}})
	b.client.Security = mail.STARTTLS
	e := b.failed(t)
	if e.Stage != "starttls" || e.Class != mail.ClassOurs || !e.Temporary || len(b.Letters()) != 0 {
		t.Errorf("got %+v", *e)
	}
}

func TestInjectionBehindSTARTTLSIsRefused(t *testing.T) {
	t.Parallel()
	opts := everything()
	opts.Inject = true
	b := setup(t, opts)
	e := b.failed(t)
	if e.Stage != "starttls" || e.Class != mail.ClassOurs || len(b.Letters()) != 0 {
		t.Errorf("got %+v", *e)
	}
}

func TestWrongPasswordAndMissingLogin(t *testing.T) {
	t.Parallel()
	b := setup(t, everything())
	b.client.Password = "wrong"
	if e := b.failed(t); e.Stage != "auth" || e.Code != 535 || e.Enhanced != "5.7.8" || e.Class != mail.ClassOurs {
		t.Errorf("got %+v", *e)
	}
	b = setup(t, smtptest.Options{TLS: true})
	b.client.Username = "genkan"
	if e := b.failed(t); e.Stage != "auth" || e.Class != mail.ClassOurs || !e.Temporary {
		t.Errorf("got %+v", *e)
	}
}

// An address that is not loopback, in plain text: the password stays here.
func TestPasswordIsNotSentInClearText(t *testing.T) {
	t.Parallel()
	ip := ownAddress(t)
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		t.Skipf("cannot listen on %s: %v", ip, err)
	}
	defer l.Close()
	heard := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		fmt.Fprint(c, "220 x\r\n")
		buf := make([]byte, 1000)
		n, _ := c.Read(buf)
		fmt.Fprint(c, "250-x\r\n250 AUTH PLAIN\r\n")
		m, _ := c.Read(buf[n:])
		heard <- string(buf[:n+m])
	}()
	b := setup(t, smtptest.Options{Users: map[string]string{"genkan": "s3cret"}})
	b.client.Host, b.client.Port = ip, l.Addr().(*net.TCPAddr).Port
	e := b.failed(t)
	if e.Stage != "auth" || e.Class != mail.ClassOurs || strings.Contains(<-heard, "AUTH") {
		t.Errorf("got %+v", *e)
	}
}

func ownAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && !n.IP.IsLoopback() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but loopback")
	return ""
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	b := setup(t, smtptest.Options{})
	b.Close()
	e := b.failed(t)
	if e.Stage != "connect" || !e.Temporary || e.Class != mail.ClassOurs || e.Text != "connection refused" {
		t.Errorf("got %+v", *e)
	}
}

func TestStoppedByUs(t *testing.T) {
	t.Parallel()
	b := setup(t, smtptest.Options{})
	b.Hang("rcpt", -1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var e *mail.SendError
	err := b.client.Send(ctx, "", recipient, b.raw, func(s mail.Step) {
		if s.Stage == "mail" {
			cancel()
		}
	})
	if !errors.As(err, &e) || e.Stage != "rcpt" || !e.Temporary || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestUnknownSecurityIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, smtptest.Options{})
	b.client.Security = ""
	if e := b.failed(t); e.Stage != "connect" || b.Sessions() != 0 {
		t.Errorf("got %+v", *e)
	}
}

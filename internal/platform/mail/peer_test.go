package mail_test

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/testkit/smtptest"
)

// peer is a server by other hands, so that our client and our test server
// cannot share a misunderstanding.
type peer struct {
	mu       sync.Mutex
	from, to string
	user     string
	raw      []byte
}

func (p *peer) NewSession(*smtp.Conn) (smtp.Session, error) { return p, nil }
func (p *peer) AuthMechanisms() []string                    { return []string{sasl.Plain} }
func (p *peer) Reset()                                      {}
func (p *peer) Logout() error                               { return nil }

func (p *peer) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if user != "genkan" || pass != "s3cret" {
			return smtp.ErrAuthFailed
		}
		p.user = user
		return nil
	}), nil
}

func (p *peer) Mail(from string, _ *smtp.MailOptions) error { p.from = from; return nil }
func (p *peer) Rcpt(to string, _ *smtp.RcptOptions) error   { p.to = to; return nil }

func (p *peer) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.raw = raw
	return err
}

func TestServerByOtherHands(t *testing.T) {
	t.Parallel()
	ca := must(smtptest.NewAuthority())
	p := &peer{}
	s := smtp.NewServer(p)
	s.Domain, s.ErrorLog = "peer.example", log.New(io.Discard, "", 0)
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{must(ca.Issue(smtptest.Good))}}
	l := must(net.Listen("tcp", "127.0.0.1:0"))
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })

	raw := must(mail.Compose(japanese(), nil))
	client := &mail.Server{
		Host: "localhost", Port: l.Addr().(*net.TCPAddr).Port, Security: mail.STARTTLS,
		Username: "genkan", Password: "s3cret", RootCAs: ca.Pool(), Now: ticking(),
	}
	if err := client.Send(t.Context(), "", recipient, raw, func(mail.Step) {}); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.from != "" || p.to != recipient || p.user != "genkan" || string(p.raw) != string(raw) {
		t.Errorf("the peer got %q, %q, %q and\n%s", p.from, p.to, p.user, p.raw)
	}
}

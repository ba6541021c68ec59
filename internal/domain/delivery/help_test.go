package delivery

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/delivery/letter"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/platform/outbox"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/testkit"
	"github.com/genkan/genkan/internal/testkit/smtptest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv("GENKAN_LONG") != "1" {
		flag.Set("rapid.checks", "10") // each check is some twenty commits
	}
	testkit.Main(m)
}

// set is a post with a real mail server behind it. Its queue is not started:
// tests work a message when they want to.
type set struct {
	*Post
	t      *testing.T
	clock  *testkit.Clock
	server *smtptest.Server
}

// smtp carries as the house does: composed once, one session each time.
type smtp struct{ server mail.Server }

func (c *smtp) Carry(ctx context.Context, m mail.Message, note func(mail.Step)) error {
	raw, err := mail.Compose(m, nil)
	if err != nil {
		return err
	}
	return c.server.Send(ctx, m.From, m.To, raw, note)
}

func both(t *testing.T, f func(t *testing.T, s *set)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		clock := testkit.NewClock()
		d, err := db.Open(context.Background(), url, clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		keys, err := token.Parse([]byte(token.NewLine("a")))
		if err != nil {
			t.Fatal(err)
		}
		jobs := outbox.NewJobs()
		outbox.Handle(jobs, func(context.Context, SendJob) error { return nil })
		queue, err := outbox.New(d, jobs, slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err != nil {
			t.Fatal(err)
		}
		server := smtptest.Start(t, smtptest.Options{})
		s := &set{t: t, clock: clock, server: server}
		s.Post = &Post{DB: d, Keys: keys, Queue: queue,
			Carrier: &smtp{mail.Server{Host: server.Host(), Port: server.Port(), Security: mail.None, Now: clock.Now}},
			House: House{NameJA: "げんかん", NameEN: "Genkan", Origin: "https://account.example.jp", From: "no-reply@example.jp",
				Zone: time.FixedZone("JST", 9*60*60)},
			Writers: map[Kind]Writer{Registration: s.codeLetter, Recovery: s.codeLetter}}
		f(t, s)
	})
}

// codeLetter stands for a flow's writer.
func (s *set) codeLetter(_ context.Context, m Message) (Letter, error) {
	d := s.Data(m)
	d.Code, d.Link = "123456", s.Link("token")
	return Letter{Kind: letter.RegistrationCode, Data: d}, nil
}

func (s *set) draft(kind Kind, email string) Draft {
	s.t.Helper()
	a, err := account.ParseAddress(email)
	if err != nil {
		s.t.Fatal(err)
	}
	return Draft{Kind: kind, Locale: "en", To: a.Typed, Key: s.Keys.Index("address", a.Key), Subject: token.NewID(), Browser: []byte("b"), Life: 30 * time.Minute}
}

func (s *set) send(d Draft) (sent Sent, err error) {
	err = s.DB.Tx(context.Background(), func(tx *db.Tx) (err error) {
		sent, err = s.Send(context.Background(), tx, d)
		return err
	})
	return sent, err
}

// post sends what cannot be refused and gives its id. Each has an address of
// its own, so that no cap is met.
func (s *set) post() string {
	s.t.Helper()
	sent, err := s.send(s.draft(Registration, fmt.Sprintf("p%s@example.jp", token.NewSecretID()[:8])))
	if err != nil {
		s.t.Fatal(err)
	}
	return sent.ID
}

func (s *set) work(id string) error { return s.Work(context.Background(), SendJob{id}) }

func (s *set) message(id string) Message {
	s.t.Helper()
	m, err := s.ByID(context.Background(), s.DB.Reader(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

func (s *set) trace(id string) []Step {
	s.t.Helper()
	steps, err := s.Trace(context.Background(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return steps
}

// payload gives the length of what is still kept of a message's content.
func (s *set) payload(id string) (n int) {
	s.t.Helper()
	err := s.DB.Reader().QueryRowContext(context.Background(), `SELECT LENGTH(payload_sealed) FROM message WHERE id = $1`, id).Scan(&n)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func (s *set) rows(table string) (n int) {
	s.t.Helper()
	if err := s.DB.Reader().QueryRowContext(context.Background(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// atOnce runs f on n goroutines released together.
func atOnce(n int, f func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	all.Wait()
}

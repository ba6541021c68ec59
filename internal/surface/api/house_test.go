package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/admit"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/factor"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/domain/puzzle"
	recoveries "github.com/genkan/genkan/internal/domain/recovery"
	"github.com/genkan/genkan/internal/domain/registration"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/flow/human"
	"github.com/genkan/genkan/internal/flow/recovery"
	"github.com/genkan/genkan/internal/flow/settings"
	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/flow/signup"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/i18n"
	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/platform/obs"
	"github.com/genkan/genkan/internal/platform/outbox"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/surface/api"
	"github.com/genkan/genkan/internal/surface/web"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// house is everything behind the API, wired as the server wires it, with a
// carrier that keeps what it is given.
type house struct {
	t       testing.TB
	clock   *testkit.Clock
	db      *db.DB
	api     *api.API
	handler http.Handler
	mails   *box
	log     *safeBuffer
	schema  document
}

const origin = "http://localhost:8080"

func migrate(ctx context.Context, url string) error {
	d, err := db.Open(ctx, url, nil)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Migrate(ctx)
}

// engines runs f in a house on each engine.
func engines(t *testing.T, f func(h *house)) {
	testkit.Engines(t, migrate, func(t *testing.T, url string) { f(testHouse(t, url)) })
}

func testHouse(t testing.TB, dbURL string) *house {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	h := &house{t: t, clock: testkit.NewClock(), mails: newBox(), log: &safeBuffer{}}
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d, err := db.Open(ctx, dbURL, h.clock.Now)
	must(t, err)
	h.db = d
	keys, err := token.Parse([]byte(token.NewLine("test")))
	must(t, err)
	catalog, err := i18n.New(i18n.Options{})
	must(t, err)
	hasher, err := password.NewHasher(password.InsecureParams(), keys.Pepper())
	must(t, err)
	policy := &password.Policy{ServiceNames: []string{"Genkan"}}
	gate := admit.NewGate(2, 100, time.Minute)
	book := &account.Book{Keys: keys}
	desk := session.NewDesk(ctx, d, keys, time.Hour, 24*time.Hour)
	post := &delivery.Post{DB: d, Keys: keys, Carrier: h.mails, House: delivery.House{
		NameJA: "玄関", NameEN: "Genkan", Origin: origin, From: "door@genkan.example", SupportURL: "https://genkan.example/help"}}
	// The check of the puzzle's own calls is always asked, that of the others never.
	open := &guard.Guard{Keys: keys, Mode: guard.Off, Rules: guard.DefaultRules()}
	factors := &factor.Desk{Keys: keys}
	up := &signup.Flow{DB: d, Keys: keys, Book: book, Desk: &registration.Desk{Keys: keys, Life: 30 * time.Minute},
		Hasher: hasher, Policy: policy, Gate: gate, Sessions: desk, Post: post, Guard: open, Factors: factors}
	in := &signin.Flow{DB: d, Keys: keys, Book: book, Hasher: hasher, Policy: policy, Gate: gate, Sessions: desk, Post: post, Guard: open,
		Recoveries: &recoveries.Desk{Keys: keys, Life: 30 * time.Minute}, Factors: factors}
	back := &recovery.Flow{DB: d, Keys: keys, Book: book, Desk: &recoveries.Desk{Keys: keys, Life: 30 * time.Minute},
		Hasher: hasher, Policy: policy, Gate: gate, Sessions: desk, Post: post, Guard: open}
	check := &human.Flow{DB: d, Book: book, Sessions: desk, Puzzle: puzzle.NewDesk(d, keys),
		Guard: &guard.Guard{Keys: keys, Mode: guard.Always, Rules: guard.DefaultRules()}}
	set := &settings.Flow{DB: d, Keys: keys, Book: book, Hasher: hasher, Policy: policy, Gate: gate, Sessions: desk, Post: post, Guard: open, Factors: factors}
	post.Writers = map[delivery.Kind]delivery.Writer{delivery.Registration: up.Write,
		delivery.Recovery: back.Write, delivery.AddressChange: set.Write, delivery.SignInCode: in.WriteCode, delivery.Siege: in.WriteSiege}
	h.work(ctx, d, post, log)

	home, err := url.Parse(origin)
	must(t, err)
	kit := &web.Kit{Origin: home, Keys: keys, Sessions: desk, Languages: web.NewLanguages("ja"), Now: h.clock.Now, Log: log}
	h.api, err = api.New(api.Config{Kit: kit, Signup: up, Signin: in, Recovery: back, Human: check, Settings: set, Post: post,
		Policy: policy, Catalog: catalog, DB: d, Version: "test"})
	must(t, err)
	h.handler = obs.Middleware(web.NewGuard(kit, h.api, h.api.Problem), obs.Options{Logger: log})
	h.schema = readDocument(t, h.handler)
	return h
}

// work starts the queue and ends it before the database goes.
func (h *house) work(ctx context.Context, d *db.DB, post *delivery.Post, log *slog.Logger) {
	jobs := outbox.NewJobs()
	outbox.Handle(jobs, func(ctx context.Context, j delivery.SendJob) error { return post.Work(ctx, j) })
	queue, err := outbox.New(d, jobs, log)
	must(h.t, err)
	post.Queue = queue
	must(h.t, queue.Start(ctx))
	h.t.Cleanup(func() {
		stop, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = queue.Stop(stop)
		_ = d.Close()
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reply is an answer, with its JSON read.
type reply struct {
	*httptest.ResponseRecorder
	json map[string]any
}

// text gives a string of the answer by its path: "session.token".
func (r reply) text(path string) string {
	var v any = r.json
	for _, name := range strings.Split(path, ".") {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	s, _ := v.(string)
	return s
}

// option changes a request before it is sent.
type option func(*http.Request)

func header(name, value string) option {
	return func(r *http.Request) { r.Header.Set(name, value) }
}
func bearer(token string) option { return header("Authorization", "Bearer "+token) }
func english() option            { return header("Accept-Language", "en") }

// do sends one request, checks the answer against the OpenAPI document, and
// gives it. A body that is a string goes as it is, anything else as JSON.
func (h *house) do(method, path string, body any, opts ...option) reply {
	h.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		must(h.t, err)
		in = bytes.NewReader(raw)
	}
	r := httptest.NewRequest(method, origin+path, in)
	r.RequestURI = path
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, o := range opts {
		o(r)
	}
	w := httptest.NewRecorder()
	h.serve(w, r)
	out := reply{w, nil}
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &out.json); err != nil {
			h.t.Errorf("%s %s: not a JSON object: %v: %.200s", method, path, err, w.Body)
		}
	}
	h.schema.check(h.t, r, w)
	return out
}

// serve fails on a panic, with what the log says of it.
func (h *house) serve(w http.ResponseWriter, r *http.Request) {
	h.t.Helper()
	defer func() {
		if p := recover(); p != nil {
			log := h.log.String()
			h.t.Fatalf("%s %s: panic: %v\n%s", r.Method, r.URL, p, log[max(0, len(log)-2000):])
		}
	}()
	h.handler.ServeHTTP(w, r)
}

// want fails unless the answer has this status.
func (h *house) want(status int, r reply) reply {
	h.t.Helper()
	if r.Code != status {
		h.t.Fatalf("status %d, want %d: %s", r.Code, status, r.Body)
	}
	return r
}

const secretWords = "three wet umbrellas by the door"

// member registers and confirms, and gives the session's token.
func (h *house) member(email string) string {
	h.t.Helper()
	w := h.want(202, h.do("POST", "/api/v1/registrations", map[string]any{"email": email, "password": secretWords, "keep_address": true}))
	r := h.want(201, h.do("POST", "/api/v1/registrations/"+w.text("id")+"/confirm", map[string]any{"code": h.mails.code(h.t, email)}))
	return r.text("session.token")
}

// pause lets other goroutines work between two looks at the same thing.
func pause() { <-time.After(5 * time.Millisecond) }

// box keeps what would have been sent, in order, by recipient.
type box struct {
	mu    sync.Mutex
	mails map[string]chan mail.Message
}

func newBox() *box { return &box{mails: map[string]chan mail.Message{}} }

func (b *box) of(to string) chan mail.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.mails[to] == nil {
		b.mails[to] = make(chan mail.Message, 100)
	}
	return b.mails[to]
}

// Carry is the carrier.
func (b *box) Carry(_ context.Context, m mail.Message, note func(mail.Step)) error {
	note(mail.Step{Stage: mail.StageBody, Code: 250, Enhanced: "2.0.0", Text: "kept", Hop: "box:25", At: time.Now()})
	b.of(m.To) <- m
	return nil
}

// next waits for the next mail to an address.
func (b *box) next(t testing.TB, to string) mail.Message {
	t.Helper()
	select {
	case m := <-b.of(to):
		return m
	case <-time.After(30 * time.Second):
		t.Fatalf("no mail to %s", to)
	}
	return mail.Message{}
}

var codeLine = regexp.MustCompile(`[0-9]{3} [0-9]{3}\b|[0-9]{4} [0-9]{4}\b`)

// code waits for the next mail with a code, as a person reads it.
func (b *box) code(t testing.TB, to string) string {
	t.Helper()
	for {
		m := b.next(t, to)
		if hit := codeLine.FindString(m.Text); hit != "" {
			return strings.ReplaceAll(hit, " ", "")
		}
	}
}

// safeBuffer is a log that many goroutines write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Package siege attacks whole houses at the door, over HTTP, with a solver of the
// human check that is always right: what holds here holds by the limits alone
// (TH7). On PostgreSQL three nodes are one house.
package siege_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/e2e/program"
	"github.com/genkan/genkan/internal/config"
	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/domain/puzzle/picture"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m, program.Clean) }

const (
	right = "tama ga neko desu yo"
	next  = "saru no kiiro kun desu"
	owner = "hanako@example.org"
)

func long() bool { return os.Getenv("GENKAN_LONG") == "1" }

// pick gives the short or the long form of a number.
func pick(short, all int) int {
	if long() {
		return all
	}
	return short
}

// town is one house of one or three nodes.
type town struct {
	t     testing.TB
	nodes []*house.House
	mu    sync.Mutex
	seen  map[string]int // passwords that were judged against a real account's hash
}

// towns runs f on one node with SQLite and on three with PostgreSQL.
func towns(t *testing.T, change func(*config.Settings), f func(w *town)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		n := 3
		if strings.HasPrefix(url, "sqlite:") {
			n = 1
		}
		w := &town{t: t, seen: map[string]int{}}
		keys, clock, mail := house.Keys(), testkit.NewClock(), house.NewMailbox()
		for range n {
			h := house.Open(t, url, house.Options{Keys: keys, Clock: clock, Mail: mail, Human: "adaptive", Settings: change})
			h.Puzzle.Budget = puzzle.Budget{Session: 1 << 20, Account: 1 << 20, Network: 1 << 20} // the limits alone must hold
			h.Puzzle.Draw = blank
			w.watch(h)
			w.nodes = append(w.nodes, h)
		}
		f(w)
	})
}

// blank is a picture that costs nothing: these drills are about the limits, and
// their solver does not look at it.
func blank(seed [32]byte, _ picture.Options) picture.Scene {
	return picture.Scene{Width: 320, Height: 190, PieceW: 48, PieceH: 48, PieceY: 90, Start: 8, Hole: 100 + int(seed[0])%150}
}

// watch counts the passwords that a node judges: every hash but the decoys'.
func (w *town) watch(h *house.House) {
	part := strings.Split(h.Hasher.Decoy(), "$")
	salt, err := base64.RawStdEncoding.DecodeString(part[len(part)-2])
	if err != nil {
		w.t.Fatal(err)
	}
	inner := h.Hasher.Derive
	h.Hasher.Derive = func(pw, s []byte, passes, memoryKiB, keyLen uint32) []byte {
		if !bytes.Equal(s, salt) {
			w.mu.Lock()
			w.seen[string(pw)]++
			w.mu.Unlock()
		}
		return inner(pw, s, passes, memoryKiB, keyLen)
	}
}

// judged counts the judged passwords that begin with prefix.
func (w *town) judged(prefix string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for pw, times := range w.seen {
		if strings.HasPrefix(pw, prefix) {
			n += times
		}
	}
	return n
}

func (w *town) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.seen)
}

func (w *town) first() *house.House { return w.nodes[0] }

// client is a program that calls the API. It keeps cookies only when it has a browser's.
type client struct {
	w      *town
	cookie map[string]string
	from   string // its address, told by a proxy
}

var wire = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}, Timeout: 120 * time.Second}

type dict map[string]any

// reply is what a call gave.
type reply struct {
	Status    int `json:"-"`
	Retry     string
	Text      string
	ID, State string
	Code      string // of a problem
	Session   struct{ Token string }
	Recovery  struct{ ID, Code string }
	Challenge struct{ Kind string }
	Findings  []struct{ Code string }
}

func (r reply) finding() string {
	if len(r.Findings) == 0 {
		return ""
	}
	return r.Findings[0].Code
}

// call calls the API of node i, counted round.
func (p *client) call(i int, path string, body dict) reply {
	p.w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		p.w.t.Fatal(err)
	}
	r, err := http.NewRequest("POST", p.w.nodes[i%len(p.w.nodes)].URL+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		p.w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Language", "en")
	if p.from != "" {
		r.Header.Set("X-Forwarded-For", p.from)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, value := range p.cookie {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	res, err := wire.Do(r)
	if err != nil {
		p.w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		p.w.t.Fatal(err)
	}
	out := reply{Status: res.StatusCode, Retry: res.Header.Get("Retry-After"), Text: string(raw)}
	if err := json.Unmarshal(raw, &out); err != nil {
		p.w.t.Fatalf("%s: %v in %.200s", path, err, raw)
	}
	if res.StatusCode >= 500 {
		p.w.t.Fatalf("%s gave %d: %.300s", path, res.StatusCode, raw)
	}
	return out
}

// pass gives a pass of the human check for signing in to email.
func (p *client) pass(email string) string {
	p.w.t.Helper()
	f := p.w.first().Caller(p.w.t, puzzle.SignIn, email, p.cookie["genkan-browser"])
	if p.from != "" {
		f.Network = p.from[:strings.LastIndex(p.from, ".")] + ".0/24"
	}
	return p.w.first().Pass(p.w.t, f)
}

// guess tries a password at node i, with a pass.
func (p *client) guess(i int, email, pw string) reply {
	p.w.t.Helper()
	return p.call(i, "/sign-ins", dict{"email": email, "password": pw, "human": p.pass(email)})
}

// known is the owner's browser, which signed in before.
func (w *town) known(email string) *client {
	w.t.Helper()
	v := w.first().Visit(w.t)
	v.Get("/signin")
	pass := v.Human(w.first(), puzzle.SignIn, email)
	if got := v.Post("/signin", "email", email, "password", right, "human", pass); got.URL.Path != "/account" {
		w.t.Fatalf("the owner's first sign-in is at %s: %s", got.URL, got.Problem())
	}
	return &client{w: w, cookie: v.Cookies()}
}

func (w *town) stranger() *client { return &client{w: w} }

// count runs a query for one number, from outside.
func (w *town) count(query string, args ...any) (n int) {
	w.t.Helper()
	if err := w.first().DB.Reader().QueryRowContext(w.t.Context(), query, args...).Scan(&n); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	return n
}

// letters gives the mails to an address whose subject has these words.
func (w *town) letters(to, words string) (out []house.Letter) {
	for _, l := range w.first().Mail.To(to) {
		if strings.Contains(l.Subject, words) {
			out = append(out, l)
		}
	}
	return out
}

// await waits for the n-th such mail.
func (w *town) await(to, words string, n int) house.Letter {
	w.t.Helper()
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if all := w.letters(to, words); len(all) >= n {
			return all[n-1]
		}
	}
	w.t.Fatalf("mail %d to %s about %q did not come", n, to, words)
	return house.Letter{}
}

// atOnce runs f n times released together.
func atOnce(n int, f func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() { <-start; f(i) })
	}
	close(start)
	all.Wait()
}

func name(i int) string { return fmt.Sprintf("member%04d@example.org", i) }

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Package security_test holds the black-box security tests: each talks HTTP to a
// whole house on a real database, reads the caught mail, or looks at files and
// logs from outside. Each test cites the requirement it proves (PW1, RS2 …;
// docs/standards.md lists them).
package security_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/config"
	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	goodPassword  = "tama ga neko desu yo"
	nextPassword  = "saru no kiiro kun desu"
	thirdPassword = "kuma wa yama ni iru zo"
)

// houses runs f on a house on each engine.
func houses(t *testing.T, o house.Options, f func(t *testing.T, h *house.House)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		own := o
		f(t, house.Open(t, url, own))
	})
}

// raw is a client that does nothing by itself: it follows no redirect, sends
// the headers it is told, and keeps cookies by name whatever their flags.
type raw struct {
	t      testing.TB
	base   string // where to connect
	client *http.Client
	jar    map[string]string
	header http.Header  // sent with every request
	house  *house.House // where a walk moves the clock
	last   string       // where seen was sent on to
}

// answer is a response, read.
type answer struct {
	Status int
	Header http.Header
	Body   string
	Set    []*http.Cookie
}

var wire = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 128},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       60 * time.Second,
}

func visit(t testing.TB, base string) *raw {
	return &raw{t: t, base: base, client: wire, jar: map[string]string{}, header: http.Header{"Accept-Language": {"en"}}}
}

func (c *raw) do(method, path, kind, body string, header ...string) answer {
	c.t.Helper()
	a, err := c.try(method, path, kind, strings.NewReader(body), header...)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (c *raw) try(method, path, kind string, body io.Reader, header ...string) (answer, error) {
	r, err := http.NewRequest(method, c.base+path, body)
	if err != nil {
		return answer{}, err
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for name, values := range c.header {
		r.Header[name] = values
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
			continue
		}
		r.Header.Add(header[i], header[i+1])
	}
	for name, value := range c.jar {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	res, err := c.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	for _, k := range res.Cookies() {
		if k.MaxAge < 0 || k.Value == "" {
			delete(c.jar, k.Name)
		} else {
			c.jar[k.Name] = k.Value
		}
	}
	return answer{res.StatusCode, res.Header, string(text), res.Cookies()}, nil
}

func (c *raw) get(path string, header ...string) answer {
	c.t.Helper()
	return c.do(http.MethodGet, path, "", "", header...)
}

const formType = "application/x-www-form-urlencoded"

// send posts a form as our own page would.
func (c *raw) send(path string, form url.Values) answer {
	c.t.Helper()
	return c.do(http.MethodPost, path, formType, form.Encode(), "Sec-Fetch-Site", "same-origin")
}

// post opens page and sends the form there with fields to path.
func (c *raw) post(page, path string, fields ...string) answer {
	c.t.Helper()
	return c.send(path, c.form(page, fields...))
}

// form opens page and fills its form.
func (c *raw) form(page string, fields ...string) url.Values {
	c.t.Helper()
	return fill(c.get(page).Body, fields...)
}

var (
	formField   = regexp.MustCompile(`name="form" value="([^"]+)"`)
	maskForm    = regexp.MustCompile(`(name="form" value=")[^"]+`)
	regexpEmail = regexp.MustCompile(`"email":"([^"]+)"`)
	h1          = regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)
)

func fill(page string, fields ...string) url.Values {
	v := url.Values{}
	if m := formField.FindStringSubmatch(page); m != nil {
		v.Set("form", m[1])
	}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return v
}

// api calls the JSON API as a program; body may be nil.
func (c *raw) api(method, path string, body any, header ...string) (answer, map[string]any) {
	c.t.Helper()
	text, kind := "", ""
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		text, kind = string(b), "application/json"
	}
	a := c.do(method, "/api/v1"+path, kind, text, header...)
	var out map[string]any
	_ = json.Unmarshal([]byte(a.Body), &out)
	return a, out
}

type dict map[string]any

// in signs in over the API and gives the bearer token, or "".
func (c *raw) in(email, pw string) string {
	c.t.Helper()
	_, out := c.api("POST", "/sign-ins", dict{"email": email, "password": pw})
	s, _ := out["session"].(map[string]any)
	token, _ := s["token"].(string)
	return token
}

// alive tells whether a session's secret opens anything.
func (c *raw) alive(token string) bool {
	c.t.Helper()
	a, _ := c.api("GET", "/session", nil, "Authorization", "Bearer "+token)
	if a.Status != 200 && a.Status != 401 {
		c.t.Fatalf("the session check gave %d", a.Status)
	}
	return a.Status == 200
}

// count runs a query for one number, from outside.
func count(t testing.TB, h *house.House, query string, args ...any) int {
	t.Helper()
	n := 0
	if err := h.DB.Reader().QueryRowContext(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// text runs a query for one text, from outside.
func text(t testing.TB, h *house.House, query string, args ...any) string {
	t.Helper()
	var s string
	if err := h.DB.Reader().QueryRowContext(context.Background(), query, args...).Scan(&s); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return s
}

// together runs f n times at one moment and waits for all.
func together(n int, f func(i int)) {
	var ready, done sync.WaitGroup
	start := make(chan struct{})
	ready.Add(n)
	done.Add(n)
	for i := range n {
		go func() {
			defer done.Done()
			ready.Done()
			<-start
			f(i)
		}()
	}
	ready.Wait()
	close(start)
	done.Wait()
}

// recoverTo walks a recovery up to the mailed code and gives the page's path.
func recoverTo(t testing.TB, h *house.House, p *house.Person, email string) (path string, l house.Letter) {
	t.Helper()
	p.Get("/recover")
	before := len(h.Mail.To(email))
	got := p.Post("/recover", "email", email)
	if !strings.HasPrefix(got.URL.Path, "/recover/") {
		t.Fatalf("asking for a new password led to %s with %d: %s", got.URL, got.Status, got.Problem())
	}
	return got.URL.Path, letterAfter(t, h, email, before, "new password")
}

// recovered sets a new password by mail and fails the test when that does not
// work.
func recovered(t testing.TB, h *house.House, email, pw string) {
	t.Helper()
	p := h.Visit(t)
	path, l := recoverTo(t, h, p, email)
	p.Post(path+"/confirm", "code", l.Code)
	if got := p.Post(path+"/password", "password", pw); got.Status != 200 {
		t.Fatalf("a new password gave %d: %s", got.Status, got.Problem())
	}
}

// letterOf waits until a mail with the given words in its subject came to a box.
func letterOf(t testing.TB, h *house.House, box, subject string) house.Letter {
	t.Helper()
	return letterAfter(t, h, box, 0, subject)
}

// letterAfter is letterOf for mails after the first n to the box.
func letterAfter(t testing.TB, h *house.House, box string, n int, subject string) house.Letter {
	t.Helper()
	for {
		n++
		if l := h.Mail.Wait(t, box, n); strings.Contains(l.Subject, subject) {
			return l
		}
	}
}

var linksIn = regexp.MustCompile(`https?://\S+/l/[a-z0-9]+`)

// links gives the mailed links of a letter by the letter their token begins with.
func links(l house.Letter) map[byte]string {
	out := map[byte]string{}
	for _, link := range linksIn.FindAllString(l.Text, -1) {
		out[link[strings.LastIndex(link, "/l/")+3]] = link
	}
	return out
}

// press opens a mailed link in a fresh browser and sends its form with fields.
func press(t testing.TB, h *house.House, link string, fields ...string) house.Page {
	t.Helper()
	p := h.Visit(t)
	if p.Get(link).FormToken() == "" { // a dead link's page has no form
		p.Get("/signin")
	}
	return p.Post("/link", append([]string{"token", link[strings.LastIndex(link, "/l/")+3:]}, fields...)...)
}

// frozen freezes an account from a notice's link.
func frozen(t testing.TB, h *house.House, l house.Letter) {
	t.Helper()
	link := links(l)['f']
	if link == "" {
		t.Fatalf("the mail %q holds no link to freeze", l.Subject)
	}
	if got := press(t, h, link, "confirm", "freeze"); got.Status != 200 {
		t.Fatalf("freezing gave %d: %s", got.Status, got.Problem())
	}
}

// behindTLS gives a house whose people use https; its listener speaks plain HTTP
// as behind a proxy. at is where to connect.
func behindTLS(t *testing.T, url string, o house.Options) (h *house.House, at string) {
	t.Helper()
	more := o.Settings
	o.Settings = func(s *config.Settings) {
		at = s.Origin
		s.Origin = "https://id.example.jp"
		if more != nil {
			more(s)
		}
	}
	h = house.Open(t, url, o)
	return h, at
}

func parse(t testing.TB, email string) account.Address {
	t.Helper()
	a, err := account.ParseAddress(email)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func contains(haystack string, needles ...string) bool {
	for _, n := range needles {
		if !strings.Contains(haystack, n) {
			return false
		}
	}
	return true
}

func has(list []byte, needle string) bool { return bytes.Contains(list, []byte(needle)) }

// longForm tells whether the long forms were asked for (testkit.Long).
func longForm() bool { return os.Getenv("GENKAN_LONG") == "1" }

// registered makes an account over the API and gives its session's token, or "".
// The code is made as the mail's is, so that nobody waits for the mail.
func registered(t testing.TB, h *house.House, email, pw string) string {
	t.Helper()
	c := visit(t, h.URL)
	a, out := c.api("POST", "/registrations", dict{"email": email, "password": pw, "keep_address": true})
	if a.Status != http.StatusAccepted {
		return ""
	}
	id := out["id"].(string)
	_, out = c.api("POST", "/registrations/"+id+"/confirm", dict{"code": registrationCode(t, h, id)})
	s, _ := out["session"].(map[string]any)
	token, _ := s["token"].(string)
	return token
}

// registrationCode gives the code that the mail of a registration says.
func registrationCode(t testing.TB, h *house.House, id string) string {
	t.Helper()
	r, err := h.Signup.Desk.ByID(context.Background(), h.DB.Reader(), id)
	if err != nil {
		t.Fatal(err)
	}
	return h.Signup.Desk.Code(r)
}

// keepUse writes down when sessions were last used, as the house does every few
// seconds of real time; a moved clock does not wait for that.
func keepUse(t testing.TB, h *house.House) {
	t.Helper()
	if err := h.Sessions.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// patterns reads the route patterns out of the program's text: net/http's mux
// does not tell them.
func patterns(t testing.TB) []string {
	t.Helper()
	quoted := regexp.MustCompile("\"((?:GET|POST|PUT|PATCH|DELETE) /[^\" ]*)\"")
	verbs := regexp.MustCompile(`Method: http\.Method(\w+), Path: Prefix \+ "([^"]+)"`)
	var out []string
	for _, dir := range []string{"front", "api", "forwardauth"} {
		files, err := filepath.Glob("../../internal/surface/" + dir + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("no program text of %s: %v", dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range quoted.FindAllStringSubmatch(string(source), -1) {
				out = append(out, m[1])
			}
			for _, m := range verbs.FindAllStringSubmatch(string(source), -1) {
				out = append(out, strings.ToUpper(m[1])+" /api/v1/"+m[2])
			}
		}
	}
	return out
}

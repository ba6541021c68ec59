package house

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Person is somebody with a browser without script: it keeps cookies, follows
// redirects and sends the forms that it was shown.
type Person struct {
	t      testing.TB
	base   string
	client *http.Client
	Lang   string // Accept-Language
	Page   Page   // the last page
}

// Page is what the browser shows.
type Page struct {
	Status int
	URL    *url.URL
	Header http.Header
	Body   string
}

// Visit opens a fresh browser at the house.
func (h *House) Visit(t testing.TB) *Person {
	jar, err := cookiejar.New(nil)
	check(t, err, "make a cookie jar")
	return &Person{t: t, base: h.URL, Lang: "en",
		client: &http.Client{Jar: jar, Timeout: 60 * time.Second, Transport: &http.Transport{}}}
}

// Get opens a path or a whole address of the house.
func (p *Person) Get(path string) Page {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodGet, p.address(path), nil)
	check(p.t, err, "make a request")
	return p.send(r)
}

// Post sends the form of the last page (its hidden field) with fields, given as
// name, value, name, value …, to a path.
func (p *Person) Post(path string, fields ...string) Page {
	p.t.Helper()
	return p.Repeat(path, p.Form(fields...))
}

// Form gives what Post would send.
func (p *Person) Form(fields ...string) url.Values {
	v := url.Values{"form": {p.Page.FormToken()}}
	for i := 0; i+1 < len(fields); i += 2 {
		v.Set(fields[i], fields[i+1])
	}
	return v
}

// Repeat sends a form as it is.
func (p *Person) Repeat(path string, form url.Values) Page {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodPost, p.address(path), strings.NewReader(form.Encode()))
	check(p.t, err, "make a request")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return p.send(r)
}

func (p *Person) address(path string) string {
	if strings.HasPrefix(path, "/") {
		return p.base + path
	}
	return path
}

func (p *Person) send(r *http.Request) Page {
	p.t.Helper()
	r.Header.Set("Accept-Language", p.Lang)
	r.Header.Set("Accept", "text/html")
	res, err := p.client.Do(r)
	check(p.t, err, "reach the house")
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	check(p.t, err, "read the page")
	p.Page = Page{Status: res.StatusCode, URL: res.Request.URL, Header: res.Header, Body: string(body)}
	return p.Page
}

// Cookies gives the browser's cookies for the house by name.
func (p *Person) Cookies() map[string]string {
	u, _ := url.Parse(p.base)
	out := map[string]string{}
	for _, c := range p.client.Jar.Cookies(u) {
		out[c.Name] = c.Value
	}
	return out
}

// SetCookie puts a cookie into the browser, as a thief or a tester would.
func (p *Person) SetCookie(name, value string) {
	u, _ := url.Parse(p.base)
	p.client.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// SignIn signs in through the page and fails the test when that does not work.
func (p *Person) SignIn(email, pw string) {
	p.t.Helper()
	p.Get("/signin?other=1")
	if got := p.Post("/signin", "email", email, "password", pw); got.URL.Path != "/account" {
		p.t.Fatalf("sign in %s: at %s with %d: %s", email, got.URL, got.Status, got.Problem())
	}
}

var (
	formField = regexp.MustCompile(`name="form" value="([^"]+)"`)
	heading   = regexp.MustCompile(`(?s)<h1>(.*?)</h1>`)
	problem   = regexp.MustCompile(`(?s)<section class="problem".*?</section>`)
	tag       = regexp.MustCompile(`<[^>]*>`)
	blanks    = regexp.MustCompile(`\s+`)
)

func first(re *regexp.Regexp, s string) string {
	if m := re.FindStringSubmatch(s); m != nil {
		return m[len(m)-1]
	}
	return ""
}

// FormToken gives the hidden field of the page's forms.
func (p Page) FormToken() string { return first(formField, p.Body) }

// Heading gives the page's heading.
func (p Page) Heading() string { return text(first(heading, p.Body)) }

// Problem gives the words of the page's problem box, or "".
func (p Page) Problem() string { return text(first(problem, p.Body)) }

// ID gives the part of the path after prefix: the id of an act.
func (p Page) ID(prefix string) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(p.URL.Path, prefix), "/")
	return id
}

func text(html string) string {
	return strings.TrimSpace(blanks.ReplaceAllString(tag.ReplaceAllString(html, " "), " "))
}

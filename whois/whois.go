// Package whois tells a Go program which person of Genkan makes a request.
//
// It is middleware for net/http with nothing but the standard library beneath
// it. Two ways of finding out, one per Door:
//
//   - Config.URL: the program asks Genkan itself (GET /api/v1/session) with the
//     visitor's cookie or bearer token. Answers are kept for a fifth of a second,
//     so that a session that ends is out within one.
//   - Config.Proxies: a proxy asked Genkan already (forward-auth), and its
//     Remote-* headers are believed, from the listed proxies and from nobody else.
//
// Whatever cannot be found out is answered with 503 and never let in.
//
//	door, err := whois.New(whois.Config{URL: "http://127.0.0.1:8080"})
//	…
//	mux.Handle("/account/", door.Require(handler))
//
//	func handler(w http.ResponseWriter, r *http.Request) {
//		person, _ := whois.From(r.Context())
//		fmt.Fprintln(w, "Hello", person.Email)
//	}
package whois

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Person is who makes a request.
type Person struct {
	Account string   `json:"account"` // id; never changes and is never given to another
	Email   string   `json:"email"`   // may change; "" when Genkan is set to keep it to itself
	Locale  string   `json:"locale"`  // "ja" or "en"; "" behind a proxy
	Groups  []string `json:"groups"`
	Session Session  `json:"session"` // empty behind a proxy
	Hold    *Hold    `json:"hold"`    // nil, or what asks for care
}

// Session is the person's session.
type Session struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	ProvenAt  time.Time `json:"proven_at"` // when the person last proved who they are
	ExpiresAt time.Time `json:"expires_at"`
}

// Hold says that the account was got back by a reset not long ago: let the
// person look, but hold back what could not be undone (payouts, deletion).
type Hold struct {
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"` // "" behind a proxy
}

// Config is how a Door finds out. Exactly one of URL and Proxies is set.
type Config struct {
	// URL is Genkan as this program reaches it: "http://127.0.0.1:8080". The
	// visitor's session goes over this line, so use https unless it stays on one
	// machine or in a network of your own.
	URL string
	// Proxies are the addresses of the proxies that ask Genkan before they pass a
	// request on to this program.
	Proxies []netip.Prefix

	// SignIn is Genkan's sign-in page as browsers reach it; "" means "/signin",
	// which is right when one host has both.
	SignIn string
	// Self is this program's own origin, "https://app.example.jp". It is set when
	// SignIn is on another origin, which must then have Self in its return_to.
	// It is never taken from a request: its Host header is anybody's.
	Self string
	// Remember is how long an answer of Genkan is believed, at most 1 s; 0 means
	// 200 ms and anything negative not at all.
	Remember time.Duration
	// Client asks Genkan; nil means one with a time-out of 2 s, without a proxy.
	// Redirects are not followed, whatever it says.
	Client *http.Client
	// Now is the clock, nil for the system's.
	Now func() time.Time
}

// Door finds out who makes requests. It may be used from many goroutines.
type Door struct {
	who    func(*http.Request) (Person, error)
	signIn string
	self   string
}

// errNobody: nobody is signed in.
var errNobody = errors.New("whois: nobody is signed in")

// New makes a Door, or says what is wrong with c.
func New(c Config) (*Door, error) {
	d := &Door{signIn: c.SignIn, self: strings.TrimSuffix(c.Self, "/")}
	if d.signIn == "" {
		d.signIn = "/signin"
	}
	if d.self != "" && !isOrigin(d.self) {
		return nil, errors.New("whois: Self must be an origin, as in https://app.example.jp")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	switch {
	case (c.URL == "") == (len(c.Proxies) == 0):
		return nil, errors.New("whois: set either URL or Proxies")
	case c.URL == "":
		d.who = behind(c.Proxies).who
		return d, nil
	case !isOrigin(strings.TrimSuffix(c.URL, "/")):
		return nil, errors.New("whois: URL must be an origin, as in http://127.0.0.1:8080")
	case c.Remember > time.Second:
		return nil, fmt.Errorf("whois: Remember is %v; more than 1s would let ended sessions in", c.Remember)
	}
	d.who = newAsker(c).who
	return d, nil
}

func isOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && s == u.Scheme+"://"+u.Host
}

type contextKey struct{}

// From gives the person that Require or Know found; false when nobody is signed
// in, or the request came over neither.
func From(ctx context.Context) (Person, bool) {
	p, ok := ctx.Value(contextKey{}).(Person)
	return p, ok
}

// Require lets only signed-in people through to next. Who waits for a page is
// led to the sign-in page, and back after it; others get 401, or 503 when it
// cannot be found out. Pages get Cache-Control: no-store, which next may change.
func (d *Door) Require(next http.Handler) http.Handler {
	return d.guard(next, d.turnAway)
}

// Know lets everybody through to next, for pages that only look different to
// people who are signed in; see From. When it cannot be found out who brings a
// session, the answer is 503.
func (d *Door) Know(next http.Handler) http.Handler {
	return d.guard(next, next.ServeHTTP)
}

func (d *Door) guard(next http.Handler, nobody http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		p, err := d.who(r)
		switch {
		case err == nil:
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, p)))
		case errors.Is(err, errNobody):
			nobody(w, r)
		default:
			w.Header().Set("Retry-After", "5")
			http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		}
	})
}

func (d *Door) turnAway(w http.ResponseWriter, r *http.Request) {
	if !pageLoad(r) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="genkan"`) // RFC 9110 section 11.6.1
		http.Error(w, http.StatusText(http.StatusUnauthorized), http.StatusUnauthorized)
		return
	}
	to := d.signIn
	// Coming back is a GET; a form that was posted cannot be.
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		to += "?return_to=" + url.QueryEscape(d.self+r.URL.RequestURI())
	}
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// pageLoad tells whether a person waits for a page: what browsers say of a
// navigation, or, from those that say nothing, a GET that would like HTML.
func pageLoad(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

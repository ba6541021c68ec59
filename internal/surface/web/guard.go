package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/genkan/genkan/internal/platform/fault"
)

// badBody says what is the matter with a body that could not be read.
func badBody(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.New(fault.TooLarge, "request.too_large")
	}
	return &fault.Error{Kind: fault.Malformed, Code: "request.malformed", Err: err}
}

// Guard stands before every route of the public listener: headers that every
// answer has, bounds, and the refusal of requests that other sites make.
type Guard struct {
	Kit    *Kit
	Next   http.Handler
	Refuse func(w http.ResponseWriter, r *http.Request, err error) // draws a refusal

	headers []header
}

// header is ready to be put into an answer. The values are shared by all answers
// and full to their capacity, so that adding one makes a copy.
type header struct {
	name   string
	values []string
}

// Body bounds; a route that takes more says so itself (none does yet).
const maxBody = 64 << 10

// NewGuard makes a guard.
func NewGuard(k *Kit, next http.Handler, refuse func(http.ResponseWriter, *http.Request, error)) *Guard {
	g := &Guard{Kit: k, Next: next, Refuse: refuse}
	g.always("Content-Security-Policy", policy(k))
	g.always("X-Content-Type-Options", "nosniff")
	g.always("Referrer-Policy", "no-referrer")
	g.always("Cross-Origin-Opener-Policy", "same-origin")
	g.always("Cross-Origin-Resource-Policy", "same-origin")
	g.always("Permissions-Policy", "camera=(), microphone=(), geolocation=(), browsing-topics=()")
	g.always("Cache-Control", "no-store")
	if k.Secure() {
		g.always("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
	return g
}

func (g *Guard) always(name, value string) {
	g.headers = append(g.headers, header{http.CanonicalHeaderKey(name), []string{value}})
}

// policy is our Content-Security-Policy (WB2): nothing but our own files. The one
// trusted type is the puzzle's, which makes the address of its worker. Forms
// may lead on to the operator's listed applications, because browsers apply
// form-action to the redirect after the post too.
func policy(k *Kit) string {
	action := []string{"'self'"}
	for _, t := range k.ReturnTo {
		if u, err := url.Parse(t); err == nil && u.Host != "" {
			action = append(action, u.Scheme+"://"+u.Host)
		}
	}
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"form-action " + strings.Join(slices.Compact(action), " ") +
		"; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types puzzle"
}

// ServeHTTP checks and passes on.
func (g *Guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	for _, one := range g.headers {
		h[one.name] = one.values
	}
	if err := g.check(r); err != nil {
		g.Refuse(w, r, err)
		return
	}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	}
	g.Next.ServeHTTP(w, r)
}

func (g *Guard) check(r *http.Request) error {
	if !safe(r.Method) && !g.ours(r) {
		return fault.New(fault.Forbidden, "request.cross_site").Offer("signin")
	}
	if len(r.URL.RawQuery) > 4096 || len(r.URL.Path) > 1024 || !utf8.ValidString(r.URL.Path) || strings.ContainsRune(r.URL.Path, 0) {
		return fault.New(fault.Malformed, "request.malformed")
	}
	if r.URL.RawQuery != "" {
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return fault.New(fault.Malformed, "request.malformed")
		}
		for _, values := range query { // a parameter twice means two things (WB6)
			if len(values) != 1 {
				return fault.New(fault.Malformed, "request.malformed")
			}
		}
	}
	if r.ContentLength > maxBody {
		return fault.New(fault.TooLarge, "request.too_large")
	}
	return nil
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// ours tells whether a request that changes something comes from our own pages
// or from no page at all (WB1). Sec-Fetch-Site decides where the browser sends
// it; else Origin, which must be ours, or the "null" that our own
// Referrer-Policy makes of it in older browsers, for which the form's sealed
// field decides. With neither, a request may come only from a program: one that
// carries no cookie.
func (g *Guard) ours(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
	default:
		return false
	}
	switch origin := r.Header.Get("Origin"); origin {
	case g.Kit.Origin.Scheme + "://" + g.Kit.Origin.Host:
		return true
	case "":
		return r.Header.Get("Cookie") == "" || isForm(r)
	case "null":
		return isForm(r)
	default:
		return false
	}
}

// isForm tells whether this is a page's plain form; every handler of one asks for
// the sealed field, which no other site can have. Calls of the API do not.
func isForm(r *http.Request) bool {
	if r.Method != http.MethodPost || strings.HasPrefix(r.URL.Path, "/api/") {
		return false
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded")
}

// Package forwardauth answers a reverse proxy that asks, before it lets a
// request through to an application, who is there: GET /forward-auth.
//
// The contract a reviewer checks the code against:
//
//   - 2xx is given for a session that was found alive just now, and for nothing
//     else. Whatever cannot be found out (database down, time-out, panic) is 503
//     (FA3).
//   - Who is let in depends on the session alone. Host, path, query, method and
//     user agent of the forwarded request open nothing and close nothing (FA4);
//     they only say where to come back to after signing in.
//   - Forwarded headers are believed from listed proxies only, and refused whole
//     when one of them cannot be read (FA2).
//   - Header values of an answer are made from our own data: the account, the
//     configured origin, and a return target that web.Kit.Target allowed.
//
// Statuses are only 200, 302, 401, 403 and 503: nginx's auth_request turns any
// but 2xx, 401 and 403 into a 500 of its own, which is closed as well, and every
// other proxy passes them on.
package forwardauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/obs"
	"github.com/genkan/genkan/internal/surface/web"
)

// Path is where proxies ask.
const Path = "/forward-auth"

// Config is what a Handler is made of.
type Config struct {
	Kit    *web.Kit
	Email  bool // fill Remote-Email
	Groups bool // fill Remote-Groups; there are no groups yet
	// Timeout is how long the session may be looked for; 0 means 2 s, which is
	// less than the proxies of our examples wait.
	Timeout time.Duration
}

// Handler answers proxies. It may be used from many goroutines.
type Handler struct {
	Config
	signIn string // absolute: the application may stand on another host
	host   string // our own, as canonical gives it
}

// New makes a handler.
func New(c Config) *Handler {
	if c.Timeout == 0 {
		c.Timeout = 2 * time.Second
	}
	origin := c.Kit.Origin
	return &Handler{Config: c, signIn: origin.Scheme + "://" + origin.Host + "/signin",
		host: canonical(origin.Scheme, origin.Host)}
}

// Before answers /forward-auth and what stands below it, and leaves all else to
// next. It belongs before the guard and the mux: the request that a proxy
// forwards is another application's, whose method, origin, query and length we
// have nothing to say about, and Envoy appends that application's path, which a
// mux would answer with a redirect when it is not clean.
func (h *Handler) Before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, ok := strings.CutPrefix(r.URL.Path, Path); ok && (rest == "" || rest[0] == '/') {
			obs.SetRoute(r.Context(), Path)
			h.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ServeHTTP answers one question, asked by any method.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.recover(w, r)
	was, err := h.readOriginal(r)
	if err != nil {
		obs.Add(r.Context(), "refused", err.Error())
		answer(w, http.StatusForbidden)
		return
	}
	s, err := h.session(r)
	switch {
	case err == nil:
		h.admit(w, s)
	case errors.Is(err, session.ErrNone):
		h.turnAway(w, r, was)
	default:
		h.unsure(w, r, err)
	}
}

func (h *Handler) session(r *http.Request) (session.Session, error) {
	secret := h.Kit.Secret(r)
	if secret == "" {
		return session.Session{}, session.ErrNone
	}
	return h.Kit.Sessions.CheckWithin(r.Context(), secret, h.Timeout)
}

// admit says who is there. All four names are always answered, empty where there
// is nothing to tell: a proxy that copies an absent header may leave a client's
// own in place (FA1), and Caddy 2.6 sends the name of its variable instead.
// Keys are written in their canonical form: assigning them saves what Header.Set
// spends on finding it.
func (h *Handler) admit(w http.ResponseWriter, s session.Session) {
	var email, hold string
	if h.Email {
		email = plainASCII(s.Address)
	}
	if s.HoldUntil.After(h.Kit.Now()) { // a reset was not long ago (RS6)
		// Rounded up: a hold must not end early for want of digits.
		hold = s.HoldUntil.UTC().Add(time.Second - 1).Truncate(time.Second).Format(time.RFC3339)
	}
	values := [...]string{s.Account, email, "", hold}
	head := w.Header()
	head["Remote-User"] = values[0:1:1]
	head["Remote-Email"] = values[1:2:2]
	head["Remote-Groups"] = values[2:3:3]
	head["Remote-Hold"] = values[3:4:4]
	answer(w, http.StatusOK)
}

// turnAway shows the way to the sign-in page: by a redirect where the proxy
// hands answers on as they are and a person is waiting for a page, else by 401
// with the same Location, which nginx picks up with auth_request_set.
func (h *Handler) turnAway(w http.ResponseWriter, r *http.Request, was original) {
	head := w.Header()
	page := was.pageLoad(r)
	to := h.signIn
	if page {
		if back := h.Kit.Target(was.target(h.host)); back != "" {
			to += "?return_to=" + url.QueryEscape(back)
		}
	}
	head["Location"] = []string{to}
	if page && was.redirects {
		answer(w, http.StatusFound)
		return
	}
	// RFC 9110 section 11.6.1 asks for a challenge; this one (RFC 6750 section 3)
	// opens no dialogue in browsers.
	head["Www-Authenticate"] = []string{`Bearer realm="genkan"`}
	answer(w, http.StatusUnauthorized)
}

// retryAfter is said when the reason gives no better number.
const retryAfter = 5 * time.Second

func (h *Handler) unsure(w http.ResponseWriter, r *http.Request, err error) {
	obs.Add(r.Context(), "error", err.Error())
	wait := fault.Of(err).RetryAfter
	if wait < time.Second {
		wait = retryAfter
	}
	w.Header()["Retry-After"] = []string{strconv.Itoa(int(wait / time.Second))}
	answer(w, http.StatusServiceUnavailable)
}

// recover turns a panic into 503. Without it the proxy would see a cut line,
// and what it makes of that is its own affair (FA3). Nothing was written yet:
// answer is the last thing that every path does.
func (h *Handler) recover(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	what := fmt.Sprintf("%T", p) // the value may hold anything (LG1)
	if err, ok := p.(runtime.Error); ok {
		what = err.Error()
	}
	if h.Kit.Log != nil {
		h.Kit.Log.ErrorContext(r.Context(), "forward-auth panicked", "panic", what, "stack", string(debug.Stack()))
	}
	clear(w.Header())
	h.unsure(w, r, errors.New("panic"))
}

func answer(w http.ResponseWriter, status int) {
	w.Header()["Cache-Control"] = []string{"no-store"} // SE6: it is about one person
	w.WriteHeader(status)
}

// plainASCII writes an address so that every proxy and application reads the
// same bytes (RFC 9110 section 5.5 wants ASCII): as in a mailto address (RFC 6068
// section 2), where "%" and all that is not printable ASCII is percent-encoded.
// One address has one form and the form leads back to it. Not RFC 2047: its
// encoded words are themselves valid local parts, so one person could register
// what another is shown as.
func plainASCII(address string) string {
	plain := true
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c >= 0x7f || c == '%' {
			plain = false
		}
	}
	if plain {
		return address
	}
	var b strings.Builder
	for i := range len(address) {
		if c := address[i]; c <= ' ' || c >= 0x7f || c == '%' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

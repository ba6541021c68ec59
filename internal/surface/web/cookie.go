package web

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"time"

	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
)

// The cookies, without the __Host- that they have wherever people use https.
const (
	SessionCookie = "genkan"
	KnownCookie   = "genkan-known"
	browserCookie = "genkan-browser"
	LinkCookie    = "genkan-link"
)

// cookieName adds the prefix that binds a cookie to this very host (SE1).
func (k *Kit) cookieName(name string) string {
	switch {
	case !k.Secure():
		return name
	case name == SessionCookie: // ready made for what is asked most
		return "__Host-" + SessionCookie
	}
	return "__Host-" + name
}

// SetCookie sets one of our cookies: HttpOnly, SameSite=Lax, whole host. A life
// of 0 ends with the browser; times are seconds, so that a wrong clock at the
// other end does no harm (causes browser.clock).
func (k *Kit) SetCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	c := &http.Cookie{Name: k.cookieName(name), Value: value, Path: "/", HttpOnly: true,
		Secure: k.Secure(), SameSite: http.SameSiteLaxMode, MaxAge: int(life.Seconds())}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// Cookie gives the value of one of our cookies, or "". Two of one name are not
// believed: one of them is somebody else's.
func (k *Kit) Cookie(r *http.Request, name string) string {
	cs := r.CookiesNamed(k.cookieName(name))
	if len(cs) != 1 {
		return ""
	}
	return cs[0].Value
}

// SetOpened gives a browser that was let in its cookies.
func (k *Kit) SetOpened(w http.ResponseWriter, o session.Opened) {
	k.SetCookie(w, SessionCookie, o.Secret, 0)
	if o.Known != "" {
		k.SetCookie(w, KnownCookie, o.Known, 365*24*time.Hour)
	}
}

// Secret gives the session secret of a request: a bearer token (RFC 6750), or
// the cookie.
func (k *Kit) Secret(r *http.Request) string {
	if h := r.Header.Get("Authorization"); len(h) > 7 && (h[:7] == "Bearer " || h[:7] == "bearer ") {
		return h[7:]
	}
	return k.Cookie(r, SessionCookie)
}

// Session gives the session of a request. session.ErrNone: nobody is signed in;
// any other error: it could not be found out, and nobody may be let in (FA3).
func (k *Kit) Session(r *http.Request) (session.Session, error) {
	secret := k.Secret(r)
	if secret == "" {
		return session.Session{}, session.ErrNone
	}
	return k.Sessions.Check(r.Context(), secret)
}

// browserLife is how long a browser's own cookie lives; a waiting page must
// outlive the browser's being closed while the person looks for the mail.
const browserLife = 30 * 24 * time.Hour

// Browser gives what stands for this browser in rows: the hash of its cookie,
// or nothing.
func (k *Kit) Browser(r *http.Request) []byte {
	if v := k.Cookie(r, browserCookie); len(v) == 43 {
		return token.Hash(v)
	}
	return nil
}

// MeetBrowser is Browser for pages: a browser without the cookie gets one.
func (k *Kit) MeetBrowser(w http.ResponseWriter, r *http.Request) []byte {
	if b := k.Browser(r); b != nil {
		return b
	}
	value, hash := token.Secret()
	k.SetCookie(w, browserCookie, value, browserLife)
	return hash
}

// form is what the hidden field of every form carries, sealed.
type form struct {
	Browser []byte    `json:"b"`
	At      time.Time `json:"t"`
	Nonce   string    `json:"n"`
	Attempt string    `json:"a,omitempty"`
}

// formLife is how long a page may stand open before its form is drawn anew.
const formLife = 12 * time.Hour

// FormToken makes the hidden field for a page shown to browser; attempt is the
// sign-in attempt that the form continues, or "".
func (k *Kit) FormToken(browser []byte, attempt string) string {
	raw, err := json.Marshal(form{browser, k.Now(), token.NewSecretID(), attempt})
	if err != nil {
		panic(err) // bytes, a time and strings always have a JSON form
	}
	return k.Keys.SealText("form", raw)
}

// Form is a form that was sent from our own page by the browser it was shown to.
type Form struct {
	Browser []byte
	Attempt string
	Age     time.Duration
	// Once marks this very press: a repeat of the same values has the same mark.
	Once string
}

// ReadForm parses a post and checks its hidden field (WB1). It refuses with
// request.malformed (not a form, a field twice), request.too_large,
// browser.cookies-blocked (our probe cookie did not come back) and
// find.form-expired (too old, or not ours); the last two judged nothing.
func (k *Kit) ReadForm(w http.ResponseWriter, r *http.Request) (Form, error) {
	if err := r.ParseForm(); err != nil {
		return Form{}, badBody(err)
	}
	for _, values := range r.Form {
		if len(values) != 1 {
			return Form{}, fault.New(fault.Malformed, "request.malformed")
		}
	}
	browser := k.Browser(r)
	raw, err := k.Keys.OpenText("form", r.PostForm.Get("form"))
	var f form
	if err == nil {
		err = json.Unmarshal(raw, &f)
	}
	switch age := k.Now().Sub(f.At); {
	case browser == nil:
		return Form{}, fault.New(fault.Forbidden, "browser.cookies-blocked").Offer("cookie_help")
	case err != nil || subtle.ConstantTimeCompare(f.Browser, browser) != 1 || age > formLife || age < -time.Hour:
		return Form{}, fault.New(fault.Forbidden, "find.form-expired").Offer("retry")
	default:
		return Form{Browser: browser, Attempt: f.Attempt, Age: age, Once: r.URL.Path + "?" + r.PostForm.Encode()}, nil
	}
}

type sessionKey struct{}

type signedIn struct {
	session session.Session
	secret  string
}

// WithSession keeps a checked session in the request.
func WithSession(r *http.Request, s session.Session, secret string) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), sessionKey{}, signedIn{s, secret}))
}

// SignedIn gives the session that WithSession kept.
func SignedIn(r *http.Request) (s session.Session, secret string, ok bool) {
	v, ok := r.Context().Value(sessionKey{}).(signedIn)
	return v.session, v.secret, ok
}

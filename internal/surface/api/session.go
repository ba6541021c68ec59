package api

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/obs"
)

// present is who is signed in: what applications ask with each request of their
// own. getSession writes it by hand; the type is for the OpenAPI document.
type present struct {
	Account string         `json:"account" doc:"The account's id; it never changes."`
	Email   string         `json:"email" doc:"The proven address; it may change."`
	Locale  string         `json:"locale" enum:"ja,en"`
	Session presentSession `json:"session"`
	Hold    *hold          `json:"hold,omitempty" doc:"Until then refuse what cannot be undone, such as withdrawals: a password was reset, for example."`
}

type presentSession struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	ProvenAt  time.Time `json:"proven_at" doc:"The last proof of identity; ask anew for what is dangerous when it is old."`
	ExpiresAt time.Time `json:"expires_at"`
}

type hold struct {
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
}

// sessionWriter writes session answers without making garbage.
type sessionWriter struct{ buffers sync.Pool }

// signedIn gives the session of a request and its secret, or refuses: 401 when
// nobody is signed in, and 503 when it cannot be found out, so that nobody is
// let in by a database that is gone (FA3).
func (a *API) signedIn(r *http.Request) (session.Session, string, error) {
	s, err := a.present(r)
	if err != nil {
		return s, "", err
	}
	return s, a.Kit.Secret(r), nil
}

func (a *API) present(r *http.Request) (session.Session, error) {
	s, err := a.Kit.Session(r)
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, session.ErrNone):
		return s, fault.New(fault.Denied, "session.ended").Offer("signin")
	}
	return s, &fault.Error{Kind: fault.Busy, Code: "srv.emergency", RetryAfter: 10 * time.Second, Err: err}
}

// SessionPath is where applications ask who is there.
const SessionPath = Prefix + "session"

// Session answers GET and HEAD of SessionPath, for a server that does not want
// to look the route up twice. Other methods go to ServeHTTP.
func (a *API) Session(w http.ResponseWriter, r *http.Request) {
	obs.SetRoute(r.Context(), http.MethodGet+" "+SessionPath)
	a.getSession(w, r)
}

// getSession answers GET /session. It goes past huma: no reflection, one write.
func (a *API) getSession(w http.ResponseWriter, r *http.Request) {
	s, err := a.present(r)
	if err != nil {
		a.Problem(w, r, err)
		return
	}
	buf, _ := a.sessions.buffers.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	*buf = appendPresent((*buf)[:0], s, a.Kit.Now())
	values := [...]string{"application/json", "no-store"} // SE6
	h := w.Header()
	h["Content-Type"] = values[0:1:1]
	h["Cache-Control"] = values[1:2:2]
	_, _ = w.Write(*buf) // a caller that left cannot be told
	a.sessions.buffers.Put(buf)
}

// appendPresent writes s as encoding/json would write a present.
func appendPresent(b []byte, s session.Session, now time.Time) []byte {
	b = append(b, `{"account":`...)
	b = appendText(b, s.Account)
	b = append(b, `,"email":`...)
	b = appendText(b, s.Address)
	b = append(b, `,"locale":`...)
	b = appendText(b, s.Locale)
	b = append(b, `,"session":{"id":`...)
	b = appendText(b, s.ID)
	b = append(b, `,"created_at":`...)
	b = appendTime(b, s.CreatedAt)
	b = append(b, `,"proven_at":`...)
	b = appendTime(b, s.ProvenAt)
	b = append(b, `,"expires_at":`...)
	b = appendTime(b, s.ExpiresAt)
	b = append(b, '}')
	if s.HoldUntil.After(now) {
		b = append(b, `,"hold":{"until":`...)
		b = appendTime(b, s.HoldUntil)
		b = append(b, `,"reason":`...)
		b = appendText(b, s.HoldReason)
		b = append(b, '}')
	}
	return append(b, '}')
}

func appendText(b []byte, text string) []byte {
	b, _ = jsontext.AppendQuote(b, text) // its one error is invalid UTF-8, which it mends
	return b
}

func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = t.UTC().AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

package api

import (
	"errors"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/surface/web"
)

type sessionList struct {
	Sessions []listed `json:"sessions" nullable:"false" doc:"Live ones, the last seen first."`
}

type listed struct {
	ID        string    `json:"id"`
	Browser   string    `json:"browser" doc:"From a closed list, such as Chrome, Android; empty when not known."`
	Country   string    `json:"country,omitempty" doc:"ISO 3166-1 code, where the operator supplies places."`
	Network   string    `json:"network,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Current   bool      `json:"current" doc:"The one that asks."`
}

func (a *API) sessionRoutes() {
	show := huma.Operation{OperationID: "get-session", Method: http.MethodGet, Path: Prefix + "session",
		Tags: []string{"session"}, Summary: "Who is there", Security: signedInSecurity(),
		Description: "401 when nobody is signed in; 503 when it cannot be found out, and then nobody may be let in."}
	show = a.described(show)
	show.Responses["200"] = &huma.Response{Description: http.StatusText(http.StatusOK), Content: map[string]*huma.MediaType{
		"application/json": {Schema: a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[present](), true, "")}}}
	a.huma.OpenAPI().AddOperation(&show)
	a.handle(show.Method+" "+show.Path, a.getSession)

	registerEmpty(a, huma.Operation{OperationID: "sign-out", Method: http.MethodDelete, Path: Prefix + "session",
		Tags: []string{"session"}, Summary: "Sign out", Security: signedInSecurity()}, a.deleteSession)
	register(a, huma.Operation{OperationID: "list-sessions", Method: http.MethodGet, Path: Prefix + "sessions",
		Tags: []string{"session"}, Summary: "Every signed-in browser of the person", Security: signedInSecurity()}, a.getSessions)
	registerEmpty(a, huma.Operation{OperationID: "end-other-sessions", Method: http.MethodDelete, Path: Prefix + "sessions",
		Tags: []string{"session"}, Summary: "End every session but this one", Security: signedInSecurity()}, a.deleteSessions)
	registerEmpty(a, huma.Operation{OperationID: "end-session", Method: http.MethodDelete, Path: Prefix + "sessions/{id}",
		Tags: []string{"session"}, Summary: "End one session", Security: signedInSecurity()}, a.deleteOneSession)
}

// deleteSession signs out. The cookie goes in any case: whoever asks for this
// wants to be out.
func (a *API) deleteSession(c *call, _ *noInput) error {
	s, _, err := a.signedIn(c.r)
	if err == nil {
		err = a.Settings.SignOut(c.r.Context(), s)
	}
	if err == nil || fault.Is(err, "session.ended") {
		a.leave(c)
	}
	return err
}

// leave takes the cookie from a browser and empties what it kept of us (SE6).
// Not "cookies": the browser stays known and keeps its language.
func (a *API) leave(c *call) {
	a.Kit.SetCookie(c.w, web.SessionCookie, "", 0)
	c.w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	c.w.Header().Set("Cache-Control", "no-store")
}

func (a *API) getSessions(c *call, _ *noInput) (sessionList, error) {
	s, _, err := a.signedIn(c.r)
	if err != nil {
		return sessionList{}, err
	}
	o, err := a.Settings.Look(c.r.Context(), s)
	out := sessionList{Sessions: make([]listed, 0, len(o.Sessions))}
	for _, one := range o.Sessions {
		out.Sessions = append(out.Sessions, listed{ID: one.ID, Browser: one.Where.Label, Country: one.Where.Country,
			Network: one.Where.Network, CreatedAt: one.CreatedAt, SeenAt: one.SeenAt, ExpiresAt: one.ExpiresAt, Current: one.ID == s.ID})
	}
	return out, err
}

func (a *API) deleteSessions(c *call, _ *noInput) error {
	s, _, err := a.signedIn(c.r)
	if err != nil {
		return err
	}
	return a.Settings.EndOthers(c.r.Context(), s, a.Kit.Cookie(c.r, web.KnownCookie), "")
}

// deleteOneSession ends one session of the person's own; somebody else's is as
// unknown as one that never was.
func (a *API) deleteOneSession(c *call, in *Path) error {
	s, _, err := a.signedIn(c.r)
	if err != nil {
		return err
	}
	found, err := a.Settings.End(c.r.Context(), s, in.id())
	if err == nil && !found {
		return fault.New(fault.NotFound, "request.not_found").Offer("account")
	}
	if err == nil && in.id() == s.ID {
		a.leave(c)
	}
	return err
}

// rotated hands out a session whose secret was renewed (SE2).
func (a *API) rotated(c *call, s session.Session, secret string) issued {
	if a.Kit.Cookie(c.r, web.SessionCookie) != "" {
		a.Kit.SetCookie(c.w, web.SessionCookie, secret, 0)
	}
	return issued{secret, s.ExpiresAt}
}

// named gives a refusal about one field under the name that the field has in
// this call.
func named(err error, from, to string) error {
	var e *fault.Error
	if !errors.As(err, &e) || e.Field != from {
		return err
	}
	other := *e
	other.Field = to
	return &other
}

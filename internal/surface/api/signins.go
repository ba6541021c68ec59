package api

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/surface/web"
)

type signInRequest struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Human    string `json:"human,omitempty" doc:"Reserved for the pass of a solved puzzle; accepted and not looked at yet."`
}

// signInAnswer is where an attempt stands. A refusal is an answer like any
// other: the call was right, the password was not.
type signInAnswer struct {
	ID        string     `json:"id" doc:"Of the attempt."`
	Reference string     `json:"reference" doc:"What support can look the attempt up by."`
	State     string     `json:"state" enum:"started,waiting,human_check,second_factor,device_check,refused,held,complete"`
	Session   *issued    `json:"session,omitempty" doc:"When the state is complete, in the answer that completed it."`
	Challenge *challenge `json:"challenge,omitempty" doc:"What is asked next; nothing asks yet."`
	Findings  []finding  `json:"findings" nullable:"false" doc:"Why not, likeliest first; empty when complete."`
	Frozen    *frozen    `json:"frozen,omitempty" doc:"When the state is held because the account is frozen."`
}

type challenge struct {
	Kind string `json:"kind"`
}

// finding is one cause of a refusal.
type finding struct {
	Code   string   `json:"code" doc:"The cause; more about it under /api/v1/causes/."`
	Title  string   `json:"title" doc:"In the caller's language."`
	Detail string   `json:"detail,omitempty" doc:"In the caller's language."`
	Next   []string `json:"next" nullable:"false" doc:"What to offer, best first."`
}

type frozen struct {
	Since  time.Time  `json:"since"`
	ThawAt *time.Time `json:"thaw_at,omitempty" doc:"When a thaw that was asked for takes effect."`
}

func (a *API) signIns() {
	register(a, huma.Operation{OperationID: "sign-in", Method: http.MethodPost, Path: Prefix + "sign-ins",
		Tags: []string{"sign-in"}, Summary: "Sign in",
		Description: "A refused attempt is a 200 with state refused and findings, the same for every address. Only input that cannot be right for anybody is a problem.",
	}, a.postSignIn)
	register(a, huma.Operation{OperationID: "get-sign-in", Method: http.MethodGet, Path: Prefix + "sign-ins/{id}",
		Tags: []string{"sign-in"}, Summary: "Where an attempt stands"}, a.getSignIn)
}

func (a *API) postSignIn(c *call, in *onceBody[signInRequest]) (signInAnswer, error) {
	s, err := a.Signin.Start(c.r.Context(), signin.Ask{
		Email: in.Body.Email, Password: in.Body.Password, Known: a.Kit.Cookie(c.r, web.KnownCookie), Secret: a.Kit.Cookie(c.r, web.SessionCookie),
		Locale: c.lang, Browser: a.Kit.Browser(c.r), Script: true, Once: a.once(c, in.Repeat), Where: a.Kit.Where(c.r),
	})
	if err != nil {
		return signInAnswer{}, err
	}
	out := a.step(c.lang, s)
	if s.Opened.Secret != "" {
		a.letIn(c, s.Opened)
		out.Session = &issued{s.Opened.Secret, s.Opened.ExpiresAt}
	}
	return out, nil
}

func (a *API) getSignIn(c *call, in *Path) (signInAnswer, error) {
	s, err := a.Signin.Look(c.r.Context(), in.id(), a.Kit.Browser(c.r))
	if err != nil {
		return signInAnswer{}, err
	}
	return a.step(c.lang, s), nil
}

func (a *API) step(lang string, s signin.Step) signInAnswer {
	out := signInAnswer{ID: s.ID, Reference: s.Reference, State: string(s.State), Findings: []finding{}}
	if s.Finding != "" {
		out.Findings = append(out.Findings, a.finding(lang, s.Finding))
	}
	for _, hint := range s.Hints {
		if s.Finding != "" {
			out.Findings = append(out.Findings, a.hint(lang, hint))
		}
	}
	if s.Frozen != nil {
		out.Frozen = &frozen{Since: s.Frozen.Since}
		if !s.Frozen.ThawAt.IsZero() {
			out.Frozen.ThawAt = &s.Frozen.ThawAt
		}
	}
	return out
}

func (a *API) finding(lang, code string) finding {
	e := fault.New(fault.Internal, code).Offer("retry", "recover", "support")
	if code == "policy.frozen" {
		e.Offer("support")
	}
	w := a.words(lang, e)
	return finding{code, w.title, w.detail, e.Next}
}

// hint tells what the shape of the typed password suggests; it says the same to
// everybody.
func (a *API) hint(lang, shape string) finding {
	code := map[string]string{"full_width": "pw.full-width", "space_at_end": "pw.pasted-space",
		"looks_like_address": "who.fields-swapped"}[shape]
	return finding{Code: code, Title: a.Catalog.T(lang, "hint."+shape, nil), Next: []string{"retry"}}
}

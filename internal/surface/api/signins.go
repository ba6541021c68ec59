package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/factor"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/surface/web"
)

type signInRequest struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Human    string `json:"human,omitempty" doc:"The pass of a solved puzzle for the action sign-in and this address; asked of browsers that did not sign in to it before."`
}

// signInAnswer is where an attempt stands. A refusal is an answer like any
// other: the call was right, the password was not.
type signInAnswer struct {
	ID        string     `json:"id" doc:"Of the attempt."`
	Reference string     `json:"reference" doc:"What support can look the attempt up by."`
	State     string     `json:"state" enum:"started,waiting,human_check,second_factor,device_check,refused,held,complete"`
	Session   *issued    `json:"session,omitempty" doc:"When the state is complete, in the answer that completed it."`
	Challenge *challenge `json:"challenge,omitempty" doc:"What is asked next."`
	Recovery  *renewal   `json:"recovery,omitempty" doc:"When the password was right but must be replaced: POST /api/v1/recoveries/{id}/confirm with this code and a new password."`
	Findings  []finding  `json:"findings" nullable:"false" doc:"Why not, likeliest first; empty when complete."`
	Frozen    *frozen    `json:"frozen,omitempty" doc:"When the state is held because the account is frozen."`
}

type challenge struct {
	Kind     string     `json:"kind" enum:"human,mail,password,factor" doc:"human: a pass, to /human. mail: the mailed code, to /factor. password: once more, to /human or with the code to /factor. factor: a second factor by one of methods, to /factor."`
	Methods  []string   `json:"methods,omitempty" nullable:"false" doc:"Of kind factor: what the person has, the strongest first."`
	Digits   int        `json:"digits,omitempty" doc:"Of kind mail: the length of the code."`
	Password bool       `json:"password,omitempty" doc:"Of kind mail: the password is asked with the code, or after it."`
	Delivery string     `json:"delivery,omitempty" doc:"Of kind mail: the message's trace is under /api/v1/deliveries/."`
	ResendAt *time.Time `json:"resend_at,omitempty" doc:"Of kind mail: when another can be sent."`
}

// renewal is a recovery of which only the last step is left.
type renewal struct {
	ID   string `json:"id"`
	Code string `json:"code"`
}

type humanPass struct {
	Pass     string `json:"pass,omitempty" doc:"Of a solved puzzle; may be left out where none is asked any more."`
	Password string `json:"password" doc:"Once more: the server keeps none."`
}

type factorRequest struct {
	Method   string `json:"method" enum:"mail,totp,recovery_code" doc:"mail: a code to the typed address; without code one is sent. The others are second factors, for an attempt at second_factor."`
	Code     string `json:"code,omitempty" doc:"From the mail, the app or the card. Blanks, hyphens and full-width digits are understood."`
	Password string `json:"password,omitempty" doc:"Judged after the code, where it was not right already."`
	Human    string `json:"human,omitempty" doc:"The pass of a solved puzzle: for the action resend when another mail is asked for, for sign-in when a code is asked for instead of it."`
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
	register(a, huma.Operation{OperationID: "sign-in-human", Method: http.MethodPost, Path: Prefix + "sign-ins/{id}/human",
		Tags: []string{"sign-in"}, Summary: "Go on after the human check",
		Description: "For an attempt at human_check, with the pass; and for one at started, whose mailbox is proven."}, a.postSignInHuman)
	register(a, huma.Operation{OperationID: "sign-in-factor", Method: http.MethodPost, Path: Prefix + "sign-ins/{id}/factor",
		Tags: []string{"sign-in"}, Summary: "Get in with a mailed code, or show a second factor",
		Description: "Methods totp and recovery_code are for an attempt at second_factor; a wrong code leaves it there, with findings. Method mail is for an attempt that was refused, or that stands at human_check or device_check. The answer is the same whether the address has an account or not; the box is told. A right code gives this browser or attempt a count of wrong passwords of its own, whatever strangers do."}, a.postSignInFactor)
	register(a, huma.Operation{OperationID: "get-sign-in", Method: http.MethodGet, Path: Prefix + "sign-ins/{id}",
		Tags: []string{"sign-in"}, Summary: "Where an attempt stands"}, a.getSignIn)
}

func (a *API) postSignIn(c *call, in *onceBody[signInRequest]) (signInAnswer, error) {
	ask := a.signInAsk(c, in.Repeat)
	ask.Email, ask.Password, ask.Human = in.Body.Email, in.Body.Password, in.Body.Human
	s, err := a.Signin.Start(c.r.Context(), ask)
	return a.stepped(c, s, err)
}

// signInAsk is what every call tells of its caller.
func (a *API) signInAsk(c *call, once Repeat) signin.Ask {
	return signin.Ask{Known: a.Kit.Cookie(c.r, web.KnownCookie), Secret: a.Kit.Cookie(c.r, web.SessionCookie), Locale: c.lang,
		Browser: a.Kit.Browser(c.r), Network: a.Kit.Network(c.r), Script: true, Once: a.once(c, once), Where: a.Kit.Where(c.r)}
}

// stepped answers with where the attempt stands, and lets in whoever is.
func (a *API) stepped(c *call, s signin.Step, err error) (signInAnswer, error) {
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

func (a *API) postSignInHuman(c *call, in *oncePathBody[humanPass]) (signInAnswer, error) {
	ask := a.signInAsk(c, in.Repeat)
	ask.Attempt, ask.Password, ask.Human = in.id(), in.Body.Password, in.Body.Pass
	s, err := a.Signin.Again(c.r.Context(), ask)
	return a.stepped(c, s, err)
}

func (a *API) postSignInFactor(c *call, in *oncePathBody[factorRequest]) (signInAnswer, error) {
	ask := a.signInAsk(c, in.Repeat)
	ask.Attempt, ask.Password, ask.Human = in.id(), in.Body.Password, in.Body.Human
	if in.Body.Method != "mail" {
		return a.shown(c, ask, in.Body.Method, in.Body.Code)
	}
	if in.Body.Code == "" {
		s, err := a.Signin.AskCode(c.r.Context(), ask)
		return a.stepped(c, s, err)
	}
	code, err := readCode(in.Body.Code, signin.CodeDigits)
	if err != nil {
		return signInAnswer{}, err
	}
	s, err := a.Signin.Code(c.r.Context(), ask, code)
	return a.stepped(c, s, err)
}

// shown judges a second factor. What is no code at all is refused by its shape,
// before any try is counted.
func (a *API) shown(c *call, ask signin.Ask, method, code string) (signInAnswer, error) {
	if method == factor.ByApp {
		var err error
		if code, err = readCode(code, factor.Digits); err != nil {
			return signInAnswer{}, err
		}
	}
	if code == "" {
		return signInAnswer{}, fault.Field("code", "code.missing", nil)
	}
	s, err := a.Signin.Factor(c.r.Context(), ask, method, code)
	return a.stepped(c, s, err)
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
		out.Findings = append(out.Findings, a.finding(lang, s.Finding, s.Args()))
	}
	if s.Siege != (guard.Siege{}) {
		out.Findings = append(out.Findings, a.finding(lang, "lock.by-others", nil))
	}
	out.Challenge = asked(s)
	if s.Renew != nil {
		out.Recovery = &renewal{s.Renew.ID, s.Renew.Code}
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

// asked is what the attempt asks next, if anything.
func asked(s signin.Step) *challenge {
	switch s.State {
	case attempt.HumanCheck:
		return &challenge{Kind: "human"}
	case attempt.DeviceCheck:
		out := &challenge{Kind: "mail", Digits: signin.CodeDigits, Password: s.Finding == ""}
		if s.Sent != nil {
			out.Delivery, out.ResendAt = s.Sent.ID, &s.Sent.NextAt
		}
		return out
	case attempt.SecondFactor:
		return &challenge{Kind: "factor", Methods: s.Ways}
	case attempt.Started:
		return &challenge{Kind: "password"}
	}
	return nil
}

func (a *API) finding(lang, code string, args map[string]any) finding {
	e := fault.New(fault.Internal, code).Offer("retry", "recover", "mail_code", "support")
	switch {
	case code == "policy.frozen":
		e.Next = []string{"support"}
	case code == "lock.by-others":
		e.Next = []string{"retry", "support"}
	case strings.HasPrefix(code, "puzzle."):
		e.Next = []string{"puzzle", "mail_code", "support"}
	case strings.HasPrefix(code, "totp."), strings.HasPrefix(code, "recovery-code."):
		e.Next = []string{"retry", "other_way", "support"}
	}
	e.Args = args
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

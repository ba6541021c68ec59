package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/genkan/genkan/internal/domain/registration"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/flow/signup"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/surface/web"
)

type registrationRequest struct {
	Email       string `json:"email" doc:"Where the code goes."`
	Password    string `json:"password" doc:"At least 15 code points unless the operator always asks a second factor; at most 256."`
	Locale      string `json:"locale,omitempty" enum:"ja,en" doc:"The language of mails; that of the answer when left out."`
	Human       string `json:"human,omitempty" doc:"The pass of a solved puzzle for the action registration."`
	KeepAddress bool   `json:"keep_address,omitempty" doc:"The address is meant as typed: make no suggestion."`
}

// waiting is what every act that sends a code answers.
type waiting struct {
	ID        string    `json:"id" doc:"Of the act: it is confirmed under this id."`
	Delivery  string    `json:"delivery" doc:"Of the message: its trace is under /api/v1/deliveries/."`
	ExpiresAt time.Time `json:"expires_at" doc:"When the code runs out."`
}

type codeRequest struct {
	Code string `json:"code" doc:"From the mail. Blanks, hyphens and full-width digits are understood."`
}

type addressRequest struct {
	Email string `json:"email" doc:"The right address: the first code dies, this one gets another."`
	Human string `json:"human,omitempty" doc:"The pass of a solved puzzle for the action resend."`
}

// humanRequest is the body of a resend; it may be left out where no check is asked.
type humanRequest struct {
	Human string `json:"human,omitempty" doc:"The pass of a solved puzzle for the action resend."`
}

// optionalBody is an id in the path and a body that may be left out.
type optionalBody struct {
	Path
	Body *humanRequest
}

func (b optionalBody) human() string {
	if b.Body == nil {
		return ""
	}
	return b.Body.Human
}

type opened struct {
	Account string `json:"account" doc:"The account's id."`
	Session issued `json:"session"`
}

// issued is a session as it is handed out, the only time its token is seen.
type issued struct {
	Token     string    `json:"token" doc:"For Authorization: Bearer."`
	ExpiresAt time.Time `json:"expires_at" doc:"The latest end; idling ends it sooner."`
}

func (a *API) registrations() {
	register(a, huma.Operation{OperationID: "register", Method: http.MethodPost, Path: Prefix + "registrations",
		DefaultStatus: http.StatusAccepted, Tags: []string{"registration"}, Summary: "Begin a registration and mail a code",
		Description: "The answer is the same for an address that has an account; its holder is told by mail. An address whose domain looks mistyped is refused once with 422, code email.suggest and the suggestion.",
	}, a.postRegistration)
	register(a, huma.Operation{OperationID: "confirm-registration", Method: http.MethodPost, Path: Prefix + "registrations/{id}/confirm",
		DefaultStatus: http.StatusCreated, Tags: []string{"registration"}, Summary: "Make the account and sign in"}, a.postConfirm)
	register(a, huma.Operation{OperationID: "resend-registration", Method: http.MethodPost, Path: Prefix + "registrations/{id}/resend",
		DefaultStatus: http.StatusAccepted, Tags: []string{"registration"}, Summary: "Mail the same code again"}, a.postResend)
	register(a, huma.Operation{OperationID: "readdress-registration", Method: http.MethodPost, Path: Prefix + "registrations/{id}/address",
		DefaultStatus: http.StatusAccepted, Tags: []string{"registration"}, Summary: "Correct the address"}, a.postReaddress)
}

func (a *API) postRegistration(c *call, in *onceBody[registrationRequest]) (waiting, error) {
	w, err := a.Signup.Register(c.r.Context(), signup.Ask{
		Email: in.Body.Email, Password: in.Body.Password, Human: in.Body.Human, Locale: c.locale(in.Body.Locale), Network: a.Kit.Network(c.r),
		Browser: a.Kit.Browser(c.r), Once: a.once(c, in.Repeat), Keep: in.Body.KeepAddress,
	})
	return waiting{w.ID, w.Sent.ID, w.ExpiresAt}, err
}

func (a *API) postConfirm(c *call, in *oncePathBody[codeRequest]) (opened, error) {
	code, err := readCode(in.Body.Code, registration.CodeDigits)
	if err != nil {
		return opened{}, err
	}
	o, err := a.Signup.Confirm(c.r.Context(), in.id(), a.Kit.Browser(c.r), code, a.once(c, in.Repeat), a.Kit.Cookie(c.r, web.SessionCookie), a.Kit.Where(c.r))
	if err != nil {
		return opened{}, err
	}
	a.letIn(c, o)
	return opened{o.Account, issued{o.Secret, o.ExpiresAt}}, nil
}

func (a *API) postResend(c *call, in *optionalBody) (waiting, error) {
	w, err := a.Signup.Resend(c.r.Context(), in.id(), signup.Ask{Human: in.human(), Browser: a.Kit.Browser(c.r), Network: a.Kit.Network(c.r)})
	return waiting{w.ID, w.Sent.ID, w.ExpiresAt}, err
}

func (a *API) postReaddress(c *call, in *pathBody[addressRequest]) (waiting, error) {
	w, err := a.Signup.Readdress(c.r.Context(), in.id(), signup.Ask{Email: in.Body.Email, Human: in.Body.Human,
		Browser: a.Kit.Browser(c.r), Network: a.Kit.Network(c.r)})
	return waiting{w.ID, w.Sent.ID, w.ExpiresAt}, err
}

// letIn gives a browser its cookies: a caller that sent our browser's cookie is
// one, and its page should not have to keep a token where scripts can read it.
func (a *API) letIn(c *call, o session.Opened) {
	if a.Kit.Browser(c.r) != nil {
		a.Kit.SetOpened(c.w, o)
	}
}

// readCode reads a typed code of size digits; a missing or malformed one is
// refused by its shape, before a try is counted (causes code.format).
func readCode(text string, size int) (string, error) {
	text = strings.Map(digit, text)
	switch {
	case text == "":
		return "", fault.Field("code", "code.missing", nil)
	case len(text) != size || strings.Trim(text, "0123456789") != "":
		return "", fault.Field("code", "code.format", map[string]any{"Size": size})
	}
	return text, nil
}

// digit folds full-width digits and drops what people and mail programs put
// between digits.
func digit(r rune) rune {
	switch {
	case r >= '０' && r <= '９':
		return r - '０' + '0'
	case strings.ContainsRune(" \t\r\n\u00a0\u3000-‐−ー－.", r):
		return -1
	}
	return r
}

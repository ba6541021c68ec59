// Package front speaks HTTP with people: the public pages.
//
// A handler reads input, makes one call to a flow, renders, and returns its
// error; fail, below, is the one place that turns refusals into pages. Each
// action has its file, named like its markup in page/.
package front

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/flow/freeze"
	"github.com/genkan/genkan/internal/flow/human"
	"github.com/genkan/genkan/internal/flow/recovery"
	"github.com/genkan/genkan/internal/flow/settings"
	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/flow/signup"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/i18n"
	"github.com/genkan/genkan/internal/platform/obs"
	"github.com/genkan/genkan/internal/surface/web"
)

// Front is the public pages.
type Front struct {
	Kit       *web.Kit
	Pages     *web.Renderer
	Signup    *signup.Flow
	Signin    *signin.Flow
	Recovery  *recovery.Flow
	Settings  *settings.Flow
	Freeze    *freeze.Flow
	Human     *human.Flow
	Names     map[string]string // the service's name by language
	Support   SupportWays
	Sender    string // the address our mails come from
	MinLength int    // of a new password
	Parts     func() []StatusPart
}

// SupportWays are the operator's ways to a human.
type SupportWays struct{ URL, Mail string }

type action func(w http.ResponseWriter, r *http.Request) error

// Routes puts every public page on the mux.
func (f *Front) Routes(mux *http.ServeMux) {
	for pattern, do := range map[string]action{
		"GET /{$}":     f.getHome,
		"GET /signin":  f.getSignIn,
		"POST /signin": f.postSignIn, "POST /signout": f.postSignOut,
		"POST /signin/code": f.postSignInCode, "GET /signin/{id}": f.getSignInCode,
		"POST /signin/{id}/confirm": f.postSignInConfirm, "POST /signin/{id}/resend": f.postSignInResend,
		"POST /signin/{id}/factor": f.postSignInFactor,
		"GET /puzzle/{token}":      f.getSpot,
		"GET /frozen":              f.getFrozen, "POST /frozen": f.postFrozen,
		"GET /register": f.getRegister, "POST /register": f.postRegister,
		"GET /register/{id}": f.getRegisterWait, "GET /register/{id}/state": f.getRegisterState,
		"POST /register/{id}/confirm": f.postRegisterConfirm, "POST /register/{id}/address": f.postRegisterAddress,
		"POST /register/{id}/resend": f.postRegisterResend, "POST /register/{id}/finish": f.postRegisterFinish,
		"GET /l/{token}": f.getShortLink, "GET /link": f.getLink, "POST /link": f.postLink, "POST /link/renew": f.postLinkRenew,
		"GET /recover": f.getRecover, "POST /recover": f.postRecover,
		"GET /recover/{id}": f.getRecoverWait, "POST /recover/{id}/confirm": f.postRecoverConfirm,
		"POST /recover/{id}/resend": f.postRecoverResend, "POST /recover/{id}/password": f.postRecoverPassword,
		"GET /account":              f.member(f.getAccount),
		"POST /account/locale":      f.member(f.postLocale),
		"GET /account/password":     f.member(f.getAccountPassword),
		"POST /account/password":    f.member(f.postAccountPassword),
		"GET /account/address":      f.member(f.getAccountAddress),
		"POST /account/address":     f.member(f.postAccountAddress),
		"GET /account/address/{id}": f.member(f.getAddressWait), "POST /account/address/{id}/confirm": f.member(f.postAddressConfirm),
		"POST /account/address/{id}/resend": f.member(f.postAddressResend),
		"POST /account/sessions/{id}/end":   f.member(f.postSessionEnd),
		"POST /account/sessions/end-others": f.member(f.postSessionsEndOthers),
		"GET /help":                         f.getHelp,
		"GET /status":                       f.getStatus,
		"GET /support":                      f.getSupport,
		"GET /.well-known/change-password":  f.getChangePassword,
	} {
		mux.HandleFunc(pattern, f.handle(do))
	}
}

func (f *Front) handle(do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// What cannot be an id is as unknown as an id that nothing has, and never
		// reaches a database that refuses its bytes (WB6).
		if id := r.PathValue("id"); id != "" && (len(id) != 36 || uuid.Validate(id) != nil) {
			r.SetPathValue("id", uuid.Nil.String())
		}
		if err := do(w, r); err != nil {
			f.Fail(w, r, err)
		}
	}
}

// member lets only people with a session through; others sign in first and come
// back. When it cannot be found out, nobody is let through (FA3).
func (f *Front) member(do action) action {
	return func(w http.ResponseWriter, r *http.Request) error {
		s, err := f.Kit.Session(r)
		if errors.Is(err, session.ErrNone) {
			if again, err := f.pressedAgain(w, r); again || err != nil {
				return err
			}
			to := "/signin"
			if r.Method == http.MethodGet {
				to += "?return_to=" + url.QueryEscape(r.URL.Path)
			}
			f.say(w, "signin_first")
			http.Redirect(w, r, to, http.StatusSeeOther)
			return nil
		}
		if err != nil {
			return err
		}
		return do(w, web.WithSession(r, s, f.Kit.Secret(r)))
	}
}

// renewing marks a press that gives the session a new secret. It holds the one
// that dies of it, so only the browser that pressed is given the new one.
func renewing(form web.Form, secret string) string { return form.Once + "\x00" + secret }

// pressedAgain answers a form that is sent once more with the session that its
// first press renewed, as the first was answered (CO4): of a double press,
// browsers show the second answer.
func (f *Front) pressedAgain(w http.ResponseWriter, r *http.Request) (bool, error) {
	if r.Method != http.MethodPost {
		return false, nil
	}
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return false, nil // the way to sign in is the better answer
	}
	secret, ok, err := f.Settings.Again(r.Context(), renewing(form, f.Kit.Secret(r)))
	if err != nil || !ok {
		return false, err
	}
	if r.URL.Path == "/account/password" {
		f.passwordChanged(w, r, secret)
	} else {
		f.addressChanged(w, r, secret)
	}
	return true, nil
}

// frame fills what every page knows. path is where a GET shows this page again.
func (f *Front) frame(w http.ResponseWriter, r *http.Request, path string) Frame {
	lang := f.lang(w, r)
	browser := f.Kit.MeetBrowser(w, r)
	fr := Frame{browser: browser, Lang: lang, OtherLang: i18n.Other(lang), Path: path, ServiceName: f.Names[lang],
		Host: f.Kit.Origin.Host, SupportURL: f.Support.URL, Notice: f.hear(w, r),
		FormToken: f.Kit.FormToken(browser, "")}
	if s, _, ok := web.SignedIn(r); ok {
		fr.SignedIn = &Who{Email: s.Address}
	}
	return fr
}

// lang gives the page's language; a press of the switch is kept.
func (f *Front) lang(w http.ResponseWriter, r *http.Request) string {
	lang, chosen := f.Kit.Languages.Pick(r)
	if chosen {
		http.SetCookie(w, &http.Cookie{Name: web.LangCookie, Value: lang, Path: "/", MaxAge: 365 * 24 * 3600,
			HttpOnly: true, Secure: f.Kit.Secure(), SameSite: http.SameSiteLaxMode})
	}
	return lang
}

func (f *Front) show(w http.ResponseWriter, status int, lang, page string, data any) error {
	return f.Pages.Render(w, status, lang, page, data)
}

// say leaves good news for the next page; hear takes it up. The words are a
// closed set, so nobody can make our page say something else.
func (f *Front) say(w http.ResponseWriter, notice string) {
	f.Kit.SetCookie(w, noticeCookie, notice, time.Minute)
}

const noticeCookie = "genkan-notice"

var notices = map[string]bool{"address_changed": true, "address_corrected": true, "all_signed_out": true,
	"others_ended": true, "password_changed": true, "registered": true, "renew_password": true, "resent": true, "session_ended": true,
	"signed_out": true, "signin_anew": true, "signin_first": true}

func (f *Front) hear(w http.ResponseWriter, r *http.Request) string {
	notice := f.Kit.Cookie(r, noticeCookie)
	if !notices[notice] {
		return ""
	}
	f.Kit.SetCookie(w, noticeCookie, "", 0)
	return notice
}

// status is the HTTP status of a refusal.
func status(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.Malformed:
		return http.StatusBadRequest
	case fault.Denied:
		return http.StatusUnauthorized
	case fault.Forbidden:
		return http.StatusForbidden
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Method:
		return http.StatusMethodNotAllowed
	case fault.Conflict:
		return http.StatusConflict
	case fault.Gone:
		return http.StatusGone
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.TooMany:
		return http.StatusTooManyRequests
	case fault.Busy:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// refused notes a refusal for headers and log, and gives it with its status.
// Pages that can show it beside their form call it; Fail does for the rest.
func (f *Front) refused(w http.ResponseWriter, r *http.Request, err error) (*fault.Error, int) {
	e := fault.Of(err)
	if e.Reference == "" { // law 1: support can look up every refusal
		e.Reference = obs.RequestID(r.Context())
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((e.RetryAfter+time.Second-1)/time.Second)))
	}
	obs.Add(r.Context(), "cause", e.Code)
	if e.Err != nil {
		obs.Add(r.Context(), "error", e.Err.Error())
	}
	return e, status(e.Kind)
}

// Fail draws a refusal that has no page of its own.
func (f *Front) Fail(w http.ResponseWriter, r *http.Request, err error) {
	e, code := f.refused(w, r, err)
	if len(e.Next) == 0 {
		e.Next = []string{"signin", "help"}
	}
	path := parent(r.URL.Path)
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		// A form's own address stands in the bar after a refusal; whoever loads it
		// again finds the page, not an error.
		if e.Kind == fault.Method && path != r.URL.Path {
			http.Redirect(w, r, path, http.StatusSeeOther)
			return
		}
		path = r.URL.Path
	}
	page := ErrorPage{Frame: f.frame(w, r, path), Status: code}
	page.Problem = NewProblem(e, path)
	if err := f.show(w, code, page.Lang, PageError, page); err != nil {
		obs.Add(r.Context(), "error", err.Error())
		http.Error(w, http.StatusText(code), code)
	}
}

// parent is where a GET shows the page whose form was posted to path:
// "/register/ID/confirm" is on "/register/ID".
func parent(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/signout":
		return "/signin"
	case len(parts) < 2:
		return path
	case parts[0] == "account" && (parts[1] == "sessions" || parts[1] == "locale"):
		return "/account"
	case parts[0] == "account" && len(parts) == 2:
		return path
	}
	switch parts[len(parts)-1] {
	case "confirm", "factor", "resend", "address", "password", "renew":
		return "/" + strings.Join(parts[:len(parts)-1], "/")
	}
	return path
}

// NotFound answers what no route takes.
func (f *Front) NotFound(w http.ResponseWriter, r *http.Request) {
	f.Fail(w, r, fault.New(fault.NotFound, "request.not_found").Offer("signin", "help"))
}

// digits strips what people and mail programs put between the digits of a code
// and folds full-width ones (causes code.format, pw.full-width). A code is never
// a number: its first zero counts.
func digits(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '　' || r == '-' || r == '‐' || r == '−' || r == 'ー' || r == '－' || r == '.' || r == '\u00a0':
			return -1
		}
		return r
	}, text)
}

// code reads a code of size digits from a form: missing and malformed ones are
// refused by their shape, before any try is counted.
func code(r *http.Request, field string, size int) (string, error) {
	text := digits(r.PostForm.Get(field))
	switch {
	case text == "" && field == "number":
		return "", fault.Field(field, "number.missing", nil)
	case text == "":
		return "", fault.Field(field, "code.missing", nil)
	case len(text) != size || strings.Trim(text, "0123456789") != "":
		return "", fault.Field(field, "code.format", map[string]any{"Size": size})
	}
	return text, nil
}

// waiting fills what the pages that wait for a code share.
func (f *Front) waiting(fr Frame, id, email string, s delivery.Sent, expires time.Time, number string, size int) Waiting {
	return Waiting{Frame: fr, ID: id, Email: email, Sender: f.Sender, Sent: s.Ordinal, SentAt: s.At, ExpiresAt: expires,
		ResendAt: s.NextAt, Now: f.Kit.Now(), Number: number, Digits: size}
}

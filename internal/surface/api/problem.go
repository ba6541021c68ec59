package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/obs"
)

// Problem is an RFC 9457 problem document.
type Problem struct {
	Type       string         `json:"type" format:"uri" doc:"The address of the cause, where GET tells more about it."`
	Title      string         `json:"title" doc:"What happened, in one sentence, in the caller's language."`
	Status     int            `json:"status" doc:"The status of the answer."`
	Detail     string         `json:"detail,omitempty" doc:"Why, and what helps, in the caller's language."`
	Code       string         `json:"code" doc:"The cause: stable, for programs."`
	Field      string         `json:"field,omitempty" doc:"The member or header that it is about."`
	Reference  string         `json:"reference,omitempty" doc:"What support can look it up by."`
	Next       []string       `json:"next" nullable:"false" doc:"What to offer, best first: retry, signin, register, recover, account, puzzle (a new one), wait (instead of a puzzle), mail_code, mail_help, help, status, support."`
	Suggestion string         `json:"suggestion,omitempty" doc:"The address that was probably meant (code email.suggest)."`
	Side       string         `json:"side,omitempty" enum:"left,right" doc:"Where the piece was let go, seen from its place (code puzzle.missed)."`
	Errors     []FieldProblem `json:"errors,omitempty" nullable:"false" doc:"Every member that is wrong, when there are several."`
}

// FieldProblem is what is the matter with one member of the input.
type FieldProblem struct {
	Field string `json:"field" doc:"The member or header."`
	Code  string `json:"code" doc:"The cause."`
	Title string `json:"title" doc:"What is the matter, in the caller's language."`
}

const problemType = "application/problem+json"

// Error gives the code, for logs.
func (p *Problem) Error() string { return p.Code }

// GetStatus tells huma the status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType tells huma the media type.
func (p *Problem) ContentType(string) string { return problemType }

// Problem answers err as a problem document, in the language of r. It is the one
// way from an error to an answer, for the whole server's routes for programs:
// what is not a *fault.Error becomes 500 "unknown" with the request's id, and its
// text goes to the log only.
func (a *API) Problem(w http.ResponseWriter, r *http.Request, err error) {
	p := a.refusal(w, r, err)
	body, jsonErr := json.Marshal(p)
	if jsonErr != nil {
		body = []byte(`{"type":"about:blank","title":"Internal Server Error","status":500,"code":"unknown","next":["support"]}`)
		p.Status = http.StatusInternalServerError
	}
	w.Header().Set("Content-Type", problemType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // a caller that left cannot be told
}

// refusal makes the document of err and sets the headers that go with it.
func (a *API) refusal(w http.ResponseWriter, r *http.Request, err error) *Problem {
	e := house(err)
	obs.Add(r.Context(), "cause", e.Code)
	if e.Err != nil {
		obs.Add(r.Context(), "error", e.Err.Error())
	}
	p := a.describe(r, e)
	h := w.Header()
	h.Set("Content-Language", a.language(r))
	h.Set("Cache-Control", "no-store")
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable: // RFC 6585 4, RFC 9110 15.6.4
		h.Set("Retry-After", strconv.Itoa(seconds(e)))
	case http.StatusUnauthorized: // RFC 9110 15.5.2
		h.Set("WWW-Authenticate", `Bearer realm="genkan"`)
	}
	return p
}

// house finds the refusal in err. Running out of time is the house's being slow,
// not a fault of unknown kind.
func house(err error) *fault.Error {
	e := fault.Of(err)
	if e.Code == "unknown" && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		return &fault.Error{Kind: fault.Busy, Code: "srv.overload", RetryAfter: 10 * time.Second, Err: err}
	}
	return e
}

func (a *API) describe(r *http.Request, e *fault.Error) *Problem {
	lang := a.language(r)
	w := a.words(lang, e)
	p := &Problem{Type: a.Kit.Origin.Scheme + "://" + a.Kit.Origin.Host + Prefix + "causes/" + e.Code,
		Title: w.title, Status: status(e.Kind), Detail: w.detail, Code: e.Code, Field: e.Field,
		Reference: e.Reference, Next: offers(e)}
	if p.Reference == "" && p.Status >= http.StatusInternalServerError {
		p.Reference = obs.RequestID(r.Context())
	}
	p.Suggestion, _ = e.Args["suggestion"].(string)
	p.Side, _ = e.Args["side"].(string)
	return p
}

// status is the HTTP status of a kind, as package fault names it.
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
	case unsupported:
		return http.StatusUnsupportedMediaType
	}
	return http.StatusInternalServerError
}

// seconds is the wait before another try, rounded up; never "at once".
func seconds(e *fault.Error) int {
	if e.RetryAfter <= 0 {
		return 30
	}
	return int((e.RetryAfter + time.Second - 1) / time.Second)
}

// offers is what to offer next, best first. There is always something, and
// always a person at the end of it (law 1).
func offers(e *fault.Error) []string {
	next := append([]string(nil), e.Next...)
	if len(next) == 0 {
		switch e.Kind {
		case fault.Denied, fault.Forbidden:
			next = append(next, "signin")
		case fault.NotFound, fault.Method, unsupported:
			next = append(next, "help")
		case fault.Busy, fault.Internal:
			next = append(next, "retry", "status")
		default:
			next = append(next, "retry")
		}
	}
	for _, n := range next {
		if n == "support" {
			return next
		}
	}
	return append(next, "support")
}

// transform puts our document in the place of huma's own refusals. What huma
// says repeats the value that was sent, a password for example: only the place
// and the kind of a fault are taken from it.
func (a *API) transform(ctx huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	r, w := humago.Unwrap(ctx)
	if m.Status >= http.StatusInternalServerError {
		p := a.refusal(w, r, errors.New("huma: "+m.Detail))
		p.Status = m.Status
		return p, nil
	}
	var all []FieldProblem
	for _, d := range m.Errors {
		e := detail(d)
		all = append(all, FieldProblem{e.Field, e.Code, a.words(a.language(r), e).title})
	}
	e := fault.New(fault.Malformed, "request.malformed")
	if len(m.Errors) > 0 {
		e = detail(m.Errors[0])
	}
	p := a.refusal(w, r, e)
	p.Status = m.Status // huma's 400 or 422 is on its way already
	if len(all) > 1 {
		p.Errors = all
	}
	return p, nil
}

// detail reads which member huma refused, and why, as far as people care: it is
// missing, or it is not what it should be.
func detail(d *huma.ErrorDetail) *fault.Error {
	before, after, _ := strings.Cut(validation.MsgExpectedRequiredProperty, "%s")
	if name, ok := strings.CutPrefix(d.Message, before); ok {
		name = strings.TrimSuffix(name, after)
		return &fault.Error{Kind: fault.Invalid, Code: missing(name), Field: name, Args: map[string]any{"Field": name}}
	}
	_, name, _ := strings.Cut(d.Location, ".")
	name, _, _ = strings.Cut(name, "[") // an element is its member's fault
	if name != "Idempotency-Key" && !isName(name) {
		return &fault.Error{Kind: fault.Invalid, Code: "request.malformed"}
	}
	return &fault.Error{Kind: fault.Invalid, Code: "request.field_invalid", Field: name, Args: map[string]any{"Field": name}}
}

// missing is the cause of a member that is not there.
func missing(field string) string {
	switch field {
	case "email", "code":
		return field + ".missing"
	case "password", "new_password", "old_password":
		return "pw.missing"
	}
	return "request.field_missing"
}

package front

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/factor"
	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/platform/fault"
)

// showSignInFactor is GET /signin/{id} while a second factor is asked.
func (f *Front) showSignInFactor(w http.ResponseWriter, r *http.Request, wait signin.Waiting, problem error) error {
	path := f.attemptPath(r, wait.ID)
	page := SignInFactor{Frame: f.frame(w, r, path), ID: wait.ID, ReturnTo: f.target(r), Issuer: f.Signin.Post.House.Issuer(), Email: wait.Email, Now: f.Kit.Now(),
		Recovery: slices.Contains(wait.Ways, factor.ByRecoveryCode), Method: factor.ByApp}
	status := http.StatusOK
	if problem != nil {
		var e *fault.Error
		if e, status = f.refused(w, r, problem); e.Kind == fault.Internal {
			return problem
		}
		e.Reference = wait.Reference
		page.Problem, page.Method = NewProblem(e, path), cmp.Or(r.PostForm.Get("method"), page.Method)
		if page.Method == factor.ByRecoveryCode && page.Problem.Field == "code" {
			page.Problem.Field = "recovery"
		}
	}
	return f.show(w, status, page.Lang, PageSignInFactor, page)
}

// postSignInFactor answers POST /signin/{id}/factor.
func (f *Front) postSignInFactor(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return f.showSignInCode(w, r, err)
	}
	ask := f.signInAsk(w, r, form, r.PathValue("id"))
	method, typed := r.PostForm.Get("method"), ""
	switch method {
	case factor.ByApp:
		typed, err = code(r, "code", factor.Digits)
	case factor.ByRecoveryCode:
		if typed = r.PostForm.Get("recovery"); typed == "" {
			err = fault.Field("code", "code.missing", nil)
		}
	default:
		err = fault.New(fault.Malformed, "request.malformed")
	}
	if err != nil {
		return f.showSignInCode(w, r, err)
	}
	step, err := f.Signin.Factor(r.Context(), ask, method, typed)
	if err == nil && step.State == attempt.SecondFactor {
		err = fault.Field("code", step.Finding, step.Args()).Offer("retry")
	}
	if err != nil {
		return f.showSignInCode(w, r, err)
	}
	return f.onFrom(w, r, step)
}

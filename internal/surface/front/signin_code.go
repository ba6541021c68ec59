package front

import (
	"net/http"

	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/flow/human"
	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/surface/web"
)

// signInAsk reads what every press of an attempt needs; id is the attempt's.
func (f *Front) signInAsk(w http.ResponseWriter, r *http.Request, form web.Form, id string) signin.Ask {
	return signin.Ask{Password: r.PostForm.Get("password"), Human: r.PostForm.Get("human"), Known: f.Kit.Cookie(r, web.KnownCookie),
		Secret: f.Kit.Cookie(r, web.SessionCookie), Locale: f.lang(w, r), Browser: form.Browser, Network: f.Kit.Network(r),
		Attempt: id, FormAge: form.Age, Script: r.PostForm.Get("script") == "1", Once: form.Once, Where: f.Kit.Where(r)}
}

// postSignInCode answers POST /signin/code: a code by mail, for the attempt that
// the form belongs to.
func (f *Front) postSignInCode(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return f.signInAgain(w, r, signin.Step{}, err, "")
	}
	return f.mailCode(w, r, f.signInAsk(w, r, form, form.Attempt))
}

func (f *Front) mailCode(w http.ResponseWriter, r *http.Request, ask signin.Ask) error {
	step, err := f.Signin.AskCode(r.Context(), ask)
	if err != nil {
		return f.signInAgain(w, r, signin.Step{ID: ask.Attempt, State: attempt.Refused}, err, "")
	}
	http.Redirect(w, r, f.attemptPath(r, step.ID), http.StatusSeeOther)
	return nil
}

// getSignInCode answers GET /signin/{id}: the page of what the attempt waits for.
func (f *Front) getSignInCode(w http.ResponseWriter, r *http.Request) error {
	return f.showSignInCode(w, r, nil)
}

func (f *Front) showSignInCode(w http.ResponseWriter, r *http.Request, problem error) error {
	if problem != nil && fault.Of(problem).Kind == fault.Internal {
		return problem
	}
	wait, err := f.Signin.Await(r.Context(), r.PathValue("id"), f.Kit.Browser(r))
	if err != nil {
		return err
	}
	if wait.State == attempt.SecondFactor {
		return f.showSignInFactor(w, r, wait, problem)
	}
	path := f.attemptPath(r, wait.ID)
	frame, status := f.frame(w, r, path), http.StatusOK
	if problem != nil {
		var e *fault.Error
		e, status = f.refused(w, r, problem)
		frame.Problem = NewProblem(e, path)
	}
	f.check(r, &frame, human.Ask{Action: puzzle.Resend}, false)
	sent := delivery.Sent{}
	if wait.Sent != nil {
		sent = *wait.Sent
	}
	page := SignInCode{Waiting: f.waiting(frame, wait.ID, wait.Email, sent, wait.ExpiresAt, "", signin.CodeDigits),
		ReturnTo: f.target(r), Password: wait.Password, Known: wait.State == attempt.Started, Why: wait.Finding}
	return f.show(w, status, frame.Lang, PageSignInCode, page)
}

// postSignInConfirm answers POST /signin/{id}/confirm.
func (f *Front) postSignInConfirm(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return f.showSignInCode(w, r, err)
	}
	ask := f.signInAsk(w, r, form, r.PathValue("id"))
	var step signin.Step
	if r.PostForm.Has("code") {
		var typed string
		if typed, err = code(r, "code", signin.CodeDigits); err == nil {
			step, err = f.Signin.Code(r.Context(), ask, typed)
		}
	} else {
		step, err = f.Signin.Again(r.Context(), ask)
	}
	if err != nil {
		return f.showSignInCode(w, r, err)
	}
	return f.onFrom(w, r, step)
}

// postSignInResend answers POST /signin/{id}/resend.
func (f *Front) postSignInResend(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err == nil {
		ask := f.signInAsk(w, r, form, r.PathValue("id"))
		if ask.Human, err = f.pass(r, human.Ask{Action: puzzle.Resend, Email: r.PostForm.Get("email")}); err == nil {
			_, err = f.Signin.AskCode(r.Context(), ask)
		}
	}
	if err != nil {
		return f.showSignInCode(w, r, err)
	}
	f.say(w, "resent")
	http.Redirect(w, r, f.attemptPath(r, r.PathValue("id")), http.StatusSeeOther)
	return nil
}

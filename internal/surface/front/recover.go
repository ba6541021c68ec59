package front

import (
	"net/http"

	"github.com/genkan/genkan/internal/domain/puzzle"
	domain "github.com/genkan/genkan/internal/domain/recovery"
	"github.com/genkan/genkan/internal/flow/human"
	"github.com/genkan/genkan/internal/flow/recovery"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/surface/web"
)

func (f *Front) getRecover(w http.ResponseWriter, r *http.Request) error {
	page := Recover{Frame: f.frame(w, r, "/recover")}
	f.check(r, &page.Frame, human.Ask{Action: puzzle.Recovery}, true)
	return f.show(w, http.StatusOK, page.Lang, PageRecover, page)
}

// postRecover answers POST /recover: the same for every address.
func (f *Front) postRecover(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	var ask recovery.Ask
	if err == nil {
		ask, err = f.recoverAsk(w, r, form, puzzle.Recovery)
	}
	if err == nil {
		var wait recovery.Waiting
		wait, err = f.Recovery.Ask(r.Context(), ask)
		if err == nil {
			http.Redirect(w, r, "/recover/"+wait.ID, http.StatusSeeOther)
			return nil
		}
	}
	e, code := f.refused(w, r, err)
	if e.Kind == fault.Internal {
		return err
	}
	page := Recover{Frame: f.frame(w, r, "/recover"), Email: r.PostForm.Get("email")}
	page.Problem = NewProblem(e, "/recover")
	f.check(r, &page.Frame, human.Ask{Action: puzzle.Recovery}, true)
	keep(&page.Frame, ask.Human)
	return f.show(w, code, page.Lang, PageRecover, page)
}

// recoverAsk reads what both the first mail and each further one need.
func (f *Front) recoverAsk(w http.ResponseWriter, r *http.Request, form web.Form, do puzzle.Action) (recovery.Ask, error) {
	email := r.PostForm.Get("email")
	pass, err := f.pass(r, human.Ask{Action: do, Email: email})
	return recovery.Ask{Email: email, Human: pass, Locale: f.lang(w, r), Browser: form.Browser,
		Network: f.Kit.Network(r), Known: f.Kit.Cookie(r, web.KnownCookie), Once: form.Once}, err
}

// getRecoverWait answers GET /recover/{id}: the code, then the new password.
func (f *Front) getRecoverWait(w http.ResponseWriter, r *http.Request) error {
	return f.showRecover(w, r, nil)
}

// showRecover shows the step that the recovery is at, with what went wrong.
func (f *Front) showRecover(w http.ResponseWriter, r *http.Request, problem error) error {
	if problem != nil && fault.Of(problem).Kind == fault.Internal {
		return problem
	}
	wait, err := f.Recovery.Look(r.Context(), r.PathValue("id"), f.Kit.Browser(r))
	if err != nil {
		return err
	}
	path := "/recover/" + wait.ID
	frame, status := f.frame(w, r, path), http.StatusOK
	if problem != nil {
		var e *fault.Error
		e, status = f.refused(w, r, problem)
		frame.Problem = NewProblem(e, path)
	}
	if wait.Proven {
		page := RecoverPassword{Frame: frame, ID: wait.ID, Email: wait.Email, MinLength: f.MinLength}
		return f.show(w, status, frame.Lang, PageRecoverPassword, page)
	}
	f.check(r, &frame, human.Ask{Action: puzzle.Resend}, false)
	page := f.waiting(frame, wait.ID, wait.Email, wait.Sent, wait.ExpiresAt, "", domain.CodeDigits)
	return f.show(w, status, frame.Lang, PageRecoverCode, page)
}

// postRecoverConfirm answers POST /recover/{id}/confirm.
func (f *Front) postRecoverConfirm(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return f.showRecover(w, r, err)
	}
	typed, err := code(r, "code", domain.CodeDigits)
	if err == nil {
		err = f.Recovery.Prove(r.Context(), r.PathValue("id"), form.Browser, typed, form.Once)
	}
	if err != nil {
		return f.showRecover(w, r, err)
	}
	http.Redirect(w, r, "/recover/"+r.PathValue("id"), http.StatusSeeOther)
	return nil
}

// postRecoverResend answers POST /recover/{id}/resend.
func (f *Front) postRecoverResend(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err == nil {
		var ask recovery.Ask
		if ask, err = f.recoverAsk(w, r, form, puzzle.Resend); err == nil {
			_, err = f.Recovery.Resend(r.Context(), r.PathValue("id"), ask)
		}
	}
	if err != nil {
		return f.showRecover(w, r, err)
	}
	f.say(w, "resent")
	http.Redirect(w, r, "/recover/"+r.PathValue("id"), http.StatusSeeOther)
	return nil
}

// postRecoverPassword answers POST /recover/{id}/password.
func (f *Front) postRecoverPassword(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return f.showRecover(w, r, err)
	}
	done, err := f.Recovery.SetPassword(r.Context(), r.PathValue("id"), form.Browser, r.PostForm.Get("password"), form.Once, f.Kit.Where(r))
	if err != nil {
		return f.showRecover(w, r, err)
	}
	return f.showRecovered(w, r, done)
}

// showRecovered says what a reset changed. It signs nobody in (RS6).
func (f *Front) showRecovered(w http.ResponseWriter, r *http.Request, done recovery.Done) error {
	f.Kit.SetCookie(w, web.SessionCookie, "", 0)
	page := RecoverDone{Frame: f.frame(w, r, "/signin"), HoldUntil: done.HoldUntil}
	return f.show(w, http.StatusOK, page.Lang, PageRecoverDone, page)
}

package front

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/domain/registration"
	"github.com/genkan/genkan/internal/flow/human"
	"github.com/genkan/genkan/internal/flow/signup"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/surface/web"
)

func (f *Front) getRegister(w http.ResponseWriter, r *http.Request) error {
	page := f.registerPage(w, r)
	f.check(r, &page.Frame, human.Ask{Action: puzzle.Registration}, true)
	return f.show(w, http.StatusOK, page.Lang, PageRegister, page)
}

func (f *Front) registerPage(w http.ResponseWriter, r *http.Request) Register {
	return Register{Frame: f.frame(w, r, "/register"), MinLength: f.MinLength, Domains: account.CommonDomains(), Real: account.RealDomains()}
}

// postRegister answers POST /register.
func (f *Front) postRegister(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return f.registerAgain(w, r, err)
	}
	decided := r.PostForm.Get("suggestion")
	email := r.PostForm.Get("email")
	pass, err := f.pass(r, human.Ask{Action: puzzle.Registration, Email: email})
	if err != nil {
		return f.registerAgain(w, r, err)
	}
	wait, err := f.Signup.Register(r.Context(), signup.Ask{
		Email: email, Password: r.PostForm.Get("password"), Human: pass, Locale: f.lang(w, r), Network: f.Kit.Network(r),
		Browser: form.Browser, Once: form.Once, Keep: decided == "keep", Use: decided == "use",
	})
	if err != nil {
		return f.registerAgain(w, r, err, pass)
	}
	http.Redirect(w, r, "/register/"+wait.ID, http.StatusSeeOther)
	return nil
}

// resendAsk reads what a further mail needs, to the same address or to another.
func (f *Front) resendAsk(r *http.Request, form web.Form) (signup.Ask, error) {
	email := r.PostForm.Get("email")
	pass, err := f.pass(r, human.Ask{Action: puzzle.Resend, Email: email})
	return signup.Ask{Email: email, Human: pass, Browser: form.Browser, Network: f.Kit.Network(r), Once: form.Once}, err
}

func (f *Front) registerAgain(w http.ResponseWriter, r *http.Request, err error, pass ...string) error {
	e, code := f.refused(w, r, err)
	if e.Kind == fault.Internal {
		return err
	}
	page := f.registerPage(w, r)
	page.Email = r.PostForm.Get("email")
	page.Problem = NewProblem(e, "/register")
	page.Suggestion, _ = e.Args["suggestion"].(string)
	f.check(r, &page.Frame, human.Ask{Action: puzzle.Registration}, true)
	keep(&page.Frame, strings.Join(pass, ""))
	return f.show(w, code, page.Lang, PageRegister, page)
}

// getRegisterWait answers GET /register/{id}. Confirmed elsewhere, it offers this
// browser, and only this one, to go in; looking alone changes nothing (WB1).
func (f *Front) getRegisterWait(w http.ResponseWriter, r *http.Request) error {
	wait, err := f.Signup.Look(r.Context(), r.PathValue("id"), f.Kit.Browser(r))
	if err != nil {
		return err
	}
	if !wait.Confirmed {
		return f.showRegisterWait(w, r, wait, nil)
	}
	if _, err := f.Kit.Session(r); err == nil { // the link was opened in this very browser
		http.Redirect(w, r, "/account", http.StatusSeeOther)
		return nil
	}
	page := Ready{Frame: f.frame(w, r, "/register/"+wait.ID), ID: wait.ID}
	return f.show(w, http.StatusOK, page.Lang, PageRegisterReady, page)
}

// postRegisterFinish answers POST /register/{id}/finish, which the page's script
// presses by itself.
func (f *Front) postRegisterFinish(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return err
	}
	o, err := f.Signup.Finish(r.Context(), r.PathValue("id"), form.Browser, form.Once, f.Kit.Cookie(r, web.SessionCookie), f.Kit.Where(r))
	if err != nil {
		return err
	}
	f.Kit.SetOpened(w, o)
	f.say(w, "registered")
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}

func (f *Front) showRegisterWait(w http.ResponseWriter, r *http.Request, wait signup.Waiting, problem error) error {
	code := http.StatusOK
	path := "/register/" + wait.ID
	page := f.waiting(f.frame(w, r, path), wait.ID, wait.Email, wait.Sent, wait.ExpiresAt, wait.Number, registration.CodeDigits)
	if problem != nil {
		var e *fault.Error
		e, code = f.refused(w, r, problem)
		page.Problem = NewProblem(e, path)
	}
	f.check(r, &page.Frame, human.Ask{Action: puzzle.Resend}, false)
	page.Readdress = strings.HasSuffix(r.URL.Path, "/address")
	return f.show(w, code, page.Lang, PageRegisterWait, page)
}

// getRegisterState answers the waiting page's script.
func (f *Front) getRegisterState(w http.ResponseWriter, r *http.Request) error {
	wait, err := f.Signup.Look(r.Context(), r.PathValue("id"), f.Kit.Browser(r))
	if err != nil && !fault.Is(err, "code.expired") && !fault.Is(err, "find.midflow-bookmark") {
		return err
	}
	next := "/register/" + r.PathValue("id")
	if err == nil && wait.Confirmed {
		next += "?go=1" // wait.js presses what is left to press
		if _, err := f.Kit.Session(r); err == nil {
			next = "/account"
		}
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]any{"done": err != nil || wait.Confirmed, "next": next})
}

// registerWaitAgain shows the waiting page with what went wrong; when even that is gone, the
// first refusal is told.
func (f *Front) registerWaitAgain(w http.ResponseWriter, r *http.Request, problem error) error {
	wait, err := f.Signup.Look(r.Context(), r.PathValue("id"), f.Kit.Browser(r))
	if err != nil || fault.Of(problem).Kind == fault.Internal {
		return problem
	}
	return f.showRegisterWait(w, r, wait, problem)
}

// postRegisterConfirm answers POST /register/{id}/confirm.
func (f *Front) postRegisterConfirm(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return f.registerWaitAgain(w, r, err)
	}
	typed, err := code(r, "code", registration.CodeDigits)
	if err != nil {
		return f.registerWaitAgain(w, r, err)
	}
	o, err := f.Signup.Confirm(r.Context(), r.PathValue("id"), form.Browser, typed, form.Once, f.Kit.Cookie(r, web.SessionCookie), f.Kit.Where(r))
	if err != nil {
		return f.registerWaitAgain(w, r, err)
	}
	f.Kit.SetOpened(w, o)
	f.say(w, "registered")
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}

// postRegisterAddress answers POST /register/{id}/address.
func (f *Front) postRegisterAddress(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err == nil {
		var ask signup.Ask
		if ask, err = f.resendAsk(r, form); err == nil {
			_, err = f.Signup.Readdress(r.Context(), r.PathValue("id"), ask)
		}
	}
	if err != nil {
		return f.registerWaitAgain(w, r, err)
	}
	f.say(w, "address_corrected")
	http.Redirect(w, r, "/register/"+r.PathValue("id"), http.StatusSeeOther)
	return nil
}

// postRegisterResend answers POST /register/{id}/resend.
func (f *Front) postRegisterResend(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err == nil {
		var ask signup.Ask
		if ask, err = f.resendAsk(r, form); err == nil {
			_, err = f.Signup.Resend(r.Context(), r.PathValue("id"), ask)
		}
	}
	if err != nil {
		return f.registerWaitAgain(w, r, err)
	}
	f.say(w, "resent")
	http.Redirect(w, r, "/register/"+r.PathValue("id"), http.StatusSeeOther)
	return nil
}

package front

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/attempt"
	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/flow/human"
	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/surface/web"
)

func (f *Front) getHome(w http.ResponseWriter, r *http.Request) error {
	f.lang(w, r) // a language asked for here is kept for where this leads
	to := "/signin"
	if _, err := f.Kit.Session(r); err == nil {
		to = "/account"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// getSignIn answers GET /signin. Whoever is in already goes on (causes
// find.two-tabs), unless they come to prove once more who they are.
func (f *Front) getSignIn(w http.ResponseWriter, r *http.Request) error {
	target := f.Kit.Target(r.URL.Query().Get("return_to"))
	if _, err := f.Kit.Session(r); err == nil && r.URL.Query().Get("again") == "" {
		http.Redirect(w, r, f.onward(target), http.StatusSeeOther)
		return nil
	} else if err != nil && !errors.Is(err, session.ErrNone) {
		return err
	}
	page := f.signInPage(w, r, target, r.URL.Query().Get("other") != "")
	f.check(r, &page.Frame, human.Ask{Action: puzzle.SignIn, Remembered: page.Remembered != ""}, true)
	if page.Remembered != "" {
		// Without it the page is still good.
		page.Siege, _ = f.Signin.Siege(r.Context(), f.Kit.Cookie(r, web.KnownCookie))
	}
	return f.show(w, http.StatusOK, page.Lang, PageSignIn, page)
}

func (f *Front) onward(target string) string {
	if target == "" {
		return "/account"
	}
	return target
}

// signInPage is the page for a browser that may be offered its own address, or
// for other people. The language switch keeps both, and where they want to go.
func (f *Front) signInPage(w http.ResponseWriter, r *http.Request, target string, other bool) SignIn {
	known, ok := f.Kit.Sessions.ReadKnown(f.Kit.Cookie(r, web.KnownCookie))
	again := url.Values{}
	if target != "" {
		again.Set("return_to", target)
	}
	if ok && other {
		again.Set("other", "1")
	}
	if r.URL.Query().Get("again") != "" {
		again.Set("again", "1")
	}
	path := url.URL{Path: "/signin", RawQuery: again.Encode()}
	page := SignIn{Frame: f.frame(w, r, path.String()), ReturnTo: target}
	if ok && !other {
		page.Remembered = account.Mask(known.Address)
	}
	return page
}

// postSignIn answers POST /signin.
func (f *Front) postSignIn(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return f.signInAgain(w, r, signin.Step{}, err, "")
	}
	ask := f.signInAsk(w, r, form, form.Attempt)
	ask.Email, ask.Remembered = r.PostForm.Get("email"), r.PostForm.Get("remembered") == "1"
	if ask.Human, err = f.pass(r, human.Ask{Action: puzzle.SignIn, Email: ask.Email, Remembered: ask.Remembered}); err != nil {
		return f.signInAgain(w, r, signin.Step{ID: form.Attempt}, err, "")
	}
	step, err := f.Signin.Start(r.Context(), ask)
	switch {
	case err != nil:
		return f.signInAgain(w, r, step, err, ask.Human)
	case step.State == attempt.HumanCheck && r.PostForm.Get("instead") == "mail":
		ask.Attempt, ask.Once = step.ID, form.Once+"\x00mail"
		return f.mailCode(w, r, ask)
	}
	return f.onFrom(w, r, step)
}

// onFrom leads on from where an attempt stands after a press.
func (f *Front) onFrom(w http.ResponseWriter, r *http.Request, step signin.Step) error {
	switch {
	case step.State == attempt.Complete:
		f.Kit.SetOpened(w, step.Opened)
		http.Redirect(w, r, f.onward(f.target(r)), http.StatusSeeOther)
		return nil
	case step.State == attempt.Held:
		return f.enterFrozen(w, r, step)
	case step.State == attempt.DeviceCheck, step.State == attempt.Started, step.State == attempt.SecondFactor && step.Finding == "":
		http.Redirect(w, r, f.attemptPath(r, step.ID), http.StatusSeeOther)
		return nil
	case step.Renew != nil:
		f.say(w, "renew_password")
		http.Redirect(w, r, "/recover/"+step.Renew.ID, http.StatusSeeOther)
		return nil
	case step.State == attempt.HumanCheck:
		return f.signInAgain(w, r, step, fault.New(fault.Forbidden, step.Finding).Offer("retry"), "")
	}
	return f.signInAgain(w, r, step, fault.New(fault.Denied, step.Finding).Offer("recover", "register"), "")
}

// attemptPath is the page of an attempt, which leads on to where the person wants
// to go.
func (f *Front) attemptPath(r *http.Request, id string) string {
	path := url.URL{Path: "/signin/" + id}
	if target := f.target(r); target != "" {
		path.RawQuery = url.Values{"return_to": {target}}.Encode()
	}
	return path.String()
}

// target is where the person wants to go, from a form or an address.
func (f *Front) target(r *http.Request) string {
	return f.Kit.Target(cmp.Or(r.PostForm.Get("return_to"), r.URL.Query().Get("return_to")))
}

// signInAgain shows the form once more with what went wrong, everything kept
// but the password; pass is one that was not spent, or "".
func (f *Front) signInAgain(w http.ResponseWriter, r *http.Request, step signin.Step, err error, pass string) error {
	e, code := f.refused(w, r, err)
	if e.Kind == fault.Internal {
		return err
	}
	page := f.signInPage(w, r, f.Kit.Target(r.PostForm.Get("return_to")), r.PostForm.Get("remembered") != "1")
	if e.Code != "who.fields-swapped" { // the address field holds a password then
		page.Email = r.PostForm.Get("email")
	}
	browser := f.Kit.Browser(r)
	if browser != nil {
		page.FormToken = f.Kit.FormToken(browser, step.ID)
		// Without the count the page is still good: a house in trouble must not
		// lose what was typed as well.
		page.Failures, _ = f.Signin.Failures(r.Context(), browser)
	}
	if step.Reference != "" {
		e.Reference = step.Reference
	}
	page.Hints, page.Siege = step.Hints, step.Siege
	page.ByMail = step.State == attempt.Refused || step.State == attempt.HumanCheck
	page.Problem = NewProblem(e, "/signin")
	f.check(r, &page.Frame, human.Ask{Action: puzzle.SignIn, Remembered: page.Remembered != ""}, true)
	keep(&page.Frame, pass)
	return f.show(w, code, page.Lang, PageSignIn, page)
}

// postSignOut answers POST /signout. Without a session it does no harm.
func (f *Front) postSignOut(w http.ResponseWriter, r *http.Request) error {
	if _, err := f.Kit.ReadForm(w, r); err != nil {
		return err
	}
	s, err := f.Kit.Session(r)
	if err == nil {
		err = f.Settings.SignOut(r.Context(), s)
	}
	if err != nil && !errors.Is(err, session.ErrNone) {
		return err
	}
	f.Kit.SetCookie(w, web.SessionCookie, "", 0)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`) // cookies are ended by name: others stay known (SE6)
	f.say(w, "signed_out")
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
	return nil
}

package front

import (
	"net/http"

	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/surface/web"
)

func (f *Front) getAccountAddress(w http.ResponseWriter, r *http.Request) error {
	return f.showAccountAddress(w, r, nil)
}

func (f *Front) showAccountAddress(w http.ResponseWriter, r *http.Request, problem error) error {
	s, _, _ := web.SignedIn(r)
	page := AccountAddress{Frame: f.frame(w, r, "/account/address"), Email: s.Address}
	status := http.StatusOK
	if problem != nil {
		var e *fault.Error
		if e, status = f.refused(w, r, problem); e.Kind == fault.Internal {
			return problem
		}
		page.Problem, page.NewEmail = NewProblem(e, "/account/address"), r.PostForm.Get("email")
	}
	return f.show(w, status, page.Lang, PageAccountAddress, page)
}

// postAccountAddress answers POST /account/address.
func (f *Front) postAccountAddress(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return f.showAccountAddress(w, r, err)
	}
	s, _, _ := web.SignedIn(r)
	c, err := f.Settings.AskChange(r.Context(), s, f.Kit.Cookie(r, web.KnownCookie), r.PostForm.Get("email"), r.PostForm.Get("password"), form.Browser, form.Once)
	if err != nil {
		return f.showAccountAddress(w, r, err)
	}
	http.Redirect(w, r, "/account/address/"+c.ID, http.StatusSeeOther)
	return nil
}

// getAddressWait answers GET /account/address/{id}.
func (f *Front) getAddressWait(w http.ResponseWriter, r *http.Request) error {
	return f.showAddressWait(w, r, nil)
}

func (f *Front) showAddressWait(w http.ResponseWriter, r *http.Request, problem error) error {
	if problem != nil && fault.Of(problem).Kind == fault.Internal {
		return problem
	}
	s, _, _ := web.SignedIn(r)
	c, err := f.Settings.LookChange(r.Context(), s, r.PathValue("id"))
	if err != nil {
		return err
	}
	path, status := "/account/address/"+c.ID, http.StatusOK
	page := f.waiting(f.frame(w, r, path), c.ID, c.Email, c.Sent, c.ExpiresAt, c.Number, 8)
	if problem != nil {
		var e *fault.Error
		e, status = f.refused(w, r, problem)
		page.Problem = NewProblem(e, path)
	}
	return f.show(w, status, page.Lang, PageAccountAddressCode, page)
}

// postAddressConfirm answers POST /account/address/{id}/confirm.
func (f *Front) postAddressConfirm(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return f.showAddressWait(w, r, err)
	}
	s, secret, _ := web.SignedIn(r)
	typed, err := code(r, "code", 8)
	if err == nil {
		secret, err = f.Settings.ConfirmChange(r.Context(), s, secret, r.PathValue("id"), typed, renewing(form, secret))
	}
	if err != nil {
		return f.showAddressWait(w, r, err)
	}
	f.addressChanged(w, r, secret)
	return nil
}

func (f *Front) addressChanged(w http.ResponseWriter, r *http.Request, secret string) {
	f.Kit.SetCookie(w, web.SessionCookie, secret, 0)
	f.Kit.SetCookie(w, web.KnownCookie, "", 0) // it remembers the old address
	f.say(w, "address_changed")
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

// postAddressResend answers POST /account/address/{id}/resend.
func (f *Front) postAddressResend(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	s, _, _ := web.SignedIn(r)
	if err == nil {
		_, err = f.Settings.ResendChange(r.Context(), s, r.PathValue("id"), form.Browser, form.Once)
	}
	if err != nil {
		return f.showAddressWait(w, r, err)
	}
	f.say(w, "resent")
	http.Redirect(w, r, "/account/address/"+r.PathValue("id"), http.StatusSeeOther)
	return nil
}

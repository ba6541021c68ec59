package front

import (
	"net/http"

	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/surface/web"
)

func (f *Front) getAccountPassword(w http.ResponseWriter, r *http.Request) error {
	return f.showAccountPassword(w, r, nil)
}

func (f *Front) showAccountPassword(w http.ResponseWriter, r *http.Request, problem error) error {
	s, _, _ := web.SignedIn(r)
	page := AccountPassword{Frame: f.frame(w, r, "/account/password"), Email: s.Address, MinLength: f.MinLength}
	status := http.StatusOK
	if problem != nil {
		var e *fault.Error
		if e, status = f.refused(w, r, problem); e.Kind == fault.Internal {
			return problem
		}
		page.Problem = NewProblem(e, "/account/password")
	}
	return f.show(w, status, page.Lang, PageAccountPassword, page)
}

// postAccountPassword answers POST /account/password.
func (f *Front) postAccountPassword(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return f.showAccountPassword(w, r, err)
	}
	s, secret, _ := web.SignedIn(r)
	fresh, err := f.Settings.ChangePassword(r.Context(), s, secret, f.Kit.Cookie(r, web.KnownCookie), r.PostForm.Get("old_password"), r.PostForm.Get("password"),
		renewing(form, secret))
	if err != nil {
		return f.showAccountPassword(w, r, err)
	}
	f.passwordChanged(w, r, fresh)
	return nil
}

func (f *Front) passwordChanged(w http.ResponseWriter, r *http.Request, secret string) {
	f.Kit.SetCookie(w, web.SessionCookie, secret, 0)
	f.say(w, "password_changed")
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

// getChangePassword answers /.well-known/change-password, where password
// managers look (W3C, A Well-Known URL for Changing Passwords).
func (f *Front) getChangePassword(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/account/password", http.StatusFound)
	return nil
}

package front

import (
	"net/http"

	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/surface/web"
)

// getAccount answers GET /account.
func (f *Front) getAccount(w http.ResponseWriter, r *http.Request) error {
	s, _, _ := web.SignedIn(r)
	o, err := f.Settings.Look(r.Context(), s)
	if err != nil {
		return err
	}
	page := Account{Frame: f.frame(w, r, "/account"), Email: o.Account.Address, Since: o.Account.CreatedAt,
		PasswordChangedAt: o.PasswordSetAt}
	if o.Account.Held(f.Kit.Now()) {
		page.HoldUntil = o.Account.HoldUntil
	}
	for _, one := range o.Sessions {
		line := Session{ID: one.ID, Browser: one.Where.Label, Place: one.Where.Place(page.Lang),
			SignedIn: one.CreatedAt, LastUsed: one.SeenAt, Current: one.ID == s.ID}
		if line.Current {
			line.LastUsed = f.Kit.Now()
			page.Sessions = append([]Session{line}, page.Sessions...)
		} else {
			page.Sessions = append(page.Sessions, line)
		}
	}
	return f.show(w, http.StatusOK, page.Lang, PageAccount, page)
}

// postLocale answers POST /account/locale: the language of mails.
func (f *Front) postLocale(w http.ResponseWriter, r *http.Request) error {
	if _, err := f.Kit.ReadForm(w, r); err != nil {
		return err
	}
	locale := r.PostForm.Get("locale")
	if locale != "ja" && locale != "en" {
		return fault.New(fault.Malformed, "request.malformed")
	}
	s, _, _ := web.SignedIn(r)
	if err := f.Settings.SetLocale(r.Context(), s, locale); err != nil {
		return err
	}
	http.Redirect(w, r, "/account?lang="+locale, http.StatusSeeOther)
	return nil
}

// postSessionEnd answers POST /account/sessions/{id}/end. One that is over
// already, or somebody else's, is simply not there.
func (f *Front) postSessionEnd(w http.ResponseWriter, r *http.Request) error {
	if _, err := f.Kit.ReadForm(w, r); err != nil {
		return err
	}
	s, _, _ := web.SignedIn(r)
	if _, err := f.Settings.End(r.Context(), s, r.PathValue("id")); err != nil {
		return err
	}
	if r.PathValue("id") == s.ID {
		f.Kit.SetCookie(w, web.SessionCookie, "", 0)
		f.say(w, "signed_out")
		http.Redirect(w, r, "/signin", http.StatusSeeOther)
		return nil
	}
	f.say(w, "session_ended")
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}

// postSessionsEndOthers answers POST /account/sessions/end-others.
func (f *Front) postSessionsEndOthers(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return err
	}
	s, _, _ := web.SignedIn(r)
	if err := f.Settings.EndOthers(r.Context(), s, f.Kit.Cookie(r, web.KnownCookie), form.Once); err != nil {
		return err
	}
	f.say(w, "others_ended")
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}

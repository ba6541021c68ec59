package front

import (
	"net/http"
	"time"

	"github.com/genkan/genkan/internal/flow/signin"
	"github.com/genkan/genkan/internal/platform/fault"
)

// thawCookie carries the proof that the password of a frozen account was right.
const thawCookie = "genkan-thaw"

// enterFrozen leads the owner of a frozen account to its page.
func (f *Front) enterFrozen(w http.ResponseWriter, r *http.Request, step signin.Step) error {
	pass, err := f.Freeze.Pass(step.Frozen.Account)
	if err != nil {
		return err
	}
	f.Kit.SetCookie(w, thawCookie, pass, 15*time.Minute)
	http.Redirect(w, r, "/frozen", http.StatusSeeOther)
	return nil
}

func (f *Front) getFrozen(w http.ResponseWriter, r *http.Request) error {
	return f.showFrozen(w, r, r.URL.Query().Get("sent") == "1", nil)
}

func (f *Front) showFrozen(w http.ResponseWriter, r *http.Request, sent bool, problem error) error {
	acc, err := f.Freeze.Look(r.Context(), f.Kit.Cookie(r, thawCookie))
	if err != nil {
		return err
	}
	page := Frozen{Frame: f.frame(w, r, "/frozen"), Since: acc.FrozenAt, ByOwner: true, ThawAt: acc.ThawAt, Sent: sent}
	if acc.ThawAt.IsZero() {
		page.Action = "/frozen"
	}
	code := http.StatusOK
	if problem != nil {
		var e *fault.Error
		e, code = f.refused(w, r, problem)
		page.Problem = NewProblem(e, "/frozen?sent=1")
	}
	return f.show(w, code, page.Lang, PageFrozen, page)
}

// postFrozen answers POST /frozen: start=thaw asks for the code, code proves
// the mailbox.
func (f *Front) postFrozen(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	if err != nil {
		return err
	}
	pass := f.Kit.Cookie(r, thawCookie)
	if r.PostForm.Get("start") == "thaw" {
		if _, err := f.Freeze.AskThaw(r.Context(), pass, f.lang(w, r), form.Browser, form.Once); err != nil {
			return f.showFrozen(w, r, fault.Is(err, "lock.resend-limit"), err)
		}
		http.Redirect(w, r, "/frozen?sent=1", http.StatusSeeOther)
		return nil
	}
	typed, err := code(r, "code", 8)
	if err == nil {
		_, err = f.Freeze.Thaw(r.Context(), pass, typed, form.Once)
	}
	if err != nil {
		return f.showFrozen(w, r, true, err)
	}
	http.Redirect(w, r, "/frozen", http.StatusSeeOther)
	return nil
}

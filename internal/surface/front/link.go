package front

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/flow/recovery"
	"github.com/genkan/genkan/internal/flow/settings"
	"github.com/genkan/genkan/internal/flow/signup"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/token"
	"github.com/genkan/genkan/internal/surface/web"
)

// The letters that begin the tokens of links (token.Link).
const (
	registerLink = 'r'
	recoverLink  = 'p'
)

// getShortLink answers GET /l/{token}: it takes the token out of the address bar
// before any page loads (RS7) and changes nothing else, so that mail scanners
// may open it as often as they like (RS3).
func (f *Front) getShortLink(w http.ResponseWriter, r *http.Request) error {
	if text := r.PathValue("token"); len(text) <= 200 {
		f.Kit.SetCookie(w, web.LinkCookie, strings.Map(plainLetters, text), 30*time.Minute)
	}
	http.Redirect(w, r, "/link", http.StatusSeeOther)
	return nil
}

// plainLetters drops what no token holds, such as the bracket or full stop that
// a mail program took along.
func plainLetters(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
		return r
	}
	return -1
}

// getLink answers GET /link.
func (f *Front) getLink(w http.ResponseWriter, r *http.Request) error {
	return f.showLink(w, r, f.Kit.Cookie(r, web.LinkCookie), nil)
}

func (f *Front) showLink(w http.ResponseWriter, r *http.Request, text string, problem error) error {
	if problem != nil && fault.Of(problem).Kind == fault.Internal {
		return problem
	}
	page, err := f.link(r.Context(), text, f.Kit.Browser(r))
	if err != nil {
		return err
	}
	page.Frame, page.Token, page.MinLength = f.frame(w, r, "/link"), text, f.MinLength
	status := http.StatusOK
	if page.Variant == LinkDead {
		status = http.StatusGone
	}
	if problem != nil {
		var e *fault.Error
		e, status = f.refused(w, r, problem)
		page.Problem = NewProblem(e, "/link")
	}
	return f.show(w, status, page.Lang, PageLink, page)
}

// link finds out what a token asks for. It changes nothing.
func (f *Front) link(ctx context.Context, text string, browser []byte) (Link, error) {
	dead := Link{Variant: LinkDead}
	letter, id, ok := token.ReadLink(text)
	if !ok {
		return dead, nil
	}
	switch letter {
	case registerLink:
		l, err := f.Signup.OpenLink(ctx, id, text, browser)
		switch {
		case err != nil || l.Dead:
			dead.CanRenew = l.Renew
			return dead, err
		case l.Same:
			return Link{Variant: LinkRegisterSame}, nil
		}
		return Link{Variant: LinkRegisterOther}, nil
	case recoverLink:
		gone, renew, err := f.Recovery.Dead(ctx, id, text)
		if gone || err != nil {
			dead.CanRenew = renew
			return dead, err
		}
		return Link{Variant: LinkRecover}, nil
	case settings.ChangeLink:
		c, ok, err := f.Settings.Provable(ctx, id, text)
		return pick(ok, Link{Variant: LinkAddressConfirm, At: c.CreatedAt}), err
	case delivery.UndoLink:
		until, ok, err := f.Settings.Undoable(ctx, id, text)
		return pick(ok, Link{Variant: LinkAddressUndo, Until: until}), err
	case delivery.FreezeLink, delivery.VetoLink:
		m, ok, err := f.Freeze.Notice(ctx, id, text)
		l := Link{Variant: LinkFreeze, At: m.Facts.At, Browser: m.Facts.Browser, Place: m.Facts.Place}
		if letter == delivery.VetoLink {
			l.Variant = LinkThawVeto
		}
		return pick(ok, l), err
	}
	return dead, nil
}

func pick(ok bool, l Link) Link {
	if !ok {
		return Link{Variant: LinkDead}
	}
	return l
}

// postLink answers POST /link: something typed, or a press that only a person
// makes, does what the link is for.
func (f *Front) postLink(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	text := r.PostForm.Get("token")
	if err != nil {
		return f.showLink(w, r, text, err)
	}
	letter, id, ok := token.ReadLink(text)
	if !ok {
		return f.showLink(w, r, text, nil)
	}
	done := LinkDone{}
	switch letter {
	case registerLink:
		return f.postRegisterLink(w, r, form, id, text)
	case recoverLink:
		out, err := f.Recovery.ByLink(r.Context(), id, text, r.PostForm.Get("password"), form.Browser, form.Once, f.Kit.Where(r))
		if err != nil {
			return f.showLink(w, r, text, err)
		}
		f.Kit.SetCookie(w, web.LinkCookie, "", 0)
		return f.showRecovered(w, r, out)
	case settings.ChangeLink:
		done.Variant = LinkAddressConfirm
		err = f.Settings.ConfirmChangeByLink(r.Context(), id, text, digits(r.PostForm.Get("number")), form.Once, f.Kit.Where(r))
	case delivery.UndoLink:
		done.Variant = LinkAddressUndo
		err = f.Settings.Undo(r.Context(), id, text, digits(r.PostForm.Get("number")), form.Once)
	case delivery.FreezeLink:
		done.Variant = LinkFreeze
		if err = pressed(r, "freeze"); err == nil {
			err = f.Freeze.Freeze(r.Context(), id, text)
		}
	case delivery.VetoLink:
		done.Variant = LinkThawVeto
		if err = pressed(r, "veto"); err == nil {
			err = f.Freeze.Veto(r.Context(), id, text, form.Once)
		}
	default:
		return f.showLink(w, r, text, nil)
	}
	if err != nil {
		return f.showLink(w, r, text, err)
	}
	return f.linkDone(w, r, done)
}

func pressed(r *http.Request, what string) error {
	if r.PostForm.Get("confirm") != what {
		return fault.New(fault.Malformed, "request.malformed")
	}
	return nil
}

func (f *Front) linkDone(w http.ResponseWriter, r *http.Request, done LinkDone) error {
	f.Kit.SetCookie(w, web.LinkCookie, "", 0)
	done.Frame = f.frame(w, r, "/signin")
	return f.show(w, http.StatusOK, done.Lang, PageLinkDone, done)
}

// postRegisterLink confirms a registration: here, or for the browser that waits.
func (f *Front) postRegisterLink(w http.ResponseWriter, r *http.Request, form web.Form, id, text string) error {
	o, err := f.Signup.ConfirmLink(r.Context(), id, text, signup.Proof{
		Number: digits(r.PostForm.Get("number")), Password: r.PostForm.Get("password"), Browser: form.Browser,
		Had: f.Kit.Cookie(r, web.SessionCookie),
	}, form.Once, f.Kit.Where(r))
	if err != nil {
		return f.showLink(w, r, text, err)
	}
	if o.Secret == "" {
		return f.linkDone(w, r, LinkDone{Variant: LinkRegisterOther})
	}
	f.Kit.SetCookie(w, web.LinkCookie, "", 0)
	f.Kit.SetOpened(w, o)
	f.say(w, "registered")
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}

// postLinkRenew answers POST /link/renew: a dead link sends a fresh mail to the
// same address (causes link.expired).
func (f *Front) postLinkRenew(w http.ResponseWriter, r *http.Request) error {
	form, err := f.Kit.ReadForm(w, r)
	text := r.PostForm.Get("token")
	if err != nil {
		return f.showLink(w, r, text, err)
	}
	letter, id, _ := token.ReadLink(text)
	switch letter {
	case registerLink:
		err = f.Signup.Renew(r.Context(), id, text, form.Once)
	case recoverLink:
		var next string
		if next, err = f.Recovery.Renew(r.Context(), id, text, recovery.Ask{Locale: f.lang(w, r), Browser: form.Browser, Once: form.Once}); err == nil {
			http.Redirect(w, r, "/recover/"+next, http.StatusSeeOther)
			return nil
		}
	default:
		return f.showLink(w, r, text, nil)
	}
	if err != nil {
		return f.showLink(w, r, text, err)
	}
	return f.linkDone(w, r, LinkDone{Variant: LinkDead})
}

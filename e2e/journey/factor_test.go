package journey

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"github.com/genkan/genkan/e2e/house"
)

// enrolled is somebody who has an account and an authenticator app.
func (v *visit) enrolled(email string) (string, *house.App) {
	v.t.Helper()
	return email, v.Enrol(v.t, v.Member(v.t, email, oldPassword, v.look.Lang))
}

// half signs in up to the second factor, on the way to a page of the account.
func (g *guest) half(email string) {
	g.v.t.Helper()
	g.visit("/signin?other=1&return_to=/account/password")
	g.sends("email", email, "password", oldPassword)
	if !strings.HasPrefix(g.path(), "/signin/") {
		g.v.t.Fatalf("after the password at %s:\n%s", g.path(), g.Text("main"))
	}
	g.reads(g.v.say("signin_factor.title"))
	g.reads(email)
}

// types types a whole code: where script runs, the last digit sends it.
func (g *guest) types(code string) {
	g.v.t.Helper()
	if !g.v.script() {
		g.sends("code", code)
		return
	}
	g.Leads("type "+code, chromedp.Tasks{chromedp.Clear("#code", chromedp.ByQuery),
		chromedp.Focus("#code", chromedp.ByQuery), input.InsertText(code)})
}

// TestSignInWithAnApp: the code is asked after the password, taken as people type
// it, and what is wrong with one is said.
func TestSignInWithAnApp(t *testing.T) {
	walk(t, 9, func(t *testing.T, v *visit) {
		email, app := v.enrolled("taro@example.jp")
		v.Clock.Advance(10 * time.Minute)
		g, now := v.arrive(), v.Clock.Now()
		g.half(email)
		if v.script() {
			g.Axe()
		}
		g.types(wrong(app.Code(now)))
		g.reads(v.say("cause.totp.typo.title"))
		g.types(app.Code(now.Add(-150 * time.Second)))
		g.reads(v.say("cause.totp.clock.detail", "Seconds", 150))
		g.sends("code", "12345") // too short to go by itself
		g.reads(v.say("cause.code.format.title", "Size", 6))
		g.types(wide(app.Code(now)))
		g.at("/account/password") // where they wanted to go
		other := v.arrive()
		other.half(email)
		other.types(app.Code(now))
		other.reads(v.say("cause.totp.used.title"))
	})
}

// TestLateForASetting: whoever is too late for an important setting proves once
// more who they are, and comes back to it.
func TestLateForASetting(t *testing.T) {
	walk(t, 11, func(t *testing.T, v *visit) {
		email, app := v.enrolled("taro@example.jp")
		g := v.arrive()
		g.half(email)
		g.types(app.Code(v.Clock.Now()))
		g.at("/account/password")
		v.Clock.Advance(6 * time.Minute)
		g.sends("old_password", oldPassword, "password", newPassword)
		g.reads(v.say("cause.session.proof-old.title"))
		g.Submit("#problem .next a")
		g.reads(v.say("signin.title"))
		if strings.Contains(g.Text("main"), v.say("action.other")) {
			g.sends("password", oldPassword) // the browser knows the address
		} else {
			g.sends("email", email, "password", oldPassword)
		}
		g.types(app.Code(v.Clock.Now()))
		g.at("/account/password")
		g.sends("old_password", oldPassword, "password", newPassword)
		g.at("/account")
	})
}

// TestSignInWithARecoveryCode: whoever has no phone at hand gets in by a code of
// the card, once.
func TestSignInWithARecoveryCode(t *testing.T) {
	walk(t, 12, func(t *testing.T, v *visit) {
		email, app := v.enrolled("taro@example.jp")
		use := func(code string) *guest {
			t.Helper()
			g := v.arrive()
			g.half(email)
			g.Press("details summary")
			g.fills("recovery", strings.ToLower(code))
			g.Submit("details button")
			return g
		}
		use(app.Codes[3]).at("/account/password")
		g := use(app.Codes[3])
		g.reads(v.say("cause.recovery-code.wrong.title"))
		if v.script() {
			g.Axe()
		}
		g.fills("recovery", app.Codes[4])
		g.Submit("details button")
		g.at("/account/password")
	})
}

package journey

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// begins registers an address up to the page that waits, and gives that page's
// path.
func (g *guest) begins(email, pw string) string {
	g.v.t.Helper()
	g.visit("/signin")
	g.Submit(`.else a[href="/register"]`)
	g.sends("email", email, "password", pw)
	if !strings.HasPrefix(g.path(), "/register/") {
		g.v.t.Fatalf("registering led to %s:\n%s", g.path(), g.Text("main"))
	}
	g.reads(g.v.say("wait.sent_to"))
	g.reads(email)
	return g.path()
}

func TestRegisterByCode(t *testing.T) {
	walk(t, 0, func(t *testing.T, v *visit) {
		g := v.arrive()
		g.begins("hana@example.jp", oldPassword)
		g.resendWaits()
		code := v.Mail.Wait(t, "hana@example.jp", 1).Code

		// A slip is told beside the field, and nothing is lost by it.
		if status := g.sends("code", "12"); status != 422 {
			t.Errorf("two digits gave %d", status)
		}
		g.reads(v.say("cause.code.format.title", "Size", 6))
		g.sends("code", wrong(code))
		g.reads(v.say("cause.code.wrong.title"))
		g.reads("hana@example.jp")

		// As people copy it: full-width, in groups.
		g.sends("code", wide(code[:3])+" - "+code[3:])
		g.at("/account")
		g.reads(v.say("notice.registered"))
		g.reads("hana@example.jp")
		g.visit("/account")
		g.readsNot(v.say("notice.registered")) // said once
	})
}

// resendWaits checks that the page says when another mail is possible, and that
// it becomes possible then.
func (g *guest) resendWaits() {
	g.v.t.Helper()
	if g.v.script() {
		g.Until("the countdown", `/^[01]:\d\d$/.test(document.querySelector("[data-left]").textContent) && document.querySelector(".resend button").disabled`)
	} else {
		g.reads(g.v.say("wait.resend_from", "At", g.v.words.Clock(g.v.look.Lang, g.v.Clock.Now().Add(time.Minute))))
		// Pressed too early, it says so; the code that was sent still works.
		if status := g.Submit(".resend button"); status != 429 {
			g.v.t.Errorf("resent at once: %d", status)
		}
		g.reads(g.v.say("cause.lock.resend-limit.title"))
	}
	g.v.Clock.Advance(61 * time.Second)
	g.visit(g.path())
	g.Submit(".resend button")
	g.reads(g.v.say("notice.resent"))
	g.reads(g.v.say("wait.ordinal", "N", 2))
}

// TestRegisterPasswordRefused: a password that will not do is told beside its
// field, and the address stays.
func TestRegisterPasswordRefused(t *testing.T) {
	walk(t, 1, func(t *testing.T, v *visit) {
		g := v.arrive()
		g.visit("/register")
		for _, tc := range []struct{ pw, cause string }{
			{"tooshort", "cause.pw.too_short.title"},
			{"passwordpassword", "cause.pw.common.title"},
			{"hana@example.jp.", ""},
		} {
			g.sends("email", "hana@example.jp", "password", tc.pw)
			if tc.cause == "" {
				continue
			}
			g.at("/register")
			if got := g.Text("#password-wrong"); !strings.HasPrefix(got, v.say(tc.cause, "min", 15)) {
				t.Errorf("%q is refused with %q", tc.pw, got)
			}
			if got := g.Value("#email"); got != "hana@example.jp" {
				t.Errorf("the address became %q", got)
			}
			if got := g.Value("#password"); got != "" {
				t.Error("the password came back on the page (PW1)")
			}
			var focus string
			g.Eval("document.activeElement.id", &focus)
			if focus != "password" {
				t.Errorf("the focus is on %q", focus)
			}
		}
	})
}

// TestDomainSuggestion: a slip in a common domain is asked about, once, before
// anything is sent; with script before the form goes out, else by the house.
func TestDomainSuggestion(t *testing.T) {
	for nth, keep := range []bool{false, true} {
		t.Run(fmt.Sprintf("keep=%t", keep), func(t *testing.T) {
			walk(t, 2+nth, func(t *testing.T, v *visit) {
				g, typed, want := v.arrive(), "hana@gmial.com", "hana@gmail.com"
				if keep {
					want = typed
				}
				g.visit("/register")
				if v.script() {
					g.fills("email", typed, "password", oldPassword)
					g.Until("the question", `document.querySelector("[data-address]").innerText === "hana@gmail.com"`)
					g.Press(map[bool]string{false: "[data-use]", true: "[data-keep]"}[keep])
					if got := g.Value("#email"); got != want {
						t.Errorf("the field holds %q", got)
					}
					g.Submit("button.go")
				} else {
					g.sends("email", typed, "password", oldPassword)
					g.at("/register")
					g.reads("hana@gmail.com")
					g.fills("password", oldPassword)
					g.Submit(map[bool]string{false: "button[value=use]", true: "button[value=keep]"}[keep])
				}
				if !strings.HasPrefix(g.path(), "/register/") {
					t.Fatalf("at %s:\n%s", g.path(), g.Text("main"))
				}
				g.reads(want)
				g.sends("code", v.Mail.Wait(t, want, 1).Code)
				g.at("/account")
				g.reads(want)
			})
		})
	}
}

// TestRegisterByLinkElsewhere: the link is opened on another device, where the
// waiting page's number is typed; the first browser goes on, the second stays out.
func TestRegisterByLinkElsewhere(t *testing.T) {
	walk(t, 4, func(t *testing.T, v *visit) {
		first, second := v.arrive(), v.arrive()
		first.begins("hana@example.jp", oldPassword)
		number := first.Text(".pair .number")
		if len(number) != 4 {
			t.Fatalf("the number is %q", number)
		}
		second.Go(v.Mail.Wait(t, "hana@example.jp", 1).Link)
		second.at("/link") // the token has left the address bar (RS7)
		second.reads(v.say("link.register_other.lead"))

		second.sends("number", wrong(number))
		second.reads(v.say("cause.number.wrong.title"))
		second.sends("number", wide(number))
		second.reads(v.say("link_done.register_other.title"))

		if v.script() {
			first.WaitText("main", v.say("notice.registered"))
		} else {
			first.Submit("[data-plain] a")
			first.reads(v.say("register_ready.title"))
			first.sends()
			first.reads(v.say("notice.registered"))
		}
		first.at("/account")
		second.visit("/account")
		second.reads(v.say("signin.press"))
	})
}

// TestRegisterFirstScreenClosed: with the first screen gone, the chosen password
// lets the browser in that opened the link.
func TestRegisterFirstScreenClosed(t *testing.T) {
	walk(t, 5, func(t *testing.T, v *visit) {
		v.arrive().begins("hana@example.jp", oldPassword)
		g := v.arrive()
		g.Go(v.Mail.Wait(t, "hana@example.jp", 1).Link)
		g.Press("details summary")
		g.fills("password", newPassword)
		g.Submit("details button.quiet")
		g.reads(v.say("cause.pw.wrong.title"))
		g.fills("password", oldPassword) // the part stays open
		g.Submit("details button.quiet")
		g.at("/account")
	})
}

// TestRegisterByLinkHere: in the browser that waits, the link takes one press;
// the page in the first tab goes on too, and a second press does no harm.
func TestRegisterByLinkHere(t *testing.T) {
	walk(t, 6, func(t *testing.T, v *visit) {
		g := v.arrive()
		path := g.begins("hana@example.jp", oldPassword)
		link := v.Mail.Wait(t, "hana@example.jp", 1).Link
		tab := g.tab()
		tab.Go(link)
		tab.reads(v.say("link.register_same.lead"))
		tab.sends()
		tab.at("/account")
		if v.script() {
			g.Until("to go on", "location.pathname === '/account'")
		} else {
			g.visit(path)
			g.at("/account")
		}
		tab.Go(link)
		tab.reads(v.say("link.dead.title"))
	})
}

// TestAddressCorrectedWhileWaiting: the slip is seen on the waiting page and
// mended there, at once.
func TestAddressCorrectedWhileWaiting(t *testing.T) {
	walk(t, 7, func(t *testing.T, v *visit) {
		g := v.arrive()
		g.begins("hanna@example.jp", oldPassword)
		stale := v.Mail.Wait(t, "hanna@example.jp", 1)
		g.Press("details summary")
		g.fills("email", "hana at example.jp")
		g.Submit(`form[action$="/address"] button`)
		g.reads(v.say("cause.email.no_at.title"))
		g.fills("email", "hana@example.jp")
		g.Submit(`form[action$="/address"] button`)
		g.reads(v.say("notice.address_corrected"))
		g.reads("hana@example.jp")
		code := v.Mail.Wait(t, "hana@example.jp", 1).Code
		if code != stale.Code {
			g.sends("code", stale.Code)
			g.reads(v.say("cause.code.wrong.title"))
		}
		g.sends("code", code)
		g.at("/account")
		g.reads("hana@example.jp")
	})
}

// TestWaitingPageRanOut: whoever comes back after the code's end is told so and
// has a way on.
func TestWaitingPageRanOut(t *testing.T) {
	walk(t, 8, func(t *testing.T, v *visit) {
		g := v.arrive()
		path := g.begins("hana@example.jp", oldPassword)
		letter := v.Mail.Wait(t, "hana@example.jp", 1)
		v.Clock.Advance(31 * time.Minute)
		if status := g.sends("code", letter.Code); status != 410 {
			t.Errorf("a late code gave %d", status)
		}
		g.reads(v.say("cause.code.expired.title"))
		g.visit(path)
		g.Submit(`main a.go`)
		g.at("/register")
		// The dead link sends a fresh one to the same box by one press.
		g.Go(letter.Link)
		g.reads(v.say("link.dead.title"))
		g.sends()
		g.reads(v.say("link_done.dead.title"))
		g.Go(v.Mail.Wait(t, "hana@example.jp", 2).Link)
		g.sends()
		g.at("/account")
	})
}

// wrong gives other digits.
func wrong(code string) string {
	b := []byte(code)
	b[0] = '0' + (b[0]-'0'+1)%10
	return string(b)
}

// wide gives digits and letters as a Japanese keyboard in full-width mode does.
func wide(s string) string {
	return strings.Map(func(r rune) rune {
		if r > ' ' && r < 0x7f {
			return r + 0xfee0
		}
		return r
	}, s)
}

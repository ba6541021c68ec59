package journey

import (
	"strings"
	"testing"
	"time"
)

// TestForgottenPasswordByCode: from the sign-in page to a new password. The old
// one and every session end; nobody is signed in by it (RS6).
func TestForgottenPasswordByCode(t *testing.T) {
	walk(t, 5, func(t *testing.T, v *visit) {
		g, elsewhere, email := v.arrive(), v.arrive(), v.member("taro@example.jp")
		elsewhere.signsIn(email, oldPassword)
		g.visit("/signin")
		g.Submit(".forgot a")
		g.sends("email", email)
		if !strings.HasPrefix(g.path(), "/recover/") {
			t.Fatalf("at %s:\n%s", g.path(), g.Text("main"))
		}
		code := v.codeTo(email)
		g.sends("code", wrong(code))
		g.reads(v.say("cause.code.wrong.title"))
		g.sends("code", wide(code))
		g.reads(v.say("recover_password.lead"))
		g.sends("password", "short")
		g.reads(v.say("cause.pw.too_short.title", "min", 15))
		g.sends("password", newPassword)
		g.reads(v.say("recover_done.ended"))

		elsewhere.visit("/account")
		if !strings.HasPrefix(elsewhere.path(), "/signin") {
			t.Errorf("the old session is still in, at %s", elsewhere.path())
		}
		g.Submit("main a.go")
		g.sends("email", email, "password", oldPassword)
		g.reads(v.say("cause.signin.refused.title"))
		g.sends("email", email, "password", newPassword)
		g.at("/account")
		g.reads(v.say("hold.says"))
	})
}

// TestForgottenPasswordByLink: the link works in any browser, once, and the
// token leaves the address bar.
func TestForgottenPasswordByLink(t *testing.T) {
	walk(t, 6, func(t *testing.T, v *visit) {
		g, phone, email := v.arrive(), v.arrive(), v.member("taro@example.jp")
		g.visit("/recover")
		g.sends("email", email)
		link := v.Mail.Wait(t, email, 1).Link
		phone.Go(link)
		phone.at("/link")
		phone.sends("password", email) // not a good one
		phone.at("/link")
		phone.sends("password", newPassword)
		phone.reads(v.say("recover_done.title"))
		phone.Go(link)
		phone.reads(v.say("link.dead.title"))
		phone.signsIn(email, newPassword)
		// The page that waited says that it is over, and leads on.
		g.visit(g.path())
		g.Submit("main a.go")
	})
}

// TestForgottenWithoutAccount: the page is the same; the box learns the truth.
func TestForgottenWithoutAccount(t *testing.T) {
	walk(t, 7, func(t *testing.T, v *visit) {
		g := v.arrive()
		g.visit("/recover")
		g.sends("email", "nobody@example.jp")
		g.reads(v.say("wait.sent_to"))
		letter := v.Mail.Wait(t, "nobody@example.jp", 1)
		if letter.Code != "" || letter.Link != "" {
			t.Errorf("a stranger's box got a code or link: %s", letter.Text)
		}
		g.sends("code", "12345678")
		g.reads(v.say("cause.code.wrong.title"))
		g.Press("details summary")
		g.reads(v.say("mail.step_spam"))
		v.Clock.Advance(31 * time.Minute)
		g.sends("code", "12345678")
		g.reads(v.say("cause.code.expired.title"))
		g.Submit("main a.go")
		g.at("/recover")
	})
}

// codeTo gives the code of the newest mail to an address that has one, once it
// has come.
func (v *visit) codeTo(email string) string {
	v.t.Helper()
	for n := 1; ; n++ {
		if letter := v.Mail.Wait(v.t, email, n); len(letter.Code) >= 6 {
			return letter.Code
		}
	}
}

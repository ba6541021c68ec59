package journey

import (
	"strings"
	"testing"
)

// TestWrongPasswordTwice: the second refusal offers a new password right beside
// what it says, everything typed but the password stays, and the same words meet
// an address that has no account.
func TestWrongPasswordTwice(t *testing.T) {
	walk(t, 0, func(t *testing.T, v *visit) {
		g, email := v.arrive(), v.member("taro@example.jp")
		g.visit("/signin")
		var told []string
		for _, who := range []string{email, email, "nobody@example.jp"} {
			if status := g.sends("email", who, "password", newPassword); status != 401 {
				t.Errorf("a wrong password gave %d", status)
			}
			if got := g.Value("#email"); got != who {
				t.Errorf("the address became %q", got)
			}
			told = append(told, g.Text("#problem h2"))
			if len(told) == 1 {
				continue
			}
			if !g.Has(`#problem a[href="/recover"]`) {
				t.Errorf("no way to a new password beside the refusal:\n%s", g.Text("#problem"))
			}
		}
		if told[0] != told[2] || told[0] != v.say("cause.signin.refused.title") {
			t.Errorf("the refusals differ: %q", told)
		}
		g.Submit(`#problem a[href^="/recover"]`)
		g.at("/recover")
		g.visit("/signin")
		g.sends("email", email, "password", oldPassword)
		g.at("/account")
	})
}

// TestTypedAsPeopleType: an address in full-width letters works; a password is
// never changed, but the house says what it saw; swapped fields are noticed and
// both emptied.
func TestTypedAsPeopleType(t *testing.T) {
	walk(t, 1, func(t *testing.T, v *visit) {
		g, email := v.arrive(), v.member("taro@example.jp")
		g.visit("/signin")
		g.sends("email", email, "password", wide(newPassword))
		g.reads(v.say("cause.signin.refused.title"))
		g.reads(v.say("hint.full_width"))

		g.sends("email", oldPassword, "password", email)
		g.reads(v.say("cause.who.fields-swapped.title"))
		for _, field := range []string{"#email", "#password"} {
			if got := g.Value(field); got != "" {
				t.Errorf("%s still holds %q", field, got)
			}
		}
		g.sends("email", "taro", "password", oldPassword)
		if got := g.Text("#email-wrong"); !strings.HasPrefix(got, v.say("cause.email.no_at.title")) {
			t.Errorf("beside the field stands %q", got)
		}
		g.sends("email", "　"+wide(email)+" ", "password", oldPassword)
		g.at("/account")
	})
}

// TestRememberedAddress: a browser that signed in before is offered its address,
// masked, and may use another.
func TestRememberedAddress(t *testing.T) {
	walk(t, 2, func(t *testing.T, v *visit) {
		g, email := v.arrive(), v.member("taro@example.jp")
		other := v.member("jiro@example.jp")
		g.signsIn(email, oldPassword)
		g.Submit(`form[action="/signout"] button`)
		g.at("/signin")
		g.reads(v.say("notice.signed_out"))
		g.reads("t•••@ex•••.jp")
		g.readsNot(email)
		if g.Has("#email") {
			t.Error("the address is asked for all the same")
		}
		g.sends("password", newPassword)
		g.reads(v.say("cause.signin.refused.title"))
		g.reads("t•••@ex•••.jp") // still the same person
		g.sends("password", oldPassword)
		g.at("/account")
		g.reads(email)
		g.Submit(`form[action="/signout"] button`)
		g.Submit(".known a")
		g.sends("email", other, "password", oldPassword)
		g.at("/account")
		g.reads(other)
	})
}

// TestSignedOut: the back button and old addresses show nothing of the account.
func TestSignedOut(t *testing.T) {
	walk(t, 3, func(t *testing.T, v *visit) {
		g, email := v.arrive(), v.member("taro@example.jp")
		g.signsIn(email, oldPassword)
		g.Submit(`form[action="/signout"] button`)
		g.visit("/account")
		g.readsNot(email)
		if !strings.HasPrefix(g.path(), "/signin") {
			t.Errorf("at %s", g.path())
		}
		g.visit("/")
		g.at("/signin")
	})
}

// TestComesBackToWhereItWas: whoever must sign in first lands where they wanted
// to go, also when they choose another language on the way.
func TestComesBackToWhereItWas(t *testing.T) {
	walk(t, 4, func(t *testing.T, v *visit) {
		g, email := v.arrive(), v.member("taro@example.jp")
		g.visit("/.well-known/change-password")
		g.reads(v.say("notice.signin_first"))
		g.Submit(".switch")
		g.Submit(".switch")
		g.sends("email", email, "password", newPassword)
		g.sends("email", email, "password", oldPassword)
		g.at("/account/password")
		// Signed in already, the sign-in page leads on.
		g.visit("/signin?return_to=/account/address")
		g.at("/account/address")
	})
}

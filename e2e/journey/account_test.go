package journey

import (
	"strings"
	"testing"
)

// TestChangePassword: the other browser is out, this one stays, mistakes are
// told beside their field.
func TestChangePassword(t *testing.T) {
	walk(t, 0, func(t *testing.T, v *visit) {
		g, other, email := v.arrive(), v.arrive(), v.member("taro@example.jp")
		g.signsIn(email, oldPassword)
		other.signsIn(email, oldPassword)
		g.Submit(`a[href="/account/password"]`)
		g.sends("old_password", newPassword, "password", newPassword)
		if got := g.Text("#old_password-wrong"); !strings.HasPrefix(got, v.say("cause.pw.wrong.title")) {
			t.Errorf("beside the field stands %q", got)
		}
		g.sends("old_password", oldPassword, "password", "mijikai")
		g.reads(v.say("cause.pw.too_short.title", "min", 15))
		g.sends("old_password", oldPassword, "password", newPassword)
		g.at("/account")
		g.reads(v.say("notice.password_changed"))
		other.visit("/account")
		other.at("/signin?return_to=%2Faccount")
		other.signsIn(email, newPassword)
		g.visit("/account")
		g.at("/account")
	})
}

// TestEndSessions: the list shows both browsers and which one is this; ending
// the other puts it out at once.
func TestEndSessions(t *testing.T) {
	walk(t, 1, func(t *testing.T, v *visit) {
		g, other, third, email := v.arrive(), v.arrive(), v.arrive(), v.member("taro@example.jp")
		g.signsIn(email, oldPassword)
		other.signsIn(email, oldPassword)
		g.visit("/account")
		var lines int
		g.Eval(`document.querySelectorAll(".sessions li").length`, &lines)
		if lines != 2 {
			t.Fatalf("%d sessions are listed", lines)
		}
		if got := g.Text(".sessions li.here"); !strings.Contains(got, v.say("account.this")) || !strings.Contains(got, "Chrome") {
			t.Errorf("this browser is listed as %q", got)
		}
		g.Submit(".sessions li:not(.here) button")
		g.reads(v.say("notice.session_ended"))
		other.visit("/account")
		other.at("/signin?return_to=%2Faccount")

		other.signsIn(email, oldPassword)
		third.signsIn(email, oldPassword)
		g.visit("/account")
		g.Submit(`form[action$="/end-others"] button`)
		g.reads(v.say("notice.others_ended"))
		for _, out := range []*guest{other, third} {
			out.visit("/account")
			out.at("/signin?return_to=%2Faccount")
		}
		g.visit("/account")
		g.at("/account")
	})
}

// TestChangeAddressAndUndo: the code goes to the new box; the old box can undo
// with its link and the number of its mail, and everybody is out then (RS9).
func TestChangeAddressAndUndo(t *testing.T) {
	walk(t, 2, func(t *testing.T, v *visit) {
		g, email := v.arrive(), v.member("taro@example.jp")
		g.signsIn(email, oldPassword)
		g.Submit(`a[href="/account/address"]`)
		g.sends("email", "new@example.jp", "password", newPassword)
		g.reads(v.say("cause.pw.wrong.title"))
		if got := g.Value("#email"); got != "new@example.jp" {
			t.Errorf("the new address became %q", got)
		}
		g.sends("email", "new@example.jp", "password", oldPassword)
		if !strings.HasPrefix(g.path(), "/account/address/") {
			t.Fatalf("at %s:\n%s", g.path(), g.Text("main"))
		}
		g.sends("code", v.codeTo("new@example.jp"))
		g.at("/account")
		g.reads(v.say("notice.address_changed"))
		g.reads("new@example.jp")

		undo := v.Mail.Wait(t, email, 2) // after the notice of the new browser
		owner := v.arrive()
		owner.Go(undo.Link)
		owner.reads(v.say("link.address_undo.lead"))
		owner.sends("number", wrong(undo.Code))
		owner.reads(v.say("cause.number.wrong.title"))
		owner.sends("number", undo.Code)
		owner.reads(v.say("link_done.address_undo.title"))
		g.visit("/account")
		if !strings.HasPrefix(g.path(), "/signin") {
			t.Errorf("after the undo the other browser is at %s", g.path())
		}
		// Whoever made the change knows the password: it is over, and the way on is
		// a new one.
		owner.Submit("main a.go")
		owner.at("/recover")
		owner.sends("email", email)
		owner.sends("code", v.codeTo(email))
		owner.sends("password", newPassword)
		owner.signsIn(email, newPassword)
		owner.reads(email)
	})
}

// TestChangeAddressByLink: on another device the number of the waiting page is
// typed.
func TestChangeAddressByLink(t *testing.T) {
	walk(t, 3, func(t *testing.T, v *visit) {
		g, phone, email := v.arrive(), v.arrive(), v.member("taro@example.jp")
		g.signsIn(email, oldPassword)
		g.visit("/account/address")
		g.sends("email", "new@example.jp", "password", oldPassword)
		number := g.Text(".pair .number")
		phone.Go(v.Mail.Wait(t, "new@example.jp", 1).Link)
		phone.sends("number", wrong(number))
		phone.reads(v.say("cause.number.wrong.title"))
		phone.sends("number", number)
		phone.reads(v.say("link_done.address_confirm.title"))
		g.signsIn("new@example.jp", oldPassword)
	})
}

// TestFreezeFromANotice: one press stops everything; the owner is told the truth
// after the right password only, and can begin to thaw; a notice can veto that.
func TestFreezeFromANotice(t *testing.T) {
	walk(t, 4, func(t *testing.T, v *visit) {
		thief, owner, email := v.arrive(), v.arrive(), v.member("taro@example.jp")
		thief.signsIn(email, oldPassword)
		owner.Go(v.Mail.Wait(t, email, 1).Link)
		owner.at("/link")
		owner.reads(v.say("link.freeze.lead"))
		owner.sends()
		owner.reads(v.say("link_done.freeze.title"))
		thief.visit("/account")
		if !strings.HasPrefix(thief.path(), "/signin") {
			t.Errorf("after the freeze the thief is at %s", thief.path())
		}
		thief.visit("/signin?other=1")
		thief.sends("email", email, "password", newPassword)
		thief.reads(v.say("cause.signin.refused.title"))

		owner.visit("/signin")
		owner.sends("email", email, "password", oldPassword)
		owner.at("/frozen")
		owner.reads(v.say("frozen.title"))
		owner.reads(v.say("frozen.by_owner"))
		owner.sends()
		code := v.Mail.Wait(t, email, 3).Code // after the notices of the new browser and the freeze
		owner.sends("code", wrong(code))
		owner.reads(v.say("cause.code.wrong.title"))
		owner.sends("code", code)
		owner.reads(v.say("frozen.thawing"))

		owner.Go(v.Mail.Wait(t, email, 4).Link)
		owner.reads(v.say("link.thaw_veto.title"))
		owner.sends()
		owner.reads(v.say("link_done.thaw_veto.title"))
	})
}

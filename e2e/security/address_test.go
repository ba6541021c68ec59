package security_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
)

// TestTakeoverIsUndone: RS9, SE4, SE7. A thief with the password and a session
// moves the account to a box of their own, and on to a second one, and tries to
// undo the owner's undo. The owner, with nothing but the old box, gets the
// account back, and it stays back.
func TestTakeoverIsUndone(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const owner, box1, box2 = "owner@example.org", "thief1@example.org", "thief2@example.org"
		id := h.Member(t, owner, goodPassword, "en")
		thief := h.Visit(t)
		thief.SignIn(owner, goodPassword)
		changeAddress(t, h, thief, box1)
		first := letterOf(t, h, owner, "address was changed")
		if links(first)['u'] == "" || first.Code == "" {
			t.Fatal("the old box was not told how to undo it")
		}
		changeAddress(t, h, thief, box2)
		settled(t, h) // the thief has all they get
		h.Clock.Advance(71 * time.Hour)
		thief = h.Visit(t)
		thief.SignIn(box2, goodPassword)
		thief.Get("/account/address")
		open := thief.Post("/account/address", "email", "thief3@example.org", "password", goodPassword)
		openLetter := letterOf(t, h, "thief3@example.org", "new mail address")

		if got := press(t, h, links(first)['u'], "number", "0000"); got.Status == 200 && first.Code != "0000" {
			t.Error("a wrong number undid it")
		}
		settled(t, h) // what they did so far is told
		before := len(h.Mail.To(box1)) + len(h.Mail.To(box2))
		if got := press(t, h, links(first)['u'], "number", first.Code); got.Status != 200 {
			t.Fatalf("the undo gave %d: %s", got.Status, got.Problem())
		}
		if accountOf(t, h, owner) != id {
			t.Fatal("the old address is not the account's again")
		}
		if got := thief.Get("/account"); got.URL.Path != "/signin" {
			t.Error("the thief's session lives on")
		}
		// What the thief holds: undo links to the own boxes, an open change, the notices' links.
		var letters []house.Letter
		for _, box := range []string{box1, box2, "thief3@example.org"} {
			letters = append(letters, h.Mail.To(box)...)
		}
		for _, l := range letters {
			for letter, link := range links(l) {
				if letter != 'f' {
					press(t, h, link, "number", l.Code, "password", thirdPassword)
				}
			}
		}
		thief.Get("/signin")
		thief.Post(open.URL.Path+"/confirm", "code", openLetter.Code)
		if accountOf(t, h, owner) != id {
			t.Error("the thief took it once more")
		}
		// The thief's boxes hear nothing more of this account.
		h.Clock.Advance(2 * time.Hour)
		recovered(t, h, owner, nextPassword)
		letterOf(t, h, owner, "was reset")
		settled(t, h)
		if now := len(h.Mail.To(box1)) + len(h.Mail.To(box2)); now != before {
			t.Errorf("the thief's boxes got %d notices after the undo", now-before)
		}
		if visit(t, h.URL).in(owner, goodPassword) != "" || visit(t, h.URL).in(owner, nextPassword) == "" {
			t.Error("the owner's reset did not shut the thief out")
		}
	})
}

// TestUndoTakesTheThiefsAppAway: RS9, law 3. An app and recovery codes that a thief
// set up after the address was changed go with the undo; the owner's own app,
// which they took the place of, counts again.
func TestUndoTakesTheThiefsAppAway(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		for _, own := range []bool{false, true} {
			owner, box := fmt.Sprintf("robbed%v@example.org", own), fmt.Sprintf("robber%v@example.org", own)
			id := h.Member(t, owner, goodPassword, "en")
			thief := h.Visit(t)
			thief.SignIn(owner, goodPassword)
			var mine *house.App
			if own { // the thief sits at a browser that is in, fresh by its factor
				mine = h.Enrol(t, id)
				if _, err := h.DB.Writer().ExecContext(t.Context(), "UPDATE session SET factor_at = $1 WHERE account_id = $2", h.Clock.Now().UnixMicro(), id); err != nil {
					t.Fatal(err)
				}
			}
			changeAddress(t, h, thief, box)
			notice := letterOf(t, h, owner, "address was changed")
			theirs := h.Enrol(t, id)
			if got := press(t, h, links(notice)['u'], "number", notice.Code); got.Status != 200 {
				t.Fatalf("the undo gave %d: %s", got.Status, got.Problem())
			}
			recovered(t, h, owner, nextPassword)
			c := visit(t, h.URL)
			_, out := c.api("POST", "/sign-ins", dict{"email": owner, "password": nextPassword})
			if !own {
				if out["state"] != "complete" {
					t.Errorf("the thief's app keeps the owner out: %v", out)
				}
				continue
			}
			show := func(method, code string) any {
				_, out := c.api("POST", "/sign-ins/"+out["id"].(string)+"/factor", dict{"method": method, "code": code})
				return out["state"]
			}
			if out["state"] != "second_factor" || show("totp", theirs.Code(h.Clock.Now())) != "second_factor" || show("recovery_code", theirs.Codes[0]) != "second_factor" {
				t.Error("what the thief set up opens the account")
			}
			if show("totp", mine.Code(h.Clock.Now())) != "complete" {
				t.Error("the owner's own app does not count again")
			}
		}
	})
}

// TestNewestNoticeLeadsHome: RS9. After two changes in a row, every undo that
// the owner's own box was sent leads back to that box.
func TestNewestNoticeLeadsHome(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const owner = "home@example.org"
		id := h.Member(t, owner, goodPassword, "en")
		thief := h.Visit(t)
		thief.SignIn(owner, goodPassword)
		changeAddress(t, h, thief, "away1@example.org")
		first := letterOf(t, h, owner, "address was changed")
		n := len(h.Mail.To(owner))
		changeAddress(t, h, thief, "away2@example.org")
		newest := letterAfter(t, h, owner, n, "address was changed")
		if links(newest)['u'] == "" {
			newest = first
		}
		if got := press(t, h, links(newest)['u'], "number", newest.Code); got.Status != 200 {
			t.Fatalf("the undo gave %d: %s", got.Status, got.Problem())
		}
		if got, err := h.Book.ByID(context.Background(), h.DB.Reader(), id); err != nil || got.Address != owner {
			t.Errorf("the newest notice's undo leads to somebody else's box: %v", err)
		}
	})
}

// TestUndoEnds: RS9. After 72 hours the undo is over; it never works twice.
func TestUndoEnds(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "late@example.org"
		h.Member(t, me, goodPassword, "en")
		p := h.Visit(t)
		p.SignIn(me, goodPassword)
		changeAddress(t, h, p, "late2@example.org")
		l := letterOf(t, h, me, "address was changed")
		h.Clock.Advance(72*time.Hour + time.Second)
		if got := press(t, h, links(l)['u'], "number", l.Code); got.Status != http.StatusGone {
			t.Errorf("after 72 hours the undo gave %d", got.Status)
		}
		accountOf(t, h, "late2@example.org")
	})
}

// TestChangingAnAddressNeedsThePassword: SE5, RS9. A session alone, a mail link
// alone, or extra fields do not change an address; the new box must be proven.
func TestChangingAnAddressNeedsThePassword(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "fresh@example.org"
		id := h.Member(t, me, goodPassword, "en")
		h.Member(t, "taken@example.org", goodPassword, "en")
		p := h.Visit(t)
		p.SignIn(me, goodPassword)
		for _, bad := range [][]string{
			{"email", "x@example.org"}, {"email", "x@example.org", "password", ""}, {"email", "x@example.org", "password", nextPassword},
			{"password", goodPassword}, {"email", "nonsense", "password", goodPassword},
		} {
			p.Get("/account/address")
			if got := p.Post("/account/address", append(bad, "verified", "1", "email_verified", "true")...); got.Status < 400 {
				t.Errorf("with %d fields the change led to %s", len(bad)/2, got.URL)
			}
		}
		if n := count(t, h, "SELECT COUNT(*) FROM address_change"); n != 0 {
			t.Fatalf("%d changes were begun", n)
		}
		h.Clock.Advance(time.Hour - time.Second)
		p = h.Visit(t)
		p.SignIn(me, goodPassword)
		p.Get("/account/address")
		wait := p.Post("/account/address", "email", "fresh2@example.org", "password", goodPassword, "verified", "1", "state", "confirmed")
		for range 7 { // wrong codes, more than are judged
			p.Get(wait.URL.Path)
			p.Post(wait.URL.Path+"/confirm", "code", "00000000")
		}
		p.Get(wait.URL.Path)
		if got := p.Post(wait.URL.Path+"/confirm", "code", letterOf(t, h, "fresh2@example.org", "new mail address").Code); got.Status != http.StatusTooManyRequests {
			t.Errorf("after 7 wrong codes the right one gave %d", got.Status)
		}
		if accountOf(t, h, me) != id {
			t.Error("the address changed")
		}
		// A taken address: the same page; its box is told; the right code of nobody changes nothing.
		h.Clock.Advance(time.Hour - time.Second)
		p = h.Visit(t)
		p.SignIn(me, goodPassword)
		p.Get("/account/address")
		taken := p.Post("/account/address", "email", "taken@example.org", "password", goodPassword)
		if taken.Status != 200 || !strings.HasPrefix(taken.URL.Path, "/account/address/") {
			t.Errorf("a taken address led to %s with %d", taken.URL, taken.Status)
		}
		if l := letterOf(t, h, "taken@example.org", "change of address"); l.Code != "" || links(l)['a'] != "" {
			t.Error("the taken box got a code")
		}
		code := h.Account.Keys.Code("address change", 8, taken.ID("/account/address/"))
		if got := p.Post(taken.URL.Path+"/confirm", "code", code); got.Status == 200 && got.URL.Path == "/account" {
			t.Error("the address of another account was taken")
		}
	})
}

// settled waits until every message of the house is sent or dropped.
func settled(t testing.TB, h *house.House) {
	t.Helper()
	end := time.Now().Add(30 * time.Second)
	for count(t, h, "SELECT COUNT(*) FROM message WHERE state IN ('queued', 'deferred')") > 0 {
		if time.Now().After(end) {
			t.Fatal("messages are left in the queue")
		}
	}
}

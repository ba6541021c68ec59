package takeover_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/attempt"
)

// TestOwnersUndoIsTheLast: RS9, SE7. A thief moves the account to one box and on
// to another. Each former box gets the undo of its own change only. After the
// owner's undo the thief has none, the password opens nothing, a hold runs, the
// owner's box is told and the thief's hear nothing more, also after a reset.
func TestOwnersUndoIsTheLast(t *testing.T) {
	engines(t, house.Options{}, func(t *testing.T, h *house.House) {
		id := h.Member(t, owner, oldPassword, "en")
		move(t, h, owner, box1)
		stolen := move(t, h, box1, box2)
		settled(t, h)
		for box, want := range map[string]string{owner: owner, box1: box1, box2: ""} {
			undos := 0
			for _, l := range h.Mail.To(box) {
				for range links(l, 'u') {
					undos++
					change, _ := link(t, l, 'u')
					if c, err := h.Book.ChangeByID(t.Context(), h.DB.Reader(), change); err != nil || c.Old != want {
						t.Errorf("%s got the undo of a change of %s: %v", box, c.Old, err)
					}
				}
			}
			if least := map[string]int{owner: 2, box1: 1}[box]; undos != least {
				t.Errorf("%s got %d undos; want %d", box, undos, least)
			}
		}
		heard := len(h.Mail.To(box1)) + len(h.Mail.To(box2))
		theirs := letter(t, h, box1, "address was changed", 2)

		must(t, undo(t, h, letter(t, h, owner, "address was changed", 2))) // the newest notice's
		a := read(t, h, id)
		if a.Address != owner {
			t.Fatalf("after the undo the address is %s", a.Address)
		}
		if want := h.Clock.Now().Add(24 * time.Hour); !a.HoldUntil.Equal(want) {
			t.Errorf("a hold until %v; want %v", a.HoldUntil, want)
		}
		if alive(t, h, stolen) {
			t.Error("the thief's session lives on")
		}
		for _, email := range []string{owner, box1, box2} {
			if s := signIn(t, h, email, oldPassword); s.State != attempt.Refused {
				t.Errorf("after the undo the old password at %s gave %s", email, s.State)
			}
		}
		letter(t, h, owner, "changed back", 1)
		refused(t, "the thief's undo", undo(t, h, theirs), "link.expired")

		recovery, code := ask(t, h, owner)
		must(t, reset(h, recovery, code, newPassword))
		refused(t, "the thief's undo after a new password", undo(t, h, theirs), "link.expired")
		if read(t, h, id).Address != owner || signIn(t, h, owner, newPassword).State != attempt.Complete {
			t.Error("the owner did not get the account back")
		}
		settled(t, h)
		if got := told(t, h, id); !slices.Equal(got, []string{owner}) {
			t.Errorf("told of events: %v", got)
		}
		if now := len(h.Mail.To(box1)) + len(h.Mail.To(box2)); now != heard {
			t.Errorf("the thief's boxes got %d mails after the undo", now-heard)
		}
	})
}

// TestUndoKillsRunningProofs: RS1, RS9. What the thief had asked for before the
// undo, a reset at the stolen box and a further change, is void after it.
func TestUndoKillsRunningProofs(t *testing.T) {
	engines(t, house.Options{}, func(t *testing.T, h *house.House) {
		id := h.Member(t, owner, oldPassword, "en")
		move(t, h, owner, box1)
		recovery, code := ask(t, h, box1)
		secret, s := in(t, h, box1, oldPassword)
		c, err := h.Account.AskChange(t.Context(), s, "", box2, oldPassword, nil, "")
		must(t, err)
		further := letter(t, h, box2, "new mail address", 1)
		must(t, undo(t, h, letter(t, h, owner, "address was changed", 1)))
		refused(t, "a reset at the stolen box", reset(h, recovery, code, newPassword), "code.expired")
		_, err = h.Account.ConfirmChange(t.Context(), s, secret, c.ID, further.Code, "")
		refused(t, "a further change", err, "code.expired")
		if a := read(t, h, id); a.Address != owner {
			t.Errorf("the address is %s", a.Address)
		}
	})
}

// TestBoxTakenBackStopsNothing: FZ3. After the undo the thief's box holds links
// to freeze and to veto from when the account was theirs; they are dead. The
// same links in the owner's box work.
func TestBoxTakenBackStopsNothing(t *testing.T) {
	engines(t, house.Options{}, func(t *testing.T, h *house.House) {
		id := h.Member(t, owner, oldPassword, "en")
		move(t, h, owner, box1)
		in(t, h, box1, oldPassword)
		ours, theirs := letter(t, h, owner, "New sign-in", 2), letter(t, h, box1, "New sign-in", 1)
		back := letter(t, h, owner, "address was changed", 1)
		must(t, freeze(t, h, ours))
		thaw(t, h, id, box1)
		veto := letter(t, h, box1, "asked to reopen", 1)
		must(t, undo(t, h, back))

		vetoID, vetoLink := link(t, veto, 'v')
		refused(t, "the thief's veto", h.Freeze.Veto(t.Context(), vetoID, vetoLink, ""), "link.expired")
		if read(t, h, id).ThawAt.IsZero() {
			t.Error("the box that was taken back vetoed the thaw")
		}
		refused(t, "the thief's freeze, which would cancel the thaw", freeze(t, h, theirs), "link.expired")
		if read(t, h, id).ThawAt.IsZero() {
			t.Error("the box that was taken back cancelled the thaw")
		}
		h.Clock.Advance(20 * 24 * time.Hour)
		recovery, code := ask(t, h, owner)
		must(t, reset(h, recovery, code, newPassword))
		in(t, h, owner, newPassword) // the thaw is over
		refused(t, "the thief's freeze", freeze(t, h, theirs), "link.expired")
		if a := read(t, h, id); a.State != "active" {
			t.Errorf("the box that was taken back made the account %s", a.State)
		}
		must(t, freeze(t, h, ours))
		if a := read(t, h, id); a.State != "frozen" {
			t.Errorf("the owner's press left the account %s", a.State)
		}
	})
}

// thaw asks for a thaw with everything that it needs, at the present address.
func thaw(t testing.TB, h *house.House, id, box string) {
	t.Helper()
	pass, err := h.Freeze.Pass(id)
	must(t, err)
	_, err = h.Freeze.Thaw(t.Context(), pass, thawCode(t, h, pass, box), "")
	must(t, err)
}

// thawCode asks for the code with a proof of the password and gives the code
// that came.
func thawCode(t testing.TB, h *house.House, pass, box string) string {
	t.Helper()
	n := 1
	for _, l := range h.Mail.To(box) {
		if strings.Contains(l.Subject, "use your account again") {
			n++
		}
	}
	_, err := h.Freeze.AskThaw(t.Context(), pass, "en", nil, "")
	must(t, err)
	return letter(t, h, box, "use your account again", n).Code
}

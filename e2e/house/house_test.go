package house_test

import (
	"testing"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

const (
	oldPassword = "tama ga neko desu yo"
	newPassword = "saru no kiiro kun desu"
)

// TestFrontDoor walks the front door as a person without script does, from
// registration to a recovered password.
func TestFrontDoor(t *testing.T) {
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		h := house.Open(t, url, house.Options{})
		p := h.Visit(t)
		p.Get("/register")
		wait := p.Post("/register", "email", "neu@example.org", "password", oldPassword)
		if wait.Status != 200 || wait.ID("/register/") == "" {
			t.Fatalf("registering led to %s with %d: %s", wait.URL, wait.Status, wait.Problem())
		}
		id := wait.ID("/register/")
		if got := p.Post("/register/"+id+"/confirm", "code", "000000"); got.Status != 422 {
			t.Errorf("a wrong code gave %d", got.Status)
		}
		code := h.Mail.Wait(t, "neu@example.org", 1).Code
		if got := p.Post("/register/"+id+"/confirm", "code", code); got.URL.Path != "/account" {
			t.Fatalf("the code led to %s: %s", got.URL, got.Problem())
		}
		p.Post("/signout")
		if got := p.Get("/account"); got.URL.Path != "/signin" {
			t.Errorf("signed out, /account is at %s", got.URL)
		}
		p.SignIn("neu@example.org", oldPassword)

		q := h.Visit(t)
		q.Get("/recover")
		rid := q.Post("/recover", "email", "neu@example.org").ID("/recover/")
		q.Post("/recover/"+rid+"/confirm", "code", h.Mail.Wait(t, "neu@example.org", 2).Code)
		if got := q.Post("/recover/"+rid+"/password", "password", newPassword); got.Status != 200 {
			t.Fatalf("a new password gave %d: %s", got.Status, got.Problem())
		}
		if got := p.Get("/account"); got.URL.Path != "/signin" {
			t.Errorf("after the reset the old session is at %s", got.URL)
		}
		q.SignIn("neu@example.org", newPassword)
	})
}

// TestHumanKnowsNoBudget: passes for tests about something else never run out.
func TestHumanKnowsNoBudget(t *testing.T) {
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		h := house.Open(t, url, house.Options{})
		p := h.Visit(t)
		p.Get("/signin")
		f := h.Caller(t, puzzle.SignIn, "neu@example.org", p.Cookies()["genkan-browser"])
		for range 8 {
			pass := p.Human(h, puzzle.SignIn, "neu@example.org")
			err := h.DB.Tx(t.Context(), func(tx *db.Tx) error { return h.Puzzle.Spend(t.Context(), tx, pass, f) })
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

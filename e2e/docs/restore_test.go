package docs

import (
	"context"
	"net/http"
	"regexp"
	"testing"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// TestRestoreVoidsWhatWasAlive runs the statements of the operator's guide as a
// restore does, between two runs of a house: sessions, open recoveries and known
// browsers of before are dead afterwards, the password still works (DU4, as far
// as it goes by hand).
func TestRestoreVoidsWhatWasAlive(t *testing.T) {
	statements := regexp.MustCompile("(?s)```sql\n(.*?)```").FindStringSubmatch(read(t, "docs/operator.md"))
	if statements == nil {
		t.Fatal("docs/operator.md has no statements")
	}
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		const email, pw = "anna@example.org", "tall ships leave at dawn"
		keys, mail, clock := house.Keys(), house.NewMailbox(), testkit.NewClock()
		before := house.Open(t, url, house.Options{Keys: keys, Mail: mail, Clock: clock})
		id := before.Member(t, email, pw, "en")
		p := before.Visit(t)
		p.SignIn(email, pw)
		mail.Wait(t, email, 1) // the notice of a new browser
		p.Get("/recover")
		recovery := p.Post("/recover", "email", email).ID("/recover/")
		code := mail.Wait(t, email, 2).Code

		app := before.Enrol(t, id)
		if _, err := before.DB.Writer().ExecContext(context.Background(), statements[1]); err != nil {
			t.Fatalf("the statements do not run: %v", err)
		}
		after := house.Open(t, url, house.Options{Keys: keys, Mail: mail, Clock: clock})
		q := after.Visit(t)
		for name, value := range p.Cookies() {
			q.SetCookie(name, value)
		}
		if got := q.Get("/account"); got.URL.Path != "/signin" {
			t.Errorf("a session of before is at %s with %d", got.URL, got.Status)
		}
		if got := q.Post("/recover/"+recovery+"/confirm", "code", code); got.Status != http.StatusGone {
			t.Errorf("a code of before gave %d: %s", got.Status, got.Problem())
		}
		q.Get("/signin")
		factor := q.Post("/signin", "email", email, "password", pw)
		show := func(fields ...string) house.Page { return q.Post(factor.URL.Path+"/factor", fields...) }
		if got := show("method", "recovery_code", "recovery", app.Codes[0]); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("a recovery code of before gave %d: %s", got.Status, got.Problem())
		}
		if got := show("method", "totp", "code", app.Code(clock.Now())); got.URL.Path != "/account" {
			t.Errorf("the app of before led to %s with %d: %s", got.URL, got.Status, got.Problem())
		}
	})
}

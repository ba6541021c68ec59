package crash

import (
	"context"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/program"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// A round's people: some who register, then reset, and some who have registered
// in a round before and only reset.
const (
	newcomers = 3
	returning = 3
)

// kills is how often each engine's house is killed.
func kills() int {
	if os.Getenv("GENKAN_LONG") == "1" {
		return 200
	}
	return 20
}

// TestAnsweredActsOutliveKill kills the program in the middle of registrations
// and resets and starts it again (DU1, RS2, CO2): an account whose confirmation
// was answered is there, a password whose reset was answered is the one and the
// only one, spent codes stay spent and ended sessions ended, and what was not
// answered was done wholly or not at all.
func TestAnsweredActsOutliveKill(t *testing.T) {
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		mail := program.NewMailbox(t)
		site := program.NewSite(t, url, mail.Host(), mail.Port(), "")
		dice := rand.New(rand.NewPCG(1, 2))
		var all []*person
		p := site.Serve(t)
		for range kills() {
			people := members(all)
			for range newcomers {
				one := newPerson(len(all))
				people, all = append(people, one), append(all, one)
			}
			ctx, cancel := context.WithCancel(context.Background())
			crowd(ctx, people, newClient(p.Addr), mail, 1+dice.Int64N(12), func() { p.Kill(); cancel() })
			p.Kill() // whoever was refused something did not count
			cancel()
			p = site.Serve(t)
			for _, one := range people {
				one.check(t, newClient(p.Addr))
			}
		}
		report(t, all)
		if out, errs, code := site.Command(t, "audit", "verify"); code != 0 || !strings.Contains(out, "The chain holds") {
			t.Errorf("audit verify ended with %d: %s%s", code, out, errs)
		}
	})
}

// members gives people who have an account and have not asked for a reset yet.
func members(all []*person) (out []*person) {
	for _, p := range all {
		if p.confirmed.good() && !p.recoveryAsked && len(out) < returning {
			out = append(out, p)
		}
	}
	return out
}

// report says what the run was worth: a crash test in which nothing was in
// flight proves nothing.
func report(t *testing.T, all []*person) {
	t.Helper()
	var accounts, resets, open int
	for _, p := range all {
		if p.confirmed.good() {
			accounts++
		}
		if p.resetDone.good() {
			resets++
		}
		if p.confirmAsked && p.confirmed.Status == 0 || p.resetAsked && p.resetDone.Status == 0 {
			open++
		}
	}
	t.Logf("%d kills, %d confirmations and %d resets answered, %d cut off", kills(), accounts, resets, open)
	if accounts < kills()/2 || resets < kills()/4 || open < kills()/4 {
		t.Errorf("too little was answered to prove anything")
	}
}

// check looks whether the house kept what it told p before it was killed.
func (p *person) check(t *testing.T, c *client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for what, r := range map[string]reply{"confirm": p.confirmed, "reset": p.resetDone} {
		if r.Status != 0 && !r.good() {
			t.Errorf("%s: %s was refused with %d %s", p.email, what, r.Status, r.Code)
		}
	}
	if p.registration == "" || p.code == "" {
		return // nothing was promised yet but a mail, which comes when it comes
	}
	first, second := p.signIn(t, ctx, c, p.first), p.signIn(t, ctx, c, p.second)
	switch {
	case first && second:
		t.Errorf("%s: both passwords open the account", p.email)
	case p.confirmed.good() && !first && !second:
		t.Errorf("%s: the account was confirmed and is gone", p.email)
	case p.resetDone.good() && !second:
		t.Errorf("%s: the new password was answered and does not open", p.email)
	case second && !p.resetAsked:
		t.Errorf("%s: a password that nobody set opens", p.email)
	case (first || second) && !p.confirmAsked:
		t.Errorf("%s: an account that nobody confirmed", p.email)
	}
	p.spent(t, ctx, c, first || second, second)
	if !first && !second { // cut off before it was done: it can still be done
		if r := c.post(ctx, "registrations/"+p.registration+"/confirm", fields{"code": p.code}); r.Status != 201 {
			t.Errorf("%s: not confirmed, and cannot be: %d %s", p.email, r.Status, r.Code)
		} else if !p.signIn(t, ctx, c, p.first) {
			t.Errorf("%s: confirmed after the kill, and cannot sign in", p.email)
		}
	}
}

// spent looks whether codes that did their work do it again.
func (p *person) spent(t *testing.T, ctx context.Context, c *client, exists, reset bool) {
	t.Helper()
	if exists {
		if r := c.post(ctx, "registrations/"+p.registration+"/confirm", fields{"code": p.code}); r.good() || r.Status/100 == 5 {
			t.Errorf("%s: the registration's code worked again: %d", p.email, r.Status)
		}
	}
	if !p.resetAsked {
		return
	}
	r := c.post(ctx, "recoveries/"+p.recovery+"/confirm", fields{"code": p.reset, "new_password": "mou hitotsu no aikotoba"})
	if reset == r.good() || r.Status/100 == 5 || r.Status == 0 {
		t.Errorf("%s: reset was done: %v; its code now gives %d %s", p.email, reset, r.Status, r.Code)
	}
	// The first session ended with whichever reset took effect.
	if token := p.confirmed.Session.Token; token != "" {
		if r := c.present(ctx, token); r.Status != 401 {
			t.Errorf("%s: a session outlived the reset: %d", p.email, r.Status)
		}
	}
}

func (p *person) signIn(t *testing.T, ctx context.Context, c *client, pw string) bool {
	t.Helper()
	r := c.post(ctx, "sign-ins", fields{"email": p.email, "password": pw})
	if r.Status != 200 {
		t.Errorf("%s: sign-in gave %d %s", p.email, r.Status, r.Code)
	}
	return r.State == "complete"
}

package security_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/surface/web"
	"github.com/genkan/genkan/internal/testkit"
)

// TestSessionCookieIsBoundToTheHost: SE1. Every cookie of every answer of a walk
// through the house is Secure, HttpOnly, SameSite and for the whole host; ours
// carry the __Host- prefix; no address ever holds the session's secret.
func TestSessionCookieIsBoundToTheHost(t *testing.T) {
	t.Parallel()
	h, at := behindTLS(t, testkit.SQLite(t, db.MigrateURL), house.Options{})
	h.Member(t, "cookie@example.org", goodPassword, "en")
	c := visit(t, at)
	seen := map[string]bool{}
	secret := ""
	check := func(a answer) answer {
		t.Helper()
		for _, k := range a.Set {
			seen[k.Name] = true
			if !k.Secure || !k.HttpOnly || k.Path != "/" || k.Domain != "" || k.SameSite != http.SameSiteLaxMode {
				t.Errorf("cookie %s has flags %s", k.Name, strings.ReplaceAll(k.Raw, k.Value, "…"))
			}
			if !strings.HasPrefix(k.Name, "__Host-") && k.Name != web.LangCookie { // the language is no secret
				t.Errorf("cookie %s has no __Host- prefix", k.Name)
			}
		}
		if secret != "" && (strings.Contains(a.Header.Get("Location"), secret) || strings.Contains(a.Body, secret)) {
			t.Error("the session's secret is in an address or page")
		}
		return a
	}
	check(c.get("/signin?lang=en"))
	check(c.post("/signin", "/signin", "email", "cookie@example.org", "password", "wrong wrong wrong wrong"))
	if a := check(c.post("/signin", "/signin", "email", "cookie@example.org", "password", goodPassword)); a.Status != 303 {
		t.Fatalf("sign-in gave %d", a.Status)
	}
	secret = c.jar["__Host-genkan"]
	if raw, err := base64.RawURLEncoding.DecodeString(secret); err != nil || len(raw) < 16 {
		t.Fatalf("the session cookie %q is not 128 random bits", secret)
	}
	for _, path := range []string{"/", "/account", "/account/password", "/account/address", "/signin", "/signin?return_to=/account", "/help", "/status", "/l/abc", "/link"} {
		check(c.get(path))
	}
	check(c.post("/account/password", "/account/password", "old_password", goodPassword, "password", nextPassword))
	if c.jar["__Host-genkan"] == secret {
		t.Error("a change of password keeps the session's secret (SE2)")
	}
	if a := check(c.post("/account", "/signout")); !contains(a.Header.Get("Clear-Site-Data"), `"cache"`, `"storage"`) {
		t.Errorf("signing out sends Clear-Site-Data %q (SE6)", a.Header.Get("Clear-Site-Data"))
	}
	if c.jar["__Host-genkan"] != "" {
		t.Error("signing out leaves the cookie")
	}
	for _, name := range []string{"__Host-genkan", "__Host-genkan-known", "__Host-genkan-browser"} {
		if !seen[name] {
			t.Errorf("cookie %s never came: the walk proves nothing of it", name)
		}
	}
}

// TestPlantedSessionIsNotTakenOver: SE2. Whatever session cookie a browser
// brings, signing in gives another secret, and what was planted opens nothing.
func TestPlantedSessionIsNotTakenOver(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		h.Member(t, "victim@example.org", goodPassword, "en")
		h.Member(t, "thief@example.org", nextPassword, "en")
		c := visit(t, h.URL)
		for _, planted := range []string{strings.Repeat("A", 43), c.in("thief@example.org", nextPassword)} {
			v := visit(t, h.URL)
			form := v.form("/signin", "email", "victim@example.org", "password", goodPassword)
			v.jar["genkan"] = planted
			if a := v.send("/signin", form); a.Status != 303 {
				t.Fatalf("sign-in gave %d", a.Status)
			}
			if v.jar["genkan"] == planted {
				t.Error("the planted secret was kept")
			}
			a, out := c.api("GET", "/session", nil, "Authorization", "Bearer "+planted)
			if a.Status == 200 && out["email"] == "victim@example.org" {
				t.Error("the planted secret opens the victim's account")
			}
		}
		// Two cookies of one name: one of them was planted from elsewhere, so neither counts.
		good := c.in("victim@example.org", goodPassword)
		bad := strings.Repeat("B", 43)
		for _, both := range []string{"genkan=" + bad + "; genkan=" + good, "genkan=" + good + "; genkan=" + bad} {
			if a := visit(t, h.URL).get("/account", "Cookie", both); a.Status == 200 {
				t.Error("of two session cookies one was believed")
			}
		}
	})
}

// TestSigningInAgainEndsTheOldSession: SE2. The session that the same browser
// held before is dead after it signs in anew.
func TestSigningInAgainEndsTheOldSession(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		h.Member(t, "again@example.org", goodPassword, "en")
		c := visit(t, h.URL)
		form := c.form("/signin", "email", "again@example.org", "password", goodPassword)
		other := c.form("/signin", "email", "again@example.org", "password", goodPassword)
		c.send("/signin", form)
		first := c.jar["genkan"]
		c.send("/signin", other)
		second := c.jar["genkan"]
		if first == "" || second == "" || first == second {
			t.Fatal("two sign-ins did not give two sessions")
		}
		probe := visit(t, h.URL)
		if probe.alive(first) {
			t.Error("the browser's old session lives on")
		}
		if !probe.alive(second) {
			t.Error("the new session is dead")
		}
	})
}

// TestDatabaseCopyHoldsNoSession: SE1, KY1. Nothing that a copied database
// holds of sessions and browsers can be used as a cookie.
func TestDatabaseCopyHoldsNoSession(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		h.Member(t, "copy@example.org", goodPassword, "en")
		c := visit(t, h.URL)
		c.post("/signin", "/signin", "email", "copy@example.org", "password", goodPassword)
		if !c.alive(c.jar["genkan"]) {
			t.Fatal("the session does not live")
		}
		rows, err := h.DB.Reader().QueryContext(context.Background(), "SELECT id, secret_hash FROM session")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		var tried int
		for rows.Next() {
			var id string
			var hash []byte
			if err := rows.Scan(&id, &hash); err != nil {
				t.Fatal(err)
			}
			for _, guess := range []string{id, string(hash), hex.EncodeToString(hash), base64.RawURLEncoding.EncodeToString(hash)} {
				tried++
				thief := visit(t, h.URL)
				thief.jar["genkan"] = url.QueryEscape(guess)
				if a := thief.get("/account"); a.Status == 200 {
					t.Errorf("a column of the session table opens the account")
				}
				if a, _ := thief.api("GET", "/session", nil, "Authorization", "Bearer "+url.QueryEscape(guess)); a.Status != 401 {
					t.Errorf("a column of the session table as bearer gave %d", a.Status)
				}
			}
		}
		if tried == 0 {
			t.Fatal("no session was stored")
		}
	})
}

// TestSessionsEndByTheServersClock: SE3. Idling an hour or living a day ends a
// session, used or not, and nothing of the cookie says when.
func TestSessionsEndByTheServersClock(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		h.Member(t, "idle@example.org", goodPassword, "en")
		c := visit(t, h.URL)
		idle := c.in("idle@example.org", goodPassword)
		h.Clock.Advance(59 * time.Minute)
		if !c.alive(idle) {
			t.Error("dead after 59 minutes")
		}
		keepUse(t, h)
		h.Clock.Advance(59 * time.Minute)
		if !c.alive(idle) {
			t.Error("use does not keep it alive")
		}
		keepUse(t, h)
		h.Clock.Advance(time.Hour)
		if c.alive(idle) {
			t.Error("alive after an idle hour")
		}
		used := c.in("idle@example.org", goodPassword)
		for range 26 {
			h.Clock.Advance(55 * time.Minute)
			if !c.alive(used) {
				t.Fatal("dead although used")
			}
			keepUse(t, h)
		}
		h.Clock.Advance(10 * time.Minute) // 24 hours and 0 minutes
		if c.alive(used) {
			t.Error("alive after a day of use")
		}
		p := visit(t, h.URL)
		p.jar["genkan"] = used
		if a := p.get("/account"); a.Status == 200 {
			t.Error("the page shows a session that ran out")
		}
	})
}

// TestEverySecurityEventEndsSessionsAndTells: SE4, SE7, PW5, FZ1. Each event
// kills every other session in cookie, bearer and forward-auth form and makes
// browsers unknown; every present and former address is told, with a link that
// freezes.
func TestEverySecurityEventEndsSessionsAndTells(t *testing.T) {
	type stage struct {
		h  *house.House
		p  *house.Person
		me string
	}
	events := []struct {
		name, subject string
		keeps         bool // the acting session lives on
		do            func(t *testing.T, s stage)
	}{
		{"password", "password was changed", true, func(t *testing.T, s stage) {
			s.p.Get("/account/password")
			s.p.Post("/account/password", "old_password", goodPassword, "password", nextPassword)
		}},
		{"reset", "password was reset", false, func(t *testing.T, s stage) { recovered(t, s.h, s.me, nextPassword) }},
		{"freeze", "account was frozen", false, func(t *testing.T, s stage) { frozen(t, s.h, letterOf(t, s.h, s.me, "New sign-in")) }},
		{"address", "address was changed", true, func(t *testing.T, s stage) { changeAddress(t, s.h, s.p, "new-"+s.me) }},
		{"end others", "signed out", true, func(t *testing.T, s stage) { s.p.Get("/account"); s.p.Post("/account/sessions/end-others") }},
	}
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		for i, e := range events {
			me := "event" + string(rune('a'+i)) + "@example.org"
			old := "former-" + me
			h.Member(t, old, goodPassword, "en")
			p := h.Visit(t)
			p.SignIn(old, goodPassword)
			changeAddress(t, h, p, me)
			h.Clock.Advance(2 * time.Hour) // mail caps of the change are over
			p = h.Visit(t)
			p.SignIn(me, goodPassword)
			letterOf(t, h, me, "New sign-in")
			c := visit(t, h.URL)
			others := []string{c.in(me, goodPassword), c.in(me, goodPassword)}
			known := h.Visit(t)
			known.SignIn(me, goodPassword)
			for _, s := range others { // every cache holds them
				if !c.alive(s) || c.get("/forward-auth", "Authorization", "Bearer "+s).Status != 200 {
					t.Fatalf("%s: a session does not live to begin with", e.name)
				}
			}
			mine := p.Cookies()["genkan"]
			t.Run(e.name, func(t *testing.T) {
				e.do(t, stage{h, p, me})
				for _, s := range append(others, known.Cookies()["genkan"]) {
					if c.alive(s) {
						t.Error("a session lives on in the API")
					}
					if a := c.get("/forward-auth", "Authorization", "Bearer "+s); a.Status == 200 {
						t.Error("a session lives on in forward-auth")
					}
				}
				if now := p.Cookies()["genkan"]; c.alive(now) != e.keeps {
					t.Errorf("the acting session is alive: %v, want %v", !e.keeps, e.keeps)
				} else if e.name != "end others" && c.alive(mine) {
					t.Error("the acting session's old secret lives on (SE2)")
				}
				boxes := []string{me, old}
				if e.name == "address" {
					boxes = append(boxes, "new-"+me)
				}
				for _, box := range boxes {
					l := letterOf(t, h, box, e.subject)
					if e.name != "freeze" && links(l)['f'] == "" {
						t.Errorf("the notice to %s has no link to freeze", strings.Split(box, "@")[0])
					}
				}
				if e.name == "address" {
					me = "new-" + me
				}
				if n := count(t, h, "SELECT COUNT(*) FROM known_browser WHERE ended_at = 0 AND account_id = $1", accountOf(t, h, me)); n > 1 || n == 1 && e.name != "end others" {
					t.Errorf("%d browsers are still known", n)
				}
				if e.name != "freeze" {
					frozen(t, h, letterOf(t, h, old, e.subject))
					if c.alive(p.Cookies()["genkan"]) {
						t.Error("the notice's link to freeze does not freeze")
					}
				}
			})
		}
	})
}

// changeAddress changes the address of the person signed in, by the page.
func changeAddress(t testing.TB, h *house.House, p *house.Person, to string) {
	t.Helper()
	p.Get("/account/address")
	wait := p.Post("/account/address", "email", to, "password", goodPassword)
	if wait.ID("/account/address/") == "" || wait.Status != 200 {
		t.Fatalf("asking for a change led to %s with %d: %s", wait.URL, wait.Status, wait.Problem())
	}
	code := letterOf(t, h, to, "new mail address").Code
	if got := p.Post(wait.URL.Path+"/confirm", "code", code); got.URL.Path != "/account" {
		t.Fatalf("the change led to %s with %d: %s", got.URL, got.Status, got.Problem())
	}
}

func accountOf(t testing.TB, h *house.House, email string) string {
	t.Helper()
	acc, err := h.Book.ByAddress(context.Background(), h.DB.Reader(), parse(t, email))
	if err != nil {
		t.Fatalf("find the account: %v", err)
	}
	return acc.ID
}

var endForm = regexp.MustCompile(`/account/sessions/([0-9a-f-]{36})/end`)

// TestSessionsAreListedAndEnded: SE4. The owner sees each session and ends one;
// nobody ends a session of somebody else.
func TestSessionsAreListedAndEnded(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		h.Member(t, "list@example.org", goodPassword, "en")
		h.Member(t, "foe@example.org", nextPassword, "en")
		p := h.Visit(t)
		p.SignIn("list@example.org", goodPassword)
		c := visit(t, h.URL)
		other := c.in("list@example.org", goodPassword)
		page := p.Get("/account")
		ids := endForm.FindAllStringSubmatch(page.Body, -1)
		if len(ids) != 1 {
			t.Fatalf("%d other sessions are listed, want 1", len(ids))
		}
		foe := h.Visit(t)
		foe.SignIn("foe@example.org", nextPassword)
		foe.Post("/account/sessions/" + ids[0][1] + "/end")
		foeToken := c.in("foe@example.org", nextPassword)
		if a, _ := visit(t, h.URL).api("DELETE", "/sessions/"+ids[0][1], nil, "Authorization", "Bearer "+foeToken); a.Status != 404 {
			t.Errorf("ending somebody else's session gave %d", a.Status)
		}
		if !c.alive(other) {
			t.Fatal("a stranger ended it")
		}
		p.Post("/account/sessions/" + ids[0][1] + "/end")
		if c.alive(other) {
			t.Error("the ended session lives on")
		}
		if !c.alive(p.Cookies()["genkan"]) {
			t.Error("the own session ended with it")
		}
	})
}

// TestSignOutEndsTheSessionOnly: SE4, SE6.
func TestSignOutEndsTheSessionOnly(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		h.Member(t, "out@example.org", goodPassword, "en")
		c := visit(t, h.URL)
		c.post("/signin", "/signin", "email", "out@example.org", "password", goodPassword)
		mine, other := c.jar["genkan"], visit(t, h.URL).in("out@example.org", goodPassword)
		if !c.alive(mine) {
			t.Fatal("not in")
		}
		c.post("/account", "/signout")
		if c.alive(mine) {
			t.Error("signed out, the secret still opens")
		}
		if !c.alive(other) {
			t.Error("signing out here ended another browser")
		}
		token := other
		if a, _ := visit(t, h.URL).api("DELETE", "/session", nil, "Authorization", "Bearer "+token); a.Status != 204 || !strings.Contains(a.Header.Get("Clear-Site-Data"), "cache") {
			t.Errorf("signing out by the API gave %d with Clear-Site-Data %q", a.Status, a.Header.Get("Clear-Site-Data"))
		}
		if c.alive(token) {
			t.Error("signed out by the API, the token still opens")
		}
	})
}

// TestSessionSurvivesInNoFile: KY1, SE1. The secret of a cookie is in no file of
// the database.
func TestSessionSurvivesInNoFile(t *testing.T) {
	t.Parallel()
	address := testkit.SQLite(t, db.MigrateURL)
	h := house.Open(t, address, house.Options{})
	h.Member(t, "file@example.org", goodPassword, "en")
	c := visit(t, h.URL)
	c.post("/signin", "/signin", "email", "file@example.org", "password", goodPassword)
	for name, content := range filesOf(t, address) {
		for _, cookie := range c.jar {
			if has(content, cookie) {
				t.Errorf("%s holds a cookie's value", name)
			}
		}
	}
}

// filesOf gives the files of a SQLite database.
func filesOf(t testing.TB, address string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, end := range []string{"", "-wal"} {
		content, err := os.ReadFile(strings.TrimPrefix(address, "sqlite:") + end)
		if err != nil {
			t.Fatal(err)
		}
		out["genkan.db"+end] = content
	}
	return out
}

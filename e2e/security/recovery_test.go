package security_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/config"
	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// TestResetIsVoidAfterAChange: RS1, FZ1, RS6. The matrix of purpose and change:
// a code and a link that were mailed before the account's password, address or
// state changed open nothing; each opens only what it was mailed for.
func TestResetIsVoidAfterAChange(t *testing.T) {
	changes := []struct {
		name string
		do   func(t *testing.T, h *house.House, me string, p *house.Person)
		dead bool
	}{
		{"nothing", func(*testing.T, *house.House, string, *house.Person) {}, false},
		{"password", func(t *testing.T, h *house.House, me string, p *house.Person) {
			p.Get("/account/password")
			p.Post("/account/password", "old_password", goodPassword, "password", nextPassword)
		}, true},
		{"another reset", func(t *testing.T, h *house.House, me string, _ *house.Person) { recovered(t, h, me, nextPassword) }, true},
		{"address", func(t *testing.T, h *house.House, me string, p *house.Person) { changeAddress(t, h, p, "moved-"+me) }, true},
		{"freeze", func(t *testing.T, h *house.House, me string, _ *house.Person) {
			frozen(t, h, letterOf(t, h, me, "New sign-in"))
		}, true},
		{"31 minutes", func(t *testing.T, h *house.House, _ string, _ *house.Person) { h.Clock.Advance(31 * time.Minute) }, true},
		{"sign out elsewhere", func(t *testing.T, h *house.House, _ string, p *house.Person) {
			p.Get("/account")
			p.Post("/account/sessions/end-others")
		}, false},
	}
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		for i, change := range changes {
			for _, way := range []string{"code", "proven", "link", "api"} {
				me := fmt.Sprintf("matrix-%d-%s@example.org", i, way)
				id := h.Member(t, me, goodPassword, "en")
				owner := h.Visit(t)
				owner.SignIn(me, goodPassword)
				letterOf(t, h, me, "New sign-in")
				q := h.Visit(t)
				c := visit(t, h.URL)
				var path, rid string
				var l house.Letter
				if way == "api" {
					_, out := c.api("POST", "/recoveries", dict{"email": me})
					rid = out["id"].(string)
					l = letterOf(t, h, me, "(new password")
				} else {
					path, l = recoverTo(t, h, q, me)
				}
				if way == "proven" {
					q.Post(path+"/confirm", "code", l.Code)
				}
				change.do(t, h, me, owner)
				before := text(t, h, "SELECT hash FROM password WHERE account_id = $1", id)
				var got house.Page
				switch way {
				case "code":
					q.Get(path)
					q.Post(path+"/confirm", "code", l.Code)
					got = q.Post(path+"/password", "password", thirdPassword)
				case "proven":
					q.Get(path)
					got = q.Post(path+"/password", "password", thirdPassword)
				case "link":
					got = press(t, h, l.Link, "password", thirdPassword)
				case "api":
					a, _ := c.api("POST", "/recoveries/"+rid+"/confirm", dict{"code": l.Code, "new_password": thirdPassword})
					got.Status = a.Status
				}
				changed := text(t, h, "SELECT hash FROM password WHERE account_id = $1", id) != before
				if changed == change.dead || (got.Status == 200) == change.dead {
					t.Errorf("after %s, the %s gave %d; password changed: %v", change.name, way, got.Status, changed)
				}
				if got.Status >= 500 {
					t.Errorf("after %s, the %s gave %d", change.name, way, got.Status)
				}
			}
		}
	})
}

// TestTokensOpenOnlyTheirPurpose: RS1, RS10. A link's token with another
// purpose's letter, cut, lengthened or altered opens nothing; a code of one act
// is no code of another.
func TestTokensOpenOnlyTheirPurpose(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "purpose@example.org"
		id := h.Member(t, me, goodPassword, "en")
		h.Visit(t).SignIn(me, goodPassword)
		notice := letterOf(t, h, me, "New sign-in")
		q := h.Visit(t)
		path, l := recoverTo(t, h, q, me)
		reset := strings.TrimPrefix(l.Link, h.URL+"/l/")
		freeze := strings.TrimPrefix(links(notice)['f'], h.URL+"/l/")
		if len(reset) < 1+32/5*4 || reset == "" || freeze == "" {
			t.Fatalf("tokens %q and %q", reset, freeze)
		}
		before := text(t, h, "SELECT hash FROM password WHERE account_id = $1", id)
		var tokens []string
		for _, letter := range "rpaufvxz0" {
			tokens = append(tokens, string(letter)+reset[1:], string(letter)+freeze[1:])
		}
		for i := range len(reset) {
			other := byte('0')
			if reset[i] == other {
				other = '1'
			}
			tokens = append(tokens, reset[:i]+string(other)+reset[i+1:])
		}
		tokens = append(tokens, reset[:len(reset)-1], reset+"0", reset+reset, "", "p", strings.Repeat("0", len(reset)))
		for _, token := range tokens {
			if token == reset || token == freeze {
				continue
			}
			p := h.Visit(t)
			p.Get("/signin")
			got := p.Post("/link", "token", token, "password", thirdPassword, "number", "1234", "confirm", "freeze")
			if got.Status != http.StatusGone && got.Status != http.StatusUnprocessableEntity && got.Status != http.StatusBadRequest {
				t.Errorf("token %.6s… gave %d", token, got.Status)
			}
		}
		if text(t, h, "SELECT hash FROM password WHERE account_id = $1", id) != before || text(t, h, "SELECT state FROM account WHERE id = $1", id) != string(account.Active) {
			t.Fatal("a token opened what it was not made for")
		}
		// Another act's code, and another browser with the right one.
		other := h.Visit(t)
		other.Get("/register")
		wait := other.Post("/register", "email", "else@example.org", "password", goodPassword)
		rcode := registrationCode(t, h, wait.ID("/register/"))
		if got := q.Post(path+"/confirm", "code", "00"+rcode); got.Status != http.StatusUnprocessableEntity {
			t.Errorf("a registration's code gave %d", got.Status)
		}
		other.Get("/recover")
		if got := other.Post(path+"/confirm", "code", l.Code); got.Status != http.StatusGone {
			t.Errorf("another browser with the right code gave %d", got.Status)
		}
		q.Get(path)
		if got := q.Post(path+"/confirm", "code", l.Code); got.Status != 200 || got.URL.Path != path {
			t.Errorf("the right code gave %d at %s: %s", got.Status, got.URL.Path, got.Problem())
		}
	})
}

// TestResetIsSpentOnce: RS2, CO2. Of many presses at one moment, each with a
// password of its own, exactly one sets it.
func TestResetIsSpentOnce(t *testing.T) {
	rounds := 3
	if longForm() {
		rounds = 200
	}
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "race@example.org"
		id := h.Member(t, me, goodPassword, "en")
		for round := range rounds {
			h.Clock.Advance(3 * time.Hour)
			c := visit(t, h.URL)
			_, out := c.api("POST", "/recoveries", dict{"email": me})
			rid, _ := out["id"].(string)
			r, err := h.Recovery.Desk.ByID(context.Background(), h.DB.Reader(), rid)
			if err != nil {
				t.Fatal(err)
			}
			h.Mail.Wait(t, me, 2*round+1) // the code, then the notice of the last round
			letterAfter(t, h, me, 2*round, "(new password")
			link := h.Recovery.Desk.Link(r)
			code := h.Recovery.Desk.Code(r)
			version := count(t, h, "SELECT version FROM password WHERE account_id = $1", id)
			forms := make([]*raw, 64)
			fields := make([]url.Values, 64)
			for i := range forms {
				forms[i] = visit(t, h.URL)
				if i%16 == 0 {
					fields[i] = forms[i].form("/signin", "token", link, "password", fmt.Sprintf("usagi to kame %d no %d", round, i))
				}
			}
			var won atomic.Int64
			together(64, func(i int) {
				var a answer
				if fields[i] != nil { // some by the page
					a = forms[i].send("/link", fields[i])
				} else {
					a, _ = forms[i].api("POST", "/recoveries/"+rid+"/confirm", dict{"code": code, "new_password": fmt.Sprintf("usagi to kame %d no %d", round, i)})
				}
				if a.Status == 200 {
					won.Add(1)
				} else if a.Status >= 500 && a.Status != 503 {
					t.Errorf("a press gave %d", a.Status)
				}
			})
			if won.Load() != 1 {
				t.Fatalf("round %d: %d presses won", round, won.Load())
			}
			if after := count(t, h, "SELECT version FROM password WHERE account_id = $1", id); after != version+1 {
				t.Fatalf("round %d: the password changed %d times", round, after-version)
			}
			letterAfter(t, h, me, 2*round, "was reset")
		}
	})
}

var (
	forms    = regexp.MustCompile(`(?s)<form\b[^>]*\baction="([^"]*)"[^>]*>(.*?)</form>`)
	hidden   = regexp.MustCompile(`<(?:input|button)\b[^>]*\bname="([^"]+)"[^>]*>`)
	valueOf  = regexp.MustCompile(`\bvalue="([^"]*)"`)
	hrefs    = regexp.MustCompile(`\bhref="(/[^"]*)"`)
	htmlDone = strings.NewReplacer("&amp;", "&", "&#43;", "+", "&#34;", `"`)
)

// scan does what mail scanners do: HEAD and GET, follow redirects and links, and
// send every form of every page with nothing typed.
func scan(t *testing.T, h *house.House, link string) {
	t.Helper()
	bot := h.Visit(t)
	head := visit(t, h.URL)
	head.do("HEAD", strings.TrimPrefix(link, h.URL), "", "")
	page := bot.Get(link)
	pages := []house.Page{page}
	for _, m := range hrefs.FindAllStringSubmatch(page.Body, 6) {
		if !strings.Contains(m[1], "/static/") {
			pages = append(pages, bot.Get(htmlDone.Replace(m[1])))
		}
	}
	for _, at := range pages {
		for _, f := range forms.FindAllStringSubmatch(at.Body, -1) {
			form := url.Values{}
			for _, field := range hidden.FindAllStringSubmatch(f[2], -1) {
				if v := valueOf.FindStringSubmatch(field[0]); v != nil {
					form.Set(field[1], htmlDone.Replace(v[1]))
				} else {
					form.Set(field[1], "")
				}
			}
			if got := bot.Repeat(htmlDone.Replace(f[1]), form); got.Status >= 500 {
				t.Errorf("an empty form to %s gave %d", f[1], got.Status)
			}
		}
	}
}

// TestLinkScannersSpendNothing: RS3. A bot opens each kind of link twenty times,
// follows all, sends every form with nothing typed; the person's own click works
// afterwards.
func TestLinkScannersSpendNothing(t *testing.T) {
	times := 3
	if longForm() {
		times = 20
	}
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		bots := func(t *testing.T, link string) {
			t.Helper()
			if link == "" {
				t.Fatal("the mail holds no link")
			}
			for range times {
				scan(t, h, link)
			}
		}
		t.Run("registration", func(t *testing.T) {
			const me = "botreg@example.org"
			p := h.Visit(t)
			p.Get("/register")
			wait := p.Post("/register", "email", me, "password", goodPassword)
			number := regexp.MustCompile(`class="number">(\d{4})<`).FindStringSubmatch(wait.Body)[1]
			l := letterOf(t, h, me, "(new account")
			bots(t, l.Link)
			if n := count(t, h, "SELECT COUNT(*) FROM registration WHERE state = 'confirmed' AND address_key = $1", h.Book.Key(parse(t, me))); n != 0 {
				t.Fatal("the bot confirmed it")
			}
			press(t, h, l.Link, "number", number)
			p.Get(wait.URL.Path)
			if got := p.Get("/account"); got.URL.Path != "/signin" {
				t.Errorf("looking at the waiting page alone led to %s (WB1)", got.URL)
			}
			p.Get(wait.URL.Path)
			if got := p.Post(wait.URL.Path + "/finish"); got.URL.Path != "/account" {
				t.Errorf("after the person's own click the waiting page led to %s: %s", got.URL, got.Problem())
			}
		})
		t.Run("recovery", func(t *testing.T) {
			const me = "botrec@example.org"
			h.Member(t, me, goodPassword, "en")
			_, l := recoverTo(t, h, h.Visit(t), me)
			bots(t, l.Link)
			if got := press(t, h, l.Link, "password", nextPassword); got.Status != 200 {
				t.Errorf("the person's own click gave %d: %s", got.Status, got.Problem())
			}
			h.Visit(t).SignIn(me, nextPassword)
		})
		t.Run("address and undo", func(t *testing.T) {
			const me, next = "botold@example.org", "botnew@example.org"
			h.Member(t, me, goodPassword, "en")
			p := h.Visit(t)
			p.SignIn(me, goodPassword)
			p.Get("/account/address")
			wait := p.Post("/account/address", "email", next, "password", goodPassword)
			number := regexp.MustCompile(`class="number">(\d{4})<`).FindStringSubmatch(wait.Body)[1]
			l := letterOf(t, h, next, "new mail address")
			bots(t, links(l)['a'])
			if got := press(t, h, links(l)['a'], "number", number); got.Status != 200 {
				t.Errorf("the person's own click on the change gave %d: %s", got.Status, got.Problem())
			}
			undo := letterOf(t, h, me, "address was changed")
			bots(t, links(undo)['u'])
			accountOf(t, h, next)
			if got := press(t, h, links(undo)['u'], "number", undo.Code); got.Status != 200 {
				t.Errorf("the person's own click on the undo gave %d: %s", got.Status, got.Problem())
			}
			accountOf(t, h, me)
		})
		t.Run("freeze is not opened by looking", func(t *testing.T) {
			const me = "botlook@example.org"
			id := h.Member(t, me, goodPassword, "en")
			h.Visit(t).SignIn(me, goodPassword)
			link := links(letterOf(t, h, me, "New sign-in"))['f']
			for range times {
				visit(t, h.URL).do("HEAD", strings.TrimPrefix(link, h.URL), "", "")
				p := h.Visit(t)
				p.Get(link)
				p.Post("/link", "token", strings.TrimPrefix(link, h.URL+"/l/")) // its button was not pressed
			}
			if text(t, h, "SELECT state FROM account WHERE id = $1", id) != "active" {
				t.Error("looking froze the account")
			}
		})
	})
}

// TestMailedLinksKeepTheOrigin: RS4. Whatever host a request claims, links in
// mails lead to the configured origin, or the request is refused.
func TestMailedLinksKeepTheOrigin(t *testing.T) {
	t.Parallel()
	h, where := behindTLS(t, testkit.SQLite(t, db.MigrateURL), house.Options{})
	tricks := [][]string{
		{"Host", "evil.example"}, {"Host", "id.example.jp.evil.example"}, {"Host", "id.example.jp@evil.example"}, {"Host", "evil.example:80"},
		{"X-Forwarded-Host", "evil.example"}, {"X-Forwarded-Proto", "http"}, {"X-Forwarded-Server", "evil.example"}, {"X-Forwarded-Port", "666"},
		{"X-Forwarded-Prefix", "/evil"}, {"Forwarded", "host=evil.example;proto=http"}, {"X-Original-Host", "evil.example"}, {"X-Original-URL", "https://evil.example/"},
		{"X-Rewrite-URL", "//evil.example/"}, {"X-Host", "evil.example"}, {"X-HTTP-Host-Override", "evil.example"}, {"Origin", "https://evil.example"},
		{"Referer", "https://evil.example/"}, {"X-Forwarded-Host", "id.example.jp", "X-Forwarded-Host", "evil.example"}, {"Host", "evil.example", "X-Forwarded-Host", "evil.example"},
	}
	sent := 0
	for i, trick := range tricks {
		me := fmt.Sprintf("origin%d@example.org", i)
		h.Member(t, me, goodPassword, "en")
		c := visit(t, where)
		form := c.form("/recover", "email", me)
		a := c.do("POST", "/recover", formType, form.Encode(), append([]string{"Sec-Fetch-Site", "same-origin"}, trick...)...)
		if a.Status != 303 {
			if a.Status < 400 || a.Status >= 500 {
				t.Errorf("%q gave %d", trick, a.Status)
			}
			continue
		}
		sent++
		if to := a.Header.Get("Location"); !strings.HasPrefix(to, "/recover/") {
			t.Errorf("%q leads to %q", trick, to)
		}
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(strings.Replace(where, "localhost", "127.0.0.1", 1), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	h.Member(t, "absolute@example.org", goodPassword, "en")
	body := `{"email":"absolute@example.org"}`
	fmt.Fprintf(conn, "POST http://evil.example/api/v1/recoveries HTTP/1.1\r\nHost: id.example.jp\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if res, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || res.StatusCode >= 500 {
		t.Errorf("an absolute request line: %v", err)
	} else {
		io.Copy(io.Discard, res.Body)
		if res.StatusCode == 202 {
			sent++
		}
	}
	for i := range tricks {
		me := fmt.Sprintf("origin%d@example.org", i)
		if count(t, h, "SELECT COUNT(*) FROM message WHERE recipient_key = $1", h.Book.Key(parse(t, me))) > 0 {
			letterOf(t, h, me, "(new password")
		}
	}
	if sent < 10 {
		t.Errorf("only %d requests were taken", sent)
	}
	for _, l := range h.Mail.All() {
		for _, link := range regexp.MustCompile(`https?:[^\s"<>]+`).FindAllString(l.Text+" "+l.HTML, -1) {
			if !strings.HasPrefix(link, "https://id.example.jp") || strings.HasPrefix(link, "https://id.example.jp.") || strings.HasPrefix(link, "https://id.example.jp@") {
				t.Errorf("a mail holds the link %q", link)
			}
		}
		if strings.Contains(l.Text+l.HTML+l.Subject, "evil") {
			t.Errorf("a mail names the other host")
		}
	}
}

// TestResetSignsNobodyIn: RS6, RS10. After a reset nobody is in, the account has
// a hold that applications read, and a frozen one stays frozen.
func TestResetSignsNobodyIn(t *testing.T) {
	houses(t, house.Options{Settings: func(s *config.Settings) { s.ForwardAuth.Email = true }}, func(t *testing.T, h *house.House) {
		h.Member(t, "rs6@example.org", goodPassword, "en")
		p := h.Visit(t)
		path, l := recoverTo(t, h, p, "rs6@example.org")
		p.Post(path+"/confirm", "code", l.Code)
		if c := p.Cookies()["genkan"]; c != "" {
			t.Error("the proven code gave a session")
		}
		for _, page := range []string{"/account", "/account/password", "/account/address"} {
			if got := p.Get(page); got.URL.Path != "/signin" {
				t.Errorf("a reset that is under way opens %s", page)
			}
		}
		p.Get(path)
		if got := p.Post(path+"/password", "password", nextPassword); got.Status != 200 || p.Cookies()["genkan"] != "" {
			t.Errorf("the reset gave %d and cookie %q", got.Status, p.Cookies()["genkan"])
		}
		if got := p.Get("/account"); got.URL.Path != "/signin" {
			t.Error("the reset signed in")
		}
		c := visit(t, h.URL)
		token := c.in("rs6@example.org", nextPassword)
		_, who := c.api("GET", "/session", nil, "Authorization", "Bearer "+token)
		if hold, _ := who["hold"].(map[string]any); hold["reason"] != "password_reset" {
			t.Errorf("the session check says %v of a hold", who["hold"])
		}
		if c.get("/forward-auth", "Authorization", "Bearer "+token).Header.Get("Remote-Hold") == "" {
			t.Error("forward-auth does not tell of the hold")
		}

		id := h.Member(t, "cold@example.org", goodPassword, "en")
		h.Visit(t).SignIn("cold@example.org", goodPassword)
		frozen(t, h, letterOf(t, h, "cold@example.org", "New sign-in"))
		h.Clock.Advance(time.Minute)
		recovered(t, h, "cold@example.org", nextPassword)
		if text(t, h, "SELECT state FROM account WHERE id = $1", id) != "frozen" {
			t.Error("the reset thawed the account")
		}
		if c.in("cold@example.org", nextPassword) != "" {
			t.Error("after the reset a frozen account opens")
		}
	})
}

// TestTokenLeavesTheAddressBar: RS7. A mailed link answers with a redirect that
// holds no token, no page or header after it does, and pages send no referrer.
func TestTokenLeavesTheAddressBar(t *testing.T) {
	t.Parallel()
	h := house.Open(t, testkit.SQLite(t, db.MigrateURL), house.Options{})
	h.Member(t, "bar@example.org", goodPassword, "en")
	_, l := recoverTo(t, h, h.Visit(t), "bar@example.org")
	token := strings.TrimPrefix(l.Link, h.URL+"/l/")
	c := visit(t, h.URL)
	a := c.get("/l/" + token)
	if a.Status != 303 || a.Header.Get("Location") != "/link" || strings.Contains(a.Body, token) {
		t.Errorf("the link gave %d to %q", a.Status, a.Header.Get("Location"))
	}
	if a.Header.Get("Referrer-Policy") != "no-referrer" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the redirect has Referrer-Policy %q, Cache-Control %q", a.Header.Get("Referrer-Policy"), a.Header.Get("Cache-Control"))
	}
	for _, k := range a.Set {
		if strings.Contains(k.Value, token) && (!k.HttpOnly || k.MaxAge > 30*60 || k.MaxAge <= 0) {
			t.Errorf("the cookie that carries the token: HttpOnly %v, %d s", k.HttpOnly, k.MaxAge)
		}
	}
	page := c.get("/link")
	for _, m := range regexp.MustCompile(`(?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(page.Body, -1) {
		if strings.Contains(m[1], token) {
			t.Errorf("the page holds the token in the address %q", m[1])
		}
	}
}

// TestMailsAreCapped: RS8. However often anybody asks, one address gets at most 3
// mails in any hour and 10 in any day, over all kinds; the page is the same for
// known and unknown addresses; the account can be signed in to all the while.
func TestMailsAreCapped(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const known, unknown = "capped@example.org", "nobody@example.org"
		h.Member(t, known, goodPassword, "en")
		calls := map[string]func(c *raw, email string) answer{
			"recover": func(c *raw, email string) answer { return c.post("/recover", "/recover", "email", email) },
			"register": func(c *raw, email string) answer {
				return c.post("/register", "/register", "email", email, "password", thirdPassword)
			},
			"api": func(c *raw, email string) answer {
				a, _ := c.api("POST", "/recoveries", dict{"email": email})
				return a
			},
			"upper": func(c *raw, email string) answer {
				a, _ := c.api("POST", "/recoveries", dict{"email": strings.ToUpper(email)})
				return a
			},
		}
		names := []string{"recover", "register", "api", "upper"}
		accepted := map[string][]time.Time{}
		for i := range 100 { // every quarter hour for 25 hours
			h.Clock.Advance(15 * time.Minute)
			name := names[i%len(names)]
			statuses := map[string]int{}
			for _, email := range []string{known, unknown} {
				a := calls[name](visit(t, h.URL), email)
				statuses[email] = a.Status
				switch a.Status {
				case 303, 202:
					accepted[email] = append(accepted[email], h.Clock.Now())
				case 429:
					if a.Header.Get("Retry-After") == "" {
						t.Errorf("a refused %s says no Retry-After", name)
					}
				default:
					t.Fatalf("%s gave %d", name, a.Status)
				}
			}
			if statuses[known] != statuses[unknown] {
				t.Fatalf("%s: known gave %d, unknown %d", name, statuses[known], statuses[unknown])
			}
		}
		for email, at := range accepted {
			for i := range at {
				hour, day := 0, 0
				for _, other := range at[i:] {
					if other.Sub(at[i]) < time.Hour {
						hour++
					}
					if other.Sub(at[i]) < 24*time.Hour {
						day++
					}
				}
				if hour > 3 || day > 10 {
					t.Fatalf("%s: %d mails in an hour, %d in a day", email, hour, day)
				}
			}
			if len(at) < 10 {
				t.Errorf("%s: only %d mails in 25 hours", email, len(at))
			}
		}
		if visit(t, h.URL).in(known, goodPassword) == "" {
			t.Error("asking for new passwords shut the owner out")
		}
	})
}

// TestStepsCannotBeSkippedOrCrossed: RS10. Every address of every flow, asked in
// every state of a recovery, a registration and a change of address: only the
// next step of the own flow moves anything.
func TestStepsCannotBeSkippedOrCrossed(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "steps@example.org"
		id := h.Member(t, me, goodPassword, "en")
		hash := func() string {
			return text(t, h, "SELECT p.hash || a.state || p.version FROM password p JOIN account a ON a.id = p.account_id WHERE a.id = $1", id)
		}
		before := hash()
		p := h.Visit(t)
		path, l := recoverTo(t, h, p, me)
		rid := strings.TrimPrefix(path, "/recover/")
		p.Get("/register")
		reg := p.Post("/register", "email", "steps-new@example.org", "password", goodPassword).ID("/register/")
		p.Get("/signin")
		ids := map[string]string{"recovery": rid, "registration": reg, "nothing": noID, "account": id}
		fields := []string{"password", thirdPassword, "old_password", goodPassword, "email", "evil@example.org", "number", "1234", "confirm", "freeze", "start", "thaw", "locale", "ja"}
		try := func(when string, skip map[string]bool) {
			t.Helper()
			for _, route := range posts {
				for whose, one := range ids {
					if !strings.Contains(route, "{id}") && whose != "nothing" || skip[route+" "+whose] || route == "/signin" || route == "/register" || route == "/recover" {
						continue
					}
					p.Get("/signin")
					to := strings.Replace(route, "{id}", one, 1)
					got := p.Post(to, append([]string{"code", "00000000"}, fields...)...)
					if got.Status >= 500 || got.Status == 200 && got.URL.Path != "/signin" && got.URL.Path != "/register/"+reg && got.URL.Path != path {
						t.Errorf("%s: POST %s of %s led to %s with %d", when, route, whose, got.URL.Path, got.Status)
					}
				}
			}
			if now := hash(); now != before {
				t.Fatalf("%s: something moved the account", when)
			}
		}
		quiet := map[string]bool{ // what a person may do, and what would use the tries up
			"/recover/{id}/confirm recovery": true, "/recover/{id}/resend recovery": true,
			"/register/{id}/confirm registration": true, "/register/{id}/resend registration": true, "/register/{id}/address registration": true,
		}
		try("asked", quiet)
		p.Get(path)
		if got := p.Post(path+"/confirm", "code", l.Code); got.URL.Path != path || got.Status != 200 {
			t.Fatalf("the right code led to %s with %d: %s", got.URL, got.Status, got.Problem())
		}
		quiet["/recover/{id}/password recovery"] = true
		try("proven", quiet)
		p.Get(path)
		if got := p.Post(path+"/password", "password", nextPassword); got.Status != 200 {
			t.Fatalf("the reset gave %d: %s", got.Status, got.Problem())
		}
		before = hash()
		try("done", map[string]bool{"/register/{id}/address registration": true})
		for _, again := range []string{path + "/confirm", path + "/password", path + "/resend"} {
			p.Get("/signin")
			if got := p.Post(again, "code", l.Code, "password", thirdPassword); got.Status != http.StatusGone {
				t.Errorf("done: %s gave %d", again, got.Status)
			}
		}
	})
}

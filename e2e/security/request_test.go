package security_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/config"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// noID is an id that nothing has.
const noID = "00000000-0000-4000-8000-000000000000"

// posts are all routes of the pages that change something. TestRouteTableIsWhole
// holds the list to the program's text.
var posts = []string{
	"/signin", "/signin/code", "/signin/{id}/confirm", "/signin/{id}/resend", "/signin/{id}/factor", "/signout", "/frozen", "/register", "/register/{id}/confirm", "/register/{id}/address", "/register/{id}/resend", "/register/{id}/finish",
	"/link", "/link/renew", "/recover", "/recover/{id}/confirm", "/recover/{id}/resend", "/recover/{id}/password",
	"/account/locale", "/account/password", "/account/address", "/account/address/{id}/confirm", "/account/address/{id}/resend",
	"/account/sessions/{id}/end", "/account/sessions/end-others",
}

// gets are all pages.
var gets = []string{
	"/", "/signin", "/signin/{id}", "/frozen", "/register", "/register/{id}", "/register/{id}/state", "/l/{token}", "/link", "/recover", "/recover/{id}",
	"/account", "/account/password", "/account/address", "/account/address/{id}", "/help", "/status", "/support",
	"/.well-known/change-password", "/healthz", "/readyz", "/forward-auth", "/api/v1/session", "/api/v1/sessions", "/api/v1/factors", "/api/v1/openapi.json",
	"/api/v1/sign-ins/{id}", "/api/v1/deliveries/{id}", "/static/genkan.css", "/static/nothing.css", "/nowhere", "/account/x.css",
}

func at(path string) string {
	return strings.NewReplacer("{id}", noID, "{token}", "abc").Replace(path)
}

// member gives a house with somebody signed in, in a client with its cookies.
func member(t *testing.T, h *house.House, email string) *raw {
	t.Helper()
	h.Member(t, email, goodPassword, "en")
	c := visit(t, h.URL)
	if a := c.post("/signin", "/signin", "email", email, "password", goodPassword); a.Status != 303 {
		t.Fatalf("sign-in gave %d", a.Status)
	}
	return c
}

// state is what a refused request must not change: every row but the traces of
// refused sign-ins and the counters.
func state(t *testing.T, h *house.House) string {
	t.Helper()
	var b strings.Builder
	for _, q := range []string{
		"SELECT COUNT(*) FROM account", "SELECT COUNT(*) FROM registration", "SELECT COUNT(*) FROM recovery", "SELECT COUNT(*) FROM attempt",
		"SELECT COUNT(*) FROM session WHERE ended_at = 0", "SELECT COUNT(*) FROM address_change", "SELECT COUNT(*) FROM message",
		"SELECT COUNT(*) FROM audit", "SELECT COALESCE(SUM(version), 0) FROM password", "SELECT COUNT(*) FROM account WHERE locale = 'ja'",
	} {
		fmt.Fprintln(&b, count(t, h, q), q)
	}
	return b.String()
}

// TestOtherSitesChangeNothing: WB1. For every route that changes something:
// another site's form, a sandboxed page's null origin, a sibling host, text/plain
// and JSON, and a request that does not say where it comes from, are refused,
// and nothing changes; sign-in and sign-out included.
func TestOtherSitesChangeNothing(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		c := member(t, h, "cross@example.org")
		home := strings.Replace(h.URL, "localhost", "127.0.0.1", 1)
		shapes := []struct {
			name   string
			kind   string
			token  bool // with the victim's own sealed field, which another site cannot have
			header []string
		}{
			{"cross-site form", formType, true, []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}},
			{"same-site form", formType, true, []string{"Sec-Fetch-Site", "same-site", "Origin", "https://app.example.org"}},
			{"foreign origin", formType, true, []string{"Origin", "https://evil.example"}},
			{"other name of this host", formType, true, []string{"Origin", home}},
			{"origin with a path", formType, true, []string{"Origin", h.URL + ".evil.example"}},
			{"null origin", formType, false, []string{"Origin", "null"}},
			{"null origin, JSON as text", "text/plain", false, []string{"Origin", "null"}},
			{"no header, no field", formType, false, nil},
			{"no header, text", "text/plain", false, nil},
			{"no header, JSON", "application/json", false, nil},
			{"no header, multipart", "multipart/form-data; boundary=x", false, nil},
			{"odd header", formType, true, []string{"Sec-Fetch-Site", "cross-origin"}},
			{"two headers", formType, true, []string{"Sec-Fetch-Site", "same-origin, cross-site"}},
			{"same origin, no field", formType, false, []string{"Sec-Fetch-Site", "same-origin"}},
			{"same origin, forged field", formType, false, []string{"Sec-Fetch-Site", "same-origin", "X", "forged"}},
		}
		own := c.form("/account").Get("form")
		before := state(t, h)
		for _, path := range posts {
			for _, s := range shapes {
				form := url.Values{"email": {"cross@example.org"}, "password": {goodPassword}, "old_password": {goodPassword},
					"code": {"123456"}, "locale": {"ja"}, "start": {"thaw"}, "confirm": {"freeze"}, "token": {"abc"}}
				if s.token {
					form.Set("form", own)
				}
				if slices.Contains(s.header, "forged") {
					form.Set("form", own[:len(own)-2]+"AA")
				}
				a := c.do("POST", at(path), s.kind, form.Encode(), s.header...)
				if a.Status < 400 || a.Status >= 500 {
					t.Errorf("%s to %s gave %d", s.name, path, a.Status)
				}
			}
		}
		for _, route := range apiRoutes {
			method, path, _ := strings.Cut(route, " ")
			for _, s := range shapes[:13] {
				a := c.do(method, at(path), s.kind, `{"email":"cross@example.org","password":"`+goodPassword+`"}`, s.header...)
				if a.Status < 400 || a.Status >= 500 {
					t.Errorf("%s to %s gave %d", s.name, route, a.Status)
				}
			}
		}
		if after := state(t, h); after != before {
			t.Errorf("something changed:\n%s\nwas\n%s", after, before)
		}
		if !c.alive(c.jar["genkan"]) {
			t.Error("somebody signed the victim out")
		}
		// A GET, HEAD or OPTIONS changes nothing either.
		for _, path := range append(slices.Clone(posts), gets...) {
			for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
				c.do(method, at(path)+"?email=cross%40example.org&password=x&form="+url.QueryEscape(own), "", "")
			}
		}
		if after := state(t, h); after != before {
			t.Errorf("a safe method changed something:\n%s\nwas\n%s", after, before)
		}
	})
}

// apiRoutes are the calls of the API that change something.
var apiRoutes = []string{
	"POST /api/v1/registrations", "POST /api/v1/registrations/{id}/confirm", "POST /api/v1/registrations/{id}/resend", "POST /api/v1/registrations/{id}/address",
	"POST /api/v1/sign-ins", "POST /api/v1/sign-ins/{id}/human", "POST /api/v1/sign-ins/{id}/factor",
	"POST /api/v1/puzzles", "POST /api/v1/puzzles/{id}/picture", "POST /api/v1/puzzles/{id}/grip", "POST /api/v1/puzzles/{id}/answer", "POST /api/v1/recoveries", "POST /api/v1/recoveries/{id}/confirm", "POST /api/v1/recoveries/{id}/resend",
	"POST /api/v1/password", "POST /api/v1/address", "POST /api/v1/address/{id}/confirm", "POST /api/v1/password-strength",
	"POST /api/v1/factors", "POST /api/v1/factors/{id}/confirm", "DELETE /api/v1/factors/{id}", "POST /api/v1/factors/recovery-codes",
	"DELETE /api/v1/session", "DELETE /api/v1/sessions", "DELETE /api/v1/sessions/{id}",
}

// TestRouteTableIsWhole holds the tables above to the running program: a new
// route that changes something must be in the tests of WB1.
func TestRouteTableIsWhole(t *testing.T) {
	t.Parallel()
	h := house.Open(t, testkit.SQLite(t, db.MigrateURL), house.Options{})
	known := map[string]bool{}
	for _, p := range posts {
		known["POST "+p] = true
	}
	for _, r := range apiRoutes {
		known[r] = true
	}
	for _, pattern := range patterns(t) {
		method, _, _ := strings.Cut(pattern, " ")
		if method != "GET" && !known[pattern] {
			t.Errorf("%s is in no test of WB1", pattern)
		}
		delete(known, pattern)
	}
	c := visit(t, h.URL)
	for route := range known {
		if strings.Contains(route, "/api/") {
			method, path, _ := strings.Cut(route, " ")
			if a := c.do(method, at(path), "application/json", "{}"); a.Status == 405 {
				t.Errorf("%s is no route any more", route)
			}
			continue
		}
		t.Errorf("%s is no route any more", route)
	}
}

// TestEveryAnswerCarriesTheHeaders: WB2, SE6. Pages, redirects, errors, refused
// requests and other people's files: each answer has the whole set.
func TestEveryAnswerCarriesTheHeaders(t *testing.T) {
	t.Parallel()
	h, where := behindTLS(t, testkit.SQLite(t, db.MigrateURL), house.Options{Settings: func(s *config.Settings) {
		s.ReturnTo = []string{"https://app.example.org"}
	}})
	h.Member(t, "head@example.org", goodPassword, "en")
	c := visit(t, where)
	seen := map[int]int{}
	check := func(what string, a answer) {
		t.Helper()
		seen[a.Status]++
		if strings.Contains(what, " /forward-auth") {
			// For a proxy, which may pass it on under the application's name: our
			// policy is not the application's.
			if a.Header.Get("Cache-Control") != "no-store" || a.Body != "" {
				t.Errorf("%s (%d): Cache-Control is %q, the body %q", what, a.Status, a.Header.Get("Cache-Control"), a.Body)
			}
			return
		}
		want := map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
		}
		for name, value := range want {
			if got := a.Header.Values(name); len(got) != 1 || got[0] != value {
				t.Errorf("%s (%d): %s is %q", what, a.Status, name, got)
			}
		}
		csp := a.Header.Values("Content-Security-Policy")
		if len(csp) != 1 || !contains(csp[0], "default-src 'none'", "script-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self' https://app.example.org;") ||
			strings.Contains(csp[0], "unsafe") || strings.Contains(csp[0], "*") {
			t.Errorf("%s (%d): Content-Security-Policy is %q", what, a.Status, csp)
		}
		if sts := a.Header.Get("Strict-Transport-Security"); !regexp.MustCompile(`^max-age=(3[2-9]|[4-9]\d)\d{6,}`).MatchString(sts) && !strings.HasPrefix(sts, "max-age=63072000") {
			t.Errorf("%s (%d): Strict-Transport-Security is %q", what, a.Status, sts)
		}
		for name := range a.Header {
			if strings.HasPrefix(name, "Access-Control-") || name == "Server" || name == "X-Powered-By" {
				t.Errorf("%s (%d): has %s", what, a.Status, name)
			}
		}
		if cc := a.Header.Get("Cache-Control"); !strings.Contains(cc, "no-store") && (len(a.Set) > 0 || !strings.HasPrefix(what, "GET /static/")) {
			t.Errorf("%s (%d): Cache-Control is %q", what, a.Status, cc)
		}
	}
	crawl := func(who string) {
		t.Helper()
		for _, path := range gets {
			for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "TRACE"} {
				check(method+" "+path+who, c.do(method, at(path), "", "", "Origin", "https://evil.example"))
			}
		}
		for _, path := range posts {
			check("POST "+path+who, c.send(at(path), url.Values{}))
			check("POST cross "+path+who, c.do("POST", at(path), formType, "a=b", "Sec-Fetch-Site", "cross-site"))
			check("GET "+path+who, c.get(at(path)))
		}
		check("too long", c.get("/"+strings.Repeat("a", 2000)))
		check("twice", c.get("/signin?lang=en&lang=ja"))
		check("odd path", c.get("//evil.example/%2e%2e"))
	}
	crawl(" as a stranger")
	if a := c.post("/signin?other=1", "/signin", "email", "head@example.org", "password", goodPassword); a.Status != 303 {
		t.Fatalf("sign-in gave %d", a.Status)
	} else {
		check("POST /signin", a)
	}
	crawl(" signed in")
	check("POST /signout", c.post("/account", "/signout"))
	for _, status := range []int{200, 303, 400, 401, 403, 404, 405} {
		if seen[status] == 0 {
			t.Errorf("no answer of status %d was seen: the crawl proves less than it says", status)
		}
	}
}

// elsewhere are return targets that lead, or may lead, to another site (WB3).
func elsewhere() []string {
	const evil = "evil.example"
	out := []string{
		"https://" + evil, "http://" + evil, "//" + evil, "///" + evil, "////" + evil, `/\` + evil, `\\` + evil, `/\/` + evil, `\/` + evil,
		"https:" + evil, "https:/" + evil, "https:///" + evil, `https:\\` + evil, `https:/\` + evil, "HTTPS://" + evil, "hTtPs://" + evil,
		"/\t/" + evil, "\t//" + evil, "/\n/" + evil, "/\r\n/" + evil, " //" + evil, "//" + evil + "%2f..", "/%09/" + evil, "/%0a/" + evil,
		"/%5c" + evil, "%2f%2f" + evil, "/%2f" + evil, "/%2f%2f" + evil, "/./" + "/" + evil, "/..//" + evil, "/x/..//" + evil, "/.//" + evil,
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "ftp://" + evil, "mailto:x@" + evil,
		"https://localhost@" + evil, "https://localhost:8080@" + evil, "https://app.example.org@" + evil, "https://app.example.org." + evil,
		"https://app.example.org" + evil, "https://" + evil + "/app.example.org", "https://" + evil + "?https://app.example.org", "https://" + evil + "#https://app.example.org",
		`https://` + evil + `\@app.example.org`, "https://app.example.org%2e" + evil, "https://app.example.org:444/", "http://app.example.org/", "https://APP.example.org.evil.example/",
		"https://user@app.example.org/", "https://app.example.org\\." + evil, "//app.example.org@" + evil, "https://ａpp.example.org/", "https://app。example.org@" + evil,
		"/\u2028/" + evil, "\u3000//" + evil, "／／" + evil, "/\x00/" + evil, "http:" + evil, "?next=//" + evil, "evil.example", "./" + evil, "../" + evil,
	}
	return out
}

// TestReturnTargetsStayHere: WB3. None of the forms leads to another site, from
// the page, from the sign-in, or for somebody signed in already; what is on the
// operator's list does.
func TestReturnTargetsStayHere(t *testing.T) {
	t.Parallel()
	h := house.Open(t, testkit.SQLite(t, db.MigrateURL), house.Options{Settings: func(s *config.Settings) {
		s.ReturnTo = []string{"https://app.example.org", "https://shop.example.org/door"}
	}})
	h.Member(t, "back@example.org", goodPassword, "en")
	base, _ := url.Parse(h.URL)
	in := visit(t, h.URL)
	in.post("/signin", "/signin", "email", "back@example.org", "password", goodPassword)
	ours := func(to string) bool {
		u, err := base.Parse(to) // as a browser resolves it
		clean := !strings.ContainsAny(to, "\\\t\n\r\x00")
		return err == nil && clean && u.Host == base.Host && u.Scheme == base.Scheme && u.User == nil
	}
	all := elsewhere()
	if len(all) < 60 {
		t.Fatalf("%d forms, at least 60 are wanted", len(all))
	}
	for _, target := range all {
		if a := in.get("/signin?return_to=" + url.QueryEscape(target)); a.Status != 303 && a.Status != 400 || a.Status == 303 && !ours(a.Header.Get("Location")) {
			t.Errorf("%q leads somebody who is in to %q (%d)", target, a.Header.Get("Location"), a.Status)
		}
		c := visit(t, h.URL)
		page := c.get("/signin?return_to=" + url.QueryEscape(target))
		if m := regexp.MustCompile(`name="return_to" value="([^"]*)"`).FindStringSubmatch(page.Body); m != nil && !ours(strings.ReplaceAll(m[1], "&amp;", "&")) {
			t.Errorf("%q: the page carries %q", target, m[1])
		}
		a := c.send("/signin", fill(visitAgain(c).Body, "email", "back@example.org", "password", goodPassword, "return_to", target))
		if a.Status != 303 || !ours(a.Header.Get("Location")) {
			t.Errorf("%q: sign-in leads to %q (%d)", target, a.Header.Get("Location"), a.Status)
		}
	}
	for target, hope := range map[string]string{
		"/account/password": "/account/password", "/account?x=1": "/account?x=1", h.URL + "/account": h.URL + "/account",
		"https://app.example.org": "https://app.example.org", "https://app.example.org/a?b=c": "https://app.example.org/a?b=c",
		"https://shop.example.org/door": "https://shop.example.org/door", "https://shop.example.org/other": "/account", "": "/account",
	} {
		if a := in.get("/signin?return_to=" + url.QueryEscape(target)); a.Header.Get("Location") != hope {
			t.Errorf("%q leads to %q, want %q", target, a.Header.Get("Location"), hope)
		}
	}
}

func visitAgain(c *raw) answer { return c.get("/signin?other=1") }

// odd are values that no field wants.
func odd() []string {
	return []string{
		"", " ", "\x00", "a\x00b@example.org", "\xff\xfe", "é", "é", "' OR 1=1 --", `" OR ""="`, "1; DROP TABLE account", "%s%n", "{{.}}", "${7*7}",
		"../../etc/passwd", strings.Repeat("9", 400), strings.Repeat("a", 5000) + "@example.org", "a@b", "@", "a@@b.c", "\r\nBcc: x@evil.example", "<script>alert(1)</script>",
		"-1", "99999999999999999999", "NaN", "[]", "null", "\u202e", "\ud7ff", "ﷺ", "%00", "%", "%zz", "１２３４５６", "12345６", noID, "true",
	}
}

// some gives a few of the values, others for another seed; in the long form all.
func some(values []string, seed int) []string {
	if longForm() {
		return values
	}
	var out []string
	for i := range 9 {
		out = append(out, values[(seed*5+i*4)%len(values)])
	}
	return out
}

// TestMalformedRequestsAreRefusedPolitely: WB5, WB6, PW4. Some hundreds of
// malformed requests to forms and pages: never a 5xx, never a password repeated;
// fields that nobody listed bind nothing.
func TestMalformedRequestsAreRefusedPolitely(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const canary = "canary himitsu no kotoba 77"
		c := member(t, h, "odd@example.org")
		done := 0
		judge := func(what string, a answer) {
			t.Helper()
			done++
			if a.Status >= 500 {
				t.Errorf("%s gave %d", what, a.Status)
			}
			if strings.Contains(a.Body, canary) || strings.Contains(a.Body, url.QueryEscape(canary)) {
				t.Errorf("%s: the password is repeated", what)
			}
		}
		fields := []string{"email", "code", "number", "token", "locale", "return_to", "suggestion", "start", "confirm", "remembered", "form"}
		own := c.form("/account/password").Get("form")
		for _, path := range posts {
			if path == "/signout" || path == "/account/sessions/end-others" {
				continue
			}
			for i, value := range some(odd(), len(path)) {
				form := url.Values{"form": {own}, "password": {canary}, "old_password": {canary}, "role": {"admin"}, "email_verified": {"1"}, "frozen": {"1"}}
				form.Set(fields[i%len(fields)], value)
				judge("POST "+path+" "+fmt.Sprintf("%.20q", value), c.send(at(path), form))
				form.Set("email", value)
				form.Set("password", value)
				if strings.Contains(path, "signin") || strings.Contains(path, "recover") || strings.Contains(path, "register") || strings.Contains(path, "link") {
					judge("POST "+path+" "+fmt.Sprintf("%.20q", value), c.send(at(path), form))
				}
			}
			for _, body := range []string{
				"a=1&a=2", "email=a&email=b&form=" + own, "%", "%zz=1", "a;b", strings.Repeat("a&", 5000), strings.Repeat("x", 70<<10), "password=" + url.QueryEscape(canary) + "&form=%ff",
				"\x00\x01\x02", "form[]=" + own, "form=" + own + "&password=" + url.QueryEscape(canary) + "&password=b",
			} {
				judge("POST "+path+" broken body", c.do("POST", at(path), formType, body, "Sec-Fetch-Site", "same-origin"))
			}
			for _, kind := range []string{"", "text/html", "multipart/form-data; boundary=x", "multipart/form-data", "application/x-www-form-urlencoded; charset=utf-7", ";", "application/json"} {
				judge("POST "+path+" as "+kind, c.do("POST", at(path), kind, "password="+url.QueryEscape(canary), "Sec-Fetch-Site", "same-origin"))
			}
		}
		for _, path := range gets {
			for _, value := range some(odd(), len(path)) {
				judge("GET "+path, c.get(at(path)+"?lang="+url.QueryEscape(value)+"&return_to="+url.QueryEscape(value)))
			}
			for _, value := range odd() {
				if strings.Contains(path, "{") {
					judge("GET "+path+" id", c.get(strings.NewReplacer("{id}", url.PathEscape(value), "{token}", url.PathEscape(value)).Replace(path)))
				}
			}
			judge("GET "+path+" bad query", c.get(at(path)+"?%zz"))
			for _, method := range []string{"PUT", "DELETE", "PATCH", "BREW", "CONNECTX"} {
				if path == "/forward-auth" || method == "DELETE" && strings.HasPrefix(path, "/api/") {
					continue // asked with any method; takes DELETE
				}
				if a := c.do(method, at(path), "", "", "Sec-Fetch-Site", "same-origin"); a.Status < 400 || a.Status >= 500 {
					t.Errorf("%s %s gave %d", method, path, a.Status)
				}
			}
		}
		for _, cookie := range []string{"genkan=" + strings.Repeat("x", 4000), "genkan-browser=\xff", "genkan-known=abc", "genkan-link=%00", "lang=xx", ";;;", "genkan=a; genkan=b", "genkan-notice=<b>"} {
			judge("cookie", visit(t, h.URL).get("/signin", "Cookie", cookie))
			judge("cookie", visit(t, h.URL).get("/link", "Cookie", cookie))
		}
		for _, head := range [][2]string{{"Accept-Language", strings.Repeat("ja,", 3000)}, {"Accept-Language", "\xff"}, {"User-Agent", strings.Repeat("Chrome/", 2000)}, {"Authorization", "Bearer "}, {"Authorization", "Bearer \xff"}, {"X-Forwarded-For", "x"}, {"Range", "bytes=0-0,0-0,0-0"}, {"If-None-Match", `"` + strings.Repeat("x", 9000)}} {
			judge("header "+head[0], visit(t, h.URL).get("/signin", head[0], head[1]))
			judge("header "+head[0], visit(t, h.URL).get("/static/genkan.css", head[0], head[1]))
		}
		if done < 200 {
			t.Errorf("only %d malformed requests were tried", done)
		}
		if !c.alive(c.jar["genkan"]) {
			t.Fatal("somebody was signed out by malformed requests")
		}
		if n := count(t, h, "SELECT COUNT(*) FROM account WHERE state <> 'active'") + count(t, h, "SELECT COUNT(*) FROM staff"); n != 0 {
			t.Error("a field that nobody listed took effect")
		}
	})
}

// TestBrokenHTTPIsRefused: WB6. What is no proper HTTP gets a 4xx or a closed
// connection, and the house goes on.
func TestBrokenHTTPIsRefused(t *testing.T) {
	t.Parallel()
	h := house.Open(t, testkit.SQLite(t, db.MigrateURL), house.Options{})
	address := strings.TrimPrefix(h.URL, "http://")
	for _, request := range []string{
		"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /signin HTTP/9.9\r\nHost: x\r\n\r\n", "BAD\r\n\r\n", "\x00\x01\x02\r\n\r\n",
		"GET /sign in HTTP/1.1\r\nHost: x\r\n\r\n", "POST /signin HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "POST /signin HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
		"POST /signin HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "POST /signin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"POST /signin HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", "GET / HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 2<<20) + "\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
		go func() { _, _ = io.WriteString(conn, request) }()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err == nil && (res.StatusCode < 400 || res.StatusCode >= 500) && res.StatusCode != 505 && res.StatusCode != 501 { // RFC 9112 section 6.1, RFC 9110 section 15.6.6
			t.Errorf("%.60q gave %d", request, res.StatusCode)
		}
		conn.Close()
	}
	if a := visit(t, h.URL).get("/signin"); a.Status != 200 {
		t.Errorf("afterwards the page gives %d", a.Status)
	}
}

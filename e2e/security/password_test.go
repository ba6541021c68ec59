package security_test

import (
	"bytes"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// TestEveryByteOfAPasswordCounts: PW1. Long, many-script and odd passwords are
// taken as they are, in any Unicode form; the last byte matters, and so do all
// beyond the 72nd.
func TestEveryByteOfAPasswordCounts(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		long := "kani to usagi ga " + strings.Repeat("umi de oyogu yoru ni 4 ", 12)
		cases := []struct {
			name, set, use string
			wrong          []string
		}{
			{"64", long[:64], long[:64], []string{long[:63], long[:63] + "x", long[:65]}},
			{"128", long[:128], long[:128], []string{long[:72], long[:72] + "x" + long[73:128], long[:127] + "x", long[:127]}},
			{"256", long[:256], long[:256], []string{long[:255], long[:255] + "x", long[:72]}},
			{"emoji", "🦀🐇 kani to usagi 🌊🏊", "🦀🐇 kani to usagi 🌊🏊", []string{"🦀🐇 kani to usagi 🌊", "🦀🐇 kani to usagi 🌊🏄"}},
			{"NFC set, NFD typed", "caf\u00e9 de ga kawaii usagi", "cafe\u0301 de ga kawaii usagi", []string{"cafe de ga kawaii usagi"}},
			{"NFD set, NFC typed", "か\u3099くせい no kawaii usagi", "がくせい no kawaii usagi", []string{"かくせい no kawaii usagi"}},
			{"full width typed", "kani to usagi 2x", "ｋａｎｉ　ｔｏ　ｕｓａｇｉ　２ｘ", []string{"ＫＡＮＩ　ｔｏ　ｕｓａｇｉ　２ｘ"}},
			{"inner NUL", "kani to\x00usagi no umi", "kani to\x00usagi no umi", []string{"kani to", "kani to\x00usagi no um", "kani tousagi no umi"}},
			{"blanks at the ends", "  kani to usagi no umi ", "  kani to usagi no umi ", []string{"kani to usagi no umi", "  kani to usagi no umi"}},
		}
		for i, c := range cases {
			email := "pw" + string(rune('a'+i)) + "@example.org"
			c2 := visit(t, h.URL)
			if registered(t, h, email, c.set) == "" {
				t.Errorf("%s: it cannot be set", c.name)
				continue
			}
			if c2.in(email, c.use) == "" {
				t.Errorf("%s: the right password does not open", c.name)
			}
			for n, w := range c.wrong {
				if c2.in(email, w) != "" {
					t.Errorf("%s: wrong password %d opens", c.name, n)
				}
			}
		}
		for _, pw := range []string{long[:257], "kani to usagi!", "kani\xff to usagi no umi"} {
			if got := visit(t, h.URL).post("/register", "/register", "email", "no@example.org", "password", pw); got.Status != http.StatusUnprocessableEntity {
				t.Errorf("a password of %d bytes gave %d", len(pw), got.Status)
			}
		}
	})
}

// TestCopiedDatabaseDoesNotJudgePasswords: PW3. A house on a copy of the
// database without the key file takes no password, not even the right one.
func TestCopiedDatabaseDoesNotJudgePasswords(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		h := house.Open(t, url, house.Options{})
		id := h.Member(t, "weak@example.org", goodPassword, "en")
		hash := text(t, h, "SELECT hash FROM password WHERE account_id = $1", id)
		if !strings.HasPrefix(hash, "$argon2id$v=19$m=") || !strings.Contains(hash, "p=1,keyid=") {
			t.Errorf("stored form is %.40s…", hash)
		}
		thief, err := password.NewHasher(password.InsecureParams(), house.Keys().Pepper()) // same key id, another key
		if err != nil {
			t.Fatal(err)
		}
		if ok, _, _ := thief.Verify(hash, goodPassword); ok {
			t.Error("another key judges the copied hash")
		}
		if ok, _, _ := h.Hasher.Verify(hash, goodPassword); !ok {
			t.Error("the house's own key does not judge it")
		}
		// The Argon2id output itself is not stored: without the keyed pass it is not there.
		bare := h.Hasher.Derive([]byte(goodPassword), []byte("salt"), 1, 64, 32)
		if strings.Contains(hash, string(bare)) {
			t.Error("the bare Argon2id output is stored")
		}
	})
}

// TestCostIsRaisedAtSignIn: PW3. After the operator raised the cost, a sign-in
// keeps the same password under the new one; a wrong one changes nothing.
func TestCostIsRaisedAtSignIn(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		keys := house.Keys()
		h := house.Open(t, url, house.Options{Keys: keys})
		id := h.Member(t, "old@example.org", goodPassword, "en")
		stored := func() string { return text(t, h, "SELECT hash FROM password WHERE account_id = $1", id) }
		before := stored()
		dear := house.Open(t, url, house.Options{Keys: keys, Costly: true})
		c := visit(t, dear.URL)
		if c.in("old@example.org", nextPassword) != "" || stored() != before {
			t.Fatal("a wrong password opened, or changed the hash")
		}
		if c.in("old@example.org", goodPassword) == "" {
			t.Fatal("the right password does not open")
		}
		if after := stored(); !strings.Contains(after, "m=19456,t=2,p=1,") {
			t.Errorf("after sign-in the hash is %.40s…", after)
		}
		if c.in("old@example.org", goodPassword) == "" {
			t.Error("the raised hash does not open")
		}
	})
}

// TestHugeSignInsDoNotTakeTheHouseDown: PW4. Bodies are judged before any hash;
// under a crowd of 1 MiB passwords the status page answers and memory stays.
func TestHugeSignInsDoNotTakeTheHouseDown(t *testing.T) {
	t.Parallel()
	people := 50
	if longForm() {
		people = 500
	}
	h := house.Open(t, testkit.SQLite(t, db.MigrateURL), house.Options{Costly: true})
	h.Member(t, "busy@example.org", goodPassword, "en")
	huge := "email=busy%40example.org&password=" + strings.Repeat("a", 1<<20)
	hugeJSON := `{"email":"busy@example.org","password":"` + strings.Repeat("a", 1<<20) + `"}`
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	go func() {
		defer close(done)
		together(people, func(i int) {
			c := visit(t, h.URL)
			kind, path, body := formType, "/signin", huge
			if i%2 == 0 {
				kind, path, body = "application/json", "/api/v1/sign-ins", hugeJSON
			}
			var a answer
			var err error
			if i%3 == 0 { // without Content-Length
				a, err = c.try("POST", path, kind, struct{ *bytes.Reader }{bytes.NewReader([]byte(body))}, "Sec-Fetch-Site", "same-origin")
			} else {
				a, err = c.try("POST", path, kind, strings.NewReader(body), "Sec-Fetch-Site", "same-origin")
			}
			// The server may hang up while we still send: that is an answer too.
			if err == nil && a.Status != http.StatusRequestEntityTooLarge {
				t.Errorf("1 MiB to %s gave %d", path, a.Status)
			}
		})
	}()
	for asked := 0; ; asked++ {
		if a := visit(t, h.URL).get("/status"); a.Status != 200 {
			t.Errorf("the status page gave %d", a.Status)
		}
		select {
		case <-done:
		default:
			continue
		}
		break
	}
	if load := h.Gate.Load(); load.Running != 0 || load.Queued != 0 {
		t.Errorf("the hash gate is left with %+v", load)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 64<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	if visit(t, h.URL).in("busy@example.org", goodPassword) == "" {
		t.Error("the owner does not get in afterwards")
	}
}

// TestChangingAPasswordNeedsTheOldOne: PW5, SE2, SE4. Each part left out is
// refused and changes nothing; the change ends other sessions, renews this one
// and tells the owner.
func TestChangingAPasswordNeedsTheOldOne(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "change@example.org"
		id := h.Member(t, me, goodPassword, "en")
		stored := func() string { return text(t, h, "SELECT hash FROM password WHERE account_id = $1", id) }
		before := stored()
		p := h.Visit(t)
		p.SignIn(me, goodPassword)
		other := visit(t, h.URL)
		else1 := other.in(me, goodPassword)
		for _, bad := range [][]string{
			{}, {"password", nextPassword}, {"old_password", goodPassword},
			{"old_password", "", "password", nextPassword}, {"old_password", nextPassword, "password", nextPassword},
			{"old_password", goodPassword, "password", ""}, {"old_password", goodPassword, "password", "short"},
			{"old_password", goodPassword, "password", me},
		} {
			h.Clock.Advance(13 * time.Minute) // the count of tries is another test's
			p.Get("/account")
			keepUse(t, h)
			p.Get("/account/password")
			if got := p.Post("/account/password", bad...); got.Status < 400 || got.URL.Path != "/account/password" {
				t.Errorf("%d of 3 parts led to %s with %d", len(bad)/2, got.URL, got.Status)
			}
			other.alive(else1)
		}
		if stored() != before {
			t.Fatal("a refused change changed the password")
		}
		stale := p.Cookies()["genkan"]
		p.Get("/account/password")
		if got := p.Post("/account/password", "old_password", goodPassword, "password", nextPassword); got.URL.Path != "/account" {
			t.Fatalf("the change led to %s: %s", got.URL, got.Problem())
		}
		if p.Cookies()["genkan"] == stale || other.alive(stale) {
			t.Error("the session's old secret is not dead (SE2)")
		}
		if !other.alive(p.Cookies()["genkan"]) {
			t.Error("the session that changed it ended")
		}
		if other.alive(else1) {
			t.Error("another session lives on (SE4)")
		}
		if l := letterOf(t, h, me, "password was changed"); links(l)['f'] == "" {
			t.Error("the notice has no link to freeze (SE7)")
		}
	})
}

var (
	input  = regexp.MustCompile(`<input\b[^>]*>`)
	attr   = regexp.MustCompile(`\b([a-z-]+)="([^"]*)"`)
	hinted = regexp.MustCompile(`(?i)secret question|security question|mother.s maiden|秘密の質問|password hint|パスワードのヒント|合言葉`)
)

// TestFormsHelpPasswordManagers: PW6. Every field says what it is for; nothing
// forbids pasting; no page asks a secret question or keeps a hint.
func TestFormsHelpPasswordManagers(t *testing.T) {
	t.Parallel()
	h := house.Open(t, testkit.SQLite(t, db.MigrateURL), house.Options{})
	want := map[string]map[string]string{
		"/signin":           {"email": "username", "password": "current-password"},
		"/register":         {"email": "email", "password": "new-password"},
		"/recover":          {"email": "email username"},
		"/account/password": {"old_password": "current-password", "password": "new-password"},
		"/account/address":  {"email": "email", "password": "current-password"},
		"code":              {"code": "one-time-code"},
		"recover password":  {"password": "new-password"},
		"link":              {"password": "new-password"},
	}
	check := func(name, body string) {
		t.Helper()
		seen := map[string]string{}
		for _, tag := range input.FindAllString(body, -1) {
			a := map[string]string{}
			for _, m := range attr.FindAllStringSubmatch(tag, -1) {
				a[m[1]] = m[2]
			}
			if a["type"] == "hidden" {
				continue
			}
			if a["type"] == "password" && a["maxlength"] != "" {
				t.Errorf("%s: a browser would cut the pasted password", name)
			}
			if a["autocomplete"] == "" || a["autocomplete"] == "off" && a["name"] != "number" {
				t.Errorf("%s: field %q has autocomplete %q", name, a["name"], a["autocomplete"])
			}
			seen[a["name"]] = a["autocomplete"]
		}
		for field, hope := range want[name] {
			if got, ok := seen[field]; !ok || !strings.Contains(" "+hope+" ", " "+got+" ") {
				t.Errorf("%s: field %s has autocomplete %q, want %q", name, field, got, hope)
			}
		}
		if strings.Contains(strings.ToLower(body), "onpaste") {
			t.Errorf("%s: pasting is meddled with", name)
		}
		if m := hinted.FindString(body); m != "" {
			t.Errorf("%s: says %q", name, m)
		}
	}
	h.Member(t, "form@example.org", goodPassword, "en")
	p := h.Visit(t)
	for _, path := range []string{"/signin", "/register", "/recover", "/help", "/support", "/status"} {
		for _, lang := range []string{"en", "ja"} {
			check(path, p.Get(path+"?lang="+lang).Body)
		}
	}
	p.Get("/?lang=en")
	path, l := recoverTo(t, h, p, "form@example.org")
	check("code", p.Page.Body)
	check("link", h.Visit(t).Get(l.Link).Body)
	check("recover password", p.Post(path+"/confirm", "code", l.Code).Body)
	p.SignIn("form@example.org", goodPassword)
	check("/account", p.Page.Body)
	check("/account/password", p.Get("/account/password").Body)
	check("/account/address", p.Get("/account/address").Body)
	if got := visit(t, h.URL).get("/.well-known/change-password"); got.Status != 302 || got.Header.Get("Location") != "/account/password" {
		t.Errorf("/.well-known/change-password gave %d to %s", got.Status, got.Header.Get("Location"))
	}
	if strings.Contains(p.Get("/static/").Body, "onpaste") {
		t.Error("a script meddles with pasting")
	}
}

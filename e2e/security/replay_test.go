package security_test

import (
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/house"
)

// shown is what a person sees of an answer, and what the browser keeps of it.
func shown(a answer) string {
	var set []string
	for _, k := range a.Set {
		value := k.Value
		if k.Name == "genkan-thaw" {
			value = "sealed anew" // says the same each time
		}
		set = append(set, fmt.Sprintf("%s=%s;%d", k.Name, value, k.MaxAge))
	}
	sort.Strings(set)
	return fmt.Sprintf("%d %s %v %s", a.Status, a.Header.Get("Location"), set, maskForm.ReplaceAllString(a.Body, "$1"))
}

// TestRepeatedPostsAreOnePress: CO4. Each post of each flow, sent five times with
// the cookies that the first one had, as a double press or a retried request is,
// has one effect and gets the same answer each time.
func TestRepeatedPostsAreOnePress(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		// repeat sends a form five times and gives the first answer.
		repeat := func(c *raw, what, path string, form url.Values) answer {
			t.Helper()
			before := map[string]string{}
			for k, v := range c.jar {
				before[k] = v
			}
			first := c.send(path, form)
			if first.Status >= 400 {
				t.Errorf("%s: the first press gave %d to %s", what, first.Status, path)
			}
			after := c.jar
			for n := range 4 {
				again := visit(t, h.URL)
				for k, v := range before {
					again.jar[k] = v
				}
				if got := again.send(path, form); shown(got) != shown(first) {
					t.Errorf("%s: press %d gave %s, the first %s", what, n+2, brief(got), brief(first))
				}
			}
			c.jar = after
			return first
		}
		n := func(query string, args ...any) int { t.Helper(); return count(t, h, query, args...) }
		one := func(what, query string, args ...any) {
			t.Helper()
			if got := n(query, args...); got != 1 {
				t.Errorf("%s: %d instead of 1", what, got)
			}
		}

		const me = "twice@example.org"
		c := visit(t, h.URL)
		a := repeat(c, "register", "/register", c.form("/register", "email", "typo-"+me, "password", goodPassword))
		page := a.Header.Get("Location")
		id := strings.TrimPrefix(page, "/register/")
		one("registrations", "SELECT COUNT(*) FROM registration")
		h.Clock.Advance(2 * time.Minute)
		repeat(c, "resend", page+"/resend", c.form(page))
		if got := n("SELECT COUNT(*) FROM message"); got != 2 {
			t.Errorf("resend: %d mails instead of 2", got)
		}
		h.Clock.Advance(2 * time.Minute)
		repeat(c, "readdress", page+"/address", c.form(page, "email", me))
		if got := n("SELECT COUNT(*) FROM message"); got != 3 {
			t.Errorf("readdress: %d mails instead of 3", got)
		}
		repeat(c, "confirm", page+"/confirm", c.form(page, "code", registrationCode(t, h, id)))
		one("accounts", "SELECT COUNT(*) FROM account")
		one("sessions", "SELECT COUNT(*) FROM session")
		acc := accountOf(t, h, me)

		c = visit(t, h.URL)
		repeat(c, "sign in", "/signin", c.form("/signin", "email", me, "password", goodPassword))
		if got := n("SELECT COUNT(*) FROM session"); got != 2 {
			t.Errorf("sign in: %d sessions instead of 2", got)
		}
		bad := visit(t, h.URL)
		form := bad.form("/signin", "email", me, "password", nextPassword)
		for range 5 {
			if got := bad.send("/signin", form); got.Status != http.StatusUnauthorized {
				t.Errorf("a wrong password gave %d", got.Status)
			}
		}
		one("refused attempts", "SELECT COUNT(*) FROM attempt WHERE state = 'refused'")

		repeat(c, "locale", "/account/locale", c.form("/account", "locale", "en"))
		visit(t, h.URL).in(me, goodPassword)
		told := func(kind string) int { t.Helper(); return n("SELECT COUNT(*) FROM message WHERE kind = $1", kind) }
		repeat(c, "end others", "/account/sessions/end-others", c.form("/account"))
		if got := told("sessions_ended"); got != 1 {
			t.Errorf("end others: told %d times", got)
		}
		other := visit(t, h.URL).in(me, goodPassword)
		ended := endForm.FindStringSubmatch(c.get("/account").Body)
		if other == "" || ended == nil {
			t.Fatal("no other session is listed")
		}
		repeat(c, "end one", "/account/sessions/"+ended[1]+"/end", c.form("/account"))

		repeat(c, "change password", "/account/password", c.form("/account/password", "old_password", goodPassword, "password", nextPassword))
		if got := told("password_changed"); got != 1 {
			t.Errorf("change password: told %d times", got)
		}
		if !c.alive(c.jar["genkan"]) {
			t.Fatal("after the change of password nobody is in")
		}

		h.Clock.Advance(30 * time.Minute)
		a = repeat(c, "ask for an address", "/account/address", c.form("/account/address", "email", "next-"+me, "password", nextPassword))
		page = a.Header.Get("Location")
		one("changes", "SELECT COUNT(*) FROM address_change")
		one("mails of the change", "SELECT COUNT(*) FROM message WHERE kind = 'address_change'")
		h.Clock.Advance(2 * time.Minute)
		repeat(c, "resend the change", page+"/resend", c.form(page))
		if got := told("address_change"); got != 2 {
			t.Errorf("resend the change: %d mails instead of 2", got)
		}
		cid := strings.TrimPrefix(page, "/account/address/")
		repeat(c, "confirm the address", page+"/confirm", c.form(page, "code", h.Keys.Code("address change", 8, cid)))
		if got := told("address_changed_new"); got != 1 {
			t.Errorf("confirm the address: told %d times", got)
		}
		if !c.alive(c.jar["genkan"]) {
			t.Fatal("after the change of address nobody is in")
		}
		undo := letterOf(t, h, me, "address was changed")
		u := visit(t, h.URL)
		u.get(strings.TrimPrefix(links(undo)['u'], h.URL))
		repeat(u, "undo", "/link", u.form("/link", "token", links(undo)['u'][len(h.URL)+3:], "number", undo.Code))
		if accountOf(t, h, me) != acc {
			t.Error("undo: the address is not back")
		}

		h.Clock.Advance(3 * time.Hour)
		r := visit(t, h.URL)
		a = repeat(r, "recover", "/recover", r.form("/recover", "email", me))
		page = a.Header.Get("Location")
		one("recoveries", "SELECT COUNT(*) FROM recovery")
		letterOf(t, h, me, "(")
		settled(t, h)
		h.Clock.Advance(2 * time.Minute)
		repeat(r, "resend the recovery", page+"/resend", r.form(page))
		if got := told("recovery"); got != 2 {
			t.Errorf("resend the recovery: %d mails instead of 2", got)
		}
		repeat(r, "prove", page+"/confirm", r.form(page, "code", h.Keys.Code("recovery", 8, strings.TrimPrefix(page, "/recover/"))))
		version := n("SELECT version FROM password WHERE account_id = $1", acc)
		repeat(r, "reset", page+"/password", r.form(page, "password", thirdPassword))
		if got := n("SELECT version FROM password WHERE account_id = $1", acc); got != version+1 || told("password_reset") != 1 {
			t.Errorf("reset: the password changed %d times, told %d times", got-version, told("password_reset"))
		}

		s := visit(t, h.URL)
		s.post("/signin", "/signin", "email", me, "password", thirdPassword)
		repeat(s, "sign out", "/signout", s.form("/account"))

		notice := letterOf(t, h, me, "was reset")
		f := visit(t, h.URL)
		f.get(strings.TrimPrefix(links(notice)['f'], h.URL))
		repeat(f, "freeze", "/link", f.form("/link", "token", links(notice)['f'][len(h.URL)+3:], "confirm", "freeze"))
		if told("frozen") != 1 {
			t.Errorf("freeze: told %d times", told("frozen"))
		}
		w := visit(t, h.URL)
		repeat(w, "sign in to a frozen account", "/signin", w.form("/signin", "email", me, "password", thirdPassword))
		repeat(w, "ask to thaw", "/frozen", w.form("/frozen", "start", "thaw"))
		if told("thaw_code") != 1 {
			t.Errorf("ask to thaw: %d mails instead of 1", told("thaw_code"))
		}
		code := letterOf(t, h, me, "use your account again").Code
		repeat(w, "thaw", "/frozen", w.form("/frozen?sent=1", "code", code))
		veto := letterOf(t, h, me, "asked to reopen")
		v := visit(t, h.URL)
		v.get(strings.TrimPrefix(links(veto)['v'], h.URL))
		repeat(v, "veto", "/link", v.form("/link", "token", links(veto)['v'][len(h.URL)+3:], "confirm", "veto"))
	})
}

func brief(a answer) string {
	head := ""
	if m := h1.FindStringSubmatch(a.Body); m != nil {
		head = strings.TrimSpace(m[1])
	}
	var names []string
	for _, k := range a.Set {
		names = append(names, fmt.Sprintf("%s(%d)", k.Name, len(k.Value)))
	}
	return fmt.Sprintf("%d to %q %v %q", a.Status, a.Header.Get("Location"), names, head)
}

// TestDoublePressAtOneMoment: CO4. The presses that matter, sent twice in the
// same moment, have one effect, and whichever answer the browser shows, the
// person is in.
func TestDoublePressAtOneMoment(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		twice := func(c *raw, path string, form url.Values) (all []answer, jars []map[string]string) {
			t.Helper()
			all, jars = make([]answer, 2), make([]map[string]string, 2)
			both := []*raw{visit(t, h.URL), visit(t, h.URL)}
			for _, b := range both {
				for k, v := range c.jar {
					b.jar[k] = v
				}
			}
			together(2, func(i int) { all[i] = both[i].send(path, form); jars[i] = both[i].jar })
			return all, jars
		}
		for round := range 5 {
			me := fmt.Sprintf("both%d@example.org", round)
			c := visit(t, h.URL)
			wait := c.post("/register", "/register", "email", me, "password", goodPassword).Header.Get("Location")
			_, jars := twice(c, wait+"/confirm", c.form(wait, "code", registrationCode(t, h, strings.TrimPrefix(wait, "/register/"))))
			for i, jar := range jars {
				if !c.alive(jar["genkan"]) {
					t.Errorf("register: press %d leaves nobody in", i)
				}
			}
			c.jar = jars[0]
			_, jars = twice(c, "/account/password", c.form("/account/password", "old_password", goodPassword, "password", nextPassword))
			for i, jar := range jars {
				if !c.alive(jar["genkan"]) {
					t.Errorf("change password: press %d leaves nobody in", i)
				}
			}
			if got := count(t, h, "SELECT COUNT(*) FROM message WHERE kind = 'password_changed' AND recipient_key = $1", h.Book.Key(parse(t, me))); got != 1 {
				t.Errorf("change password: told %d times", got)
			}
			s := visit(t, h.URL)
			_, jars = twice(s, "/signin", s.form("/signin", "email", me, "password", nextPassword))
			if jars[0]["genkan"] == "" || jars[0]["genkan"] != jars[1]["genkan"] || !c.alive(jars[0]["genkan"]) {
				t.Error("sign in: the presses got different sessions, or a dead one")
			}
			q := visit(t, h.URL)
			all, _ := twice(q, "/recover", q.form("/recover", "email", me))
			if all[0].Header.Get("Location") == "" || all[0].Header.Get("Location") != all[1].Header.Get("Location") {
				t.Errorf("recover: the presses led to %q and %q", all[0].Header.Get("Location"), all[1].Header.Get("Location"))
			}
		}
	})
}

// TestWrongCodesAreCountedBeforeTheyAreJudged: TH2, TH4. Of 64 wrong codes sent
// at one moment no more are judged than the limit allows; the right one comes
// too late then.
func TestWrongCodesAreCountedBeforeTheyAreJudged(t *testing.T) {
	houses(t, house.Options{}, func(t *testing.T, h *house.House) {
		const me = "guess@example.org"
		h.Member(t, me, goodPassword, "en")
		c := visit(t, h.URL)
		token := c.in(me, goodPassword)
		_, out := c.api("POST", "/recoveries", dict{"email": me})
		rec := out["id"].(string)
		letterOf(t, h, me, "(new password")
		_, out = c.api("POST", "/registrations", dict{"email": "guess-new@example.org", "password": goodPassword})
		reg := out["id"].(string)
		_, out = c.api("POST", "/address", dict{"email": "guess-next@example.org", "password": goodPassword}, "Authorization", "Bearer "+token)
		change := out["id"].(string)
		for _, target := range []struct {
			name, path, right string
			most              int64
		}{
			{"recovery", "/recoveries/" + rec + "/confirm", h.Keys.Code("recovery", 8, rec), 5},
			{"registration", "/registrations/" + reg + "/confirm", registrationCode(t, h, reg), 6},
			{"address", "/address/" + change + "/confirm", h.Keys.Code("address change", 8, change), 5},
		} {
			var judged atomic.Int64
			send := func(code string) (int, string) {
				a, out := visit(t, h.URL).api("POST", target.path, dict{"code": code, "new_password": nextPassword}, "Authorization", "Bearer "+token)
				why, _ := out["code"].(string)
				return a.Status, why
			}
			together(64, func(i int) {
				guess := fmt.Sprintf("%0*d", len(target.right), i)
				if guess == target.right {
					return
				}
				if status, why := send(guess); why == "code.wrong" {
					judged.Add(1)
				} else if why != "code.too_many" {
					t.Errorf("%s: a wrong code gave %d %s", target.name, status, why)
				}
			})
			if judged.Load() > target.most || judged.Load() == 0 {
				t.Errorf("%s: %d wrong codes were judged, at most %d may be", target.name, judged.Load(), target.most)
			}
			if status, why := send(target.right); why != "code.too_many" {
				t.Errorf("%s: the right code afterwards gave %d %s", target.name, status, why)
			}
		}
		// Passwords tried from inside a session have a counter of their own.
		var judged atomic.Int64
		together(64, func(i int) {
			_, out := visit(t, h.URL).api("POST", "/password", dict{"old_password": fmt.Sprintf("wrong wrong wrong %d", i), "new_password": thirdPassword}, "Authorization", "Bearer "+token)
			if out["code"] == "pw.wrong" {
				judged.Add(1)
			}
		})
		if judged.Load() > 5 {
			t.Errorf("%d wrong passwords were judged inside a session, at most 5 may be", judged.Load())
		}
	})
}

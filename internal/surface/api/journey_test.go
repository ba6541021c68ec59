package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/testkit"
)

// engineless runs f in one house, for what no engine can change.
func engineless(t *testing.T, f func(h *house)) { f(testHouse(t, testkit.SQLite(t, migrate))) }

func TestRegisterConfirmAndSignOut(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		w := h.want(202, h.do("POST", "/api/v1/registrations", map[string]any{
			"email": "hanako@house.example", "password": secretWords, "locale": "en"}))
		code := h.mails.code(h.t, "hanako@house.example")
		confirm := "/api/v1/registrations/" + w.text("id") + "/confirm"

		wrong := h.want(422, h.do("POST", confirm, map[string]any{"code": other(code)}, english()))
		if wrong.text("code") != "code.wrong" || wrong.text("field") != "code" || wrong.text("title") == "" {
			h.t.Errorf("wrong code: %s", wrong.Body)
		}
		r := h.want(201, h.do("POST", confirm, map[string]any{"code": " " + code[:3] + "-" + code[3:] + "\n"}))
		token := r.text("session.token")

		who := h.want(200, h.do("GET", "/api/v1/session", nil, bearer(token)))
		if who.text("email") != "hanako@house.example" || who.text("account") != r.text("account") || who.text("locale") != "en" {
			h.t.Errorf("session: %s", who.Body)
		}
		h.want(410, h.do("POST", confirm, map[string]any{"code": code}))

		gone := h.want(204, h.do("DELETE", "/api/v1/session", nil, bearer(token)))
		if gone.Header().Get("Clear-Site-Data") == "" || !strings.Contains(gone.Header().Get("Set-Cookie"), "genkan=;") {
			h.t.Errorf("sign-out headers: %v", gone.Header())
		}
		out := h.want(401, h.do("GET", "/api/v1/session", nil, bearer(token), english()))
		if out.text("code") != "session.ended" || out.Header().Get("WWW-Authenticate") == "" {
			h.t.Errorf("nobody: %s", out.Body)
		}
	})
}

func other(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return "9" + code[1:]
}

// A taken address gets the same answer; its box is told (EN1, EN4).
func TestTakenAddressLooksTheSame(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		h.member("taken@house.example")
		ask := func(email string) reply {
			return h.want(202, h.do("POST", "/api/v1/registrations", map[string]any{"email": email, "password": secretWords}))
		}
		a, b := ask("taken@house.example"), ask("fresh@house.example")
		if shape(a) != shape(b) {
			h.t.Errorf("taken: %s\nfresh: %s", shape(a), shape(b))
		}
		if m := h.mails.next(h.t, "taken@house.example"); codeLine.MatchString(m.Text) {
			h.t.Error("the holder's box got a code")
		}
		h.mails.code(h.t, "fresh@house.example")
		for _, w := range []reply{a, b} {
			h.delivered(w.text("delivery"))
		}
	})
}

// shape is an answer without what differs from call to call.
func shape(r reply) string {
	out := []string{http.StatusText(r.Code)}
	for name := range r.Header() {
		out = append(out, name)
	}
	for name, v := range r.json {
		if s, ok := v.(string); ok {
			out = append(out, name+strings.Repeat("x", len(s)))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func TestMistypedDomainIsSuggestedOnce(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		in := map[string]any{"email": "taro@gmial.com", "password": secretWords}
		r := h.want(422, h.do("POST", "/api/v1/registrations", in, english()))
		if r.text("code") != "email.suggest" || r.text("suggestion") != "taro@gmail.com" || r.text("field") != "email" {
			h.t.Errorf("suggestion: %s", r.Body)
		}
		in["keep_address"] = true
		h.want(202, h.do("POST", "/api/v1/registrations", in))
	})
}

func TestCorrectedAddressGetsTheCode(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		w := h.want(202, h.do("POST", "/api/v1/registrations", map[string]any{"email": "wrong@house.example", "password": secretWords}))
		first := h.mails.code(h.t, "wrong@house.example")
		path := "/api/v1/registrations/" + w.text("id")
		soon := h.want(429, h.do("POST", path+"/resend", nil))
		if soon.Header().Get("Retry-After") != "60" || soon.text("code") != "lock.resend-limit" {
			h.t.Errorf("resend at once: %v %s", soon.Header(), soon.Body)
		}
		h.clock.Advance(time.Minute)
		h.want(202, h.do("POST", path+"/resend", nil))
		h.clock.Advance(time.Minute)
		h.want(202, h.do("POST", path+"/address", map[string]any{"email": "right@house.example"}))
		second := h.mails.code(h.t, "right@house.example")
		h.want(422, h.do("POST", path+"/confirm", map[string]any{"code": first}))
		h.want(201, h.do("POST", path+"/confirm", map[string]any{"code": second}))
	})
}

func TestSignInAnswers(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		h.member("jiro@house.example")
		try := func(email, pw string) reply {
			return h.want(200, h.do("POST", "/api/v1/sign-ins", map[string]any{"email": email, "password": pw}, english()))
		}
		right := try("jiro@house.example", secretWords)
		if right.text("state") != "complete" || right.text("session.token") == "" {
			h.t.Errorf("right: %s", right.Body)
		}
		wrong, nobody := try("jiro@house.example", "something else entirely"), try("nobody@house.example", "something else entirely")
		if wrong.text("state") != "refused" || shape(wrong) != shape(nobody) {
			h.t.Errorf("wrong: %s\nnobody: %s", wrong.Body, nobody.Body)
		}
		if findings := wrong.json["findings"].([]any); len(findings) != 1 || findings[0].(map[string]any)["title"] == "" {
			h.t.Errorf("findings: %s", wrong.Body)
		}
		wide := try("jiro@house.example", "ｆｕｌｌ ｗｉｄｔｈ ｌｅｔｔｅｒｓ ")
		if n := len(wide.json["findings"].([]any)); n != 3 {
			h.t.Errorf("%d findings, want 3: %s", n, wide.Body)
		}
		again := h.want(200, h.do("GET", "/api/v1/sign-ins/"+wrong.text("id"), nil))
		if again.text("reference") != wrong.text("reference") || again.text("state") != "refused" {
			h.t.Errorf("poll: %s", again.Body)
		}
		h.want(404, h.do("GET", "/api/v1/sign-ins/00000000-0000-4000-8000-000000000000", nil))
	})
}

// A page of our own gets cookies; a program gets none it did not ask for.
func TestBrowserGetsCookies(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		h.member("page@house.example")
		in := map[string]any{"email": "page@house.example", "password": secretWords}
		if c := h.want(200, h.do("POST", "/api/v1/sign-ins", in)).Result().Cookies(); len(c) != 0 {
			h.t.Errorf("a program got cookies: %v", c)
		}
		page := []option{header("Cookie", "genkan-browser="+strings.Repeat("b", 43)), header("Sec-Fetch-Site", "same-origin")}
		r := h.want(200, h.do("POST", "/api/v1/sign-ins", in, page...))
		names := map[string]string{}
		for _, c := range r.Result().Cookies() {
			names[c.Name] = c.Value
			if !c.HttpOnly {
				h.t.Errorf("%s can be read by scripts", c.Name)
			}
		}
		if names["genkan"] != r.text("session.token") || names["genkan-known"] == "" {
			h.t.Errorf("cookies: %v", names)
		}
		h.want(200, h.do("GET", "/api/v1/session", nil, header("Cookie", "genkan="+names["genkan"])))
		h.want(404, h.do("GET", "/api/v1/sign-ins/"+r.text("id"), nil)) // another browser's attempt
	})
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		first, foreign := h.member("saburo@house.example"), h.member("shiro@house.example")
		second := h.want(200, h.do("POST", "/api/v1/sign-ins", map[string]any{"email": "saburo@house.example", "password": secretWords})).text("session.token")
		list := h.want(200, h.do("GET", "/api/v1/sessions", nil, bearer(first))).json["sessions"].([]any)
		if len(list) != 2 {
			h.t.Fatalf("%d sessions", len(list))
		}
		for _, one := range list {
			m := one.(map[string]any)
			if m["current"].(bool) {
				continue
			}
			path := "/api/v1/sessions/" + m["id"].(string)
			h.want(404, h.do("DELETE", path, nil, bearer(foreign)))
			h.want(204, h.do("DELETE", path, nil, bearer(first)))
			h.want(404, h.do("DELETE", path, nil, bearer(first)))
		}
		h.soon(401, second)
		h.want(200, h.do("GET", "/api/v1/session", nil, bearer(first)))
		third := h.want(200, h.do("POST", "/api/v1/sign-ins", map[string]any{"email": "saburo@house.example", "password": secretWords})).text("session.token")
		h.want(204, h.do("DELETE", "/api/v1/sessions", nil, bearer(third)))
		h.soon(401, first)
		h.want(200, h.do("GET", "/api/v1/session", nil, bearer(third)))
	})
}

// soon asks until a token's session check has this status: ends take up to a
// second to be heard (SE4).
func (h *house) soon(status int, token string) {
	h.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		r := h.do("GET", "/api/v1/session", nil, bearer(token))
		if r.Code == status {
			return
		}
		if time.Now().After(end) {
			h.t.Fatalf("session check: %d, want %d", r.Code, status)
		}
		pause()
	}
}

func TestRecoverySetsANewPassword(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		token := h.member("goro@house.example")
		w := h.want(202, h.do("POST", "/api/v1/recoveries", map[string]any{"email": "goro@house.example"}))
		code := h.mails.code(h.t, "goro@house.example")
		path := "/api/v1/recoveries/" + w.text("id") + "/confirm"
		short := h.want(422, h.do("POST", path, map[string]any{"code": code, "new_password": "short"}, english()))
		if short.text("field") != "new_password" || short.text("code") != "pw.too_short" {
			h.t.Errorf("short: %s", short.Body)
		}
		done := h.want(200, h.do("POST", path, map[string]any{"code": code, "new_password": "four dry umbrellas indoors"}))
		if done.text("hold_until") == "" {
			h.t.Errorf("done: %s", done.Body)
		}
		h.soon(401, token)
		h.want(410, h.do("POST", path, map[string]any{"code": code, "new_password": "four dry umbrellas outdoors"}))
		in := h.want(200, h.do("POST", "/api/v1/sign-ins", map[string]any{"email": "goro@house.example", "password": "four dry umbrellas indoors"}))
		who := h.want(200, h.do("GET", "/api/v1/session", nil, bearer(in.text("session.token"))))
		if who.text("hold.reason") != "password_reset" {
			h.t.Errorf("no hold: %s", who.Body)
		}
		nobody := h.want(202, h.do("POST", "/api/v1/recoveries", map[string]any{"email": "none@house.example"}))
		if shape(nobody) != shape(w) {
			h.t.Errorf("known: %s\nunknown: %s", shape(w), shape(nobody))
		}
	})
}

func TestPasswordAndAddressChange(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		old := h.member("rokuro@house.example")
		bad := h.want(422, h.do("POST", "/api/v1/password", map[string]any{"old_password": "not it", "new_password": "four dry umbrellas indoors"}, bearer(old)))
		if bad.text("field") != "old_password" {
			h.t.Errorf("wrong old password: %s", bad.Body)
		}
		r := h.want(200, h.do("POST", "/api/v1/password", map[string]any{"old_password": secretWords, "new_password": "four dry umbrellas indoors"}, bearer(old)))
		h.soon(401, old)
		token := r.text("session.token")
		w := h.want(202, h.do("POST", "/api/v1/address", map[string]any{"email": "six@house.example", "password": "four dry umbrellas indoors"}, bearer(token)))
		code := h.mails.code(h.t, "six@house.example")
		r = h.want(200, h.do("POST", "/api/v1/address/"+w.text("id")+"/confirm", map[string]any{"code": code}, bearer(token)))
		who := h.want(200, h.do("GET", "/api/v1/session", nil, bearer(r.text("session.token"))))
		if who.text("email") != "six@house.example" {
			h.t.Errorf("address: %s", who.Body)
		}
		h.want(401, h.do("POST", "/api/v1/password", map[string]any{"old_password": "x", "new_password": "y"}))
	})
}

// delivered waits until a message's trace says that it was handed over.
func (h *house) delivered(id string, opts ...option) reply {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		r := h.want(200, h.do("GET", "/api/v1/deliveries/"+id, nil, opts...))
		if r.text("state") == "handed_over" || time.Now().After(end) {
			if n := len(r.json["steps"].([]any)); n != 1 || r.text("state") != "handed_over" {
				h.t.Errorf("trace: %s", r.Body)
			}
			return r
		}
		pause()
	}
}

func TestTraceIsForWhoCausedIt(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		mine := []option{header("Cookie", "genkan-browser="+strings.Repeat("m", 43)), header("Sec-Fetch-Site", "same-origin")}
		w := h.want(202, h.do("POST", "/api/v1/registrations", map[string]any{"email": "seven@house.example", "password": secretWords}, mine...))
		h.delivered(w.text("delivery"), mine...)
		foreign := h.want(404, h.do("GET", "/api/v1/deliveries/"+w.text("delivery"), nil))
		unknown := h.want(404, h.do("GET", "/api/v1/deliveries/00000000-0000-4000-8000-000000000000", nil))
		if foreign.Body.String() != unknown.Body.String() {
			h.t.Errorf("foreign: %s\nunknown: %s", foreign.Body, unknown.Body)
		}
		// A notice's id stands in its mail only, and is for nobody.
		h.member("eight@house.example")
		h.want(200, h.do("POST", "/api/v1/sign-ins", map[string]any{"email": "eight@house.example", "password": secretWords}))
		id, _, _ := strings.Cut(h.mails.next(h.t, "eight@house.example").ID, "@")
		h.want(404, h.do("GET", "/api/v1/deliveries/"+id, nil))
	})
}

func TestRepeatIsOneAct(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		key := header("Idempotency-Key", "5f0c3f8a-2f0b-4b1e-9f58-0a1c64b1f2aa")
		in := map[string]any{"email": "nine@house.example", "password": secretWords}
		first, second := h.want(202, h.do("POST", "/api/v1/registrations", in, key)), h.want(202, h.do("POST", "/api/v1/registrations", in, key))
		if first.Body.String() != second.Body.String() {
			h.t.Errorf("first: %s\nsecond: %s", first.Body, second.Body)
		}
		in["password"] = "four dry umbrellas indoors"
		third := h.want(202, h.do("POST", "/api/v1/registrations", in, key))
		if third.text("id") == first.text("id") {
			h.t.Error("another body got the first one's answer")
		}
		mine := header("Cookie", "genkan-browser="+strings.Repeat("n", 43))
		if fourth := h.want(202, h.do("POST", "/api/v1/registrations", in, key, mine, header("Sec-Fetch-Site", "same-origin"))); fourth.text("id") == third.text("id") {
			h.t.Error("another browser got the first one's answer")
		}
		weak := h.want(422, h.do("POST", "/api/v1/registrations", in, header("Idempotency-Key", "1")))
		if weak.text("field") != "Idempotency-Key" {
			h.t.Errorf("weak key: %s", weak.Body)
		}
	})
}

func TestStrengthAndCauses(t *testing.T) {
	t.Parallel()
	engineless(t, func(h *house) {
		weak := h.want(200, h.do("POST", "/api/v1/password-strength", map[string]any{"password": "password1234567"}, english()))
		if weak.json["level"] != 0.0 || weak.text("warning") == "" || strings.HasPrefix(weak.text("warning"), "pw.") {
			h.t.Errorf("weak: %s", weak.Body)
		}
		strong := h.want(200, h.do("POST", "/api/v1/password-strength", map[string]any{"password": secretWords, "email": ""}))
		if strong.json["level"] != 4.0 {
			h.t.Errorf("strong: %s", strong.Body)
		}
		h.want(413, h.do("POST", "/api/v1/password-strength", map[string]any{"password": strings.Repeat("x", 5000)}))
		for _, id := range []string{"signin.refused", "srv.overload", "pw.too_short", "email.suggest"} {
			ja, en := h.want(200, h.do("GET", "/api/v1/causes/"+id, nil, header("Accept-Language", "ja"))), h.want(200, h.do("GET", "/api/v1/causes/"+id, nil, english()))
			if ja.text("title") == en.text("title") || ja.text("code") != id || strings.Contains(en.text("title"), "<") {
				h.t.Errorf("cause %s: %s, %s", id, ja.Body, en.Body)
			}
		}
		for _, id := range []string{"no.such", "..", "%00", "%ff", "A", strings.Repeat("a", 200), "pw.too_short%20"} {
			if r := h.do("GET", "/api/v1/causes/"+id, nil); r.Code != 404 && r.Code != 400 {
				h.t.Errorf("cause %q: %d", id, r.Code)
			}
		}
	})
}

// Without its database the house says so, lets nobody in and names no secret.
func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		must(h.t, h.db.Close())
		for _, r := range []reply{
			h.do("GET", "/api/v1/session", nil, bearer(strings.Repeat("s", 43))),
			h.do("DELETE", "/api/v1/session", nil, bearer(strings.Repeat("s", 43))),
		} {
			if r.Code != 503 || r.Header().Get("Retry-After") == "" || r.text("code") != "srv.emergency" {
				h.t.Errorf("%d %v %s", r.Code, r.Header(), r.Body)
			}
		}
	})
}

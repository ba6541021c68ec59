package api_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// app is somebody else's authenticator: another library reads our link and shows
// the codes.
type app struct {
	t   testing.TB
	key *otp.Key
}

func newApp(t testing.TB, uri string) app {
	t.Helper()
	key, err := otp.NewKeyFromURL(uri)
	must(t, err)
	if key.Type() != "totp" || key.Digits() != otp.DigitsSix || key.Period() != 30 || key.Algorithm() != otp.AlgorithmSHA1 {
		t.Errorf("what another library reads: %s", uri)
	}
	return app{t, key}
}

func (a app) code(at time.Time) string {
	a.t.Helper()
	code, err := totp.GenerateCode(a.key.Secret(), at)
	must(a.t, err)
	return code
}

// enrol sets up an app in a fresh session and gives it with the session's new token.
func (h *house) enrol(token string) (app, string) {
	h.t.Helper()
	e := h.want(201, h.do("POST", "/api/v1/factors", map[string]any{"kind": "totp"}, bearer(token)))
	a := newApp(h.t, e.text("otpauth_uri"))
	if a.key.Secret() != e.text("secret") || !strings.HasPrefix(e.text("qr_svg"), "<svg ") {
		h.t.Errorf("enrolment: %s", e.Body)
	}
	r := h.want(200, h.do("POST", "/api/v1/factors/"+e.text("id")+"/confirm", map[string]any{"code": a.code(h.clock.Now())}, bearer(token)))
	h.clock.Advance(time.Minute) // its step is spent
	return a, r.text("session.token")
}

// half gives a password and stands before the second factor.
func (h *house) half(email string) reply {
	h.t.Helper()
	r := h.want(200, h.do("POST", "/api/v1/sign-ins", map[string]any{"email": email, "password": secretWords}))
	if r.text("state") != "second_factor" || r.text("challenge.kind") != "factor" || r.text("session.token") != "" {
		h.t.Fatalf("after the password: %s", r.Body)
	}
	return r
}

func (h *house) show(at reply, method, code string) reply {
	h.t.Helper()
	return h.do("POST", "/api/v1/sign-ins/"+at.text("id")+"/factor", map[string]any{"method": method, "code": code}, english())
}

func finding(r reply) string {
	all, _ := r.json["findings"].([]any)
	if len(all) == 0 {
		return ""
	}
	return all[0].(map[string]any)["code"].(string)
}

// TestSecondFactorAtTheDoor: with an app enrolled, the password alone opens
// nothing; a code of the app does, once, as people type it (TO1, TO3, SE2).
func TestSecondFactorAtTheDoor(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		mine := h.member("app@house.example")
		phone, token := h.enrol(mine)
		h.soon(401, mine) // a new secret (SE2)

		at := h.half("app@house.example")
		h.want(401, h.do("GET", "/api/v1/session", nil, bearer(at.text("id"))))
		if got := h.want(200, h.do("GET", "/api/v1/sign-ins/"+at.text("id"), nil)); got.text("state") != "second_factor" {
			h.t.Errorf("looked at: %s", got.Body)
		}
		for _, bad := range []string{"12345", "1234567", strings.Repeat("1", 1000), "abcdef", "１２３４５", "+12345", ""} {
			h.want(422, h.show(at, "totp", bad))
		}
		h.clock.Advance(10 * time.Minute)
		at = h.half("app@house.example")
		now := h.clock.Now()
		for _, c := range []struct{ code, finding string }{
			{other(phone.code(now)), "totp.typo"}, {phone.code(now.Add(-3 * time.Minute)), "totp.clock"},
			{phone.code(now.Add(-time.Minute)), "totp.expired"}, {phone.code(now.Add(time.Minute)), "totp.typo"},
		} {
			if r := h.want(200, h.show(at, "totp", c.code)); r.text("state") != "second_factor" || finding(r) != c.finding {
				h.t.Errorf("want %s: %s", c.finding, r.Body)
			}
		}
		code := phone.code(now)
		wide := strings.NewReplacer("0", "０", "1", "１", "2", "２").Replace(code[:3]) + "-" + code[3:] + " "
		r := h.want(200, h.show(at, "totp", wide))
		if r.text("state") != "complete" || finding(r) != "" {
			h.t.Fatalf("the right code: %s", r.Body)
		}
		h.want(200, h.do("GET", "/api/v1/session", nil, bearer(r.text("session.token"))))
		h.want(409, h.show(at, "totp", code)) // the attempt is over

		again := h.half("app@house.example")
		if r := h.want(200, h.show(again, "totp", code)); finding(r) != "totp.used" {
			h.t.Errorf("the same code again: %s", r.Body)
		}
		list := h.want(200, h.do("GET", "/api/v1/factors", nil, bearer(token)))
		if n := len(list.json["factors"].([]any)); n != 1 || strings.Contains(list.Body.String(), phone.key.Secret()) {
			h.t.Errorf("list: %s", list.Body) // TO4
		}
	})
}

// TestEnrolmentEndsInItsSession: an enrolment left half-way changes nothing, and
// only the session that began it ends it (TO1); a new app ends the old one at
// once and every other session (TO4, SE4).
func TestEnrolmentEndsInItsSession(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		first := h.member("two@house.example")
		second := h.want(200, h.do("POST", "/api/v1/sign-ins", map[string]any{"email": "two@house.example", "password": secretWords})).text("session.token")
		e := h.want(201, h.do("POST", "/api/v1/factors", map[string]any{"kind": "totp"}, bearer(first)))
		left := newApp(t, e.text("otpauth_uri"))
		confirm := "/api/v1/factors/" + e.text("id") + "/confirm"
		h.want(410, h.do("POST", confirm, map[string]any{"code": left.code(h.clock.Now())}, bearer(second)))
		if r := h.want(422, h.do("POST", confirm, map[string]any{"code": other(left.code(h.clock.Now()))}, bearer(first))); r.text("code") != "totp.typo" {
			h.t.Errorf("wrong code: %s", r.Body)
		}
		if r := h.want(200, h.do("POST", "/api/v1/sign-ins", map[string]any{"email": "two@house.example", "password": secretWords})); r.text("state") != "complete" {
			h.t.Errorf("an enrolment that nobody ended asks for a code: %s", r.Body)
		}
		old, token := h.enrol(first)
		h.soon(401, second)
		next, token := h.enrol(token)
		at := h.half("two@house.example")
		if r := h.want(200, h.show(at, "totp", old.code(h.clock.Now()))); finding(r) != "totp.old-secret" {
			h.t.Errorf("a code of the old app: %s", r.Body)
		}
		if r := h.want(200, h.show(at, "totp", next.code(h.clock.Now()))); r.text("state") != "complete" {
			h.t.Errorf("a code of the new app: %s", r.Body)
		}
		if who := h.want(200, h.do("GET", "/api/v1/session", nil, bearer(token))); who.text("hold.reason") != "factor_changed" {
			h.t.Errorf("no hold after an app was replaced: %s", who.Body)
		}
	})
}

// TestChangesNeedTheFactor: PW5, SE5. With an app enrolled, password, address,
// app and recovery codes change only within five minutes of a code of it, and a
// new password from the mailbox does not open the door without one (RS6).
func TestChangesNeedTheFactor(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		phone, token := h.enrol(h.member("five@house.example"))
		list := h.want(200, h.do("GET", "/api/v1/factors", nil, bearer(token)))
		id := list.json["factors"].([]any)[0].(map[string]any)["id"].(string)
		h.clock.Advance(5 * time.Minute)
		for _, c := range []struct {
			method, path string
			body         map[string]any
		}{
			{"POST", "password", map[string]any{"old_password": secretWords, "new_password": "four dry umbrellas indoors"}},
			{"POST", "address", map[string]any{"email": "six@house.example", "password": secretWords}},
			{"POST", "factors", map[string]any{"kind": "totp"}},
			{"POST", "factors/recovery-codes", map[string]any{}},
			{"DELETE", "factors/" + id, nil},
		} {
			var body any
			if c.body != nil {
				body = c.body
			}
			if r := h.want(403, h.do(c.method, "/api/v1/"+c.path, body, bearer(token), english())); r.text("code") != "session.proof-old" {
				h.t.Errorf("%s %s: %s", c.method, c.path, r.Body)
			}
		}
		w := h.want(202, h.do("POST", "/api/v1/recoveries", map[string]any{"email": "five@house.example"}))
		reset := h.mails.code(h.t, "five@house.example")
		h.want(200, h.do("POST", "/api/v1/recoveries/"+w.text("id")+"/confirm", map[string]any{"code": reset, "new_password": "four dry umbrellas indoors"}))
		at := h.want(200, h.do("POST", "/api/v1/sign-ins", map[string]any{"email": "five@house.example", "password": "four dry umbrellas indoors"}))
		if at.text("state") != "second_factor" {
			h.t.Fatalf("after a reset: %s", at.Body)
		}
		in := h.want(200, h.show(at, "totp", phone.code(h.clock.Now())))
		h.want(200, h.do("DELETE", "/api/v1/factors/"+id, nil, bearer(in.text("session.token"))))
		if r := h.want(200, h.do("POST", "/api/v1/sign-ins", map[string]any{"email": "five@house.example", "password": "four dry umbrellas indoors"})); r.text("state") != "complete" {
			h.t.Errorf("after the app was removed: %s", r.Body)
		}
	})
}

// TestRecoveryCodesStandIn: RC1, RC2. Ten codes are told once; each signs in once
// and removes nothing; a new set voids the one before.
func TestRecoveryCodesStandIn(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		alone := h.member("codes@house.example")
		if r := h.want(409, h.do("POST", "/api/v1/factors/recovery-codes", map[string]any{}, bearer(alone), english())); r.text("code") != "twofa.none" {
			h.t.Errorf("codes without a factor: %s", r.Body)
		}
		_, token := h.enrol(alone)
		set := func() (all []string) {
			r := h.want(201, h.do("POST", "/api/v1/factors/recovery-codes", map[string]any{}, bearer(token)))
			for _, c := range r.json["codes"].([]any) {
				all = append(all, c.(string))
			}
			return all
		}
		old, codes := set(), set()
		if len(codes) != 10 || slices.ContainsFunc(codes, func(c string) bool { return slices.Contains(old, c) }) {
			h.t.Fatalf("sets: %v, %v", old, codes)
		}
		at := h.half("codes@house.example")
		if r := h.want(200, h.show(at, "recovery_code", old[0])); finding(r) != "recovery-code.wrong" {
			h.t.Errorf("a code of the set before: %s", r.Body)
		}
		if r := h.want(200, h.show(at, "recovery_code", strings.ToLower(strings.ReplaceAll(codes[0], "-", " ")))); r.text("state") != "complete" {
			h.t.Fatalf("a recovery code: %s", r.Body)
		}
		at = h.half("codes@house.example") // it removed no factor
		if r := h.want(200, h.show(at, "recovery_code", codes[0])); finding(r) != "recovery-code.wrong" {
			h.t.Errorf("used twice: %s", r.Body)
		}
		if r := h.want(200, h.do("GET", "/api/v1/factors", nil, bearer(token))); r.json["recovery_codes"].(map[string]any)["left"].(float64) != 9 {
			h.t.Errorf("left: %s", r.Body)
		}
	})
}

// TestAMailedCodeIsNoProof: SE5. A change of address that a code ends gives the
// session a new secret and no fresh proof.
func TestAMailedCodeIsNoProof(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		token := h.member("old@house.example")
		h.clock.Advance(6 * time.Minute)
		w := h.want(202, h.do("POST", "/api/v1/address", map[string]any{"email": "new@house.example", "password": secretWords}, bearer(token)))
		code := h.mails.code(h.t, "new@house.example")
		token = h.want(200, h.do("POST", "/api/v1/address/"+w.text("id")+"/confirm", map[string]any{"code": code}, bearer(token))).text("session.token")
		if r := h.want(403, h.do("POST", "/api/v1/factors", map[string]any{"kind": "totp"}, bearer(token))); r.text("code") != "session.proof-old" {
			h.t.Errorf("after a mailed code: %s", r.Body)
		}
		token = h.want(200, h.do("POST", "/api/v1/password", map[string]any{"old_password": secretWords, "new_password": "four dry umbrellas indoors"}, bearer(token))).text("session.token")
		h.enrol(token) // the password is one
	})
}

// TestWrongFactorCodesEnd: TH4 at the door. Five wrong codes end an attempt and are
// told; a fresh one goes on until seven in an hour, whatever the method; then even
// the right code waits.
func TestWrongFactorCodesEnd(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		phone, _ := h.enrol(h.member("many@house.example"))
		at := h.half("many@house.example")
		wrong := other(phone.code(h.clock.Now()))
		for range 5 {
			h.want(200, h.show(at, "totp", wrong))
		}
		if r := h.want(429, h.show(at, "totp", phone.code(h.clock.Now()))); r.text("code") != "code.too_many" || r.text("reference") == "" {
			h.t.Errorf("the sixth of one attempt: %s", r.Body)
		}
		h.subject("many@house.example", "違う数字が何度も")
		at = h.half("many@house.example")
		for range 2 {
			h.want(200, h.show(at, "recovery_code", "0000-0000-0000-0000"))
		}
		r := h.want(429, h.show(at, "totp", phone.code(h.clock.Now())))
		if r.text("code") != "lock.factor" || r.Header().Get("Retry-After") == "" || len(r.json["next"].([]any)) == 0 || r.text("reference") == "" {
			h.t.Errorf("the eighth of an hour: %s", r.Body)
		}
		h.want(422, h.show(at, "recovery_code", ""))
	})
}

// TestOwnerIsToldOfFactors: SE7, RC2.
func TestOwnerIsToldOfFactors(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		const me = "told@house.example"
		_, token := h.enrol(h.member(me))
		h.subject(me, "認証アプリを登録しました")
		codes := h.want(201, h.do("POST", "/api/v1/factors/recovery-codes", map[string]any{}, bearer(token)))
		h.subject(me, "予備のコードを作りました")
		h.want(200, h.show(h.half(me), "recovery_code", codes.json["codes"].([]any)[0].(string)))
		h.subject(me, "予備のコードでログイン")
		list := h.want(200, h.do("GET", "/api/v1/factors", nil, bearer(token)))
		h.want(200, h.do("DELETE", "/api/v1/factors/"+list.json["factors"].([]any)[0].(map[string]any)["id"].(string), nil, bearer(token)))
		h.subject(me, "登録を外しました")
	})
}

// subject waits for a mail whose subject has these words.
func (h *house) subject(to, has string) {
	h.t.Helper()
	for {
		if m := h.mails.next(h.t, to); strings.Contains(m.Subject, has) {
			return
		}
	}
}

// TestCausesWithoutACase: what a cause says can be asked for without the case
// that it was found in.
func TestCausesWithoutACase(t *testing.T) {
	t.Parallel()
	engineless(t, func(h *house) {
		for _, code := range []string{"totp.typo", "totp.used", "totp.expired", "totp.clock", "totp.old-secret", "lock.factor", "recovery-code.wrong", "session.proof-old", "twofa.none"} {
			for _, lang := range []string{"ja", "en"} {
				if r := h.want(200, h.do("GET", "/api/v1/causes/"+code, nil, header("Accept-Language", lang))); r.text("title") == "" || r.text("detail") == "" && len(r.json["next"].([]any)) == 0 {
					h.t.Errorf("%s in %s: %s", code, lang, r.Body)
				}
			}
		}
	})
}

// TestRemovingAnAppVoidsItsCodes: codes that somebody made do not come back with
// the next app.
func TestRemovingAnAppVoidsItsCodes(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		_, token := h.enrol(h.member("void@house.example"))
		made := h.want(201, h.do("POST", "/api/v1/factors/recovery-codes", map[string]any{}, bearer(token)))
		list := h.want(200, h.do("GET", "/api/v1/factors", nil, bearer(token)))
		id := list.json["factors"].([]any)[0].(map[string]any)["id"].(string)
		r := h.want(200, h.do("DELETE", "/api/v1/factors/"+id, nil, bearer(token)))
		h.enrol(r.text("session.token"))
		at := h.half("void@house.example")
		if r := h.want(200, h.show(at, "recovery_code", made.json["codes"].([]any)[0].(string))); finding(r) != "recovery-code.wrong" {
			h.t.Errorf("a code of an app that was removed: %s", r.Body)
		}
	})
}

// TestNewPasswordEndsHalfSignIns: a sign-in that waits for the factor dies with
// the password that began it (SE4).
func TestNewPasswordEndsHalfSignIns(t *testing.T) {
	t.Parallel()
	engines(t, func(h *house) {
		phone, token := h.enrol(h.member("half@house.example"))
		at := h.half("half@house.example")
		h.want(200, h.do("POST", "/api/v1/password", map[string]any{"old_password": secretWords, "new_password": "four dry umbrellas indoors"}, bearer(token)))
		if r := h.want(200, h.show(at, "totp", phone.code(h.clock.Now()))); r.text("state") != "refused" || r.text("session.token") != "" {
			h.t.Errorf("a half sign-in outlived its password: %s", r.Body)
		}
	})
}

package front

import (
	"net/http"
	"time"
)

func sampleRecovery() []samplePage {
	recover := func(email string, change func(Frame) Frame) func(Frame) any {
		return func(f Frame) any {
			f.Check = sampleCheck("recovery", false)
			return Recover{Frame: change(f), Email: email}
		}
	}
	return []samplePage{
		{PageRecover, []sampleState{
			{"fresh", recover("", func(f Frame) Frame { return f })},
			{"email-invalid", recover("taro.yamada", func(f Frame) Frame { return trouble(f, "email.no_at", "email", nil) })},
			{"code-too-many", recover(sampleAddress, func(f Frame) Frame { return trouble(f, "code.too_many", "", nil) })},
			{"check-missing", recover(sampleAddress, func(f Frame) Frame { return plainly(f, "puzzle.pass-needed") })},
		}},
		{PageRecoverCode, []sampleState{
			{"fresh", waiting(func(v *Waiting) { v.Digits = 8 })},
			{"code-wrong", wrongCode("code.wrong", nil)},
		}},
		{PageRecoverPassword, []sampleState{
			{"fresh", func(f Frame) any {
				return RecoverPassword{Frame: f, ID: "sample", Email: sampleAddress, MinLength: sampleMinLength}
			}},
			{"common", func(f Frame) any {
				return RecoverPassword{Frame: trouble(f, "pw.common", "password", nil), ID: "sample", MinLength: sampleMinLength}
			}},
		}},
		{PageRecoverDone, []sampleState{
			{"plain", func(f Frame) any { return RecoverDone{Frame: f} }},
			{"hold", func(f Frame) any { return RecoverDone{Frame: f, HoldUntil: sampleNow().Add(24 * time.Hour)} }},
		}},
	}
}

func sampleAccount() []samplePage {
	account := func(notice string, hold time.Duration, sessions int) func(Frame) any {
		return func(f Frame) any {
			f = noted(f, notice)
			f.SignedIn = &Who{Email: sampleAddress}
			v := Account{
				Frame: f, Email: sampleAddress, Since: sampleNow().AddDate(-2, -3, 0),
				PasswordChangedAt: sampleNow().AddDate(0, -4, 0), Sessions: sampleSessions(f.Lang)[:sessions],
			}
			if hold > 0 {
				v.HoldUntil = sampleNow().Add(hold)
			}
			return v
		}
	}
	password := func(code, field string) func(Frame) any {
		return func(f Frame) any {
			if code != "" {
				f = trouble(f, code, field, nil)
			}
			return AccountPassword{Frame: f, Email: sampleAddress, MinLength: sampleMinLength}
		}
	}
	address := func(code, field string) func(Frame) any {
		return func(f Frame) any {
			if code != "" {
				f = trouble(f, code, field, nil)
			}
			return AccountAddress{Frame: f, Email: sampleAddress, NewEmail: "taro@icloud.com"}
		}
	}
	return []samplePage{
		{PageAccount, []sampleState{
			{"plain", account("", 0, 3)},
			{"one-session", account("others_ended", 0, 1)},
			{"registered", account("registered", 0, 1)},
			{"session-ended", account("session_ended", 0, 2)},
			{"password-changed", account("password_changed", 0, 1)},
			{"address-changed", account("address_changed", 0, 2)},
			{"hold", account("", 24*time.Hour, 1)},
			{"changed-meanwhile", func(f Frame) any {
				v := account("", 0, 2)(f).(Account)
				v.Frame = trouble(v.Frame, "account.changed_meanwhile", "", nil)
				return v
			}},
		}},
		{PageAccountPassword, []sampleState{
			{"fresh", password("", "")},
			{"old-wrong", password("pw.wrong", "old_password")},
			{"same", password("pw.same", "password")},
			{"proof-old", func(f Frame) any {
				f = trouble(f, "session.proof-old", "", nil, Action{Name: "signin_anew", Href: "/signin?again=1"})
				return AccountPassword{Frame: f, Email: sampleAddress, MinLength: sampleMinLength}
			}},
		}},
		{PageAccountAddress, []sampleState{
			{"fresh", address("", "")},
			{"same", address("email.same", "email")},
			{"password-wrong", address("pw.wrong", "password")},
		}},
		{PageAccountAddressCode, []sampleState{
			{"fresh", waiting(func(v *Waiting) { v.Number = "4821" })},
		}},
	}
}

func sampleSessions(lang string) []Session {
	places := []string{"日本・NTTドコモ", "日本・OCN", ""}
	if lang == "en" {
		places = []string{"Japan, NTT DOCOMO", "Japan, OCN", ""}
	}
	now := sampleNow()
	return []Session{
		{ID: "1", Browser: "Safari, iPhone", Place: places[0], SignedIn: now.Add(-time.Hour), LastUsed: now, Current: true},
		{ID: "2", Browser: "Chrome, Windows", Place: places[1], SignedIn: now.AddDate(0, 0, -1), LastUsed: now.Add(-7 * time.Hour)},
		{ID: "3", SignedIn: now.AddDate(0, 0, -1), LastUsed: now.Add(-20 * time.Hour), Place: places[2]},
	}
}

func sampleRest() []samplePage {
	frozen := func(change func(*Frozen)) func(Frame) any {
		return func(f Frame) any {
			v := Frozen{Frame: f, Since: sampleNow().Add(-26 * time.Hour), ByOwner: true, Action: "/frozen/sample"}
			change(&v)
			return v
		}
	}
	status := func(all, mail State) func(Frame) any {
		return func(f Frame) any {
			return Status{Frame: f, State: all, Checked: sampleNow(), Parts: []StatusPart{
				{"signin", all}, {"register", all}, {"mail", mail},
			}}
		}
	}
	return []samplePage{
		{PageFrozen, []sampleState{
			{"by-owner", frozen(func(*Frozen) {})},
			{"code-sent", frozen(func(v *Frozen) { v.Sent = true })},
			{"thawing", frozen(func(v *Frozen) { v.ThawAt = sampleNow().Add(24 * time.Hour) })},
			{"by-staff", frozen(func(v *Frozen) { v.ByOwner, v.Action, v.Reference = false, "", sampleReference })},
		}},
		{PageHelp, []sampleState{{"plain", func(f Frame) any { return Help{Frame: f, Sender: sampleSender} }}}},
		{PageStatus, []sampleState{
			{"operational", status(Operational, Operational)},
			{"degraded", status(Degraded, Down)},
			{"down", status(Down, Down)},
		}},
		{PageSupport, []sampleState{
			{"plain", func(f Frame) any {
				return Support{Frame: f, URL: "https://support.example.jp/", Mail: "help@example.jp"}
			}},
			{"reference", func(f Frame) any {
				f.Reference = sampleReference
				return Support{Frame: f, Mail: "help@example.jp"}
			}},
		}},
		sampleErrors(),
		{PageDevHome, []sampleState{{"plain", func(f Frame) any {
			return DevHome{Frame: f, People: []DevPerson{{"taro@example.jp", "yama-kawa-umi-sora", "Taro"}, {"hanako@example.jp", "sakura-to-neko-to-ame", "Hanako"}}}
		}}}},
		{PageDevMailbox, []sampleState{
			{"empty", func(f Frame) any { return DevMailbox{Frame: f, To: "taro@example.jp"} }},
			{"plain", func(f Frame) any {
				return DevMailbox{Frame: f, Messages: []DevMessage{{
					ID: "1", Channel: "mail", To: sampleAddress, From: sampleSender, Subject: "14:05 の確認コード", Text: "確認コード: 123 456\n",
					HTML: "<p>確認コード <b>123 456</b></p>", Code: "123456", Link: "/link?t=sample", CreatedAt: sampleNow(),
				}}}
			}},
		}},
	}
}

func sampleErrors() samplePage {
	p := samplePage{page: PageError}
	add := func(name string, status int, code string, wait int, next ...Action) {
		p.states = append(p.states, sampleState{name, func(f Frame) any {
			f = trouble(f, code, "", nil, next...)
			f.Problem.RetryAfter = wait
			return ErrorPage{Frame: f, Status: status}
		}})
	}
	retry, recover := Action{"retry", "/signin"}, Action{"recover", "/recover"}
	add("400", 400, "request.malformed", 0, Action{"support", "/support"})
	add("403", 403, "request.cross_site", 0)
	add("404", 404, "request.not_found", 0, Action{"home", "/"}, Action{"help", "/help"})
	add("405", 405, "request.method", 0)
	add("409", 409, "find.two-tabs", 0, Action{"account", "/account"})
	add("413", 413, "request.too_large", 0, Action{"register", "/register"})
	add("429", 429, "request.too_many", 45, recover, Action{"signin", "/signin"})
	add("500", 500, "unknown", 0, retry, Action{"status", "/status"})
	add("503", 503, "srv.emergency", 20, retry, Action{"status", "/status"})
	add("busy", 503, "srv.overload", 120, Action{"other", "/signin?other=1"})
	for _, code := range []string{
		"email.two_ats", "email.too_long", "email.bad_local", "email.bad_domain", "address.taken",
		"lock.own-mistakes", "session.ended", "account.move_refused", "attempt.move_refused", "attempt.over", "request.media_type", "staff.closed", "twofa.none",
	} {
		add("cause-"+code, http.StatusConflict, code, 0)
	}
	return p
}

package front

import (
	"time"

	"github.com/genkan/genkan/internal/domain/account"
	"github.com/genkan/genkan/internal/domain/guard"
	"github.com/genkan/genkan/internal/platform/i18n"
)

// samplePage is a page with its states, for the gallery.
type samplePage struct {
	page   string
	states []sampleState
}

type sampleState struct {
	name string
	data func(Frame) any
}

// sampleFrame is the frame that all samples share.
func sampleFrame(lang string) Frame {
	name := "みほん取引所"
	if lang == i18n.English {
		name = "Sample Exchange"
	}
	return Frame{
		Lang: lang, OtherLang: i18n.Other(lang), Path: "/signin",
		ServiceName: name, Host: "accounts.example.jp", FormToken: "sample",
	}
}

const (
	sampleAddress   = "taro.yamada@docomo.ne.jp"
	sampleSender    = "no-reply@mail.example.jp"
	sampleReference = "7F3K-92QD"
	sampleMinLength = 15
)

// sampleNow is the time of all samples: 22 November 2026, 14:05 in Japan.
func sampleNow() time.Time { return time.Date(2026, 11, 22, 5, 5, 0, 0, time.UTC) }

// trouble gives the frame a problem.
func trouble(f Frame, code, field string, args map[string]any, next ...Action) Frame {
	f.Problem = &Problem{Code: code, Field: field, Args: args, Next: next, Reference: sampleReference}
	return f
}

func noted(f Frame, notice string) Frame {
	f.Notice = notice
	return f
}

func samples() []samplePage {
	all := []samplePage{sampleSignIn(), sampleSignInCode(), sampleSignInFactor(), sampleRegister(), sampleRegisterWait(), sampleRegisterReady(), sampleLink(), sampleLinkDone()}
	all = append(all, sampleRecovery()...)
	all = append(all, sampleAccount()...)
	return append(all, sampleRest()...)
}

func sampleCheck(action string, mail bool) *Check {
	return &Check{Action: action, Still: "sample", Mail: mail}
}

// plainly is a page whose picture stands in it, with what went wrong.
func plainly(f Frame, code string) Frame {
	if code != "" {
		f = trouble(f, code, "", nil)
	}
	plain := *f.Check
	plain.Plain = true
	f.Check = &plain
	return f
}

func sampleSignIn() samplePage {
	recover := Action{Name: "recover", Href: "/recover"}
	page := func(change func(*SignIn)) func(Frame) any {
		return func(f Frame) any {
			f.Check = sampleCheck("sign-in", true)
			v := SignIn{Frame: f}
			change(&v)
			return v
		}
	}
	failed := func(code, field string, failures int, next ...Action) func(Frame) any {
		return page(func(v *SignIn) {
			v.Email, v.Failures, v.ByMail = sampleAddress, failures, field == ""
			v.Frame = trouble(v.Frame, code, field, nil, next...)
		})
	}
	notice := func(name string) func(Frame) any { return page(func(v *SignIn) { v.Frame = noted(v.Frame, name) }) }
	return samplePage{PageSignIn, []sampleState{
		{"fresh", page(func(*SignIn) {})},
		{"remembered", page(func(v *SignIn) { v.Remembered, v.ReturnTo = "t•••@do•••.ne.jp", "/app?tab=1" })},
		{"failed", failed("signin.refused", "", 1)},
		{"failed-twice", failed("signin.refused", "", 2)},
		{"failed-hints", page(func(v *SignIn) {
			v.Email, v.Hints = sampleAddress, []string{"full_width", "space_at_end", "looks_like_address"}
			v.Frame = trouble(v.Frame, "signin.refused", "", nil)
		})},
		{"remembered-failed", page(func(v *SignIn) {
			v.Remembered, v.Failures = "t•••@do•••.ne.jp", 2
			v.Frame = trouble(v.Frame, "signin.refused", "", nil)
		})},
		{"swapped", page(func(v *SignIn) { v.Frame = trouble(v.Frame, "who.fields-swapped", "", nil) })},
		{"email-missing", page(func(v *SignIn) { v.Frame = trouble(v.Frame, "email.missing", "email", nil) })},
		{"email-invalid", failed("email.no_at", "email", 0)},
		{"password-missing", failed("pw.missing", "password", 0)},
		{"form-expired", failed("find.form-expired", "", 0)},
		{"midflow-bookmark", failed("find.midflow-bookmark", "", 0)},
		{"cookies-off", failed("browser.cookies-blocked", "", 0, Action{Name: "cookie_help", Href: "/help#cookies"})},
		{"too-many", page(func(v *SignIn) {
			v.Frame = trouble(v.Frame, "request.too_many", "", nil, recover)
			v.Problem.RetryAfter = 300
		})},
		{"busy", page(func(v *SignIn) {
			v.Email = sampleAddress
			v.Frame = trouble(v.Frame, "srv.overload", "", nil)
			v.Problem.RetryAfter = 30
		})},
		{"signed-out", notice("signed_out")},
		{"signed-out-everywhere", notice("all_signed_out")},
		{"password-changed", notice("signin_anew")},
		{"signin-first", notice("signin_first")},
		{"ended-idle", notice("ended_idle")},
		{"session-ended", page(func(v *SignIn) { v.Frame = trouble(v.Frame, "policy.session-limit", "", nil) })},
		{"account-frozen", page(func(v *SignIn) { v.Frame = trouble(v.Frame, "policy.frozen", "", nil) })},
		{"siege", page(func(v *SignIn) {
			v.Remembered, v.Siege = "t•••@do•••.ne.jp", guard.Siege{Until: sampleNow().Add(40 * time.Minute)}
		})},
		{"siege-stopped", page(func(v *SignIn) { v.Remembered, v.Siege = "t•••@do•••.ne.jp", guard.Siege{Stopped: true} })},
		{"own-mistakes", page(func(v *SignIn) {
			v.Remembered, v.Frame = "t•••@do•••.ne.jp", trouble(v.Frame, "lock.own-mistakes", "", nil, recover)
			v.Problem.RetryAfter = 240
		})},
		{"no-check", page(func(v *SignIn) { v.Check = nil })},
		{"check-missing", page(func(v *SignIn) { v.Email, v.Frame = sampleAddress, plainly(v.Frame, "puzzle.pass-needed") })},
		{"check-spent", failed("puzzle.pass-spent", "", 0)},
		{"spot-missed", failed("puzzle.missed", "", 0)},
		{"spot-late", failed("puzzle.too-slow", "", 0)},
		{"banner", page(func(v *SignIn) {
			v.Banner = "11月23日 2:00〜4:00 は点検のためご利用いただけません。"
			if v.Lang == i18n.English {
				v.Banner = "Closed for maintenance on 23 Nov, 02:00 to 04:00 JST."
			}
		})},
	}}
}

func sampleSignInCode() samplePage {
	page := func(change func(*SignInCode)) func(Frame) any {
		return func(f Frame) any {
			f.Check = sampleCheck("resend", false)
			v := SignInCode{Waiting: sampleWaiting(f), Password: true}
			v.Digits = 8
			change(&v)
			return v
		}
	}
	return samplePage{PageSignInCode, []sampleState{
		{"fresh", page(func(*SignInCode) {})},
		{"code-wrong", page(func(v *SignInCode) { v.Frame = trouble(v.Frame, "code.wrong", "code", nil) })},
		{"leaked", page(func(v *SignInCode) { v.Password, v.Why = false, "pw.breach-reset" })},
		{"sprayed", page(func(v *SignInCode) { v.Password, v.Why = false, "pw.other-service" })},
		{"proven", page(func(v *SignInCode) { v.Known = true })},
		{"proven-wrong", page(func(v *SignInCode) { v.Known, v.Frame = true, trouble(v.Frame, "signin.refused", "", nil) })},
		{"check-missing", page(func(v *SignInCode) { v.Frame = plainly(v.Frame, "puzzle.pass-needed") })},
	}}
}

func sampleSignInFactor() samplePage {
	page := func(change func(*SignInFactor)) func(Frame) any {
		return func(f Frame) any {
			v := SignInFactor{Frame: f, ID: "sample", Issuer: "Sample Exchange", Email: sampleAddress, Recovery: true, Now: sampleNow(), Method: "totp"}
			change(&v)
			return v
		}
	}
	wrong := func(code string, args map[string]any) func(Frame) any {
		return page(func(v *SignInFactor) { v.Frame = trouble(v.Frame, code, "code", args) })
	}
	return samplePage{PageSignInFactor, []sampleState{
		{"fresh", page(func(*SignInFactor) {})},
		{"app-only", page(func(v *SignInFactor) { v.Recovery = false })},
		{"typo", wrong("totp.typo", nil)},
		{"used", wrong("totp.used", nil)},
		{"expired", wrong("totp.expired", nil)},
		{"clock", wrong("totp.clock", map[string]any{"Seconds": 150})},
		{"old-secret", wrong("totp.old-secret", nil)},
		{"too-many", page(func(v *SignInFactor) {
			v.Frame = trouble(v.Frame, "lock.factor", "", nil, Action{Name: "help", Href: "/help"})
			v.Problem.RetryAfter = 1800
		})},
		{"recovery-wrong", page(func(v *SignInFactor) {
			v.Method, v.Frame = "recovery_code", trouble(v.Frame, "recovery-code.wrong", "recovery", nil)
		})},
	}}
}

func sampleRegister() samplePage {
	page := func(change func(*Register)) func(Frame) any {
		return func(f Frame) any {
			f.Check = sampleCheck("registration", false)
			v := Register{Frame: f, MinLength: sampleMinLength, Domains: account.CommonDomains(), Real: account.RealDomains()}
			change(&v)
			return v
		}
	}
	refused := func(code string, args map[string]any) func(Frame) any {
		return page(func(v *Register) {
			v.Email = sampleAddress
			v.Frame = trouble(v.Frame, code, "password", args)
		})
	}
	return samplePage{PageRegister, []sampleState{
		{"fresh", page(func(*Register) {})},
		{"check-missing", page(func(v *Register) { v.Email, v.Frame = sampleAddress, plainly(v.Frame, "puzzle.pass-needed") })},
		{"suggestion", page(func(v *Register) {
			v.Email, v.Suggestion = "taro.yamada@gmial.com", "taro.yamada@gmail.com"
			v.Frame = trouble(v.Frame, "email.suggest", "email", nil)
		})},
		{"too-short", refused("pw.too_short", map[string]any{"min": sampleMinLength, "got": 9})},
		{"too-long", refused("pw.too_long", map[string]any{"max": 256})},
		{"common", refused("pw.common", nil)},
		{"breached", refused("pw.breached", nil)},
		{"is-address", refused("pw.is_address", nil)},
		{"is-service", refused("pw.is_service", nil)},
		{"invalid-text", refused("pw.invalid_text", nil)},
	}}
}

// sampleWaiting is a page that waits for a code, a minute after the mail went out.
func sampleWaiting(f Frame) Waiting {
	now := sampleNow()
	return Waiting{
		Frame: f, ID: "sample", Email: sampleAddress, Sender: sampleSender, Sent: 1, Digits: 6,
		SentAt: now, ExpiresAt: now.Add(30 * time.Minute), ResendAt: now.Add(time.Minute), Now: now.Add(12 * time.Second),
	}
}

func waiting(change func(*Waiting)) func(Frame) any {
	return func(f Frame) any {
		v := sampleWaiting(f)
		change(&v)
		return v
	}
}

func wrongCode(code string, args map[string]any) func(Frame) any {
	return waiting(func(v *Waiting) { v.Frame = trouble(v.Frame, code, "code", args) })
}

func sampleRegisterWait() samplePage {
	return samplePage{PageRegisterWait, []sampleState{
		{"fresh", waiting(func(v *Waiting) { v.Number = "4821" })},
		{"resent", waiting(func(v *Waiting) {
			v.Sent, v.Number = 2, "4821"
			v.Frame = noted(v.Frame, "resent")
		})},
		{"can-resend", waiting(func(v *Waiting) { v.Now = v.ResendAt.Add(time.Minute) })},
		{"address-corrected", waiting(func(v *Waiting) { v.Frame = noted(v.Frame, "address_corrected") })},
		{"bad-new-address", waiting(func(v *Waiting) { v.Frame = trouble(v.Frame, "email.no_at", "email", nil) })},
		{"check-missing", waiting(func(v *Waiting) {
			v.Check = sampleCheck("resend", false)
			v.Frame = plainly(v.Frame, "puzzle.pass-needed")
		})},
		{"check-missing-address", waiting(func(v *Waiting) {
			v.Check, v.Readdress = sampleCheck("resend", false), true
			v.Frame = plainly(v.Frame, "puzzle.pass-needed")
		})},
		{"resend-limit", waiting(func(v *Waiting) {
			v.Frame = trouble(v.Frame, "lock.resend-limit", "", nil, Action{Name: "mail_help", Href: "/help#mail"})
		})},
		{"code-missing", wrongCode("code.missing", nil)},
		{"code-format", wrongCode("code.format", map[string]any{"Size": 6})},
		{"code-wrong", wrongCode("code.wrong", nil)},
		{"code-expired", wrongCode("code.expired", nil)},
	}}
}

func sampleRegisterReady() samplePage {
	return samplePage{PageRegisterReady, []sampleState{
		{"fresh", func(f Frame) any { return Ready{Frame: f, ID: "sample"} }},
	}}
}

func sampleLink() samplePage {
	page := func(variant LinkVariant, change func(*Link)) func(Frame) any {
		return func(f Frame) any {
			v := Link{Frame: f, Variant: variant, Token: "sample", MinLength: sampleMinLength, At: sampleNow(), Browser: "Safari, iPhone"}
			change(&v)
			return v
		}
	}
	plain := func(*Link) {}
	later := func(v *Link) { v.Until = sampleNow().Add(72 * time.Hour) }
	return samplePage{PageLink, []sampleState{
		{"register-other", page(LinkRegisterOther, plain)},
		{"register-other-wrong", page(LinkRegisterOther, func(v *Link) { v.Frame = trouble(v.Frame, "number.wrong", "number", nil) })},
		{"number-missing", page(LinkRegisterOther, func(v *Link) { v.Frame = trouble(v.Frame, "number.missing", "number", nil) })},
		{"register-same", page(LinkRegisterSame, plain)},
		{"recover", page(LinkRecover, plain)},
		{"address-confirm", page(LinkAddressConfirm, plain)},
		{"address-undo", page(LinkAddressUndo, later)},
		{"freeze", page(LinkFreeze, func(v *Link) { v.At, v.Browser = time.Time{}, "" })},
		{"thaw-veto", page(LinkThawVeto, later)},
		{"dead", page(LinkDead, func(v *Link) {
			v.CanRenew, v.CodeAction = true, "/register/sample/confirm"
			v.Frame = trouble(v.Frame, "link.expired", "", nil)
		})},
		{"dead-used", page(LinkDead, func(v *Link) { v.Frame = trouble(v.Frame, "link.used", "", nil) })},
		{"dead-broken", page(LinkDead, func(v *Link) { v.Frame = trouble(v.Frame, "link.broken", "", nil) })},
	}}
}

func sampleLinkDone() samplePage {
	p := samplePage{page: PageLinkDone}
	for _, variant := range []LinkVariant{
		LinkRegisterOther, LinkRegisterSame, LinkRecover, LinkAddressConfirm,
		LinkAddressUndo, LinkFreeze, LinkThawVeto, LinkDead,
	} {
		p.states = append(p.states, sampleState{string(variant), func(f Frame) any { return LinkDone{Frame: f, Variant: variant} }})
	}
	return p
}

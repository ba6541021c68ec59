package sms

import (
	"fmt"
	"strings"
	"time"
)

// Kind says what a text is about.
type Kind string

// The kinds. Each text says what its code is for, so that a code read out to a
// stranger on the phone betrays the stranger.
const (
	SignIn   Kind = "signin"   // code: signing in
	Prove    Kind = "prove"    // code: this number is being added
	Recover  Kind = "recover"  // code: getting back in
	Replaced Kind = "replaced" // no code: told to the old number (SM2)
)

// CodeLife is how long a texted code works; the texts say so (SM1).
const CodeLife = 5 * time.Minute

// words holds what is said, by kind and locale. No link, no name, nothing that
// anybody could have typed (SM1); one segment with a host of up to 24
// characters in Japanese.
var words = map[Kind]map[string]string{
	SignIn: {
		"ja": "ログインのコード %s\n5分間有効。人に教えないでください。",
		"en": "Your sign-in code: %s\nValid for 5 minutes. Never tell it to anyone.",
	},
	Prove: {
		"ja": "電話番号の登録コード %s\n5分間有効。人に教えないでください。",
		"en": "Your code to add this phone number: %s\nValid for 5 minutes. Never tell it to anyone.",
	},
	Recover: {
		"ja": "再設定のコード %s\n5分間有効。人に教えないでください。",
		"en": "Your recovery code: %s\nValid for 5 minutes. Never tell it to anyone.",
	},
	Replaced: {
		"ja": "この電話番号はアカウントから外されました。心当たりがなければ、届いたメールを確認してください。",
		"en": "This phone number was removed from an account. If that was not you, read the mail we sent you.",
	},
}

// Text gives a text in locale ("ja"; anything else is English). Its last line
// binds the code to host, so that browsers offer it there and nowhere else
// (WICG origin-bound one-time codes). code is 6 to 10 digits, and empty for
// Replaced; host is that of the origin, without a port. Errors: ErrUnsafe.
func Text(kind Kind, locale, code, host string) (string, error) {
	said, ok := words[kind]
	if !ok {
		return "", fmt.Errorf("%w: no kind %q", ErrUnsafe, kind)
	}
	text, ok := said[locale]
	if !ok {
		text = said["en"]
	}
	if kind == Replaced {
		if code != "" {
			return "", fmt.Errorf("%w: a code in a notice", ErrUnsafe)
		}
		return text, nil
	}
	if len(code) < 6 || len(code) > 10 || strings.Trim(code, "0123456789") != "" || !plainHost(host) {
		return "", fmt.Errorf("%w: code or host", ErrUnsafe)
	}
	return fmt.Sprintf(text, code) + "\n@" + host + " #" + code, nil
}

// plainHost tells whether host is a name in ASCII.
func plainHost(host string) bool {
	for _, c := range []byte(host) {
		if !letter(c) && !digit(c) && c != '-' && c != '.' {
			return false
		}
	}
	return host != "" && len(host) <= 253
}

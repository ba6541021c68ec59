package obs

import (
	"strings"
	"unicode"
)

// kind says what may be shown of the value under a key.
type kind int

const (
	open kind = iota
	addressKey
	secretKey
)

// keyKind judges a key by its words: "newPassword", "x-api-key" and
// "reset_token" hold secrets, "status_code" and "key_id" do not.
func keyKind(key string) kind {
	k := open
	last := ""
	for _, w := range words(key) {
		switch w {
		case "password", "passwd", "passphrase", "pw", "pwd", "secret", "secrets", "token", "tokens", "cookie", "cookies",
			"authorization", "credential", "credentials", "otp", "totp", "pin", "seed", "nonce", "pepper", "dsn":
			return secretKey
		case "code", "codes":
			if !benignCode(last) {
				return secretKey
			}
		case "key":
			if last == "api" || last == "private" || last == "signing" || last == "master" {
				return secretKey
			}
		case "email", "mail", "address", "recipient", "rcpt", "login", "username":
			k = addressKey
		}
		last = w
	}
	// "token_count" is refused as well: a word too many hidden costs less than one too few.
	return k
}

// benignCode names what a code may be of without being a person's proof.
func benignCode(of string) bool {
	switch of {
	case "status", "smtp", "enhanced", "exit", "country", "cause", "fault", "error", "sql":
		return true
	}
	return false
}

// words splits a key at everything that is not a letter and where a capital
// follows a small letter. It bounds the work on a hostile key.
func words(key string) []string {
	if len(key) > 4*maxKey {
		key = key[:4*maxKey]
	}
	var b strings.Builder
	small := false
	for _, r := range key {
		if small && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		small = unicode.IsLower(r)
		if !unicode.IsLetter(r) {
			r = ' '
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return strings.Fields(b.String())
}

package attempt

import (
	"crypto/rand"
	"strings"
)

// letters are Crockford's base 32: no I, L, O, U to mishear or misread.
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewReference draws a code to tell support: 40 random bits and a check
// character, in groups of three ("7QM-3XN-4PC"). It opens nothing by itself.
func NewReference() string {
	raw := make([]byte, 8)
	rand.Read(raw)
	code := make([]byte, 9)
	for i, b := range raw {
		code[i] = letters[b%32]
	}
	code[8] = check(code[:8])
	return group(string(code))
}

// ParseReference reads a code as a person types or speaks it: lower case,
// without or with other separators, O for 0, I or L for 1. False when a
// character is wrong or two were swapped.
func ParseReference(text string) (string, bool) {
	var code []byte
	for _, r := range strings.ToUpper(text) {
		switch {
		case r == 'O':
			r = '0'
		case r == 'I' || r == 'L':
			r = '1'
		case r == '-' || r == ' ' || r == '.' || r == '‐' || r == 'ー' || r == '−':
			continue
		}
		if r > 'Z' || strings.IndexByte(letters, byte(r)) < 0 || len(code) == 9 {
			return "", false
		}
		code = append(code, byte(r))
	}
	if len(code) != 9 || check(code[:8]) != code[8] {
		return "", false
	}
	return group(string(code)), true
}

// check is a weighted sum modulo 32 with odd, differing weights: it finds any
// single wrong character and any swap of neighbours whose values differ other
// than by 16.
func check(code []byte) byte {
	sum := 0
	for i, c := range code {
		sum += strings.IndexByte(letters, c) * (2*i + 1)
	}
	return letters[sum%32]
}

func group(code string) string { return code[:3] + "-" + code[3:6] + "-" + code[6:] }

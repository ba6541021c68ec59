package token

import (
	"crypto/hmac"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// Code gives the code of one act: digits decimal digits derived from the use
// and the act's parts (id, generation). It is the same at every resend, so an
// older mail's code is as good as the newest (causes code.superseded).
func (k *Keyring) Code(use string, digits int, act ...string) string {
	return k.code(use, digits, k.current(), act)
}

func (k *Keyring) code(use string, digits int, r root, act []string) string {
	n := binary.BigEndian.Uint64(mac(k.derive("code "+use, r), act...)[:8])
	modulus := uint64(1)
	for range digits {
		modulus *= 10
	}
	// 2^64 is so much more than 10^8 that the bias is below 10^-11.
	return fmt.Sprintf("%0*d", digits, n%modulus)
}

// CodeMatches judges a typed code in constant time, under every root key, so
// that changing the key does not kill codes that are on their way.
func (k *Keyring) CodeMatches(use string, digits int, typed string, act ...string) bool {
	hit := 0
	for _, r := range k.roots {
		hit |= subtle.ConstantTimeCompare([]byte(typed), []byte(k.code(use, digits, r, act)))
	}
	return hit == 1
}

// linkMAC is the length of a link's proof in bytes: 160 bits, above RS1's 128.
const linkMAC = 20

// Link gives the token of a link for one act: the act's id and a proof, as 58
// plain letters that survive mail programs (causes link.broken). The first
// letter names the use.
func (k *Keyring) Link(letter byte, id string, act ...string) string {
	u := uuid.MustParse(id)
	m := mac(k.derive("link "+string(letter), k.current()), append([]string{id}, act...)...)
	return string(letter) + letters.EncodeToString(append(u[:], m[:linkMAC]...))
}

// ReadLink reads the use and the act's id out of a token as a person's mail
// program may have left it: capitals, a trailing dot or bracket, blanks. It
// proves nothing; LinkMatches does.
func ReadLink(text string) (letter byte, id string, ok bool) {
	text = tidyLink(text)
	if len(text) != 1+letters.EncodedLen(16+linkMAC) {
		return 0, "", false
	}
	raw, err := letters.DecodeString(text[1:])
	// One proof has one form: the decoder alone would pass over line breaks and
	// over the last letter's unused bits.
	if err != nil || letters.EncodeToString(raw) != text[1:] {
		return 0, "", false
	}
	return text[0], uuid.UUID(raw[:16]).String(), true
}

// LinkMatches judges a token: it must be of this use, for this act, and genuine.
// Who calls it says which act it is, so that a genuine link of another one
// proves nothing.
func (k *Keyring) LinkMatches(letter byte, id, text string, act ...string) bool {
	text = tidyLink(text)
	if l, of, ok := ReadLink(text); !ok || l != letter || of != id {
		return false
	}
	raw, _ := letters.DecodeString(text[1:])
	hit := 0
	for _, r := range k.roots {
		want := mac(k.derive("link "+string(letter), r), append([]string{id}, act...)...)[:linkMAC]
		if hmac.Equal(raw[16:], want) {
			hit = 1
		}
	}
	return hit == 1
}

func tidyLink(text string) string {
	text = strings.ToLower(strings.TrimSpace(text))
	return strings.TrimRight(text, ".,;:!?)>]}'\"=%。、）」")
}

// NewID draws an id for a row: a UUID version 7 (RFC 9562), sorted by time.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// NewSecretID draws an id that is also a capability: knowing it is part of what
// lets one go on with an act. A UUID version 4, 122 random bits.
func NewSecretID() string { return uuid.NewString() }

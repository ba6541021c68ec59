package token

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrBox says that a box is damaged, foreign, for another purpose or row, or
// sealed with a key that was taken out.
var ErrBox = errors.New("sealed value cannot be opened")

// Seal encrypts plain for one use and one place (for example "account",
// "address_sealed", the row's id). Form: 1 byte length of the key id, key id,
// 24 bytes nonce, XChaCha20-Poly1305 box; use and place are authenticated.
func (k *Keyring) Seal(use string, plain []byte, place ...string) []byte {
	r := k.current()
	aead, err := chacha20poly1305.NewX(k.derive("box "+use, r))
	if err != nil {
		panic(err) // only for a wrong key length
	}
	head := append([]byte{byte(len(r.id))}, r.id...)
	nonce := make([]byte, chacha20poly1305.NonceSizeX, chacha20poly1305.NonceSizeX+len(plain)+aead.Overhead())
	rand.Read(nonce)
	return append(head, aead.Seal(nonce, nonce, plain, aad(place))...)
}

// Open is the opposite of Seal.
func (k *Keyring) Open(use string, box []byte, place ...string) ([]byte, error) {
	if len(box) < 1 || len(box) < 1+int(box[0])+chacha20poly1305.NonceSizeX {
		return nil, ErrBox
	}
	end := 1 + int(box[0]) // an int: in bytes 1+255 is 0
	id, rest := string(box[1:end]), box[end:]
	r, ok := k.byID(id)
	if !ok {
		return nil, ErrBox
	}
	aead, err := chacha20poly1305.NewX(k.derive("box "+use, r))
	if err != nil {
		panic(err)
	}
	n := chacha20poly1305.NonceSizeX
	plain, err := aead.Open(nil, rest[:n], rest[n:], aad(place))
	if err != nil {
		return nil, ErrBox
	}
	return plain, nil
}

// SealText is Seal as text that fits a cookie or a form field.
func (k *Keyring) SealText(use string, plain []byte, place ...string) string {
	return base64.RawURLEncoding.EncodeToString(k.Seal(use, plain, place...))
}

// OpenText is the opposite of SealText.
func (k *Keyring) OpenText(use, text string, place ...string) ([]byte, error) {
	box, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, ErrBox
	}
	return k.Open(use, box, place...)
}

func aad(place []string) []byte {
	var out []byte
	for _, p := range place {
		out = append(out, byte(len(p)>>8), byte(len(p)))
		out = append(out, p...)
	}
	return out
}

// Secret draws 256 random bits and gives them as 43 letters with their hash;
// only the hash is ever stored (SE1).
func Secret() (text string, hash []byte) {
	raw := make([]byte, 32)
	rand.Read(raw)
	text = base64.RawURLEncoding.EncodeToString(raw)
	return text, Hash(text)
}

// Hash is what is stored of a secret of at least 128 random bits: SHA-256.
func Hash(text string) []byte {
	h := sha256.Sum256([]byte(text))
	return h[:]
}

// letters is Crockford's base 32 in lower case: no i, l, o, u to misread.
var letters = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// Package token holds the house's keys and everything derived from them:
// sealed boxes, blind indexes, codes and links.
//
// One key file holds root keys of 256 bits, each with an id; the last line is
// the current one. Every use derives a key of its own by HKDF-SHA-256 (RFC 5869)
// with the use's name, so that no box, code or index made for one purpose means
// anything for another. Boxes name the root key they were made with; older root
// keys go on opening what they sealed, and a key that was taken out opens
// nothing (KY2). Codes and links are not stored at all: they are derived from
// their act's id, so a copied database holds none of them (KY1).
package token

import (
	"bufio"
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
)

// Keyring is an immutable set of root keys. It may be used from many goroutines.
type Keyring struct {
	roots   []root
	derived sync.Map // use + "\x00" + id → []byte; uses are a closed set
}

type root struct {
	id     string
	secret []byte
}

var keyLine = regexp.MustCompile(`^([a-z0-9][a-z0-9-]{0,15}) ([A-Za-z0-9+/]{43}=)$`)

// Load reads a key file. Blank lines and lines that begin with # are passed
// over; every other line is an id (a-z, 0-9, -; at most 16), a blank and the
// base64 form of 32 bytes. A file that others can read is refused (KY3).
func Load(path string) (*Keyring, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("key_file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key_file: others can read it (mode %o); run: chmod 600", info.Mode().Perm())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("key_file: %w", err)
	}
	return Parse(raw)
}

// Parse reads the text of a key file.
func Parse(raw []byte) (*Keyring, error) {
	k := &Keyring{}
	seen := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader(raw))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m := keyLine.FindStringSubmatch(line)
		if m == nil {
			return nil, fmt.Errorf("key_file line %d: not `id base64-of-32-bytes`", n)
		}
		secret, err := base64.StdEncoding.DecodeString(m[2])
		if err != nil || len(secret) != 32 {
			return nil, fmt.Errorf("key_file line %d: the key is not 32 bytes", n)
		}
		if weak(secret) {
			return nil, fmt.Errorf("key_file line %d: an example key; make one with: genkan config key", n)
		}
		if seen[m[1]] {
			return nil, fmt.Errorf("key_file line %d: id %q stands twice", n, m[1])
		}
		seen[m[1]] = true
		k.roots = append(k.roots, root{m[1], secret})
	}
	if err := lines.Err(); err != nil {
		// A line too long to read would hide the keys after it.
		return nil, fmt.Errorf("key_file: %w", err)
	}
	if len(k.roots) == 0 {
		return nil, errors.New("key_file: holds no key; make one with: genkan config key")
	}
	return k, nil
}

// weak finds keys that nobody drew at random: few different bytes, or counting.
func weak(secret []byte) bool {
	distinct := map[byte]bool{}
	steps := map[byte]bool{}
	for i, b := range secret {
		distinct[b] = true
		if i > 0 {
			steps[b-secret[i-1]] = true
		}
	}
	return len(distinct) < 12 || len(steps) < 4
}

// NewLine gives a line for a key file with a fresh random key.
func NewLine(id string) string {
	secret := make([]byte, 32)
	rand.Read(secret) // never fails (crypto/rand, Go 1.24)
	return id + " " + base64.StdEncoding.EncodeToString(secret) + "\n"
}

// current is the root key that new things are made with.
func (k *Keyring) current() root { return k.roots[len(k.roots)-1] }

func (k *Keyring) byID(id string) (root, bool) {
	for _, r := range k.roots {
		if r.id == id {
			return r, true
		}
	}
	return root{}, false
}

// derive gives the 32-byte key of one use under one root key.
func (k *Keyring) derive(use string, r root) []byte {
	name := use + "\x00" + r.id
	if got, ok := k.derived.Load(name); ok {
		return got.([]byte)
	}
	key, err := hkdf.Key(sha256.New, r.secret, nil, "genkan/1 "+use, 32)
	if err != nil {
		panic(err) // only for impossible lengths
	}
	got, _ := k.derived.LoadOrStore(name, key)
	return got.([]byte)
}

// mac is HMAC-SHA-256 over the parts, each preceded by its length so that
// ("ab","c") and ("a","bc") differ.
func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	var n [4]byte
	for _, p := range parts {
		n[0], n[1], n[2], n[3] = byte(len(p)>>24), byte(len(p)>>16), byte(len(p)>>8), byte(len(p))
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

// Index gives the 32-byte blind index of a value: equal values have equal
// indexes, and without the key file the value cannot be tried. It stays on the
// oldest root key, because a lookup has one chance.
func (k *Keyring) Index(kind, value string) []byte {
	return mac(k.derive("index "+kind, k.roots[0]), value)
}

// Pepper gives the keys that password hashes are keyed with (PW3).
func (k *Keyring) Pepper() Pepper { return Pepper{k} }

// Pepper hands out the password keys by root key id.
type Pepper struct{ k *Keyring }

// Current is the key for new hashes.
func (p Pepper) Current() (id string, key []byte) {
	r := p.k.current()
	return r.id, p.k.derive("password", r)
}

// Key is the key of an older hash.
func (p Pepper) Key(id string) ([]byte, bool) {
	r, ok := p.k.byID(id)
	if !ok {
		return nil, false
	}
	return p.k.derive("password", r), true
}

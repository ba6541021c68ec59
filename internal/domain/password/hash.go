package password

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// Params are the costs of Argon2id; the number of lanes is always one.
type Params struct {
	MemoryKiB uint32 // memory in KiB, 19456 at least
	Passes    uint32 // passes over that memory, 2 at least

	insecure bool // only InsecureParams sets it
}

// The least and the most that a Hasher accepts (PW3, PW4). The least is the
// floor of ASVS 11.4.2; the most keeps a wrong setting or a planted row from
// taking the machine down.
const (
	floorMemoryKiB = 19456
	floorPasses    = 2
	maxMemoryKiB   = 1 << 20
	maxPasses      = 16
)

// DefaultParams are 19 MiB and two passes.
func DefaultParams() Params {
	return Params{MemoryKiB: floorMemoryKiB, Passes: floorPasses}
}

// InsecureParams are far below the floor. They are for tests, where many
// accounts are made and no secret is at stake; nothing that a setting can
// reach calls this.
func InsecureParams() Params {
	return Params{MemoryKiB: 64, Passes: 1, insecure: true}
}

func (p Params) check() error {
	if p.MemoryKiB > maxMemoryKiB || p.Passes > maxPasses {
		return fmt.Errorf("argon2id: m=%d KiB, t=%d: at most m=%d, t=%d", p.MemoryKiB, p.Passes, maxMemoryKiB, maxPasses)
	}
	if p.MemoryKiB < 8 || p.Passes < 1 { // RFC 9106 3.1
		return fmt.Errorf("argon2id: m=%d KiB, t=%d: at least m=8, t=1", p.MemoryKiB, p.Passes)
	}
	if !p.insecure && (p.MemoryKiB < floorMemoryKiB || p.Passes < floorPasses) {
		return fmt.Errorf("argon2id: m=%d KiB, t=%d: at least m=%d, t=%d", p.MemoryKiB, p.Passes, floorMemoryKiB, floorPasses)
	}
	return nil
}

// Pepper holds the keys that are kept outside the database (SP 800-63B-4
// 3.1.1.2, the keyed pass). An id is 1 to 32 characters of A-Z a-z 0-9 . -
// and a key at least 32 bytes.
type Pepper interface {
	Current() (id string, key []byte)    // the key for new hashes
	Key(id string) (key []byte, ok bool) // any key still in use
}

// Hasher makes and checks stored hashes. It is safe for concurrent use; it does
// not limit how many run at once.
type Hasher struct {
	// Derive computes Argon2id, version 0x13, one lane. NewHasher sets it to the
	// one of x/crypto; replace it before first use only.
	Derive func(password, salt []byte, passes, memoryKiB, keyLen uint32) []byte

	params Params
	keys   Pepper
	decoy  string
}

const (
	saltLen = 16 // RFC 9106 3.1 recommends 16
	macLen  = sha256.Size
	keyLen  = 32 // of the Argon2id output, the input of the keyed pass
)

// NewHasher gives a hasher with parameters p and the current key of keys. It
// refuses parameters below the floor or above the bound and unusable keys.
func NewHasher(p Params, keys Pepper) (*Hasher, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	id, key := keys.Current()
	if !validKeyID(id) {
		return nil, errors.New("password key: its id must be 1 to 32 characters of A-Z a-z 0-9 . -")
	}
	if len(key) < 32 {
		return nil, fmt.Errorf("password key %s: %d bytes, at least 32 are needed", id, len(key))
	}
	h := &Hasher{Derive: deriveIDKey, params: p, keys: keys}
	h.decoy = h.encode(id, randomBytes(saltLen), randomBytes(macLen))
	return h, nil
}

func deriveIDKey(password, salt []byte, passes, memoryKiB, keyLen uint32) []byte {
	return argon2.IDKey(password, salt, passes, memoryKiB, 1, keyLen)
}

// Hash gives the string to store for pw:
//
//	$argon2id$v=19$m=19456,t=2,p=1,keyid=<id>$<salt>$<mac>
//
// where mac is HMAC-SHA-256 under key id over the Argon2id output, so that a
// copied database alone cannot be searched (PW3). Errors are those of Normalize.
func (h *Hasher) Hash(pw string) (string, error) {
	n, err := Normalize(pw)
	if err != nil {
		return "", err
	}
	id, key := h.keys.Current()
	salt := randomBytes(saltLen)
	return h.encode(id, salt, h.mac(key, n, salt, h.params)), nil
}

// Verify tells whether pw fits encoded, and whether encoded is stale: made with
// lower costs or another key than a new hash would be. Hash again when ok and
// stale (PW3).
//
// Text that Normalize refuses fits nothing and is not an error: nobody can have
// set it. An error means that encoded is not a string of Hash, asks for more
// work than is bearable, or names a key that is gone; it is ours, not the
// person's. Nothing is computed in these cases (PW4).
func (h *Hasher) Verify(encoded, pw string) (ok, stale bool, err error) {
	s, err := parseEncoded(encoded)
	if err != nil {
		return false, false, err
	}
	key, found := h.keys.Key(s.keyID)
	if !found {
		return false, false, fmt.Errorf("stored hash: password key %s is not configured", s.keyID)
	}
	n, err := Normalize(pw)
	if err != nil {
		return false, false, nil //nolint:nilerr // said above: it fits nothing
	}
	got := h.mac(key, n, s.salt, s.params)
	ok = subtle.ConstantTimeCompare(got, s.mac) == 1
	return ok, h.stale(s), nil
}

// Decoy gives an encoded hash with the current costs that no password fits. A
// sign-in for an unknown address verifies against it, so that it takes as long
// as any other (EN2). Accounts with stale hashes differ until they sign in.
func (h *Hasher) Decoy() string { return h.decoy }

func (h *Hasher) stale(s stored) bool {
	id, _ := h.keys.Current()
	return s.params.MemoryKiB < h.params.MemoryKiB || s.params.Passes < h.params.Passes || s.keyID != id
}

func (h *Hasher) mac(key []byte, normal string, salt []byte, p Params) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(h.Derive([]byte(normal), salt, p.Passes, p.MemoryKiB, keyLen))
	return m.Sum(nil)
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}

package password_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/platform/fault"
)

// pepper is a keyring with the newest key last.
type pepper []string

func (p pepper) Current() (string, []byte) { return p[len(p)-1], keyOf(p[len(p)-1]) }

func (p pepper) Key(id string) ([]byte, bool) {
	for _, known := range p {
		if known == id {
			return keyOf(id), true
		}
	}
	return nil, false
}

func keyOf(id string) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:]
}

func newHasher(t *testing.T, p password.Params, keys password.Pepper) *password.Hasher {
	t.Helper()
	h, err := password.NewHasher(p, keys)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func testHasher(t *testing.T) *password.Hasher {
	t.Helper()
	return newHasher(t, password.InsecureParams(), pepper{"k1"})
}

func hashOf(t *testing.T, h *password.Hasher, pw string) string {
	t.Helper()
	encoded, err := h.Hash(pw)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func fits(t *testing.T, h *password.Hasher, encoded, pw string) bool {
	t.Helper()
	ok, _, err := h.Verify(encoded, pw)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// PW1: every length and script, and each byte counts.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	h := testHasher(t)
	for name, pw := range map[string]string{
		"64":         strings.Repeat("aB3$", 16),
		"128":        strings.Repeat("aB3$", 32),
		"256":        strings.Repeat("aB3$", 64),
		"256 emoji":  strings.Repeat("🍣🚪", 128),
		"emoji":      "👩‍👩‍👧‍👦 家の鍵はどこ🗝️",
		"inner NUL":  "before\x00after the NUL",
		"spaces":     "  leading and trailing  ",
		"kanji kana": "玄関の鍵はカバンの中にある",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			encoded := hashOf(t, h, pw)
			if !fits(t, h, encoded, pw) {
				t.Fatal("the password does not fit its own hash")
			}
			for _, other := range neighbours(pw) {
				if fits(t, h, encoded, other) {
					t.Errorf("%d bytes: a changed password fits", len(other))
				}
			}
		})
	}
}

// neighbours are passwords that differ at one place only.
func neighbours(pw string) []string {
	last, size := utf8.DecodeLastRuneInString(pw)
	out := []string{
		pw[:len(pw)-size], pw[:len(pw)-size] + string(last^1), // the last byte
		strings.ToUpper(pw[:1]) + "x" + pw[1:],
	}
	for _, cut := range []string{strings.TrimSpace(pw), strings.Split(pw, "\x00")[0]} {
		if cut != pw {
			out = append(out, cut)
		}
	}
	if b := []byte(pw); len(b) > 73 && b[72] < 0x80 {
		b[72] ^= 1 // where bcrypt stops reading
		out = append(out, string(b))
	}
	return out
}

// Causes pw.unicode-form and pw.full-width: one password, typed on two devices.
func TestFormsOfOnePassword(t *testing.T) {
	t.Parallel()
	h := testHasher(t)
	for _, c := range []struct{ set, typed string }{
		{"Crème brûlée für Zoë", norm.NFD.String("Crème brûlée für Zoë")},
		{"パスワードをがぎぐげご", norm.NFD.String("パスワードをがぎぐげご")},
		{"correct horse 123", "ｃｏｒｒｅｃｔ　ｈｏｒｓｅ　１２３"},
		{"サクラガサイタ2024", "ｻｸﾗｶﾞｻｲﾀ2024"},
		{strings.Repeat("が", 256), norm.NFD.String(strings.Repeat("が", 256))},
		{strings.Repeat("\u1f82", 256), norm.NFD.String(strings.Repeat("\u1f82", 256))},
	} {
		if !fits(t, h, hashOf(t, h, c.set), c.typed) || !fits(t, h, hashOf(t, h, c.typed), c.set) {
			t.Errorf("%.40q and %.40q are not one password", c.set, c.typed)
		}
	}
	if fits(t, h, hashOf(t, h, "Correct Horse Battery"), "correct horse battery") {
		t.Error("capitals were folded")
	}
}

func TestNormalizeRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ pw, code string }{
		{"not \xff utf-8 at all", "pw.invalid_text"},
		{"surrogate \xed\xa0\x80 half", "pw.invalid_text"},
		{strings.Repeat("a", 257), "pw.too_long"},
		{strings.Repeat("🍣", 257), "pw.too_long"},
		{strings.Repeat("ﷺ", 20), "pw.too_long"}, // 18 code points each, after NFKC
		{strings.Repeat("a", 1<<20), "pw.too_long"},
	} {
		_, err := password.Normalize(c.pw)
		if !fault.Is(err, c.code) {
			t.Errorf("%.20q: %v, want %s", c.pw, err, c.code)
		}
	}
	if n, err := password.Normalize(strings.Repeat("🍣", 256)); err != nil || utf8.RuneCountInString(n) != 256 {
		t.Errorf("256 code points: %v", err)
	}
}

// PW3: the string shows how it was made, and is made like that.
func TestHashIsKeyedArgon2id(t *testing.T) {
	t.Parallel()
	h := newHasher(t, password.DefaultParams(), pepper{"2026-11"})
	encoded := hashOf(t, h, "a quiet door in autumn")
	if !strings.HasPrefix(encoded, "$argon2id$v=19$m=19456,t=2,p=1,keyid=2026-11$") {
		t.Fatalf("encoded: %s", encoded)
	}
	if other := hashOf(t, h, "a quiet door in autumn"); other == encoded {
		t.Error("two hashes of one password are equal: the salt is not random")
	}
	// Without the key, the right password cannot be told from a wrong one.
	stolen := newHasher(t, password.DefaultParams(), thief{})
	if fits(t, stolen, encoded, "a quiet door in autumn") {
		t.Error("fits without the key")
	}
	parts := strings.Split(encoded, "$")
	salt, mac := decode(t, parts[4]), decode(t, parts[5])
	if bytes.Equal(mac, argon2.IDKey([]byte("a quiet door in autumn"), salt, 2, 19456, 1, 32)) {
		t.Error("the Argon2id output is stored without the keyed pass")
	}
	if !fits(t, h, encoded, "a quiet door in autumn") {
		t.Error("does not fit with the key")
	}
}

// thief knows the ids, from the database, and guesses the keys.
type thief struct{}

func (thief) Current() (string, []byte) { return "2026-11", make([]byte, 32) }
func (thief) Key(string) ([]byte, bool) { return make([]byte, 32), true }

// A cost that rises or a key that changes makes hashes stale, never wrong.
func TestStale(t *testing.T) {
	t.Parallel()
	low, high := password.InsecureParams(), password.InsecureParams()
	high.MemoryKiB *= 2
	slow := low
	slow.Passes++
	old := hashOf(t, newHasher(t, low, pepper{"k1"}), "a quiet door in autumn")
	for name, c := range map[string]struct {
		h     *password.Hasher
		stale bool
	}{
		"same":        {newHasher(t, low, pepper{"k1"}), false},
		"more memory": {newHasher(t, high, pepper{"k1"}), true},
		"more passes": {newHasher(t, slow, pepper{"k1"}), true},
		"new key":     {newHasher(t, low, pepper{"k1", "k2"}), true},
	} {
		ok, stale, err := c.h.Verify(old, "a quiet door in autumn")
		if !ok || stale != c.stale || err != nil {
			t.Errorf("%s: ok %v, stale %v, %v", name, ok, stale, err)
		}
	}
	fresh := hashOf(t, newHasher(t, high, pepper{"k1"}), "a quiet door in autumn")
	if ok, stale, _ := newHasher(t, low, pepper{"k1"}).Verify(fresh, "a quiet door in autumn"); !ok || stale {
		t.Errorf("costs were lowered: ok %v, stale %v", ok, stale)
	}
	if _, _, err := newHasher(t, low, pepper{"k2"}).Verify(old, "a quiet door in autumn"); err == nil {
		t.Error("the key is gone and nobody said so")
	}
}

func TestDecoy(t *testing.T) {
	t.Parallel()
	h := testHasher(t)
	calls := 0
	derive := h.Derive
	h.Derive = func(pw, salt []byte, t, m, n uint32) []byte {
		calls++
		return derive(pw, salt, t, m, n)
	}
	if ok, stale, err := h.Verify(h.Decoy(), "a quiet door in autumn"); ok || stale || err != nil {
		t.Errorf("ok %v, stale %v, %v", ok, stale, err)
	}
	if calls != 1 {
		t.Errorf("%d derivations, want the one that a real account costs", calls)
	}
	if h.Decoy() == testHasher(t).Decoy() {
		t.Error("two processes have one decoy")
	}
}

// PW3 floor, PW4 ceiling.
func TestNewHasherRefuses(t *testing.T) {
	t.Parallel()
	for _, p := range []password.Params{
		{}, {MemoryKiB: 19455, Passes: 2}, {MemoryKiB: 19456, Passes: 1},
		{MemoryKiB: 1<<20 + 1, Passes: 2}, {MemoryKiB: 19456, Passes: 17},
	} {
		if _, err := password.NewHasher(p, pepper{"k1"}); err == nil {
			t.Errorf("%+v accepted", p)
		}
	}
	for _, keys := range []password.Pepper{pepper{""}, pepper{"a b"}, pepper{"a$b"}, pepper{strings.Repeat("k", 33)}, short{}} {
		if _, err := password.NewHasher(password.DefaultParams(), keys); err == nil {
			t.Errorf("%v accepted", keys)
		}
	}
}

type short struct{}

func (short) Current() (string, []byte) { return "k1", make([]byte, 31) }
func (short) Key(string) ([]byte, bool) { return nil, false }

// PW4: what the string asks for is judged before any of it is done.
func TestVerifyRefusesStrings(t *testing.T) {
	t.Parallel()
	h := testHasher(t)
	h.Derive = func([]byte, []byte, uint32, uint32, uint32) []byte {
		t.Error("work was done for a string that has to be refused")
		return nil
	}
	good := h.Decoy()
	cut := strings.LastIndex(good, "$")
	salt, mac := good[:cut], good[cut:]
	tail := good[strings.LastIndex(good, "keyid="):]
	for _, bad := range []string{
		"", "$", "plain", "$2y$10$abcdefghijklmnopqrstuv",
		strings.Replace(good, "argon2id", "argon2i", 1),
		strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "p=1", "p=4", 1),
		"$argon2id$v=19$m=1048577,t=2,p=1," + tail,
		"$argon2id$v=19$m=4294967295,t=2,p=1," + tail,
		"$argon2id$v=19$m=4294967296,t=2,p=1," + tail,
		"$argon2id$v=19$m=64,t=17,p=1," + tail,
		"$argon2id$v=19$m=64,t=0,p=1," + tail,
		"$argon2id$v=19$m=7,t=1,p=1," + tail,
		"$argon2id$v=19$m=064,t=1,p=1," + tail,
		"$argon2id$v=19$m=+64,t=1,p=1," + tail,
		"$argon2id$v=19$t=1,m=64,p=1," + tail,
		"$argon2id$v=19$m=64,t=1,p=1,x=1," + tail,
		nextLetter(good), nextLetter(salt) + mac,
		good + "$", good + "=", good + "A", good[:len(good)-1], good + "\n", " " + good,
		strings.Replace(good, "keyid=k1", "keyid=", 1),
		strings.Replace(good, "keyid=k1", "keyid=k/1", 1),
	} {
		if ok, _, err := h.Verify(bad, "a quiet door in autumn"); ok || err == nil {
			t.Errorf("%q: ok %v, %v", bad, ok, err)
		} else if fe := (*fault.Error)(nil); errors.As(err, &fe) {
			t.Errorf("%q: %v blames the person", bad, err)
		}
	}
}

// nextLetter sets a bit of the last base64 letter that no byte uses.
func nextLetter(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	n := len(s) - 1
	return s[:n] + string(alphabet[strings.IndexByte(alphabet, s[n])+1])
}

func FuzzVerify(f *testing.F) {
	h, err := password.NewHasher(password.InsecureParams(), pepper{"k1"})
	if err != nil {
		f.Fatal(err)
	}
	h.Derive = func(_, _ []byte, passes, memoryKiB, n uint32) []byte {
		if passes > 16 || memoryKiB > 1<<20 {
			panic("unbounded work")
		}
		return make([]byte, n)
	}
	f.Add(h.Decoy(), "a quiet door in autumn")
	f.Fuzz(func(t *testing.T, encoded, pw string) {
		if ok, _, _ := h.Verify(encoded, pw); ok {
			t.Errorf("%q fits", encoded)
		}
	})
}

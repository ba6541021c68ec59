package token

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

// ring makes a keyring of fresh keys with these ids, the last the current one.
func ring(t testing.TB, ids ...string) (*Keyring, []string) {
	t.Helper()
	var lines []string
	for _, id := range ids {
		lines = append(lines, NewLine(id))
	}
	return parse(t, lines...), lines
}

func parse(t testing.TB, lines ...string) *Keyring {
	t.Helper()
	k, err := Parse([]byte(strings.Join(lines, "")))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// refused wants that a box does not open, with the one error for all reasons.
func refused(t *testing.T, what string, plain []byte, err error) {
	t.Helper()
	if !errors.Is(err, ErrBox) || plain != nil {
		t.Errorf("%s: %q, %v; want ErrBox", what, plain, err)
	}
}

// TestBoxesAreBoundToUseAndPlace: a sealed value that is moved to another row,
// column, table or use does not open (KY1, TO1).
func TestBoxesAreBoundToUseAndPlace(t *testing.T) {
	t.Parallel()
	k, _ := ring(t, "a")
	box := k.Seal("address", []byte("taro@example.jp"), "account", "address_sealed", "1")
	if plain, err := k.Open("address", box, "account", "address_sealed", "1"); err != nil || string(plain) != "taro@example.jp" {
		t.Fatalf("%q, %v", plain, err)
	}
	for what, place := range map[string][]string{
		"row":             {"account", "address_sealed", "2"},
		"column":          {"account", "other_sealed", "1"},
		"table":           {"message", "address_sealed", "1"},
		"fewer parts":     {"account", "address_sealed"},
		"more parts":      {"account", "address_sealed", "1", ""},
		"shifted borders": {"accountaddress", "_sealed", "1"},
		"none":            nil,
	} {
		plain, err := k.Open("address", box, place...)
		refused(t, "another "+what, plain, err)
	}
	plain, err := k.Open("payload", box, "account", "address_sealed", "1")
	refused(t, "another use", plain, err)
}

func TestSealingTwiceLooksDifferent(t *testing.T) {
	t.Parallel()
	k, _ := ring(t, "a")
	if bytes.Equal(k.Seal("u", []byte("same")), k.Seal("u", []byte("same"))) {
		t.Error("equal values have equal boxes: a copy would show who shares an address")
	}
	if plain, err := k.Open("u", k.Seal("u", nil)); err != nil || len(plain) != 0 {
		t.Errorf("nothing, sealed, opens as %q, %v", plain, err)
	}
}

// TestAlteredBoxesDoNotOpen: any flipped bit, any cut, anything added.
func TestAlteredBoxesDoNotOpen(t *testing.T) {
	t.Parallel()
	k, _ := ring(t, "key1")
	box := k.Seal("u", []byte("hello"), "p")
	for i := range len(box) * 8 {
		bad := bytes.Clone(box)
		bad[i/8] ^= 1 << (i % 8)
		plain, err := k.Open("u", bad, "p")
		refused(t, "a flipped bit", plain, err)
	}
	for i := range box {
		plain, err := k.Open("u", box[:i], "p")
		refused(t, "a cut", plain, err)
	}
	plain, err := k.Open("u", append(bytes.Clone(box), 0), "p")
	refused(t, "one more byte", plain, err)
	// The longest id that a first byte can promise, in a box long enough for it.
	plain, err = k.Open("u", bytes.Repeat([]byte{0xFF}, 400), "p")
	refused(t, "an id of 255 bytes", plain, err)
}

// TestRotation: the new key seals, the old one goes on opening, and a key that
// was taken out opens nothing (KY2).
func TestRotation(t *testing.T) {
	t.Parallel()
	_, lines := ring(t, "old", "new")
	before, during, after := parse(t, lines[0]), parse(t, lines...), parse(t, lines[1])
	old := before.Seal("u", []byte("v"), "p")
	if plain, err := during.Open("u", old, "p"); err != nil || string(plain) != "v" {
		t.Errorf("while both are there: %q, %v", plain, err)
	}
	renewed := during.Seal("u", []byte("v"), "p")
	if plain, err := after.Open("u", renewed, "p"); err != nil || string(plain) != "v" {
		t.Errorf("with the new key alone: %q, %v", plain, err)
	}
	plain, err := before.Open("u", renewed, "p")
	refused(t, "sealed with a key that the old file lacks", plain, err)
	plain, err = after.Open("u", old, "p")
	refused(t, "sealed with the key that was taken out", plain, err)
	// The same id with another key is another key.
	plain, err = parse(t, NewLine("old")).Open("u", old, "p")
	refused(t, "an impostor of the id", plain, err)

	code, link := before.Code("c", 6, "act"), before.Link('r', sampleID, "1")
	if !during.CodeMatches("c", 6, code, "act") || !during.LinkMatches('r', sampleID, link, "1") {
		t.Error("a new key killed the codes and links that are on their way")
	}
	if after.CodeMatches("c", 6, code, "act") || after.LinkMatches('r', sampleID, link, "1") {
		t.Error("the key that was taken out still makes codes and links")
	}
	if !bytes.Equal(before.Index("address", "a"), during.Index("address", "a")) {
		t.Error("a new key hid every account from its address")
	}
}

func TestPepperFollowsItsKey(t *testing.T) {
	t.Parallel()
	k, lines := ring(t, "old", "new")
	id, key := k.Pepper().Current()
	if id != "new" || len(key) != 32 {
		t.Errorf("the current pepper is %q with %d bytes", id, len(key))
	}
	old, ok := k.Pepper().Key("old")
	if _, was := parse(t, lines[0]).Pepper().Current(); !ok || !bytes.Equal(old, was) || bytes.Equal(old, key) {
		t.Error("the old pepper is not the old key's")
	}
	if _, ok := k.Pepper().Key("gone"); ok {
		t.Error("a key that is not there gave a pepper")
	}
}

// TestIndexesDiffer by kind, value and key: without the key file nobody can try
// addresses on a copied database (KY1).
func TestIndexesDiffer(t *testing.T) {
	t.Parallel()
	k, _ := ring(t, "a")
	other, _ := ring(t, "a")
	seen := map[string]string{}
	for what, i := range map[string][]byte{
		"address a": k.Index("address", "a"), "address b": k.Index("address", "b"),
		"phone a": k.Index("phone", "a"), "another house's": other.Index("address", "a"),
	} {
		if len(i) != 32 || seen[string(i)] != "" {
			t.Errorf("%s: %d bytes, equal to %q", what, len(i), seen[string(i)])
		}
		seen[string(i)] = what
	}
	if !bytes.Equal(k.Index("address", "a"), k.Index("address", "a")) {
		t.Error("an index is not stable")
	}
}

func TestSecretsAreLongAndStoredHashed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		text, hash := Secret()
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(raw) != 32 || seen[text] || !bytes.Equal(hash, Hash(text)) || bytes.Contains(hash, raw[:8]) {
			t.Fatalf("secret of %d bytes, seen %v, %v", len(raw), seen[text], err)
		}
		seen[text] = true
	}
}

func FuzzOpenText(f *testing.F) {
	k, _ := ring(f, "a")
	good := k.SealText("u", []byte("v"), "p")
	f.Add(good)
	f.Add("")
	f.Add(good + "\n")
	f.Add(strings.Repeat("_", 600)) // first byte 255
	f.Fuzz(func(t *testing.T, text string) {
		plain, err := k.OpenText("u", text, "p")
		if err == nil && string(plain) != "v" {
			t.Errorf("%q opens as %q", text, plain)
		}
		if err != nil && !errors.Is(err, ErrBox) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

package token

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBadKeyFilesStopTheStart holds KY3: missing, short, example and
// world-readable keys are refused, and no message repeats a key.
func TestBadKeyFilesStopTheStart(t *testing.T) {
	t.Parallel()
	good := NewLine("a")
	key := strings.Fields(good)[1]
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	counting := make([]byte, 32)
	for i := range counting {
		counting[i] = byte(i)
	}
	for what, text := range map[string]string{
		"empty":             "",
		"comments only":     "# keys\n\n",
		"short":             "a " + b64("only sixteen byt") + "\n",
		"long":              "a " + b64(strings.Repeat("0123456789abcdef", 3)) + "\n",
		"zero":              "a " + b64(strings.Repeat("\x00", 32)) + "\n",
		"one letter":        "a " + b64(strings.Repeat("x", 32)) + "\n",
		"counting":          "a " + b64(string(counting)) + "\n",
		"a word, repeated":  "a " + b64(strings.Repeat("changeme", 4)) + "\n",
		"no id":             key + "\n",
		"capital id":        "A " + key + "\n",
		"long id":           strings.Repeat("a", 17) + " " + key + "\n",
		"twice":             good + "a " + strings.Fields(NewLine("b"))[1] + "\n",
		"third word":        "a " + key + " x\n",
		"not base64":        "a " + strings.Repeat("?", 44) + "\n",
		"second is bad":     good + "b short\n",
		"unreadable line":   good + "# " + strings.Repeat("x", 70_000) + "\n" + NewLine("b"),
		"NUL":               "a\x00 " + key + "\n",
		"key without an id": " " + key,
	} {
		k, err := Parse([]byte(text))
		if err == nil || k != nil {
			t.Errorf("%s: accepted", what)
			continue
		}
		if strings.Contains(err.Error(), key) {
			t.Errorf("%s: the message repeats the key", what)
		}
	}
}

func TestGoodKeyFile(t *testing.T) {
	t.Parallel()
	text := "# made on the first day\n\n" + NewLine("2026-11") + "  " + NewLine("b") + "\r\n"
	k, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if got := k.current().id; got != "b" || len(k.roots) != 2 {
		t.Errorf("%d keys, current %q; want 2, b", len(k.roots), got)
	}
}

func TestKeyFileOthersCanReadIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "keys")
	if _, err := Load(file); err == nil {
		t.Error("a missing file was accepted")
	}
	if err := os.WriteFile(file, []byte(NewLine("a")), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, good := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o644: false, 0o620: false, 0o602: false, 0o666: false} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(file); (err == nil) != good {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
	if _, err := Load(dir); err == nil {
		t.Error("a folder was accepted")
	}
}

// TestUsesHaveKeysOfTheirOwn: what is made for one purpose says nothing about
// another, and parts do not run into each other.
func TestUsesHaveKeysOfTheirOwn(t *testing.T) {
	t.Parallel()
	k, _ := ring(t, "a", "b")
	seen := map[string]bool{}
	for _, use := range []string{"box address", "box payload", "code registration", "link r", "index address", "password"} {
		for _, r := range k.roots {
			key := string(k.derive(use, r))
			if seen[key] || key == string(r.secret) {
				t.Errorf("the key of %q under %s is used twice", use, r.id)
			}
			seen[key] = true
		}
	}
	if string(mac([]byte("k"), "ab", "c")) == string(mac([]byte("k"), "a", "bc")) {
		t.Error("parts run into each other")
	}
}

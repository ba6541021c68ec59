package password_test

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/genkan/genkan/internal/domain/password"
)

// breachFile writes the list of source to a file and opens nothing.
func breachFile(t *testing.T, source string) (path string, n int) {
	t.Helper()
	var b bytes.Buffer
	n, err := password.BuildBreach(strings.NewReader(source), &b)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "breach.fuse")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, n
}

func openBreach(t *testing.T, path string) *password.Breach {
	t.Helper()
	b, err := password.OpenBreach(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Pwned Passwords has upper case hashes with counts; sites leak text.
func TestBreachReadsBothForms(t *testing.T) {
	t.Parallel()
	source := "\ufeffleaked in plain text\r\n" +
		fmt.Sprintf("%X:42\r\n", sha1.Sum([]byte("leaked as a hash"))) +
		fmt.Sprintf("%x\n", sha1.Sum([]byte("leaked without a count"))) +
		"leaked:with:colons\n\n" +
		"ﾓﾚﾀﾊﾟｽﾜｰﾄﾞﾊﾝｶｸｶﾅﾅﾘ\n" +
		"leaked in plain text\nthe last line has no end"
	path, n := breachFile(t, source)
	if n != 7 { // the katakana stands there as leaked and as normalised
		t.Errorf("%d entries", n)
	}
	b := openBreach(t, path)
	if b.Count() != uint64(n) {
		t.Errorf("count %d", b.Count())
	}
	p := &password.Policy{Breach: b}
	for _, pw := range []string{
		"leaked in plain text", "leaked as a hash", "leaked without a count", "leaked:with:colons",
		"ﾓﾚﾀﾊﾟｽﾜｰﾄﾞﾊﾝｶｸｶﾅﾅﾘ", "モレタパスワードハンカクカナナリ", "the last line has no end", "ｌｅａｋｅｄ　ａｓ　ａ　ｈａｓｈ",
	} {
		if got := codeOf(p.Check(pw, password.Context{})); got != "pw.breached" {
			t.Errorf("%q: %q", pw, got)
		}
	}
	for _, pw := range []string{"Leaked in plain text", "never leaked anywhere"} {
		if err := p.Check(pw, password.Context{}); err != nil {
			t.Errorf("%q: %v", pw, err)
		}
	}
	if (*password.Breach)(nil).Contains("leaked as a hash") || (*password.Breach)(nil).Count() != 0 {
		t.Error("no list contains something")
	}
}

func TestBuildBreachRefuses(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"empty":       "",
		"blank lines": "\n\r\n\n",
		"long line":   strings.Repeat("secret", 20000),
	} {
		var b bytes.Buffer
		_, err := password.BuildBreach(strings.NewReader(source), &b)
		if err == nil || strings.Contains(err.Error(), "secret") || b.Len() > 0 {
			t.Errorf("%s: %v, %d bytes written", name, err, b.Len())
		}
	}
	if _, err := password.BuildBreach(strings.NewReader("leaked in plain text"), fullDisk{}); !errors.Is(err, errFull) {
		t.Errorf("full disk: %v", err)
	}
}

var errFull = errors.New("disk full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

// A file that is not whole is refused at the start, not found out at the door.
func TestOpenBreachRefuses(t *testing.T) {
	t.Parallel()
	path, _ := breachFile(t, "one\ntwo\nthree\nfour\nfive")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string][]byte{"empty": {}, "header only": good[:64], "longer": append(bytes.Clone(good), 0)}
	for i := 0; i < len(good); i += 3 {
		changed := bytes.Clone(good)
		changed[i] ^= 0x10
		bad[fmt.Sprintf("byte %d changed", i)] = changed
		bad[fmt.Sprintf("cut at %d", i)] = good[:i]
	}
	for name, text := range bad {
		file := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := password.OpenBreach(file); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := password.OpenBreach(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// The rate that the documentation gives: 1 in 65,536.
func TestBreachFalsePositives(t *testing.T) {
	t.Parallel()
	var source strings.Builder
	for i := range 20000 {
		fmt.Fprintf(&source, "leaked %d\n", i)
	}
	path, _ := breachFile(t, source.String())
	b := openBreach(t, path)
	for i := range 20000 {
		if !b.Contains(fmt.Sprintf("leaked %d", i)) {
			t.Fatalf("entry %d is missing", i)
		}
	}
	wrong := 0
	for i := range 1 << 19 {
		if b.Contains(fmt.Sprintf("never leaked %d", i)) {
			wrong++
		}
	}
	if wrong > 24 { // 8 expected
		t.Errorf("%d of %d taken for leaked ones", wrong, 1<<19)
	}
	if info, _ := os.Stat(path); info.Size() > 60000 {
		t.Errorf("%d bytes for 20000 entries", info.Size())
	}
}

package password_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/domain/password"
)

func TestStrength(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pw        string
		low, high int // the levels that will do
		warning   string
	}{
		{"", 0, 0, ""},
		{"password", 0, 0, password.WarnCommon},
		{"Passw0rd!", 0, 0, password.WarnCommon},
		{"passwordpassword", 0, 0, ""},
		{"さくらさくら", 0, 0, ""},
		{"さくらさくらさくらさくらさくらさくら", 0, 0, password.WarnRepeat},
		{strings.Repeat("さくら", 80), 0, 0, password.WarnRepeat},
		{strings.Repeat("サクラ!", 60), 0, 1, password.WarnRepeat},
		{"himawarihimawarihimawari", 0, 1, password.WarnRepeat},
		{strings.Repeat("zq8#Lw2!", 30), 0, 4, ""},
		{strings.Repeat("a", 256), 0, 0, ""},
		{strings.Repeat("ab", 128), 0, 0, ""},
		{"himawarihimawarihimawari9v", 0, 2, password.WarnRepeat},
		{"tsukimisoutsukimisoutsukimisou9v", 0, 3, password.WarnRepeat},
		{"kagurazaka", 0, 2, password.WarnWord},
		{"kagurazaka#9v", 0, 3, password.WarnWord},
		{"としょかんまえ", 0, 1, password.WarnWord},
		{"[@poiuyt9vQ", 0, 2, password.WarnKeyboard}, // JIS
		{"hjkl;:]9vQ", 0, 2, password.WarnKeyboard},  // JIS
		{"かぐらざか", 0, 2, ""},
		{"qwertyuiop@[", 0, 1, ""},
		{"asdfghjkl;:]", 0, 1, ""},
		{"poiuytrewq", 0, 1, ""},
		{"たていすかんなにらせ", 0, 1, ""},
		{"あいうえおかきくけこ", 0, 0, ""},
		{"111222333444555666777888", 0, 1, ""},
		{"19900101", 0, 1, ""},
		{"20241122", 0, 1, ""},
		{"taroyamada", 0, 0, password.WarnPersonal},
		{"たろうやまだ", 0, 0, password.WarnPersonal},
		{"yamadataro1990", 0, 1, ""},
		{"genkan2024", 0, 0, password.WarnPersonal},
		{"日本日本日本日本", 0, 1, ""},
		{"x7Kp", 0, 1, ""},
		{"bad \xff text", 0, 0, password.CodeInvalidText},
		{strings.Repeat("a", 300), 0, 0, password.CodeTooLong},
		{"velvet tractor pigeon lamp", 4, 4, ""},
		{"鍵はカバンの奥にあるはず、たぶん", 4, 4, ""},
		{"ねこがまどからみているゆうやけ", 4, 4, ""},
		{"zq8#Lw2!vTn5@Rk7", 4, 4, ""},
	} {
		got := password.Strength(c.pw, []string{"taro.yamada@example.jp", "山田 太郎", "Genkan"})
		if got.Level < c.low || got.Level > c.high {
			t.Errorf("%.40q: level %d, want %d to %d", c.pw, got.Level, c.low, c.high)
		}
		if c.warning != "" && got.WarningCode != c.warning {
			t.Errorf("%.40q: warning %q, want %q", c.pw, got.WarningCode, c.warning)
		}
		if got.Level < 4 && len(got.Hints) == 0 {
			t.Errorf("%.40q: level %d and no hint", c.pw, got.Level)
		}
		for _, key := range append(got.Hints, got.WarningCode) {
			if key != "" && !slices.Contains(password.MessageKeys(), key) {
				t.Errorf("%.40q: %q is not in MessageKeys", c.pw, key)
			}
		}
	}
}

// Saying a common word more often never makes it better.
func TestRepetitionIsNotStrength(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"さくら", "sakura", "パスワード", "monkey", "東京", "1qaz", "あ", "himawari"} {
		for n := 2; len([]rune(word))*n <= 256; n *= 2 {
			if got := password.Strength(strings.Repeat(word, n), nil); got.Level > 1 {
				t.Errorf("%s, %d times: level %d", word, n, got.Level)
			}
		}
	}
}

// PW4: only the first 72 characters are judged.
func TestStrengthReadsTheFirst72(t *testing.T) {
	t.Parallel()
	weak := strings.Repeat("password", 9)
	if got := password.Strength(weak+"zq8#Lw2!vTn5@Rk7", nil); got.Level > 1 {
		t.Errorf("level %d", got.Level)
	}
	if got := password.Strength("password"+"zq8#Lw2!vTn5@Rk7", nil); got.Level != 4 {
		t.Errorf("level %d", got.Level)
	}
}

// Whatever is refused as common must not look good beside it.
func TestListedLookWeak(t *testing.T) {
	t.Parallel()
	for i, pw := range linesOf(t, "testdata/listed.txt") {
		if i%5 != 0 {
			continue
		}
		if got := password.Strength(pw, nil); got.Level != 0 || got.WarningCode == "" {
			t.Errorf("%q: level %d, warning %q", pw, got.Level, got.WarningCode)
		}
	}
}

// PW4: 256 characters of any kind take a bounded time. The bound is wide, for
// slow machines and the race detector; the benchmark has the true figures.
func TestStrengthIsBounded(t *testing.T) {
	t.Parallel()
	for name, pw := range longPasswords() {
		start := time.Now()
		password.Strength(pw, []string{"taro.yamada@example.jp"})
		if d := time.Since(start); d > 3*time.Second {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func longPasswords() map[string]string {
	fib := []string{"a", "ab"} // many borders, no repetition of the whole
	for len(fib[len(fib)-1]) < 256 {
		fib = append(fib, fib[len(fib)-1]+fib[len(fib)-2])
	}
	return map[string]string{
		"phrase":    strings.Repeat("velvet tractor pigeon lamp ", 10)[:256],
		"random":    strings.Repeat("zq8#Lw2!vTn5@Rk7", 16),
		"words":     strings.Repeat("passwordmonkeydragonletmein", 10)[:256],
		"leet":      strings.Repeat("p4$5w0rd!1l7+8", 19)[:256],
		"fibonacci": fib[len(fib)-1][:256],
		"kana":      strings.Repeat("ねこがまどからみている", 24)[:256*3],
		"kanji":     strings.Repeat("漢字仮名交文鍵扉", 32),
	}
}

func BenchmarkStrength(b *testing.B) {
	for name, pw := range longPasswords() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				password.Strength(pw, []string{"taro.yamada@example.jp"})
			}
		})
	}
}

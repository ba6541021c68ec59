package password_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/genkan/genkan/internal/domain/password"
	"github.com/genkan/genkan/internal/platform/fault"
)

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Code
}

func testPolicy() *password.Policy {
	return &password.Policy{ServiceNames: []string{"Genkan", "玄関", "door.example.com"}}
}

var taro = password.Context{Address: "Taro.Yamada+shop@mail.example.jp", Words: []string{"山田 太郎", "Quillon Fathersby"}}

func TestCheckAccepts(t *testing.T) {
	t.Parallel()
	for _, pw := range []string{
		"a quiet door in autumn",
		"velvet tractor pigeon lamp",
		"鍵はカバンの奥にあるはず、たぶん",
		"ねこがまどからみているゆうやけ",
		"zq8#Lw2!vTn5@Rk7",
		"xkvmwqhdjtrblzn", // no digits, no capitals, no signs: no composition rules
		"839201748563917", // digits only
		"🍣🚪🦊🌧️🎻🧦🪴🐙🥁🛶🧭🪁🦉🍄🧩",
		"programming48391720",
		"programming48-39-17-20",
		"before\x00after the NUL",
		"  spaces around it  ",
		strings.Repeat("zq8#Lw2!vTn5@Rk7 mossy kettle ", 8), // 240
	} {
		if err := testPolicy().Check(pw, taro); err != nil {
			t.Errorf("%q: %v", pw, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ code, pw string }{
		{"pw.invalid_text", "not \xff utf-8 at all"},
		{"pw.too_long", strings.Repeat("🍣", 257)},
		{"pw.too_short", ""},
		{"pw.too_short", "zq8#Lw2!vTn5@R"},
		{"pw.too_short", "鍵はカバンの奥"},
		{"pw.too_short", "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301"}, // 16 typed, 8 letters

		{"pw.is_address", "taro.yamada+shop@mail.example.jp"},
		{"pw.is_address", "TARO.YAMADA@MAIL.EXAMPLE.JP"},
		{"pw.is_address", "Taro.Yamada2024"},
		{"pw.is_address", "taroyamada12345"},
		{"pw.is_address", "ｔａｒｏ．ｙａｍａｄａ＋ｓｈｏｐ"},
		{"pw.is_address", "yamadayamadayamada"},
		{"pw.is_address", "mail.example.jp"},
		{"pw.is_service", "genkangenkangenkan"},
		{"pw.is_service", "Genkan123456789!"},
		{"pw.is_service", "door.example.com"},
		{"pw.is_service", "玄関玄関玄関玄関玄関玄関玄関玄関"},
		{"pw.is_service", "げんかんげんかんげんかんげんかん"},
		{"pw.common", "山田太郎山田太郎山田太郎山田太郎"},

		{"pw.common", "Quillon Fathersby"},
		{"pw.common", "quillonfathersby2024"},
		{"pw.common", "1nt3rn4t10n4l1z4t10n"}, // 1 for i
		{"pw.common", "e1ectromagnetic"},      // 1 for l
		{"pw.common", "ぬたちつふてとさあいしそうすはひ"},     // 1qaz2wsx3edc4rfv in kana mode

		{"pw.common", "passwordpassword"},
		{"pw.common", "Password12345678"},
		{"pw.common", "SupermanDragon1"},  // two of the most used
		{"pw.common", "footballfghjkl99"}, // one and keys side by side
		{"pw.common", "P@ssw0rdP@ssw0rd"},
		{"pw.common", "p a s s w o r d 1 2 3 4"},
		{"pw.common", "!!!password12345"},
		{"pw.common", "iloveyouiloveyou1"},
		{"pw.common", "ｐａｓｓｗｏｒｄ１２３４５６７８"},
		{"pw.common", "correct horse battery staple"},
		{"pw.common", "Correct-Horse-Battery-Staple"},
		{"pw.common", "thisismypassword"},
		{"pw.common", "administrator2024"},
		{"pw.common", "123456789012345"},
		{"pw.common", "987654321098765"},
		{"pw.common", "abcdefghijklmnop"},
		{"pw.common", "aabbccddeeffgghh"},
		{"pw.common", "aaaaaaaaaaaaaaaa"},
		{"pw.common", "aaaaaaaabbbbbbbb"},
		{"pw.common", "x7Kpx7Kpx7Kpx7Kp"},
		{"pw.common", "2024112220241122"},
		{"pw.common", "qwertyuiopasdfgh"},
		{"pw.common", "1qaz2wsx3edc4rfv"},
		{"pw.common", "1q2w3e4r5t6y7u8i"},
		{"pw.common", "qwertyuiop@[asdfghjkl;:]"}, // JIS
		{"pw.common", "zxcvbnm,./_]:;lkj"},        // JIS, back along the next row
		{"pw.common", "たていすかんなにらせちとしはき"},
		{"pw.common", "sakurasakurasakura"},
		{"pw.common", "さくらさくらさくらさくらさくら"},
		{"pw.common", "サクラさくらサクラさくらサクラ"},
		{"pw.common", "ﾊﾟｽﾜｰﾄﾞﾊﾟｽﾜｰﾄﾞﾊﾟｽﾜｰﾄﾞ"},
		{"pw.common", "aishiteruaishiteru"},
		{"pw.common", "takahashihiroshi"},
		{"pw.common", "あいうえおかきくけこさしすせそ"},
		{"pw.common", "いろはにほへとちりぬるをわかよた"},
		{"pw.common", "aiueokakikukekosashisuseso"},
		{"pw.common", "internationalization"},
	} {
		if got := codeOf(testPolicy().Check(c.pw, taro)); got != c.code {
			t.Errorf("%q: %q, want %q", c.pw, got, c.code)
		}
	}
}

func TestCheckSaysHowShort(t *testing.T) {
	t.Parallel()
	e := fault.Of((&password.Policy{MinLength: 8}).Check("short🍣", password.Context{}))
	if e.Kind != fault.Invalid || e.Field != "password" || e.Args["min"] != 8 || e.Args["got"] != 6 {
		t.Errorf("%+v", e)
	}
	for _, n := range []int{-1, 0, 8, 15, 64} {
		if err := (&password.Policy{MinLength: n}).Validate(); err != nil {
			t.Errorf("%d: %v", n, err)
		}
	}
	for _, n := range []int{1, 7, 65} {
		if err := (&password.Policy{MinLength: n}).Validate(); err == nil {
			t.Errorf("%d accepted", n)
		}
	}
}

// PW2: 500 listed ones are refused, each with a reason.
func TestListedAreRefused(t *testing.T) {
	t.Parallel()
	listed := linesOf(t, "testdata/listed.txt")
	if len(listed) < 500 {
		t.Fatalf("%d listed", len(listed))
	}
	for _, pw := range listed {
		if got := codeOf((&password.Policy{MinLength: 8}).Check(pw, password.Context{})); got != "pw.common" {
			t.Errorf("%q: %q", pw, got)
		}
		if got := codeOf(testPolicy().Check(pw, password.Context{})); got != "pw.common" && got != "pw.too_short" {
			t.Errorf("%q with the usual length: %q", pw, got)
		}
	}
}

// PW2: 500 random ones are accepted, of the kinds that managers and people make.
func TestRandomAreAccepted(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(15, 64)) // one fixed draw: the filter errs once in thousands
	for _, alphabet := range []string{
		"abcdefghijklmnopqrstuvwxyz",
		"abcdefghijklmnopqrstuvwxyz0123456789",
		"0123456789abcdef",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&()*+,-./:;<=>?@[]^_{|}~",
		"あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん",
	} {
		letters := []rune(alphabet)
		for range 100 {
			pw := make([]rune, 15+r.IntN(10))
			for i := range pw {
				pw[i] = letters[r.IntN(len(letters))]
			}
			if err := testPolicy().Check(string(pw), taro); err != nil {
				t.Errorf("%q: %v", string(pw), err)
			}
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("P@ssw0rdP@ssw0rd", "taro@example.jp")
	f.Add("さくらさくらさくらさくらさくら", "")
	f.Add("\x00\xff🍣", "@")
	f.Fuzz(func(t *testing.T, pw, address string) {
		err := testPolicy().Check(pw, password.Context{Address: address, Words: []string{address}})
		if err != nil && fault.Of(err).Kind != fault.Invalid {
			t.Error(err)
		}
		if s := password.Strength(pw, []string{address}); s.Level < 0 || s.Level > 4 {
			t.Errorf("level %d", s.Level)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	for name, pw := range map[string]string{
		"phrase":   "velvet tractor pigeon lamp",
		"256":      strings.Repeat("zq8#Lw2!vTn5@Rk7", 16),
		"256 kana": strings.Repeat("ねこがまどからみているゆうや1!", 16),
		"leet":     strings.Repeat("p4$5w0rd!1", 25),
	} {
		b.Run(name, func(b *testing.B) {
			p := testPolicy()
			for b.Loop() {
				_ = p.Check(pw, taro)
			}
		})
	}
}

package attempt

import (
	"strings"
	"testing"
)

func TestReferenceIsReadAsSpoken(t *testing.T) {
	t.Parallel()
	for range 200 {
		code := NewReference()
		if len(code) != 11 || strings.Trim(code, letters+"-") != "" {
			t.Fatalf("code %q", code)
		}
		bare := strings.ReplaceAll(code, "-", "")
		for _, said := range []string{code, strings.ToLower(code), bare, " " + code + " ", strings.Join(strings.Split(bare, ""), " "),
			strings.ReplaceAll(code, "-", "ー"), strings.ReplaceAll(code, "0", "o"), strings.ReplaceAll(strings.ToLower(code), "1", "l"),
			strings.ReplaceAll(code, "1", "I"), strings.ReplaceAll(code, "-", ".")} {
			if got, ok := ParseReference(said); !ok || got != code {
				t.Errorf("%q said as %q is read as %q, %v", code, said, got, ok)
			}
		}
	}
}

// TestMishearingIsNoticed: any one wrong character, and neighbours swapped
// unless their values differ by 16.
func TestMishearingIsNoticed(t *testing.T) {
	t.Parallel()
	code := strings.ReplaceAll(NewReference(), "-", "")
	for i := range code {
		for _, c := range letters {
			wrong := code[:i] + string(c) + code[i+1:]
			if _, ok := ParseReference(wrong); ok && wrong != code {
				t.Errorf("%q passes for %q", wrong, code)
			}
		}
		if i > 0 && i < 8 && code[i] != code[i-1] {
			a, b := strings.IndexByte(letters, code[i-1]), strings.IndexByte(letters, code[i])
			swapped := code[:i-1] + string(code[i]) + string(code[i-1]) + code[i+1:]
			if _, ok := ParseReference(swapped); ok && (a-b)%16 != 0 {
				t.Errorf("%q passes for %q", swapped, code)
			}
		}
	}
	for _, text := range []string{"", "7QM", code + "0", code[:8], code[:8] + "u", code[:8] + "あ", code[:8] + "\x00", "０" + code[1:]} {
		if _, ok := ParseReference(text); ok {
			t.Errorf("%q passes", text)
		}
	}
}

func FuzzParseReference(f *testing.F) {
	f.Add("7QM-3XN-4PC")
	f.Add("ＡＢＣ")
	f.Fuzz(func(t *testing.T, text string) {
		if code, ok := ParseReference(text); ok {
			if again, ok := ParseReference(code); !ok || again != code {
				t.Errorf("%q gives %q, and that %q", text, code, again)
			}
		}
	})
}

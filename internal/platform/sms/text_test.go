package sms_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/linxGnu/gosmpp/data"

	"github.com/genkan/genkan/internal/platform/sms"
)

var kinds = []sms.Kind{sms.SignIn, sms.Prove, sms.Recover, sms.Replaced}

// TestTextsFitOneSegment: each further one is paid for, and phones of some
// carriers show the parts of a long text one by one.
func TestTextsFitOneSegment(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"id.example.jp", "signin.genkan-example.jp"} {
		for _, kind := range kinds {
			code := "123456"
			if kind == sms.Replaced {
				code = ""
			}
			ja, err := sms.Text(kind, "ja", code, host)
			if err != nil {
				t.Fatal(err)
			}
			if n := len(utf16.Encode([]rune(ja))); n > 70 {
				t.Errorf("%s ja: %d characters of 70", kind, n)
			}
			en, err := sms.Text(kind, "en", code, host)
			if err != nil {
				t.Fatal(err)
			}
			octets, err := data.GSM7BIT.Encode(en)
			if err != nil || len(octets) > 160 {
				t.Errorf("%s en: %d characters of 160, %v", kind, len(octets), err)
			}
			for _, text := range []string{ja, en} {
				if strings.Contains(text, "://") || strings.Contains(text, "%") {
					t.Errorf("%s: %q", kind, text)
				}
			}
		}
	}
}

// TestTextsBindTheirCode: the last line is "@host #code", alone, and the words
// say what the code is for.
func TestTextsBindTheirCode(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, kind := range kinds[:3] {
		for _, locale := range []string{"ja", "en"} {
			text, err := sms.Text(kind, locale, "048213", "id.example.jp")
			if err != nil {
				t.Fatal(err)
			}
			words, last, ok := cutLast(text)
			if !ok || last != "@id.example.jp #048213" || !strings.Contains(words, " 048213\n") || seen[words] {
				t.Errorf("%s %s: %q", kind, locale, text)
			}
			seen[words] = true
		}
	}
	if fr, err := sms.Text(sms.SignIn, "fr", "048213", "h"); err != nil || !strings.Contains(fr, "Never tell") {
		t.Errorf("%q %v", fr, err)
	}
}

func cutLast(s string) (before, last string, ok bool) {
	i := strings.LastIndexByte(s, '\n')
	if i < 0 {
		return "", s, false
	}
	return s[:i+1], s[i+1:], true
}

func TestNothingElseGetsIntoAText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind       sms.Kind
		code, host string
	}{
		{"other", "123456", "h"}, {sms.SignIn, "12345", "h"}, {sms.SignIn, "12345678901", "h"}, {sms.SignIn, "１２３４５６", "h"},
		{sms.SignIn, "12345\n", "h"}, {sms.SignIn, "", "h"}, {sms.SignIn, "123456", ""}, {sms.SignIn, "123456", "h #1"},
		{sms.SignIn, "123456", "h:8080"}, {sms.SignIn, "123456", "げんかん.jp"}, {sms.SignIn, "123456", strings.Repeat("a", 254)},
		{sms.Replaced, "123456", "h"},
	} {
		if text, err := sms.Text(c.kind, "ja", c.code, c.host); !errors.Is(err, sms.ErrUnsafe) || text != "" {
			t.Errorf("%+v: %q %v", c, text, err)
		}
	}
}

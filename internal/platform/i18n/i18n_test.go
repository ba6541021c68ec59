package i18n_test

import (
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/i18n"
)

func open(t *testing.T, o i18n.Options) *i18n.Catalog {
	t.Helper()
	c, err := i18n.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWords(t *testing.T) {
	t.Parallel()
	c := open(t, i18n.Options{})
	for _, tc := range []struct {
		lang, key string
		args      map[string]any
		want      string
	}{
		{"ja", "field.password", nil, "パスワード"},
		{"en", "field.password", nil, "Password"},
		{"en", "time.minutes", map[string]any{"Count": 1}, "1 minute"},
		{"en", "time.minutes", map[string]any{"Count": 5}, "5 minutes"},
		{"ja", "time.minutes", map[string]any{"Count": 1}, "1分"},
		{"ja", "cause.pw.too_long.title", map[string]any{"max": 256}, "パスワードは256文字までにしてください。"},
		{"fr", "field.password", nil, "Password"}, // a language we do not have
		{"ja", "no.such.key", nil, "no.such.key"},
	} {
		if got := c.T(tc.lang, tc.key, tc.args); got != tc.want {
			t.Errorf("T(%s, %s) = %q, want %q", tc.lang, tc.key, got, tc.want)
		}
	}
}

func TestMissingWordsShowInDev(t *testing.T) {
	t.Parallel()
	c := open(t, i18n.Options{Dev: true})
	if got := c.T("ja", "no.such.key", nil); got != "⟦no.such.key⟧" {
		t.Errorf("got %q", got)
	}
	if c.Has("ja", "no.such.key") || !c.Has("ja", "field.password") || !c.Has("en", "cause.pw.too_long.title") {
		t.Error("Has is wrong")
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 5, 5, 0, 0, time.UTC)
	japan := open(t, i18n.Options{})
	elsewhere := open(t, i18n.Options{Zone: time.UTC})
	for _, tc := range []struct{ name, got, want string }{
		{"ja", japan.DateTime("ja", at), "2026年11月22日 14:05"},
		{"en", japan.DateTime("en", at), "22 Nov 2026, 14:05 JST"},
		{"ja date", japan.Date("ja", at), "2026年11月22日"},
		{"en date", japan.Date("en", at), "22 Nov 2026"},
		{"ja clock", japan.Clock("ja", at), "14:05"},
		{"en clock", japan.Clock("en", at), "14:05 JST"},
		{"ja, another zone", elsewhere.DateTime("ja", at), "2026年11月22日 05:05（UTC）"},
		{"en, another zone", elsewhere.Clock("en", at), "05:05 UTC"},
		{"seconds", japan.Duration("en", 30*time.Second), "30 seconds"},
		{"rounded up", japan.Duration("en", 91*time.Second), "2 minutes"},
		{"never nothing", japan.Duration("ja", 0), "1秒"},
		{"hours", japan.Duration("ja", 26*time.Hour), "26時間"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, tc.got, tc.want)
		}
	}
}

func BenchmarkT(b *testing.B) {
	c, err := i18n.New(i18n.Options{})
	if err != nil {
		b.Fatal(err)
	}
	args := map[string]any{"Count": 5}
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			c.T("ja", "signin.title", nil)
		}
	})
	b.Run("args", func(b *testing.B) {
		for b.Loop() {
			c.T("ja", "time.minutes", args)
		}
	})
}

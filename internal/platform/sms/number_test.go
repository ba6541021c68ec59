package sms_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/sms"
)

var japan = sms.Rules{Countries: []string{"JP"}}

func TestNumbersAsPeopleTypeThem(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"09012345678":     "+819012345678",
		"090-1234-5678":   "+819012345678",
		" 090 1234 5678 ": "+819012345678",
		"(090)1234-5678":  "+819012345678",
		"０９０－１２３４－５６７８":       "+819012345678",
		"０９０ー１２３４ー５６７８":       "+819012345678", // the vowel mark that a Japanese keyboard gives
		"０９０　１２３４　５６７８":       "+819012345678",
		"090−1234‐5678":       "+819012345678",
		"+81 90 1234 5678":    "+819012345678",
		"＋８１９０１２３４５６７８":       "+819012345678",
		"+81 090-1234-5678":   "+819012345678",
		"+81(0)90-1234-5678":  "+819012345678",
		"0081 90 1234 5678":   "+819012345678",
		"0081 090 1234 5678":  "+819012345678",
		"010 81 90 1234 5678": "+819012345678",
		"080-1234-5678":       "+818012345678",
		"07012345678":         "+817012345678",
		"060-1234-5678":       "+816012345678",
		"+81 60 1234 5678":    "+816012345678",
		"0081-60-1234-5678":   "+816012345678",
		"819012345678":        "+819012345678", // the plus was left out
		"９０１２３４５６７８":          "+819012345678", // the leading zero was left out
	} {
		n, err := sms.ParseNumber(typed, japan)
		if err != nil || n.E164() != want || n.Country() != "JP" {
			t.Errorf("%q: %q in %q, %v", typed, n.E164(), n.Country(), err)
		}
	}
}

func TestRefusedNumbersNameTheirCause(t *testing.T) {
	t.Parallel()
	wide := sms.Rules{Home: "JP", Countries: []string{"JP", "US", "GB"}}
	for _, c := range []struct {
		typed string
		rules sms.Rules
		code  string
	}{
		{"", japan, sms.CodeForm},
		{"090-1234-567", japan, sms.CodeForm},
		{"090-1234-56789", japan, sms.CodeForm},
		{"060-0234-5678", japan, sms.CodeForm},
		{"taro@example.jp", japan, sms.CodeForm},
		{"090-1234-5678 ext. 5", japan, sms.CodeForm},
		{"090-1234-5678;ext=5", japan, sms.CodeForm},
		{"tel:+819012345678", japan, sms.CodeForm},
		{"09012345678,08012345678", japan, sms.CodeForm},
		{"090+12345678", japan, sms.CodeForm},
		{"1-800-FLOWERS", wide, sms.CodeForm},
		{strings.Repeat("9", 5000), japan, sms.CodeForm},
		{"+44 7700 900123", wide, sms.CodeForm}, // a number for films
		{"03-1234-5678", japan, sms.CodeLine},   // fixed
		{"0570-012-345", japan, sms.CodeLine},   // UAN
		{"0990-123-456", japan, sms.CodeLine},   // premium
		{"0120-123-456", japan, sms.CodeLine},   // free
		{"020-1234-5678", japan, sms.CodeLine},  // SIM cards of machines
		{"050-1234-5678", japan, sms.CodeLine},  // VoIP
		{"+1 900 555 1234", wide, sms.CodeLine}, // premium
		{"+44 70 1234 5678", wide, sms.CodeLine},
		{"+44 844 123 4567", wide, sms.CodeLine}, // shared cost
		{"+1 212 555 1234", japan, sms.CodeUnserved},
		{"+883 510 012 345", wide, sms.CodeUnserved}, // no country at all
		{"090-1234-5678", sms.Rules{Home: "JP"}, sms.CodeUnserved},
	} {
		n, err := sms.ParseNumber(c.typed, c.rules)
		var e *fault.Error
		if !errors.As(err, &e) || e.Code != c.code || e.Field != sms.Field || e.Kind != fault.Invalid {
			t.Errorf("%.30q: %v", c.typed, err)
		}
		if digits := n.E164(); digits != "" && strings.Contains(fmt.Sprint(err), digits[3:]) {
			t.Errorf("%v shows the number", err)
		}
	}
}

func TestServedBeyondHome(t *testing.T) {
	t.Parallel()
	for typed, r := range map[string]sms.Rules{
		"050-1234-5678":   {Countries: []string{"JP"}, VoIP: true},
		"+1 212 555 1234": {Home: "JP", Countries: []string{"JP", "US"}}, // mobile or not, nobody can tell
		"(212) 555-1234":  {Countries: []string{"US"}},
		"07911 123456":    {Home: "GB", Countries: []string{"GG"}},
	} {
		if n, err := sms.ParseNumber(typed, r); err != nil || n == (sms.Number{}) {
			t.Errorf("%s: %v", typed, err)
		}
	}
}

func number(t *testing.T, typed string) sms.Number {
	t.Helper()
	n, err := sms.ParseNumber(typed, sms.Rules{Home: "JP", Countries: []string{"JP", "US"}})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNumberAsItIsShown(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string][4]string{
		"09012345678":     {"090-1234-5678", "+81 90-1234-5678", "+81901234", "•••78"},
		"06012345678":     {"060-1234-5678", "+81 60-1234-5678", "+81601234", "•••78"},
		"+1 212 555 1234": {"+1 212-555-1234", "(212) 555-1234", "+1212555", "•••34"},
	} {
		n := number(t, typed)
		if got := [4]string{n.Shown("JP"), n.Shown("US"), n.Block(), n.Masked()}; got != want {
			t.Errorf("%s: %q", typed, got)
		}
		again, err := sms.Known(n.E164())
		if err != nil || again != n {
			t.Errorf("%s: %v after the store, %v", typed, again, err)
		}
	}
	none := sms.Number{}
	if none.Shown("JP")+none.Block()+none.Masked()+none.E164() != "" {
		t.Error("nothing is shown as something")
	}
	for _, bad := range []string{"", "09012345678", "+81 9012345678", "+8190", "+81090123456780000", "+81９012345678", "•••78"} {
		if _, err := sms.Known(bad); err == nil {
			t.Errorf("%q passes for a stored number", bad)
		}
	}
}

// TestNumberPrintsMasked holds LG1 for whatever may print a number.
func TestNumberPrintsMasked(t *testing.T) {
	t.Parallel()
	n := number(t, "09012345678")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "n", n, "in", struct{ N sms.Number }{n}, "all", []any{n})
	js, err := json.Marshal(map[string]any{"n": n, "p": &n})
	if err != nil {
		t.Fatal(err)
	}
	m := sms.Message{ID: "x", To: n}
	for _, text := range []string{
		log.String(), string(js), fmt.Sprintf("%v %+v %#v %s %q %x %d", n, n, n, n, n, n, n), fmt.Sprintf("%v %+v %#v", m, m, m), fmt.Sprint([]sms.Number{n}),
	} {
		if strings.Contains(text, "1234") || strings.Contains(text, "3132333") {
			t.Error(text)
		}
	}
}

func TestSenders(t *testing.T) {
	t.Parallel()
	for from, want := range map[string]bool{
		"": true, "+819012345678": true, "12345": true, "Genkan": true, "My Door 24": true, "MG0123456789abcdef0123456789abcdef": true,
		"+8190": false, "+0123456789": false, "12": false, "123456789": false, "TwelveLetter": false, "Genkan\n": false, "げんかん": false,
		" Genkan": false, "Genkan ": false, "Gen+kan": false, "+Genkan": false, "12 34": false, "MG0123456789abcdef0123456789abcdeg": false,
	} {
		if sms.ValidFrom(from) != want {
			t.Errorf("%q: %v", from, !want)
		}
	}
}

func TestCountries(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"JP": true, "US": true, "GG": true, "jp": false, "XX": false, "": false, "001": false, "ZZ": false} {
		if sms.KnownCountry(code) != want {
			t.Errorf("%q: %v", code, !want)
		}
	}
}

package letter

import (
	"errors"
	"flag"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample fills everything, so that a kind shows all it can.
func sample() Data {
	at := time.Date(2026, 11, 22, 5, 5, 0, 0, time.UTC)
	o := "https://id.example.jp"
	return Data{
		Service: "みなと銀行", Origin: o, SupportURL: "https://help.example.jp/contact",
		Code: "402817", Link: o + "/r/k7q2mzt4vh9xw3ep6ny8bd5a", Number: "5308",
		Expires: at.Add(30 * time.Minute), At: at, Until: at.Add(72 * time.Hour),
		Browser: "Safari（iPhone）", Place: "日本", Masked: "t•••@ex•••.jp",
		FreezeLink: o + "/f/p3c8wq6tn2yh5zk9vx4mrb7e", SignInLink: o + "/signin",
		RecoverLink: o + "/recover", RegisterLink: o + "/register",
		Ordinal: 2, Reference: "K7Q2-MZT4",
	}
}

func sampleIn(lang string) Data {
	d := sample()
	if lang == English {
		d.Service, d.Browser, d.Place = "Minato Bank", "Safari on iPhone", "Japan"
	}
	return d
}

// each renders every kind in both languages.
func each(t *testing.T, d func(lang string) Data, look func(t *testing.T, kind Kind, lang, subject, text, page string)) {
	t.Helper()
	for _, kind := range Kinds() {
		for _, lang := range []string{Japanese, English} {
			t.Run(string(kind)+"."+lang, func(t *testing.T) {
				t.Parallel()
				subject, text, page, err := Render(kind, lang, d(lang))
				if err != nil {
					t.Fatal(err)
				}
				look(t, kind, lang, subject, text, page)
			})
		}
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	each(t, sampleIn, func(t *testing.T, kind Kind, lang, subject, text, page string) {
		file := filepath.Join("testdata", string(kind)+"."+lang+".golden")
		got := "Subject: " + subject + "\n\n" + text + "\n--- html ---\n" + page
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("differs from %s (-want +got); if meant, run with -update\n%s", file, diff)
		}
	})
}

var (
	tags = regexp.MustCompile(`(?s)<style>.*?</style>|<title>.*?</title>|<[^>]*>`)
	urls = regexp.MustCompile(`(?i)(https?:)?//[^\s"'<>（）]+`)
)

// visible gives the text of an HTML part.
func visible(page string) string { return html.UnescapeString(tags.ReplaceAllString(page, "")) }

func TestPartsSayTheSame(t *testing.T) {
	t.Parallel()
	each(t, sampleIn, func(t *testing.T, kind Kind, lang, subject, text, page string) {
		d := sampleIn(lang)
		seen := visible(page)
		needs, _ := kind.needs()
		values := map[string]string{
			"Code": d.Code, "Link": d.Link, "Number": d.Number, "Masked": d.Masked, "FreezeLink": d.FreezeLink,
			"SignInLink": d.SignInLink, "RecoverLink": d.RecoverLink, "RegisterLink": d.RegisterLink,
		}
		for _, need := range append([]string{"Service", "Origin"}, needs...) {
			want, ok := values[need]
			if !ok {
				continue
			}
			if !strings.Contains(text, want) || !strings.Contains(seen, want) {
				t.Errorf("%s is missing in a part", need)
			}
			if strings.HasSuffix(need, "Link") {
				if !strings.Contains("\n"+text, "\n"+want+"\n") || !strings.Contains(page, `href="`+want+`"`) {
					t.Errorf("%s does not stand alone", need)
				}
			}
		}
		// Every word of the plain part is in the other, the grouped code aside.
		squash := strings.NewReplacer(" ", "", "\n", "", "　", "", "■", "", "：", "", ":", "", "・", "", "-", "", "\u2002", "")
		for line := range strings.Lines(text) {
			if strings.Contains(line, d.Code) || strings.Contains(line, "402 817") {
				continue
			}
			if !strings.Contains(squash.Replace(seen), squash.Replace(line)) {
				t.Errorf("only in the plain part: %q", line)
			}
		}
		for _, part := range []string{subject, text, page} {
			for _, bad := range []string{"{{", "}}", "<no value>", "%!", "ZgotmplZ", "0001", "<nil>", " | "} {
				if strings.Contains(part, bad) {
					t.Errorf("left over: %q", bad)
				}
			}
		}
		if strings.Contains(subject, d.Code) || strings.Contains(subject, "402") {
			t.Error("the code is in the subject")
		}
		if !strings.Contains(subject, "14:05") || len([]rune(subject)) > 60 {
			t.Errorf("subject %q", subject)
		}
	})
}

func TestPlainLinesAreBounded(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Data){
		"usual": func(*Data) {},
		"long": func(d *Data) {
			d.Service = strings.Repeat("とても長い名前の銀行株式会社", 4)
			d.Browser, d.Place = strings.Repeat("ブラウザー", 12), strings.Repeat("Llanfair", 7)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(lang string) Data { d := sampleIn(lang); change(&d); return d },
				func(t *testing.T, _ Kind, _, _, text, _ string) {
					for line := range strings.Lines(text) {
						line = strings.TrimSuffix(line, "\n")
						if wide(line) > columns && !web(line) {
							t.Errorf("%d columns: %s", wide(line), line)
						}
						if strings.TrimRight(line, " 　") != line {
							t.Errorf("blank at the end: %q", line)
						}
						if r := []rune(line); len(r) > 0 && strings.ContainsRune("、。）」ー", r[0]) {
							t.Errorf("begins badly: %s", line)
						}
					}
				})
		})
	}
}

// TestNoAddressOfOurOwn: every address of a page in a letter comes from Data,
// and nothing is fetched.
func TestNoAddressOfOurOwn(t *testing.T) {
	t.Parallel()
	each(t, sampleIn, func(t *testing.T, _ Kind, lang, _, text, page string) {
		d := sampleIn(lang)
		given := []string{d.Origin, d.SupportURL, d.Link, d.FreezeLink, d.SignInLink, d.RecoverLink, d.RegisterLink}
		for _, u := range append(urls.FindAllString(text, -1), urls.FindAllString(page, -1)...) {
			known := false
			for _, g := range given {
				known = known || u == g
			}
			if !known {
				t.Errorf("%s", u)
			}
		}
		for _, bad := range []string{"<img", "<script", "<link", "src=", "url(", "@import", "@font-face", "background="} {
			if strings.Contains(page, bad) {
				t.Errorf("HTML holds %s", bad)
			}
		}
	})
}

// TestNoticesHelpWhoeverDidNotDoIt: freezing or vetoing is one press away.
func TestNoticesHelpWhoeverDidNotDoIt(t *testing.T) {
	t.Parallel()
	each(t, sampleIn, func(t *testing.T, kind Kind, lang, _, text, _ string) {
		d := sampleIn(lang)
		heading, never := "心当たりがないとき", "お聞きすることは決してありません"
		if lang == English {
			heading, never = "not", "will ever ask you for a code"
		}
		flat := strings.Join(strings.Fields(text), "")
		if !strings.Contains(flat, heading) || !strings.Contains(flat, strings.ReplaceAll(never, " ", "")) {
			t.Error("does not say what to do, or what staff never ask")
		}
		switch kind {
		case Frozen, ThawRequested:
		case PasswordChanged, PasswordReset, AddressChangedOld, AddressChangedNew, NewBrowser, SessionsEnded, Thawed, RecoveryAttemptFolded,
			FactorAdded, FactorRemoved, FactorWrong, RecoveryCodesMade, RecoveryCodeUsed:
			if !strings.Contains(text, d.FreezeLink) {
				t.Error("no way to freeze")
			}
		}
	})
}

// TestValuesCannotBreakOut: hostile values stay text, on their own line.
func TestValuesCannotBreakOut(t *testing.T) {
	t.Parallel()
	hostile := func(lang string) Data {
		d := sampleIn(lang)
		d.Service = "A\nlink x | https://evil.example/\u202e<b>&"
		d.Browser = "<script>alert(1)</script>"
		d.Place = "www.evil.example"
		d.Masked = "t•••\r\np ex•••\".jp{{.Code}}"
		d.Reference = "R\u2028code x | 1"
		return d
	}
	each(t, hostile, func(t *testing.T, _ Kind, _, subject, text, page string) {
		for _, bad := range []string{"<script", "<b>&", "href=\"https://evil", "www.evil"} {
			if strings.Contains(page, bad) {
				t.Errorf("HTML holds %q", bad)
			}
		}
		if strings.Contains(text, "\nhttps://evil") || strings.ContainsAny(subject, "\r\n") ||
			strings.Contains(text, "\u202e") || strings.Contains(text, "www.evil") {
			t.Errorf("broke out:\n%s", text)
		}
	})
}

func TestUnfitDataIsRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Data){
		"no code":          func(d *Data) { d.Code = "" },
		"letters":          func(d *Data) { d.Code = "12a456" },
		"no link":          func(d *Data) { d.Link = "" },
		"no end":           func(d *Data) { d.Expires = time.Time{} },
		"no time":          func(d *Data) { d.At = time.Time{} },
		"no service":       func(d *Data) { d.Service = "\n" },
		"other origin":     func(d *Data) { d.Link = "https://evil.example/r/x" },
		"longer host":      func(d *Data) { d.Link = "https://id.example.jp.evil.example/r/x" },
		"user part":        func(d *Data) { d.Link = "https://id.example.jp@evil.example/r" },
		"line end":         func(d *Data) { d.Link += "\n" },
		"space":            func(d *Data) { d.Link += " x" },
		"script":           func(d *Data) { d.SupportURL = "javascript:alert(1)" },
		"unused but wrong": func(d *Data) { d.SignInLink = "https://evil.example/" },
	} {
		d := sample()
		spoil(&d)
		if _, _, _, err := Render(RegistrationCode, Japanese, d); !errors.Is(err, ErrIncomplete) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, _, err := Render("nonsense", Japanese, sample()); !errors.Is(err, ErrIncomplete) {
		t.Errorf("unknown kind: %v", err)
	}
}

// TestLittleData: what is optional may be missing, and leaves no hole.
func TestLittleData(t *testing.T) {
	t.Parallel()
	each(t, func(lang string) Data {
		d := sampleIn(lang)
		d.Browser, d.Place, d.Reference, d.SupportURL = "", "", "", ""
		return d
	}, func(t *testing.T, _ Kind, _, _, text, _ string) {
		if strings.Contains(text, "\n\n\n") || strings.Contains(text, ": \n") {
			t.Errorf("hole:\n%s", text)
		}
	})
}

func TestTimes(t *testing.T) {
	t.Parallel()
	d := sample()
	for _, c := range []struct {
		lang string
		zone *time.Location
		want string
	}{
		{Japanese, nil, "2026年11月22日 14:05（日本時間）"},
		{Japanese, time.UTC, "2026年11月22日 05:05（UTC）"},
		{English, nil, "22 November 2026, 14:05 (JST)"},
		{"fr", time.UTC, "22 November 2026, 05:05 (UTC)"},
	} {
		d.Zone = c.zone
		_, text, _, err := Render(NewBrowser, c.lang, d)
		if err != nil || !strings.Contains(text, c.want) {
			t.Errorf("%s: %v\n%s", c.want, err, text)
		}
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"1234": "1234", "123456": "123 456", "12345678": "1234 5678", "1234567": "123 456 7",
	} {
		if got := strings.Join(groups(code), " "); got != want {
			t.Errorf("%s: %s", code, got)
		}
	}
}

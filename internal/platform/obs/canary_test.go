package obs

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// The canaries: one of each kind of secret that passes through the house.
const (
	canaryPassword = "Kanarien Vogel/7f3a9b+x"
	canaryToken    = "q7Zt0mWc4LhXr2Vb9Ns6Yd1Kp8Gf3Jj5Ta_Eo-Qu0Iw"
	canaryCode     = "482913"
	canaryAddress  = "taro.kanarie@post.example.jp"
)

// spellings gives the forms in which a canary might come out (LG1).
func spellings(canary string) []string {
	b := []byte(canary)
	return []string{
		canary, url.QueryEscape(canary), url.PathEscape(canary),
		base64.StdEncoding.EncodeToString(b), base64.URLEncoding.EncodeToString(b), base64.RawURLEncoding.EncodeToString(b),
		hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)),
	}
}

// findCanaries tells which canaries are in out, in any spelling.
func findCanaries(out string) (hits []string) {
	for _, c := range []string{canaryPassword, canaryToken, canaryCode, canaryAddress} {
		for _, s := range spellings(c) {
			if strings.Contains(out, s) {
				hits = append(hits, s)
			}
		}
	}
	return hits
}

type holder struct {
	Password string
	Inner    map[string]string
}

// paths are the ways in which a secret can reach a log line.
func paths() map[string]func(ctx context.Context, log *slog.Logger) {
	attr := func(key string, value any) func(context.Context, *slog.Logger) {
		return func(ctx context.Context, log *slog.Logger) {
			log.InfoContext(ctx, "m", key, value)
			log.With(key, value).Info("m")
			log.WithGroup("g").Info("m", slog.Group("h", slog.Any(key, value)))
			Add(ctx, key, value)
		}
	}
	text := func(s string) func(context.Context, *slog.Logger) {
		return func(ctx context.Context, log *slog.Logger) {
			log.Info(s)
			log.Info("m", "err", errors.New(s), "note", s)
			log.Info("m", "err", fmt.Errorf("ask: %w", errors.New(s)))
			Add(ctx, "note", s)
		}
	}
	link, _ := url.Parse("https://id.example.jp/confirm/" + canaryToken + "?code=" + canaryCode)
	all := map[string]func(context.Context, *slog.Logger){
		"type secret":         attr("value", Secret(canaryPassword)),
		"type in Sprintf":     text(fmt.Sprintf("%v %s %q %x %#v %d", Secret(canaryPassword), Secret(canaryPassword), Secret(canaryPassword), Secret(canaryPassword), Secret(canaryPassword), Secret(canaryPassword))),
		"struct":              attr("in", holder{Password: canaryPassword}),
		"pointer":             attr("in", &holder{Password: canaryPassword}),
		"map":                 attr("in", map[string]string{"password": canaryPassword}),
		"header":              attr("header", http.Header{"Cookie": {canaryToken}}),
		"request":             attr("r", httptest.NewRequest("GET", link.String(), nil)),
		"bytes":               attr("body", []byte(canaryPassword)),
		"link":                attr("link", link),
		"link text":           text(link.String()),
		"query":               text("POST /x?email=" + url.QueryEscape(canaryAddress) + "&new_password=" + url.QueryEscape(canaryPassword)),
		"json":                text(`{"email":"` + canaryAddress + `","password":"` + canaryPassword + `","code": "` + canaryCode + `"}`),
		"bearer":              text("Authorization: Bearer " + canaryToken),
		"basic":               text("sent Basic " + base64.StdEncoding.EncodeToString([]byte(canaryAddress+":"+canaryPassword))),
		"cookie":              text("Cookie: __Host-genkan=" + canaryToken + "; theme=dark"),
		"bare token":          text("row " + canaryToken + " is gone"),
		"token hex":           text("row " + hex.EncodeToString([]byte(canaryToken)) + " is gone"),
		"address":             text("550 <" + canaryAddress + ">: no such user"),
		"address in list":     attr("rcpts", []string{canaryAddress, canaryAddress}),
		"database error":      text(`duplicate key (address)=(` + canaryAddress + `)`),
		"database URL":        text("postgres://genkan:" + url.QueryEscape(canaryPassword) + "@db.example.jp/genkan"),
		"group under its key": func(_ context.Context, log *slog.Logger) { log.WithGroup("password").Info("m", "raw", canaryPassword) },
		"code in text":        text("code=" + canaryCode),
		"code in prose":       text("confirm code: " + canaryCode),
	}
	for _, key := range []string{"password", "newPassword", "old-password", "code", "mail_code", "token", "reset_token", "Cookie",
		"Set-Cookie", "authorization", "client_secret", "api_key", "otp", "credentials"} {
		for _, s := range []string{canaryPassword, canaryToken, canaryCode} {
			for i, form := range spellings(s) {
				all[fmt.Sprint("key ", key, s[:1], i)] = attr(key, form)
			}
		}
	}
	for _, key := range []string{"email", "address", "to_address", "recipient", "mail", "X-User-Email"} {
		for i, form := range spellings(canaryAddress) {
			all[fmt.Sprint("key ", key, i)] = attr(key, form)
		}
	}
	return all
}

func TestNoSecretReachesTheLog(t *testing.T) {
	t.Parallel()
	for name, drive := range paths() {
		var out bytes.Buffer
		log := NewLogger(&out, slog.LevelDebug)
		ctx := With(t.Context())
		drive(ctx, log)
		Emit(ctx, log, slog.LevelInfo, "done")
		if hits := findCanaries(out.String()); len(hits) > 0 {
			t.Errorf("%s: %q in %s", name, hits, out.String())
		}
	}
}

func TestNoSecretReachesTheLogThroughRequests(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	mux := http.NewServeMux()
	mux.HandleFunc("/confirm/{token}", func(_ http.ResponseWriter, r *http.Request) {
		Add(r.Context(), "err", errors.New("no row for "+r.PathValue("token")))
		panic("token " + r.PathValue("token") + " for " + canaryAddress)
	})
	mux.HandleFunc("/struct", func(http.ResponseWriter, *http.Request) { panic(holder{Password: canaryPassword}) })
	h := Middleware(mux, Options{Logger: NewLogger(&out, slog.LevelDebug), Metrics: NewMetrics("1")})
	for _, target := range []string{"/struct", "/confirm/" + canaryToken, "/unknown/" + canaryToken + "?password=" + url.QueryEscape(canaryPassword)} {
		r := httptest.NewRequest("POST", target, strings.NewReader(canaryPassword))
		r.Header.Set("Authorization", "Bearer "+canaryToken)
		r.Header.Set("User-Agent", canaryPassword)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	if hits := findCanaries(out.String()); len(hits) > 0 {
		t.Errorf("%q in %s", hits, out.String())
	}
	if !strings.Contains(out.String(), `"route":"/confirm/{token}"`) {
		t.Errorf("the request itself is missing: %s", out.String())
	}
}

func TestUsefulWordsStay(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := NewLogger(&out, slog.LevelDebug)
	keep := []string{
		"open session: not found", "smtp code: 451", "account 01920c8e-5a3b-7c11-9d2e-0123456789ab", "token: unexpected end",
		"github.com/genkan/genkan/internal/platform/obs.(*middleware).serve middleware.go:81",
	}
	for _, s := range keep {
		log.Info(s)
		if !strings.Contains(out.String(), s) {
			t.Errorf("%q is gone: %s", s, out.String())
		}
	}
	log.Info("m", "status_code", 204, "address", "127.0.0.1:8080", "remote_address", "2001:db8::1")
	for _, s := range []string{`"status_code":204`, "127.0.0.1:8080", "2001:db8::1"} {
		if !strings.Contains(out.String(), s) {
			t.Errorf("%q is gone: %s", s, out.String())
		}
	}
}

func TestOneEventIsOneLine(t *testing.T) {
	t.Parallel()
	mb := strings.Repeat("A\r\n{\"level\":\"ERROR\"}\x1b[31m\u2028\u202e\x00\x85é", 1<<16)
	hostile := []string{mb, "a\r\nb", "\x1b[2J", "\u2028", "\u202eevil", "\xff\xfe", "\x00", strings.Repeat("あ", 1<<18)}
	for _, s := range hostile {
		var out bytes.Buffer
		log := NewLogger(&out, slog.LevelDebug)
		ctx := With(t.Context())
		for range 2 * maxAttrs {
			Add(ctx, s, s)
		}
		Add(ctx, stackKey, s)
		Emit(ctx, log, slog.LevelInfo, s, slog.Any("err", errors.New(s)), slog.Any(s, []string{s, s}))
		if n := strings.Count(out.String(), "\n"); n != 1 || !strings.HasSuffix(out.String(), "\n") {
			t.Errorf("%.20q: %d lines", s, n)
		}
		if out.Len() > 1<<20 {
			t.Errorf("%.20q: %d bytes", s, out.Len())
		}
		var back map[string]any
		if err := json.Unmarshal(out.Bytes(), &back); err != nil {
			t.Fatalf("%.20q: %v", s, err)
		}
		for k, v := range back {
			if text, ok := v.(string); ok && strings.ContainsFunc(k+text, bad) {
				t.Errorf("%.20q: control characters left in %.60q", s, text)
			}
		}
	}
}

func TestMask(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"taro@example.jp":         "t•••@ex•••.jp",
		"t@example.co.jp":         "t•••@ex•••.jp",
		"a@b.jp":                  "a•••@b•••.jp",
		"a@ab.jp":                 "a•••@a•••.jp",
		"太郎@例え.jp":                "太•••@例•••.jp",
		`"a@b"@example.jp`:        `"•••@ex•••.jp`,
		"user@localhost":          "u•••@lo•••",
		"nobody":                  "•••",
		"@example.jp":             "•••",
		"x@":                      "•••",
		"":                        "•••",
		"\xff@example.jp":         "•••",
		"a@example.\r\nX-Evil: 1": "a•••@ex•••.\uFFFD\nX-Evil: 1",
	} {
		if got := Mask(in); got != want {
			t.Errorf("Mask(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSecretIsSilentEverywhere(t *testing.T) {
	t.Parallel()
	s := struct{ Key Secret }{canaryPassword}
	j, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	out := string(j) + fmt.Sprintf("%v %+v %#v %s %x", s, s, s, s, s) + fmt.Sprint(errors.New(s.Key.String()))
	if hits := findCanaries(out); len(hits) > 0 {
		t.Errorf("%q in %s", hits, out)
	}
	if string(s.Key) != canaryPassword {
		t.Error("the secret itself is lost")
	}
}

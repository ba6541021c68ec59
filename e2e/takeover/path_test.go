package takeover_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/genkan/genkan/e2e/house"
)

// TestBadTextIsTheCallersFault: WB6. Bytes that are no UTF-8, or NUL, in a path
// are refused as malformed on both engines, and elsewhere in a request they
// break nothing: PostgreSQL would not store them.
func TestBadTextIsTheCallersFault(t *testing.T) {
	engines(t, house.Options{}, func(t *testing.T, h *house.House) {
		send := func(method, path, kind, body string, header ...string) int {
			t.Helper()
			r, err := http.NewRequestWithContext(t.Context(), method, h.URL+path, strings.NewReader(body))
			must(t, err)
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			if kind != "" {
				r.Header.Set("Content-Type", kind)
			}
			for i := 0; i+1 < len(header); i += 2 {
				r.Header.Set(header[i], header[i+1])
			}
			res, err := http.DefaultClient.Do(r)
			must(t, err)
			defer res.Body.Close()
			_, _ = io.Copy(io.Discard, res.Body)
			return res.StatusCode
		}
		const form, json = "application/x-www-form-urlencoded", "application/json"
		for _, bad := range []string{"%ff", "%C3%28", "a%00b", "%ed%a0%80", "%f4%90%80%80"} {
			for _, route := range []string{
				"GET /register/*", "GET /register/*/state", "POST /register/*/confirm", "POST /register/*/address", "POST /register/*/resend", "POST /register/*/finish",
				"GET /recover/*", "POST /recover/*/confirm", "POST /recover/*/resend", "POST /recover/*/password",
				"GET /l/*", "GET /l/f*", "GET /account/address/*", "POST /account/address/*/confirm", "POST /account/address/*/resend",
				"POST /account/sessions/*/end", "GET /*", "GET /signin/*", "POST /signin/*/confirm", "POST /signin/*/factor",
				"GET /api/v1/sign-ins/*", "GET /api/v1/deliveries/*", "GET /api/v1/causes/*",
				"POST /api/v1/registrations/*/confirm", "POST /api/v1/registrations/*/resend", "POST /api/v1/registrations/*/address",
				"POST /api/v1/recoveries/*/confirm", "POST /api/v1/recoveries/*/resend", "DELETE /api/v1/sessions/*",
				"POST /api/v1/sign-ins/*/factor", "POST /api/v1/factors/*/confirm", "DELETE /api/v1/factors/*",
			} {
				method, path, _ := strings.Cut(route, " ")
				kind, body := form, "code=00000000"
				if strings.HasPrefix(path, "/api/") {
					kind, body = json, `{"code":"00000000","new_password":"`+newPassword+`","email":"x@a.example"}`
				}
				if method == "GET" {
					kind, body = "", ""
				}
				if got := send(method, strings.ReplaceAll(path, "*", bad), kind, body); got < 400 || got > 499 {
					t.Errorf("%s with %s gave %d", route, bad, got)
				}
			}
			for _, path := range []string{"/signin", "/register", "/recover", "/link", "/status"} {
				if got := send("GET", path+"?return_to="+bad+"&token="+bad, "", ""); got >= 500 {
					t.Errorf("GET %s with %s in the query gave %d", path, bad, got)
				}
				if got := send("POST", path, form, "form="+bad+"&email="+bad+"@a.example&password="+bad+"&token="+bad); got >= 500 {
					t.Errorf("POST %s with %s in the form gave %d", path, bad, got)
				}
			}
		}
		for _, bad := range []string{"\xff", `\u0000`, `\ud800`} {
			for _, path := range []string{"/sign-ins", "/registrations", "/recoveries", "/password-strength"} {
				body := `{"email":"x` + bad + `@a.example","password":"tama ga ` + bad + ` neko desu yo","locale":"en` + bad + `"}`
				if got := send("POST", "/api/v1"+path, json, body); got >= 500 {
					t.Errorf("%s with %q gave %d", path, bad, got)
				}
			}
		}
		for _, name := range []string{"User-Agent", "Accept-Language", "Idempotency-Key", "Authorization", "Cookie"} {
			value := "Bearer \xff\xfe"
			if name == "Cookie" {
				value = "genkan=\xff; genkan_browser=\xff; genkan_known=\xff"
			}
			body := `{"email":"` + owner + `","password":"` + newPassword + `"}`
			for _, path := range []string{"/sign-ins", "/registrations"} {
				if got := send("POST", "/api/v1"+path, json, body, name, value); got >= 500 {
					t.Errorf("POST %s with bytes in %s gave %d", path, name, got)
				}
			}
			if got := send("GET", "/account", "", "", name, value); got >= 500 {
				t.Errorf("GET /account with bytes in %s gave %d", name, got)
			}
		}
	})
}

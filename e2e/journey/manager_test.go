package journey

import (
	"net/http"
	"testing"

	"github.com/genkan/genkan/e2e/browser"
)

// TestPasswordManagers: names and autocomplete of the fields are what password
// managers go by (HTML 4.10.18.7, ASVS 5.0 6.2.7): they never change, a new
// password is told from a present one, and the account's name stands by.
func TestPasswordManagers(t *testing.T) {
	t.Parallel()
	g := openGallery(t)
	p := browser.Open(t, browser.Options{Lang: "ja"})
	for page, want := range map[string]map[string]string{
		"signin/fresh":           {"email": "username", "password": "current-password"},
		"register/fresh":         {"email": "email", "password": "new-password"},
		"register_wait/fresh":    {"code": "one-time-code"},
		"recover/fresh":          {"email": "username"},
		"recover_code/fresh":     {"code": "one-time-code"},
		"recover_password/fresh": {"": "username", "password": "new-password"},
		"account_password/fresh": {"": "username", "old_password": "current-password", "password": "new-password"},
		"account_address/fresh":  {"email": "email", "password": "current-password"},
		"link/recover":           {"password": "new-password"},
	} {
		p.Go(g.URL + "/dev/gallery/" + page + "/ja")
		for field, auto := range want {
			selector := "main [name=" + field + "]"
			if field == "" { // the name that a password belongs to; never sent
				selector = "main input:not([name])[autocomplete=username]"
			}
			var got string
			p.Eval(`[...document.querySelectorAll("`+selector+`")].map(e => e.autocomplete + (e.id && e.id !== e.name ? " id " + e.id : "")).at(0) ?? "missing"`, &got)
			if got != auto {
				t.Errorf("%s: %s has autocomplete %q, want %q", page, field, got, auto)
			}
		}
		var where string
		p.Eval(`[...document.querySelectorAll("input[type=password]")].filter(e => e.maxLength > 0 || e.onpaste).map(e => e.name).join()`, &where)
		if where != "" {
			t.Errorf("%s: %s cuts or refuses what is pasted (PW1)", page, where)
		}
	}
}

// TestChangePasswordAddress: the well-known address leads to the form (W3C, A
// Well-Known URL for Changing Passwords), and one that cannot exist does not (A
// Well-Known URL for Relying Party Passkey Endpoints relies on such a 404 too).
func TestChangePasswordAddress(t *testing.T) {
	t.Parallel()
	g := openGallery(t)
	straight := &http.Transport{}
	for path, want := range map[string]int{
		"/.well-known/change-password": http.StatusFound,
		"/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200": http.StatusNotFound,
	} {
		r, _ := http.NewRequest(http.MethodGet, g.URL+path, nil)
		res, err := straight.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: %s", path, res.Status)
		}
		if want == http.StatusFound && res.Header.Get("Location") != "/account/password" {
			t.Errorf("leads to %s", res.Header.Get("Location"))
		}
	}
}

package whois_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/genkan/genkan/whois"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("::1/128")}

// through makes a request as peer sends it and gives status and person.
func through(t *testing.T, peer string, headers ...string) (int, whois.Person) {
	t.Helper()
	door := newDoor(t, whois.Config{Proxies: loopback})
	var got whois.Person
	r := httptest.NewRequest("GET", "/x", nil)
	r.RemoteAddr = peer
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	door.Require(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, _ = whois.From(r.Context()) })).ServeHTTP(w, r)
	return w.Code, got
}

func TestBehindAProxy(t *testing.T) {
	t.Parallel()
	for _, peer := range []string{"127.0.0.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"} {
		status, p := through(t, peer, "Remote-User", "01a2", "Remote-Email", "%E5%A4%AA%25@example.jp", "Remote-Groups", "a, b", "Remote-Hold", "2026-11-22T06:00:00Z")
		if status != 200 || p.Account != "01a2" || p.Email != "太%@example.jp" || !slices.Equal(p.Groups, []string{"a", "b"}) ||
			p.Hold == nil || !p.Hold.Until.Equal(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: %d %+v", peer, status, p)
		}
		status, p = through(t, peer, "Remote-User", "01a2", "Remote-Email", "", "Remote-Groups", "", "Remote-Hold", "")
		if status != 200 || p.Account != "01a2" || p.Email != "" || p.Groups != nil || p.Hold != nil {
			t.Errorf("%s: %d %+v", peer, status, p)
		}
	}
}

// FA1, FA2: nobody but a listed proxy says who is there, and not in two ways.
func TestHeadersOfStrangers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		peer    string
		status  int
		headers []string
	}{
		"stranger":        {"192.0.2.7:1", 401, []string{"Remote-User", "01a2"}},
		"says it's local": {"192.0.2.7:1", 401, []string{"Remote-User", "01a2", "X-Forwarded-For", "127.0.0.1"}},
		"no address":      {"@", 401, []string{"Remote-User", "01a2"}},
		"nobody":          {"127.0.0.1:1", 401, nil},
		"empty":           {"127.0.0.1:1", 401, []string{"Remote-User", ""}},
		"only a mail":     {"127.0.0.1:1", 401, []string{"Remote-Email", "taro@example.jp"}},
		"cookie only":     {"127.0.0.1:1", 401, cookie(secret)},
		"twice":           {"127.0.0.1:1", 503, []string{"Remote-User", "01a2", "Remote-User", "01a3"}},
		"underscore":      {"127.0.0.1:1", 503, []string{"Remote-User", "01a2", "remote_user", "01a3"}},
		"only underscore": {"127.0.0.1:1", 503, []string{"REMOTE_USER", "01a3"}},
		"mail twice":      {"127.0.0.1:1", 503, []string{"Remote-User", "01a2", "Remote-Email", "a@b.jp", "Remote-Email", "c@d.jp"}},
		"hold unreadable": {"127.0.0.1:1", 503, []string{"Remote-User", "01a2", "Remote-Hold", "{http.reverse_proxy.header.Remote-Hold}"}},
		"mail unreadable": {"127.0.0.1:1", 503, []string{"Remote-User", "01a2", "Remote-Email", "100%@b.jp"}},
	} {
		if status, p := through(t, c.peer, c.headers...); status != c.status || p.Account != "" {
			t.Errorf("%s: %d %+v, want %d", name, status, p, c.status)
		}
	}
}

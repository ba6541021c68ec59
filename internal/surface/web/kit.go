package web

import (
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/genkan/genkan/internal/domain/session"
	"github.com/genkan/genkan/internal/platform/geo"
	"github.com/genkan/genkan/internal/platform/token"
)

// Kit is what every surface needs to speak HTTP: who calls, in which language,
// from which browser, with which session.
type Kit struct {
	Origin    *url.URL // the one people see; links, cookies and checks are made from it (RS4)
	Keys      *token.Keyring
	Sessions  *session.Desk
	Languages *Languages
	Places    *geo.Places
	Proxies   []netip.Prefix
	ReturnTo  []string // allowed targets on other origins
	Now       func() time.Time
	Log       *slog.Logger
}

// Secure tells whether people reach the house by https; only loopback does not.
func (k *Kit) Secure() bool { return k.Origin.Scheme == "https" }

// Where gives what a session's list shows of the caller.
func (k *Kit) Where(r *http.Request) session.Where {
	w := session.Where{Label: BrowserLabel(r.UserAgent())}
	if ip, err := k.Caller(r); err == nil && k.Places != nil {
		w.Country, w.Network = k.Places.Lookup(ip)
	}
	return w
}

// Target reads where to go after sign-in: a path of our own, or an address on
// the operator's list, compared whole after one parse (WB3). Anything else
// gives "".
func (k *Kit) Target(text string) string {
	if text == "" || len(text) > 2000 || strings.ContainsFunc(text, oddInURL) {
		return ""
	}
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Opaque != "" {
		return ""
	}
	if u.Scheme == "" && u.Host == "" {
		if !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") {
			return ""
		}
		return text
	}
	origin := u.Scheme + "://" + u.Host
	if origin == k.Origin.Scheme+"://"+k.Origin.Host {
		return text
	}
	for _, allowed := range k.ReturnTo {
		if text == allowed || origin == allowed {
			return text
		}
	}
	return ""
}

// oddInURL finds what browsers and parsers disagree about: backslashes, blanks,
// control characters, and anything beyond ASCII.
func oddInURL(r rune) bool { return r == '\\' || r <= ' ' || r >= 0x7f }

// BrowserLabel names a browser from a closed list, so that nothing a stranger
// sends is ever shown: "Chrome, Android"; "" when it is not known.
func BrowserLabel(agent string) string {
	name := first(agent, [][2]string{
		{"Line/", "LINE"}, {"Instagram", "Instagram"}, {"FBAN", "Facebook"}, {"YJApp", "Yahoo! JAPAN"},
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"FxiOS", "Firefox"}, {"Firefox/", "Firefox"},
		{"CriOS", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	})
	system := first(agent, [][2]string{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"},
		{"CrOS", "ChromeOS"}, {"Mac OS X", "Mac"}, {"Linux", "Linux"},
	})
	switch {
	case name == "":
		return system
	case system == "":
		return name
	}
	return name + ", " + system
}

func first(text string, names [][2]string) string {
	if len(text) > 1000 {
		text = text[:1000]
	}
	for _, n := range names {
		if strings.Contains(text, n[0]) {
			return n[1]
		}
	}
	return ""
}

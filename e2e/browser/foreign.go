package browser

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
)

// foreign is the proxy of one browser context. Chromium goes straight to
// loopback addresses and asks its proxy for all others: so whatever leaves the
// house, from the page, a frame, a worker or a beacon, ends here, by name. It is
// refused; nothing goes out.
type foreign struct {
	server *httptest.Server
}

func newForeign(report func(string)) *foreign {
	return &foreign{httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		report("request to another host: " + r.Method + " " + r.Host)
		http.Error(w, "the test's network ends here", http.StatusBadGateway)
	}))}
}

func (f *foreign) close() { f.server.Close() }

// isForeign tells whether a request for address leaves this machine.
func isForeign(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return true
	}
	switch u.Scheme {
	case "http", "https", "ws", "wss":
		return !isLoopback(u.Hostname())
	default: // data:, blob:, about: stay inside the browser
		return false
	}
}

// isLoopback follows RFC 6761 section 6.3 for names: localhost and what is
// below it.
func isLoopback(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

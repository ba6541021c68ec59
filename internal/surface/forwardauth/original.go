package forwardauth

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// original is what the proxy says about the request it holds back. It is empty
// when no listed proxy asks, and for a proxy that tells nothing.
type original struct {
	method string
	scheme string // "http" or "https"
	host   string // as canonical gives it
	uri    string // path and query as they were sent
	// redirects: a proxy that sends X-Forwarded-Uri hands our answer to the
	// browser as it is. nginx's auth_request cannot, and sends X-Original-URL.
	redirects bool
}

// readOriginal reads the forwarded headers of a listed proxy. Any that is there
// and cannot be read refuses the request, whoever is signed in: a header passed
// over is one that two programs understand differently (FA2).
func (h *Handler) readOriginal(r *http.Request) (original, error) {
	if len(r.Header["Authorization"]) > 1 {
		return original{}, malformed("Authorization")
	}
	if !h.Kit.FromProxy(r) {
		return original{}, nil
	}
	if _, err := h.Kit.Caller(r); err != nil {
		return original{}, malformed("X-Forwarded-For")
	}
	return read(r.Header)
}

func read(h http.Header) (original, error) {
	f := fields{header: h}
	was := original{scheme: f.one("X-Forwarded-Proto", isScheme), host: f.one("X-Forwarded-Host", isHost),
		uri: f.one("X-Forwarded-Uri", isURI), method: f.one("X-Forwarded-Method", isMethod)}
	was.redirects = was.uri != ""
	whole := f.one("X-Original-Url", isURL)
	method := f.one("X-Original-Method", isMethod)
	switch {
	case f.err != nil:
		return original{}, f.err
	case whole != "" && was.redirects || method != "" && was.method != "":
		// Two proxies' habits at once: one of the two was written by a stranger.
		return original{}, errors.New("forwarded twice")
	case whole != "":
		was.scheme, was.host, was.uri = cutURL(whole)
	}
	if method != "" {
		was.method = method
	}
	was.scheme = strings.Replace(was.scheme, "ws", "http", 1)
	was.host = canonical(was.scheme, was.host)
	return was, nil
}

// pageLoad tells whether a person waits for a page: what browsers say of a
// navigation, or, from those that say nothing, a GET that would like HTML.
func (o original) pageLoad(r *http.Request) bool {
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return o.read(r.Method) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// read tells whether the request was one that may be made again.
func (o original) read(asked string) bool {
	method := o.method
	if method == "" {
		method = asked
	}
	return method == http.MethodGet || method == http.MethodHead
}

// target is where the request went: a path on our own host, else a URL; "" when
// it cannot be gone to again. It is not to be believed before web.Kit.Target
// allowed it (WB3).
func (o original) target(own string) string {
	switch {
	case o.uri == "" || o.host == "" || !o.read(http.MethodGet):
		return ""
	case o.host == own:
		return o.uri
	case o.scheme == "":
		return ""
	}
	return o.scheme + "://" + o.host + o.uri
}

// fields reads headers and keeps the first fault.
type fields struct {
	header http.Header
	err    error
}

// one gives the value of a header that must stand there once and be good, or ""
// when it is not there at all. name is in canonical form.
func (f *fields) one(name string, good func(string) bool) string {
	values := f.header[name]
	if len(values) == 0 {
		return ""
	}
	if len(values) > 1 || !good(values[0]) {
		if f.err == nil {
			f.err = malformed(name)
		}
		return ""
	}
	return values[0]
}

func malformed(name string) error { return fmt.Errorf("malformed %s", name) }

// isScheme knows http, and the names Traefik gives a WebSocket's request
// (RFC 6455 section 11.1).
func isScheme(s string) bool { return s == "https" || s == "http" || s == "wss" || s == "ws" }

func isMethod(s string) bool {
	return s != "" && len(s) <= 32 && all(s, func(c byte) bool { return c == '-' || c == '_' || alphanumeric(c) })
}

// isURI accepts what can stand in a request line (RFC 9112 section 3.2.1): all
// but blanks and control characters. Bytes beyond ASCII and backslashes do come,
// from sloppy clients; web.Kit.Target does not lead back to such places.
func isURI(s string) bool {
	return s != "" && s[0] == '/' && len(s) <= 16<<10 && all(s, func(c byte) bool { return c > ' ' && c != 0x7f })
}

func isURL(s string) bool {
	scheme, host, uri := cutURL(s)
	return isScheme(scheme) && isHost(host) && isURI(uri)
}

func cutURL(s string) (scheme, host, uri string) {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return "", "", ""
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return scheme, rest[:i], rest[i:]
	}
	return scheme, rest, "/"
}

// isHost accepts one name or address with an optional port (RFC 9110 section
// 7.2); no list, no user, no escapes.
func isHost(s string) bool {
	name, port := cutPort(s)
	if len(s) > 260 || port != "" && (len(port) > 6 || !all(port[1:], digit) || len(port) == 1) {
		return false
	}
	if inner, ok := strings.CutPrefix(name, "["); ok {
		ip, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return err == nil && ip.Is6() && ip.Zone() == "" && strings.HasSuffix(inner, "]")
	}
	return name != "" && all(name, func(c byte) bool { return c == '-' || c == '.' || c == '_' || alphanumeric(c) })
}

// cutPort gives the port with its colon, or "".
func cutPort(host string) (name, port string) {
	i := strings.LastIndexByte(host, ':')
	if i < 0 || strings.HasSuffix(host, "]") {
		return host, ""
	}
	return host[:i], host[i:]
}

// canonical writes a host in one way: small letters, no usual port (FA4).
func canonical(scheme, host string) string {
	name, port := cutPort(host)
	if scheme == "https" && port == ":443" || scheme == "http" && port == ":80" {
		host = name
	}
	return strings.ToLower(host)
}

func all(s string, good func(byte) bool) bool {
	for i := range len(s) {
		if !good(s[i]) {
			return false
		}
	}
	return true
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func alphanumeric(c byte) bool { return digit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }

package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// web judges what requests are measured by.
func (r *rules) web() {
	r.listener("listen", r.Listen)
	if r.Origin != "" {
		if says := badOrigin(r.Origin); says != "" {
			r.say("origin", "%s", says)
		}
	}
	for i, p := range r.TrustedProxies {
		// A network this wide is a mistake that lets anybody forge an address (FA2).
		if least := map[bool]int{true: 8, false: 16}[p.Addr().Is4()]; p.Bits() < least || p.Addr().Is4In6() {
			r.say(fmt.Sprintf("trusted_proxies[%d]", i), "covers strangers too: name the networks of your proxies, /%d or longer", least)
		}
	}
	for i, v := range r.ReturnTo {
		if says := badTarget(v); says != "" {
			r.say(fmt.Sprintf("return_to[%d]", i), "%s", says)
		}
	}
	if r.KeyFile != "" {
		r.secretFile("key_file", r.KeyFile)
	}
}

// badOrigin says what is wrong with an origin (RFC 6454 §6.2), or "".
func badOrigin(v string) string {
	u, says := parseURL(v)
	switch {
	case says != "":
		return says
	case u.Path != "" || u.RawQuery != "" || u.ForceQuery:
		return "must end after the host: no path, not even a slash, and no query"
	case u.Port() == "443" && u.Scheme == "https" || u.Port() == "80" && u.Scheme == "http":
		return "names the usual port: leave it out, browsers do so too"
	}
	return ""
}

// badTarget says what is wrong with a place to send people back to (WB3).
func badTarget(v string) string {
	_, says := parseURL(v)
	if says == "" && strings.Contains(v, "*") {
		return "holds a star, and targets are compared letter by letter: list each of them"
	}
	return says
}

// parseURL accepts absolute https URLs in their plainest spelling; http only on
// loopback, where nobody can listen in.
func parseURL(v string) (*url.URL, string) {
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "" || strings.ContainsAny(v, "\\ "):
		return nil, "is not a URL: write it as in https://id.example.jp"
	case u.User != nil:
		return nil, "holds a name or password before an @: leave them out"
	case u.Fragment != "" || strings.Contains(v, "#"):
		return nil, "holds a #: leave it and what follows out"
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, "must start with https:// (http only on localhost)"
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, "must start with https://"
	case u.Host != strings.ToLower(u.Host) || !strings.HasPrefix(v, u.Scheme+"://"):
		return nil, "must be in small letters up to the end of the host"
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r > '~' }) || strings.Contains(u.Host, "%"):
		return nil, "must have its host in ASCII (xn--…)"
	case strings.HasSuffix(u.Host, ":") || strings.HasSuffix(u.Hostname(), "."):
		return nil, "must not end its host with a dot or colon"
	}
	return u, ""
}

// webURL judges an optional link for people.
func (r *rules) webURL(path, v string) {
	if v == "" {
		return
	}
	if _, says := parseURL(v); says != "" {
		r.say(path, "%s", says)
	}
}

// endpoint judges an optional URL that we send to.
func (r *rules) endpoint(path, v string) {
	if v == "" {
		return
	}
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		r.say(path, "is not a URL without a name and password: write it as in http://127.0.0.1:4318")
	}
}

// loopback tells whether a host is this machine (RFC 6761 §6.3).
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// database judges the way to PostgreSQL by the eyes of its driver.
func (r *rules) database() {
	if r.DatabaseURL != "" && r.DatabaseURLFile != "" {
		r.say("database_url_file", "stands beside database_url: keep one of them")
		return
	}
	if info, err := os.Stat(r.Data); r.Data != "" && err == nil && !info.IsDir() {
		r.say("data", "names a file: it must be a folder")
	}
	path := "database_url"
	if r.DatabaseURLFile != "" {
		path = "database_url_file"
		if !r.secretFile(path, r.DatabaseURLFile) {
			return
		}
	}
	v, err := r.Database()
	if err != nil {
		r.say(path, "%s", whyNot(err))
		return
	}
	if v == "" {
		return
	}
	if says := badDatabase(string(v)); says != "" {
		r.say(path, "%s", says)
	}
	if at := r.place(path); path == "database_url" && hasPassword(string(v)) && at.kind == fromFile && readableByOthers(r.file) {
		r.say(path, "holds a password in a file that others may read: use database_url_file, or chmod 600 this file (KY3)")
	}
}

// badDatabase says what is wrong with a database URL, or "". TLS without a
// checked certificate is as good as none against somebody in between (KY4).
func badDatabase(v string) string {
	if !strings.HasPrefix(v, "postgres://") && !strings.HasPrefix(v, "postgresql://") {
		return "must start with postgres://"
	}
	c, err := pgconn.ParseConfig(v)
	if err != nil { // the driver's message repeats parts of the URL
		return "is not a database URL, or names a certificate that cannot be read: write it as in postgres://genkan@db.example.jp/genkan?sslmode=verify-full"
	}
	ways := []*pgconn.FallbackConfig{{Host: c.Host, TLSConfig: c.TLSConfig}}
	for _, w := range append(ways, c.Fallbacks...) {
		local := strings.HasPrefix(w.Host, "/") || strings.HasPrefix(w.Host, "@") || loopback(w.Host)
		if !local && (w.TLSConfig == nil || w.TLSConfig.InsecureSkipVerify) {
			return "would talk to another machine without checking its certificate: add sslmode=verify-full"
		}
	}
	return ""
}

func hasPassword(v string) bool {
	u, err := url.Parse(v)
	if err != nil {
		return true // cannot tell, so assume the worse
	}
	_, set := u.User.Password()
	return set || u.Query().Has("password")
}

package whois

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// behind are the proxies whose Remote-* headers are believed.
type behind []netip.Prefix

// who reads what the proxy says. From anybody else the headers mean nothing: the
// request did not come through forward-auth, so nobody is there.
func (b behind) who(r *http.Request) (Person, error) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return Person{}, errNobody
	}
	ip := peer.Addr().Unmap()
	if !slices.ContainsFunc(b, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return Person{}, errNobody
	}
	values := map[string]string{}
	for name, vs := range r.Header {
		plain := strings.ReplaceAll(name, "_", "-")
		if !strings.HasPrefix(strings.ToLower(plain), "remote-") {
			continue
		}
		// A proxy that lets a second spelling through lets clients write them.
		if len(vs) != 1 || plain != name {
			return Person{}, errors.New("whois: the proxy passes on headers that a client wrote")
		}
		values[name] = vs[0]
	}
	if values["Remote-User"] == "" {
		return Person{}, errNobody
	}
	return person(values)
}

func person(values map[string]string) (Person, error) {
	p := Person{Account: values["Remote-User"]}
	var err error
	// Genkan writes addresses as in a mailto link (RFC 6068 section 2).
	if p.Email, err = url.PathUnescape(values["Remote-Email"]); err != nil {
		return Person{}, errors.New("whois: Remote-Email cannot be read")
	}
	for g := range strings.SplitSeq(values["Remote-Groups"], ",") {
		if g = strings.TrimSpace(g); g != "" {
			p.Groups = append(p.Groups, g)
		}
	}
	if text := values["Remote-Hold"]; text != "" {
		until, err := time.Parse(time.RFC3339, text)
		if err != nil { // passed over, it would lift a hold
			return Person{}, errors.New("whois: Remote-Hold cannot be read")
		}
		p.Hold = &Hold{Until: until}
	}
	return p, nil
}

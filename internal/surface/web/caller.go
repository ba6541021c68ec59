package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/genkan/genkan/internal/platform/fault"
)

// Caller gives the address of the person's own machine: the connection's, or,
// when that is a listed proxy, the rightmost address in X-Forwarded-For that is
// not one. Everything left of it was written by strangers. A header that cannot
// be read is refused, never passed over (FA2).
func (k *Kit) Caller(r *http.Request) (netip.Addr, error) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, fault.New(fault.Malformed, "request.malformed")
	}
	ip := peer.Addr().Unmap()
	if !k.trusts(ip) {
		return ip, nil
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	if len(hops) == 1 && strings.TrimSpace(hops[0]) == "" {
		return ip, nil
	}
	for _, hop := range slices.Backward(hops) {
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil || next.Zone() != "" {
			return netip.Addr{}, fault.New(fault.Malformed, "request.malformed")
		}
		if ip = next.Unmap(); !k.trusts(ip) {
			return ip, nil
		}
	}
	return ip, nil
}

func (k *Kit) trusts(ip netip.Addr) bool {
	return slices.ContainsFunc(k.Proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// FromProxy tells whether the request came over a listed proxy, whose forwarded
// headers may be believed.
func (k *Kit) FromProxy(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && k.trusts(peer.Addr().Unmap())
}

// Network gives the caller's network: the first 24 bits of an IPv4 address, the
// first 56 of IPv6, which is what one customer holds at most. "" when the
// address cannot be read: those share one.
func (k *Kit) Network(r *http.Request) string {
	ip, err := k.Caller(r)
	if err != nil {
		return ""
	}
	size := 24
	if ip.Is6() {
		size = 56
	}
	p, err := ip.WithZone("").Prefix(size)
	if err != nil {
		return ""
	}
	return p.String()
}

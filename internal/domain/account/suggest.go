package account

import (
	"slices"
	"strings"
)

// commonDomains are the mail domains that people in Japan register with, the
// ones a mistyped domain is compared with.
var commonDomains = []string{
	"gmail.com", "yahoo.co.jp", "icloud.com", "docomo.ne.jp", "ezweb.ne.jp", "au.com",
	"softbank.ne.jp", "i.softbank.jp", "ymobile.ne.jp", "uqmobile.jp", "rakumail.jp",
	"outlook.jp", "outlook.com", "hotmail.co.jp", "hotmail.com", "live.jp", "msn.com",
	"me.com", "mac.com", "ymail.ne.jp", "nifty.com", "ocn.ne.jp", "plala.or.jp",
	"so-net.ne.jp", "biglobe.ne.jp", "yahoo.com", "proton.me",
}

// realDomains are well-known too, and only a slip away from another: nobody is
// asked about them.
var realDomains = []string{"mail.com", "ymail.com", "email.com", "cloud.com", "emobile.ne.jp"}

// CommonDomains gives the domains that SuggestAddress knows.
func CommonDomains() []string { return append([]string(nil), commonDomains...) }

// RealDomains gives the domains that it asks nobody about.
func RealDomains() []string { return append([]string(nil), realDomains...) }

// shortName is how long the name before the first dot may be to be somebody
// else's with one letter changed: ocn and odn, msn and mcn are all providers.
const shortName = 3

// SuggestAddress gives the address that was probably meant when the domain is
// one slip (a letter more, less, other or swapped) or two in a longer name away
// from a well-known one; "" when there is nothing to say. It looks at nothing
// but the text, so it says the same to everybody. register.js asks the same.
func SuggestAddress(a Address) string {
	local, domain, _ := strings.Cut(a.Typed, "@")
	if slices.Contains(realDomains, domain) || slices.Contains(commonDomains, domain) {
		return ""
	}
	best, least := "", 3
	for _, d := range commonDomains {
		n := slips(domain, d)
		if n < least && plausible(domain, d, n) {
			best, least = d, n
		}
	}
	if best == "" {
		return ""
	}
	return local + "@" + best
}

// plausible tells whether domain is rather d with n slips than a name of its
// own: a short name must be right itself, and what has the right name and two
// other letters behind it is the same company elsewhere (yahoo.co.uk, yahoo.ne.jp).
func plausible(domain, d string, n int) bool {
	typed, _, _ := strings.Cut(domain, ".")
	name, _, _ := strings.Cut(d, ".")
	if typed == name {
		return n < 2
	}
	return len(name) > shortName && (n < 2 || len(d) > 8)
}

// slips is the optimal string alignment distance.
func slips(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

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
var realDomains = []string{
	"mail.com", "ymail.com", "email.com", "aol.com", "gmx.com", "gmx.de", "live.com", "qq.com", "me.co.jp",
	"yahoo.co.uk", "yahoo.co.in", "yahoo.co.id", "yahoo.co.kr", "hotmail.co.uk", "hotmail.co.kr", "outlook.kr", "live.kr",
}

// CommonDomains gives the domains that SuggestAddress knows.
func CommonDomains() []string { return append([]string(nil), commonDomains...) }

// SuggestAddress gives the address that was probably meant when the domain is
// one slip (a letter more, less, other or swapped) or two in a longer name away
// from a well-known one; "" when there is nothing to say. It looks at nothing
// but the text, so it says the same to everybody.
func SuggestAddress(a Address) string {
	local, domain, _ := strings.Cut(a.Typed, "@")
	if slices.Contains(realDomains, domain) {
		return ""
	}
	best, least := "", 3
	for _, d := range commonDomains {
		if d == domain {
			return ""
		}
		if n := slips(domain, d); n < least {
			best, least = d, n
		}
	}
	if best == "" || least > 1 && len(best) < 9 {
		return ""
	}
	return local + "@" + best
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

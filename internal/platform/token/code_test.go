package token

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
)

const sampleID = "0192f8a2-7b1c-4d3e-8f4a-5b6c7d8e9f01"

// TestCodesAreStableAndBound: a resend says the same code (causes
// code.superseded), and no code of another use, act or generation fits.
func TestCodesAreStableAndBound(t *testing.T) {
	t.Parallel()
	k, lines := ring(t, "a")
	code := k.Code("registration", 8, "id", "1")
	if again := parse(t, lines...).Code("registration", 8, "id", "1"); again != code {
		t.Errorf("%s, and after a restart %s", code, again)
	}
	if !k.CodeMatches("registration", 8, code, "id", "1") {
		t.Error("a code does not fit its own act")
	}
	if k.CodeMatches("recovery", 8, code, "id", "1") || k.CodeMatches("registration", 8, code, "id", "2") ||
		k.CodeMatches("registration", 8, code, "id1") || k.CodeMatches("registration", 6, code[:6], "id", "1") && code[:6] != k.Code("registration", 6, "id", "1") {
		t.Error("a code fits another use, act, generation or length")
	}
	for _, typed := range []string{"", code[:7], code + "0", " " + code, code[:4] + " " + code[4:], "+" + code[1:], strings.Repeat("0", 8)} {
		if typed != code && k.CodeMatches("registration", 8, typed, "id", "1") {
			t.Errorf("%q fits", typed)
		}
	}
}

// TestCodesAreSpreadEvenly: a chi-square test over the first two digits and the
// last; leading zeros are kept.
func TestCodesAreSpreadEvenly(t *testing.T) {
	t.Parallel()
	k, _ := ring(t, "a")
	const n = 20_000
	first, last := make([]int, 100), make([]int, 10)
	zero := false
	for i := range n {
		c := k.Code("u", 6, strconv.Itoa(i))
		if len(c) != 6 || strings.Trim(c, "0123456789") != "" {
			t.Fatalf("code %q", c)
		}
		head, _ := strconv.Atoi(c[:2])
		first[head]++
		last[c[5]-'0']++
		zero = zero || c[0] == '0'
	}
	if !zero {
		t.Error("no code begins with 0")
	}
	// Beyond 6 standard deviations of chi-square: one false alarm in 10^8 runs.
	for what, counts := range map[string][]int{"first two digits": first, "last digit": last} {
		chi, free, want := 0.0, float64(len(counts)-1), float64(n)/float64(len(counts))
		for _, c := range counts {
			chi += (float64(c) - want) * (float64(c) - want) / want
		}
		if chi > free+6*math.Sqrt(2*free)+20 {
			t.Errorf("%s: chi-square %.0f of %d", what, chi, len(counts))
		}
	}
}

// TestMailProgramsMayMangleLinks as far as causes link.broken knows them.
func TestMailProgramsMayMangleLinks(t *testing.T) {
	t.Parallel()
	k, _ := ring(t, "a")
	link := k.Link('r', sampleID, "1")
	if len(link) != 59 || strings.Trim(link, "0123456789abcdefghjkmnpqrstvwxyz") != "" {
		t.Fatalf("link %q: want 59 plain letters", link)
	}
	for _, mangled := range []string{link, strings.ToUpper(link), link + ".", link + ")", link + "]", link + ">", "\n" + link + "\r\n",
		" " + link + " ", link + "。", link + "）", link + "」", link + "、", link + "=", link + "\"", link + ">.", link + "%"} {
		letter, id, ok := ReadLink(mangled)
		if !ok || letter != 'r' || id != sampleID || !k.LinkMatches('r', sampleID, mangled, "1") {
			t.Errorf("%q: %q %q %v", mangled, letter, id, ok)
		}
	}
}

// TestLinksOfEveryUse are genuine for it, and for no other, even renamed.
func TestLinksOfEveryUse(t *testing.T) {
	t.Parallel()
	k, _ := ring(t, "a")
	const uses = "rpafuv"
	for _, use := range []byte(uses) {
		link := k.Link(use, sampleID, "1")
		for _, as := range []byte(uses) {
			if got := k.LinkMatches(as, sampleID, string(as)+link[1:], "1"); got != (as == use) {
				t.Errorf("a link of %q, as %q: %v", use, as, got)
			}
		}
	}
}

// TestForgedLinksAreRefused: every single letter changed, every cut, anything
// added, another use, another act, another generation, another house (RS1).
func TestForgedLinksAreRefused(t *testing.T) {
	t.Parallel()
	k, _ := ring(t, "a")
	other, _ := ring(t, "a")
	link := k.Link('r', sampleID, "1")
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	for i := range link {
		for _, c := range alphabet {
			forged := link[:i] + string(c) + link[i+1:]
			if forged != link && k.LinkMatches('r', sampleID, forged, "1") {
				t.Errorf("%q passes for %q", forged, link)
			}
		}
		if k.LinkMatches('r', sampleID, link[:i], "1") {
			t.Errorf("cut at %d passes", i)
		}
	}
	for what, forged := range map[string]string{
		"lengthened": link + "0", "doubled": link + link, "empty": "", "inner break": link[:30] + "\n" + link[30:],
		"break for a letter": link[:30] + "\n" + link[31:], "misread letter": strings.Replace(link, "0", "o", 1) + "u",
		"breaks only": "r" + strings.Repeat("\n", 50) + "00000000", "another house's": other.Link('r', sampleID, "1"),
		"another use's": k.Link('p', sampleID, "1"), "another use's, renamed": "r" + k.Link('p', sampleID, "1")[1:], "another act's": k.Link('r', uuid.NewString(), "1"),
		"another generation's": k.Link('r', sampleID, "2"),
	} {
		if k.LinkMatches('r', sampleID, forged, "1") {
			t.Errorf("%s: %q passes", what, forged)
		}
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	if v := uuid.MustParse(NewID()).Version(); v != 7 {
		t.Errorf("rows have version %d", v)
	}
	if v := uuid.MustParse(NewSecretID()).Version(); v != 4 {
		t.Errorf("capabilities have version %d: all but the random one can be guessed", v)
	}
}

func FuzzReadLink(f *testing.F) {
	k, _ := ring(f, "a")
	good := k.Link('r', sampleID, "1")
	f.Add(good)
	f.Add("")
	f.Add(strings.ToUpper(good) + ".")
	f.Add("r" + strings.Repeat("\n", 50) + "00000000")
	f.Add(good[:30] + "\n" + good[31:])
	f.Fuzz(func(t *testing.T, text string) {
		letter, id, ok := ReadLink(text)
		if ok && uuid.Validate(id) != nil {
			t.Errorf("%q: id %q", text, id)
		}
		if k.LinkMatches('r', sampleID, text, "1") && (!ok || tidyLink(text)[1:] != good[1:] || letter != 'r') {
			t.Errorf("%q passes for %q", text, good)
		}
	})
}

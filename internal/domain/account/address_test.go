package account

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/genkan/genkan/internal/platform/fault"
)

// spellings are ways to type one address: what an input method, a paste or a
// capital makes of it. All share one key, so one account, one counter and one
// box (CO1, TH3).
var spellings = func() []string {
	out := []string{
		"taro.yamada@example.jp", "Taro.Yamada@example.jp", "TARO.YAMADA@EXAMPLE.JP", "taro.yamada@Example.jp",
		"taro.yamada@EXAMPLE.JP", "tARO.yAMADA@eXAMPLE.jP", "taro.yamada@example.jp.", "taro.yamada@example.JP.",
		" taro.yamada@example.jp", "taro.yamada@example.jp ", "\ttaro.yamada@example.jp", "taro.yamada@example.jp\n",
		"taro.yamada@example.jp\r\n", "taro.yamada @example.jp", "taro.yamada@ example.jp", "taro. yamada@example.jp",
		"taro.yamada@example. jp", "t a r o . y a m a d a @ e x a m p l e . j p", "\u3000taro.yamada@example.jp\u3000",
		"\u00a0taro.yamada@example.jp", "taro.yamada\u3000@example.jp", "\u2003taro.yamada@example.jp", "\u2028taro.yamada@example.jp",
		"taro.yamada@example.jp\u200b", "\u200btaro.yamada@example.jp", "\ufefftaro.yamada@example.jp", "taro.yamada@example.jp\ufeff",
		"\u200etaro.yamada@example.jp\u200e", "\u200ftaro.yamada@example.jp", "taro\u200b.yamada@example.jp",
		"mailto:taro.yamada@example.jp", " mailto:taro.yamada@example.jp",
		"ｔａｒｏ．ｙａｍａｄａ＠ｅｘａｍｐｌｅ．ｊｐ", "ＴＡＲＯ．ＹＡＭＡＤＡ＠ＥＸＡＭＰＬＥ．ＪＰ",
		"taro.yamada＠example.jp", "taro．yamada@example.jp", "taro.yamada@example．jp", "taro.yamada@example。jp",
		"taro.yamada@example｡jp", "taro。yamada@example.jp", "taro｡yamada@example.jp", "taro.yamada@ｅxample.jp",
		"Ｔaro.Ｙamada@Ｅxample.ＪＰ", "taro.yamada@example.ｊｐ", "　ｔａｒｏ．ｙａｍａｄａ＠ｅｘａｍｐｌｅ．ｊｐ　",
		"taro.yamada＠ｅｘａｍｐｌｅ。ｊｐ", "taro.yamada＠example.jp.", "TARO.YAMADA＠example.jp", "taro.yamada@example.jp。",
	}
	// Each letter of the name as a capital and full-width.
	for i, r := range "taro.yamada" {
		if r != '.' {
			out = append(out, "taro.yamada"[:i]+strings.ToUpper(string(r))+"taro.yamada"[i+1:]+"@example.jp",
				"taro.yamada"[:i]+string(r+0xFEE0)+"taro.yamada"[i+1:]+"@example.jp")
		}
	}
	return out
}()

func TestSpellingsOfOneAddressShareOneKey(t *testing.T) {
	t.Parallel()
	if len(spellings) < 60 {
		t.Fatalf("only %d spellings", len(spellings))
	}
	seen := map[string]bool{}
	for _, text := range spellings {
		if seen[text] {
			t.Errorf("%q is listed twice", text)
		}
		seen[text] = true
		a, err := ParseAddress(text)
		if err != nil || a.Key != "taro.yamada@example.jp" {
			t.Errorf("%q: key %q, %v", text, a.Key, err)
		}
		if !strings.EqualFold(a.Typed, "taro.yamada@example.jp") {
			t.Errorf("%q: mail would go to %q", text, a.Typed)
		}
	}
	for _, twins := range [][2]string{
		{"caf\u00e9@example.jp", "cafe\u0301@example.jp"}, // the same letters, composed and not (Unicode Annex 15)
		{"taro@b\u00fccher.example", "taro@bu\u0308cher.example"},
		{"taro@b\u00fccher.example", "taro@B\u00dcCHER.example"},
		{"taro@\u65e5\u672c.jp", "taro@xn--wgv71a.jp"}, // one domain, two spellings (RFC 5891)
	} {
		if a, b := address(t, twins[0]), address(t, twins[1]); a.Key != b.Key {
			t.Errorf("%q and %q: keys %q and %q", twins[0], twins[1], a.Key, b.Key)
		}
	}
}

// lookalikes are texts that merely look like kaito.fisk@stairs.example, to eyes,
// to folding by Unicode's rules or to careless parsing: each is refused or
// stands for itself, none for that address (RS5).
var lookalikes = func() []string {
	out := []string{
		// letters that only look alike, or that some folding makes equal
		"k\u0430ito.fisk@stairs.example", "kait\u043e.fisk@stairs.example", "\u212aaito.fisk@stairs.example", "\u212AAITO.FISK@STAIRS.EXAMPLE",
		"ka\u0131to.fisk@stairs.example", "KA\u0130TO.F\u0130SK@stairs.example", "kaito.f\u0131sk@stairs.example", "kaito.\ufb01sk@stairs.example",
		"kaito.fi\u017fk@stairs.example", "kaito.fi\u00dfk@stairs.example", "ka\u00efto.fisk@stairs.example", "kaito.fisk\u00b9@stairs.example",
		"\u24d0kaito.fisk@stairs.example", "\U0001d424aito.fisk@stairs.example", "\u1d0baito.fisk@stairs.example", "ka\u0456to.fisk@stairs.example",
		"kait\u03bf.fisk@stairs.example", "kaito\u2024fisk@stairs.example", "kaito\uff0efisk1@stairs.example", "kaito\u00b7fisk@stairs.example",
		"kaito.fisk\u0301@stairs.example", "kaito.fisk\u0332@stairs.example", "k\u0061\u0300ito.fisk@stairs.example", "\uff4b\uff41\uff49\uff54\uff4f.fisk1@stairs.example",
		// invisible letters that are not tidied away
		"kai\u200dto.fisk@stairs.example", "kai\u200cto.fisk@stairs.example", "kaito.fisk\u2060@stairs.example", "kai\u00adto.fisk@stairs.example",
		"kaito.fisk@sta\u00adirs.example", "kaito.fisk@stairs\u2060.example", "kaito.fisk@sta\u200dirs.example", "kaito.fisk@sta\u034firs.example",
		"\u202ekaito.fisk@stairs.example", "kaito.fisk\u202d@stairs.example", "kaito.fisk@stairs.example\u2066", "kaito.fisk\ufe0f@stairs.example",
		"kai\u180eto.fisk@stairs.example", "kaito.fisk\U000e0020@stairs.example", "kaito.fisk\u3164@stairs.example",
		// domains
		"kaito.fisk@sta\u0131rs.example", "kaito.fisk@STA\u0130RS.example", "kaito.fisk@\u017ftairs.example", "kaito.fisk@stair\u017f.example",
		"kaito.fisk@st\u0430irs.example", "kaito.fisk@\u24e2tairs.example", "kaito.fisk@\U0001d42dstairs.example", "kaito.fisk@stairs\u2024example",
		"kaito.fisk@stairs.e\u0445ample", "kaito.fisk@stairs.examp\u2113e", "kaito.fisk@stair\u00df.example", "kaito.fisk@xn--stars-q4a.example",
		"kaito.fisk@xn--tairs-8fb.example", "kaito.fisk@xn--stairs-.example", "kaito.fisk@xn--stairs.example", "kaito.fisk@\ufb06airs.example",
		"kaito.fisk@stairs.example\u3002jp", "kaito.fisk@stairs\uff61\uff61example", "kaito.fisk@stairs..example", "kaito.fisk@.stairs.example",
		"kaito.fisk@stairs.example..", "kaito.fisk@stairs", "kaito.fisk@[127.0.0.1]", "kaito.fisk@stairs.example:25", "kaito.fisk@stairs_example",
		// more than one address, lists, comments, headers, routes
		"kaito.fisk@stairs.example,evil@evil.example", "kaito.fisk@stairs.example;evil@evil.example", "evil@evil.example kaito.fisk@stairs.example",
		"kaito.fisk@stairs.example\r\nBcc: evil@evil.example", "kaito.fisk@stairs.example\nevil@evil.example", "kaito.fisk@stairs.example%0aevil@evil.example",
		"kaito.fisk@stairs.example\x00", "kaito.fisk\x00@stairs.example", "kaito.fisk@stairs.example\x00.evil.example", "\x01kaito.fisk@stairs.example",
		"<kaito.fisk@stairs.example>", "Kaito <kaito.fisk@stairs.example>", "\"kaito.fisk\"@stairs.example", "kaito.fisk(x)@stairs.example",
		"kaito.fisk@stairs.example(evil)", "@evil.example:kaito.fisk@stairs.example", "kaito.fisk%stairs.example@evil.example", "evil.example!kaito.fisk@stairs.example",
		"kaito.fisk@@stairs.example", "kaito.fisk@evil.example@stairs.example", "kaito.fisk\uff20evil.example@stairs.example", "kaito.fisk\ufe6bstairs.example",
		"[\"kaito.fisk@stairs.example\"]", "{\"a\":\"kaito.fisk@stairs.example\"}", "kaito.fisk@stairs.example\\", "'kaito.fisk@stairs.example'",
		// near, but another
		"kaito.fisk+x@stairs.example", "kaitofisk@stairs.example", "kaito..fisk@stairs.example", ".kaito.fisk@stairs.example", "kaito.fisk.@stairs.example",
		"kaito.fisk@mail.stairs.example", "kaito.fisk@stairs.example.evil.example", "kaito_fisk@stairs.example", "kaito-fisk@stairs.example", "mailto:mailto:kaito.fisk@stairs.example",
		"kaito.fisk@stairs.example?x", "kaito.fisk@stairs.example/x", "kaito.fisk@stairs.example#x", "\xffkaito.fisk@stairs.example", "kaito.fisk@stairs.ex\xc3ample",
	}
	return out
}()

func TestLookAlikesNeverMatchAnotherAddress(t *testing.T) {
	t.Parallel()
	if len(lookalikes) < 80 {
		t.Fatalf("only %d look-alikes", len(lookalikes))
	}
	keys := map[string]string{}
	for _, text := range lookalikes {
		a, err := ParseAddress(text)
		if err != nil {
			if fault.Of(err).Field != "email" || a.Key != "" || a.Typed != "" {
				t.Errorf("%q: refused with %v, but gives %+v", text, err, a)
			}
			continue
		}
		if a.Key == "kaito.fisk@stairs.example" {
			t.Errorf("%q stands for somebody else's address", text)
		}
		// Mail goes where the key says, or a mailbox could be had for another's account.
		if again := address(t, a.Typed); again.Key != a.Key {
			t.Errorf("%q: mail goes to %q, whose key is %q and not %q", text, a.Typed, again.Key, a.Key)
		}
		if other := keys[a.Key]; other != "" {
			t.Logf("%q and %q share a key", text, other)
		}
		keys[a.Key] = text
	}
}

// TestLookAlikeDomainsNeverMatch: letters that Unicode itself folds to plain
// ones, each in a domain that has the plain one (RS5).
func TestLookAlikeDomainsNeverMatch(t *testing.T) {
	t.Parallel()
	for look, plain := range map[string]string{
		"\u212aaze.example": "kaze.example", "\u212bngstrom.example": "\u00e5ngstrom.example", "\u2126.example": "\u03c9.example",
		"\ufb01lm.example": "film.example", "\u017fora.example": "sora.example", "\u2170nn.example": "inn.example", "te\u00adst.example": "test.example",
		"\u00aanna.example": "anna.example", "m\u00b2.example": "m2.example", "\uff76\uff9e.example": "\u30ac.example", "\u3392.example": "mhz.example",
	} {
		a, err := ParseAddress("taro@" + look)
		if err == nil && a.Key == address(t, "taro@"+plain).Key {
			t.Errorf("%q stands for %q", look, plain)
		}
	}
}

// TestAddressIsKeptByteForByte, but for the slips that cannot be meant: the
// local part's capitals and dots are the mailbox owner's affair (RS5).
func TestAddressIsKeptByteForByte(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a..b.@docomo.ne.jp":              "a..b.@docomo.ne.jp", // older docomo addresses, against RFC 5321
		".start@ezweb.ne.jp":              ".start@ezweb.ne.jp",
		"Taro.YAMADA+x@Example.JP":        "Taro.YAMADA+x@example.jp",
		"o'neill!#$%&*-/=?^_`{|}~@a.jp":   "o'neill!#$%&*-/=?^_`{|}~@a.jp",
		"cafe\u0301@example.jp":           "cafe\u0301@example.jp",
		"太郎@example.jp":                   "太郎@example.jp",
		"taro@日本語.jp":                     "taro@xn--wgv71a119e.jp",
		strings.Repeat("a", 64) + "@b.jp": strings.Repeat("a", 64) + "@b.jp",
	} {
		if a := address(t, text); a.Typed != want {
			t.Errorf("%q: mail goes to %q; want %q", text, a.Typed, want)
		}
	}
}

func TestAddressRefusals(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 60)
	for text, code := range map[string]string{
		"": "email.missing", " \u3000\u200b": "email.missing", "taro": "email.no_at", "taro.example.jp": "email.no_at",
		"a@b@c.jp": "email.two_ats", "@example.jp": "email.bad_local", "a b,c@example.jp": "email.bad_local",
		strings.Repeat("a", 65) + "@b.jp": "email.bad_local", "taro@": "email.bad_domain", "taro@localhost": "email.bad_domain",
		"taro@-x.jp": "email.bad_domain", "taro@" + strings.Repeat("a", 64) + ".jp": "email.bad_domain",
		"taro@" + strings.Repeat(long+".", 5) + "jp": "email.too_long", strings.Repeat("a", 2000): "email.too_long",
		"\xff@example.jp": "email.too_long",
	} {
		_, err := ParseAddress(text)
		if !fault.Is(err, code) || fault.Of(err).Kind != fault.Invalid || fault.Of(err).Field != "email" {
			t.Errorf("%q: %v; want %s on email", text, err, code)
		}
		if len(text) > 5 && err != nil && strings.Contains(err.Error(), text) {
			t.Errorf("%q: the error repeats it", text)
		}
	}
}

func TestFoldedNamesWhatWasTidied(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"taro@example.jp": "", "ｔaro@example.jp": "width", "taro @example.jp": "space", "taro@Example.jp": "domain_case",
		"ｔaro @Example.jp": "width,space,domain_case", "Taro@example.jp": "",
	} {
		if got := strings.Join(address(t, text).Folded, ","); got != want {
			t.Errorf("%q: %q; want %q", text, got, want)
		}
	}
}

func TestMaskShowsLittle(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"taro@example.jp": "t•••@ex•••.jp", "a@b.jp": "a•••@b•••.jp", "太郎@example.co.jp": "太•••@ex•••.jp", "nothing": "•••",
	} {
		if got := Mask(text); got != want {
			t.Errorf("%q: %q; want %q", text, got, want)
		}
	}
}

func TestSuggestAddress(t *testing.T) {
	t.Parallel()
	for domain, want := range map[string]string{
		"gmial.com": "gmail.com", "gmail.co": "gmail.com", "gmail.con": "gmail.com", "gmai.com": "gmail.com", "gmaill.com": "gmail.com",
		"gmail.cpm": "gmail.com", "gamil.com": "gmail.com", "yahoo.co.jo": "yahoo.co.jp", "yaho.co.jp": "yahoo.co.jp", "yahooo.co.jp": "yahoo.co.jp",
		"yhaoo.co.jp": "yahoo.co.jp", "docomo.ne.jo": "docomo.ne.jp", "docomo.nejp": "docomo.ne.jp", "dokomo.ne.jp": "docomo.ne.jp",
		"docmo.ne.jp": "docomo.ne.jp", "ezwed.ne.jp": "ezweb.ne.jp", "ezweb.ne.jo": "ezweb.ne.jp", "sofbank.ne.jp": "softbank.ne.jp",
		"i.sofbank.jp": "i.softbank.jp", "icloud.co": "icloud.com", "iclod.com": "icloud.com", "icluod.com": "icloud.com", "hotmial.com": "hotmail.com",
		"hotmail.co": "hotmail.com", "outlok.jp": "outlook.jp", "outlook.con": "outlook.com", "bigloeb.ne.jp": "biglobe.ne.jp", "ocn.ne.jo": "ocn.ne.jp",
		"au.con": "au.com", "yahoo.con": "yahoo.com",
	} {
		if got := SuggestAddress(address(t, "Taro@"+domain)); got != "Taro@"+want {
			t.Errorf("%s: %q; want %s", domain, got, want)
		}
	}
	// Real ones: asking "did you mean" would send people away from their own box.
	for _, domain := range append(CommonDomains(),
		"mail.com", "ymail.com", "email.com", "aol.com", "gmx.com", "gmx.de", "gmx.net", "live.com", "qq.com", "yahoo.co.uk", "yahoo.co.in",
		"yahoo.co.kr", "yahoo.ne.jp", "yahoo.ca", "yahoo.fr", "yahoo.de", "outlook.fr", "outlook.de", "outlook.es", "hotmail.co.uk", "hotmail.fr",
		"live.fr", "odn.ne.jp", "dion.ne.jp", "emobile.ne.jp", "softbank.jp", "docomo.jp", "nttdocomo.com", "t.vodafone.ne.jp", "jp-t.ne.jp",
		"dwmail.jp", "mopera.net", "googlemail.com", "protonmail.com", "pm.me", "fastmail.com", "example.jp", "example.co.jp", "u-tokyo.ac.jp",
		"cloud.com", "tcn.ne.jp", "mcn.com", "163.com", "126.com", "naver.com", "daum.net", "web.de", "orange.fr", "nifty.ne.jp") {
		if got := SuggestAddress(address(t, "taro@"+domain)); got != "" {
			t.Errorf("%s: suggests %q", domain, got)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range append(append([]string(nil), spellings[:20]...), lookalikes...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseAddress(text)
		if err != nil {
			return
		}
		if !utf8.ValidString(a.Typed) || strings.ContainsAny(a.Typed, " \r\n\t\x00<>,;:\"()[]\\") || strings.Count(a.Typed, "@") != 1 || len(a.Typed) > 400 {
			t.Errorf("%q gives %q", text, a.Typed)
		}
		again, err := ParseAddress(a.Typed)
		if err != nil || again.Key != a.Key || again.Typed != a.Typed {
			t.Errorf("%q gives %q, and that %q (%q and %q), %v", text, a.Typed, again.Typed, a.Key, again.Key, err)
		}
	})
}

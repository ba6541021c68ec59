package mail_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/genkan/genkan/internal/platform/mail"
)

var written = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func japanese() mail.Message {
	return mail.Message{
		ID: "018f.abc@mail.example.jp", From: "noreply@example.jp", FromName: "げんかん銀行",
		To: "taro@example.com", Subject: "14:05 の確認コードをお送りします。とても長い件名でも壊れません。",
		Text: "確認コード\n123 456\n\n.点で始まる行\nおわり\n", HTML: "<p>確認コード</p>\n<b>123 456</b>\n",
		Lang: "ja", Date: written, Headers: map[string]string{"X-Genkan-Kind": "registration_code"},
	}
}

func TestSameMessageGivesSameBytes(t *testing.T) {
	t.Parallel()
	signers := keys(t)
	signers["unsigned"] = nil
	for name, key := range signers {
		a, err := mail.Compose(japanese(), key)
		if err != nil {
			t.Fatal(err)
		}
		m := japanese()
		m.Date = m.Date.In(time.FixedZone("JST", 9*3600)) // the same instant
		b, err := mail.Compose(m, key)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(unsigned(a), unsigned(b)) {
			t.Errorf("%s: two renderings differ:\n%s\n---\n%s", name, a, b)
		}
	}
}

// unsigned takes the signature off, which carries the time of signing.
func unsigned(raw []byte) []byte {
	if i := bytes.Index(raw, []byte("\r\nMIME-Version")); bytes.HasPrefix(raw, []byte("DKIM")) {
		j := bytes.Index(raw, []byte("\r\nAuto-Submitted"))
		return raw[min(i, j):]
	}
	return append([]byte("\r\n"), raw...)
}

func TestComposedMessageReadsBack(t *testing.T) {
	t.Parallel()
	m := japanese()
	raw, err := mail.Compose(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(raw), "\r\n") {
		if len(line) > 78 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("line of %d bytes or with a bare line end: %q", len(line), line)
		}
		for _, b := range []byte(line) {
			if b >= 0x80 {
				t.Fatalf("not ASCII: %q", line)
			}
		}
	}
	got, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	word := new(mime.WordDecoder)
	subject, _ := word.DecodeHeader(got.Header.Get("Subject"))
	from, _ := word.DecodeHeader(got.Header.Get("From"))
	date, _ := got.Header.Date()
	for _, c := range []struct{ what, got, want string }{
		{"subject", subject, m.Subject},
		{"from", from, `"げんかん銀行" <noreply@example.jp>`},
		{"to", got.Header.Get("To"), "<taro@example.com>"},
		{"id", got.Header.Get("Message-ID"), "<018f.abc@mail.example.jp>"},
		{"auto", got.Header.Get("Auto-Submitted"), "auto-generated"},
		{"lang", got.Header.Get("Content-Language"), "ja"},
		{"extra", got.Header.Get("X-Genkan-Kind"), "registration_code"},
		{"agent", got.Header.Get("User-Agent") + got.Header.Get("X-Mailer"), ""},
		{"date", date.UTC().String(), written.String()},
	} {
		if strings.ReplaceAll(c.got, `"`, "") != strings.ReplaceAll(c.want, `"`, "") {
			t.Errorf("%s: got %q, want %q", c.what, c.got, c.want)
		}
	}
	parts := readParts(t, got)
	if len(parts) != 2 || parts[0] != crlf(m.Text) || parts[1] != crlf(m.HTML) {
		t.Errorf("parts: %q", parts)
	}
}

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// readParts decodes the alternatives, plain text first.
func readParts(t *testing.T, m *netmail.Message) (out []string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q: %v", kind, err)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range []string{"text/plain", "text/html"} {
		p, err := r.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if ct := p.Header.Get("Content-Type"); ct != want+"; charset=UTF-8" {
			t.Errorf("part is %q, want %s", ct, want)
		}
		var body io.Reader = p
		switch p.Header.Get("Content-Transfer-Encoding") {
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, p)
		case "quoted-printable":
			body = quotedprintable.NewReader(p)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	return out
}

func TestEnglishIsQuotedPrintableAndPlainAlone(t *testing.T) {
	t.Parallel()
	m := japanese()
	m.Text, m.HTML, m.Subject, m.Lang = "Your code\n\n123 456 =\n", "", "Your code", "en"
	raw, err := mail.Compose(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), "quoted-printable") || strings.Contains(string(raw), "multipart") ||
		!strings.HasSuffix(string(raw), "Your code\r\n\r\n123 456 =3D\r\n") {
		t.Errorf("got %s", raw)
	}
}

func TestHeaderInjectionIsRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*mail.Message){
		"subject lf":       func(m *mail.Message) { m.Subject = "a\nBcc: x@example.org" },
		"subject crlf":     func(m *mail.Message) { m.Subject = "a\r\nBcc: x@example.org" },
		"subject nul":      func(m *mail.Message) { m.Subject = "a\x00b" },
		"subject nel":      func(m *mail.Message) { m.Subject = "a\u0085b" },
		"subject ls":       func(m *mail.Message) { m.Subject = "a\u2028b" },
		"subject not utf8": func(m *mail.Message) { m.Subject = "a\xffb" },
		"subject long":     func(m *mail.Message) { m.Subject = strings.Repeat("a", 1000) },
		"from name":        func(m *mail.Message) { m.FromName = "a\r\nX: y" },
		"from":             func(m *mail.Message) { m.From = "a@b.example>\r\nX: y" },
		"to lf":            func(m *mail.Message) { m.To = "a@b.example\nBcc: x@example.org" },
		"to bracket":       func(m *mail.Message) { m.To = "a@b.example> NOTIFY=NEVER <c@d.example" },
		"to two":           func(m *mail.Message) { m.To = "a@b.example, c@d.example" },
		"to none":          func(m *mail.Message) { m.To = "" },
		"id":               func(m *mail.Message) { m.ID = "a@b\r\nX: y" },
		"id bracket":       func(m *mail.Message) { m.ID = "<a@b>" },
		"lang":             func(m *mail.Message) { m.Lang = "ja\nX: y" },
		"header name":      func(m *mail.Message) { m.Headers = map[string]string{"X: y\r\nBcc": "x@example.org"} },
		"header value":     func(m *mail.Message) { m.Headers = map[string]string{"X-A": "y\r\nBcc: x@example.org"} },
		"header ours":      func(m *mail.Message) { m.Headers = map[string]string{"bCC": "x@example.org"} },
		"header content":   func(m *mail.Message) { m.Headers = map[string]string{"content-type": "text/html"} },
		"no text":          func(m *mail.Message) { m.Text = "" },
		"no date":          func(m *mail.Message) { m.Date = time.Time{} },
		"text not utf8":    func(m *mail.Message) { m.Text = "\xff" },
	} {
		m := japanese()
		spoil(&m)
		if raw, err := mail.Compose(m, nil); !errors.Is(err, mail.ErrUnsafe) {
			t.Errorf("%s: got %v and %q", name, err, raw)
		}
	}
}

func TestOldCarrierAddressIsKept(t *testing.T) {
	t.Parallel()
	m := japanese()
	m.To = "hana..ko.@docomo.example"
	raw, err := mail.Compose(m, nil)
	if err != nil || !strings.Contains(string(raw), `To: <"hana..ko."@docomo.example>`) {
		t.Errorf("%v\n%s", err, raw)
	}
}

func TestSignatureVerifies(t *testing.T) {
	t.Parallel()
	for name, key := range keys(t) {
		raw, err := mail.Compose(japanese(), key)
		if err != nil {
			t.Fatal(err)
		}
		if err := verify(t, name, raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for what, spoilt := range map[string]string{
			"subject":     strings.Replace(string(raw), "Subject:", "Subject: x", 1),
			"extra from":  "From: evil@example.org\r\n" + string(raw),
			"extra to":    strings.Replace(string(raw), "MIME-Version", "To: evil@example.org\r\nMIME-Version", 1),
			"auto":        strings.Replace(string(raw), "auto-generated", "no", 1),
			"body":        strings.Replace(string(raw), "text/plain", "text/plaim", 1),
			"extra reply": "Reply-To: evil@example.org\r\n" + string(raw),
		} {
			if spoilt == string(raw) {
				t.Fatalf("%s: nothing was changed", what)
			}
			if verify(t, name, []byte(spoilt)) == nil {
				t.Errorf("%s: still verifies after a change of %s", name, what)
			}
		}
	}
}

// verify uses another library than the one that signed.
func verify(t *testing.T, name string, raw []byte) error {
	t.Helper()
	found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{
		LookupTXT: func(domain string) ([]string, error) {
			if domain != name+"._domainkey.example.jp" {
				t.Errorf("asked for %s", domain)
			}
			return []string{records(t)[name]}, nil
		},
	})
	if err != nil {
		return err
	}
	if len(found) != 1 {
		t.Fatalf("%d signatures", len(found))
	}
	return found[0].Err
}

var (
	rsaKey    = must(rsa.GenerateKey(rand.Reader, 2048))
	edPub, ed = mustPair(ed25519.GenerateKey(rand.Reader))
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func mustPair[A, B any](a A, b B, err error) (A, B) { return a, must(b, err) }

func records(t *testing.T) map[string]string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"rsa": "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der),
		"ed":  "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(edPub),
	}
}

// keys gives one signer of each kind, read from PEM files as the operator's are.
func keys(t *testing.T) map[string]*mail.DKIM {
	t.Helper()
	out := map[string]*mail.DKIM{}
	for name, key := range map[string]any{"rsa": rsaKey, "ed": ed} {
		file := writeKey(t, key, 0o600)
		k, err := mail.LoadDKIM(file, "example.jp", name)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = k
	}
	return out
}

func writeKey(t *testing.T, key any, mode os.FileMode) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dkim.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(file, text, mode); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestUnfitKeysAreRefused(t *testing.T) {
	t.Parallel()
	short := must(rsa.GenerateKey(rand.Reader, 1024))
	junk := filepath.Join(t.TempDir(), "junk")
	if err := os.WriteFile(junk, []byte("not a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ file, domain, selector string }{
		"missing":      {filepath.Join(t.TempDir(), "none"), "example.jp", "s"},
		"junk":         {junk, "example.jp", "s"},
		"short":        {writeKey(t, short, 0o600), "example.jp", "s"},
		"world":        {writeKey(t, ed, 0o644), "example.jp", "s"},
		"no domain":    {writeKey(t, ed, 0o600), "", "s"},
		"bad selector": {writeKey(t, ed, 0o600), "example.jp", "s; l=0"},
	} {
		if _, err := mail.LoadDKIM(c.file, c.domain, c.selector); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

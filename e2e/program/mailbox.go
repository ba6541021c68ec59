package program

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
	"testing"

	"github.com/genkan/genkan/internal/testkit/smtptest"
)

// Mailbox is the mail server of a site: a real one, in the test's process.
type Mailbox struct{ *smtptest.Server }

// NewMailbox starts a mail server until the test ends.
func NewMailbox(t testing.TB) *Mailbox {
	t.Helper()
	return &Mailbox{smtptest.Start(t, smtptest.Options{})}
}

var codeText = regexp.MustCompile(`\b(\d{8}|\d{6})\b`)

// Code waits for the n-th mail (from 1) to an address that holds a code of so
// many digits, and gives the code; "" when ctx ends before.
func (m *Mailbox) Code(ctx context.Context, address string, digits, n int) string {
	for seen := 0; ; {
		letters, err := m.Wait(ctx.Done(), seen+1)
		if err != nil {
			return ""
		}
		seen = len(letters)
		found := 0
		for _, l := range letters {
			if !strings.Contains(strings.ToLower(l.To), strings.ToLower(address)) {
				continue
			}
			for _, c := range codeText.FindAllString(Text(l.Raw), -1) {
				if len(c) != digits {
					continue
				}
				if found++; found == n {
					return c
				}
				break
			}
		}
	}
}

// Text gives the plain text of a mail.
func Text(raw []byte) string {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return ""
	}
	return part(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
}

func part(kind, encoding string, body io.Reader) string {
	media, params, err := mime.ParseMediaType(kind)
	if err != nil {
		return ""
	}
	if !strings.HasPrefix(media, "multipart/") {
		switch strings.ToLower(encoding) {
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		}
		text, _ := io.ReadAll(body)
		if media != "text/plain" {
			return ""
		}
		return string(text)
	}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err != nil {
			return ""
		}
		if text := part(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); text != "" {
			return text
		}
	}
}

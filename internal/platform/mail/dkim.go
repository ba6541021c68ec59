package mail

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"os"

	"github.com/emersion/go-msgauth/dkim"
	gomail "github.com/wneessen/go-mail"
)

// minRSABits is the least that RFC 8301 section 3.2 asks of signers today.
const minRSABits = 2048

// DKIM is the key that signs outgoing messages (RFC 6376, RFC 8463).
type DKIM struct {
	domain   string
	selector string
	key      crypto.Signer
}

// LoadDKIM reads an RSA (2048 bits or more) or Ed25519 private key in PEM from
// file. The public half is expected at selector._domainkey.domain. A file that
// everybody on the machine can read is refused (KY3).
func LoadDKIM(file, domain, selector string) (*DKIM, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("dkim key: %w", err)
	}
	if info.Mode().Perm()&0o004 != 0 {
		return nil, fmt.Errorf("dkim key %s: readable by everybody", file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("dkim key: %w", err)
	}
	key, err := gomail.PrivKeyFromPEM(text)
	if err != nil {
		return nil, fmt.Errorf("dkim key %s: %w", file, err)
	}
	return NewDKIM(key, domain, selector)
}

// NewDKIM makes a signer from a key already in memory.
func NewDKIM(key crypto.Signer, domain, selector string) (*DKIM, error) {
	if !dnsName(domain) || !dnsName(selector) {
		return nil, errors.New("dkim: domain and selector must be DNS names")
	}
	if k, ok := key.(*rsa.PrivateKey); ok && k.N.BitLen() < minRSABits {
		return nil, fmt.Errorf("dkim: RSA key of %d bits, need %d", k.N.BitLen(), minRSABits)
	}
	d := &DKIM{domain: domain, selector: selector, key: key}
	if _, err := d.sign([]byte("From: a@b.example\r\n\r\n")); err != nil {
		return nil, err
	}
	return d, nil
}

// sign gives raw with a signature in front.
//
// go-msgauth signs, although go-mail could: v0.8.1 of the latter folds a long
// list of fields in the middle of a name, and the result does not verify.
func (d *DKIM) sign(raw []byte) ([]byte, error) {
	var out bytes.Buffer
	err := dkim.Sign(&out, bytes.NewReader(raw), &dkim.SignOptions{
		Domain: d.domain, Selector: d.selector, Signer: d.key, Hash: crypto.SHA256,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed,
		BodyCanonicalization:   dkim.CanonicalizationRelaxed,
		HeaderKeys: []string{
			"From", "To", "Subject", "Date", "Message-ID", "Content-Type",
			"MIME-Version", "Auto-Submitted", "Content-Language",
			// Named once more than present: another one added on the way
			// breaks the signature (RFC 6376 section 8.15).
			"From", "To", "Subject", "Date", "Message-ID", "Content-Type", "Reply-To", "Cc",
		},
	})
	if err != nil {
		return nil, fmt.Errorf("dkim: %w", err)
	}
	return out.Bytes(), nil
}

// dnsName is strict enough to keep a tag separator out of the signature.
func dnsName(s string) bool {
	for _, r := range s {
		plain := r == '.' || r == '-' || r == '_' || r >= '0' && r <= '9' ||
			r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !plain {
			return false
		}
	}
	return s != ""
}

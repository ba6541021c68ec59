package config

import (
	"crypto/x509"
	"net/mail"
	"os"
	"strings"
)

// smtp judges the way to the mail server.
func (r *rules) smtp() {
	m := r.SMTP
	if m.Host != "" && !hostName(m.Host) {
		r.say("smtp.host", "is not the name of a server: write it without port or scheme, as in mail.example.jp")
	}
	within(r, "smtp.port", m.Port, 1, 65535, "587 goes with starttls, 465 with tls")
	r.oneOf("smtp.security", m.Security, "starttls", "tls", "none")
	switch {
	case m.Security == "none" && m.Host != "" && !loopback(m.Host):
		r.say("smtp.security", "is none, so codes would travel in the open: use starttls or tls (none only on localhost) (KY4)")
	case m.Security == "starttls" && m.Port == 465:
		r.say("smtp.port", "is 465, where servers speak TLS from the first byte: set smtp.security to tls, or the port to 587 (RFC 8314)")
	}
	switch {
	case m.Username != "" && m.PasswordFile == "":
		r.say("smtp.password_file", "is missing beside smtp.username: name the file with the password")
	case m.Username == "" && m.PasswordFile != "":
		r.say("smtp.username", "is missing beside smtp.password_file: set it, or remove the file")
	}
	if m.PasswordFile != "" {
		r.secretFile("smtp.password_file", m.PasswordFile)
	}
	r.address("smtp.from", m.From)
	if m.HelloName != "" && !hostName(m.HelloName) {
		r.say("smtp.hello_name", "is not the name of a machine, as in id.example.jp")
	}
	if r.plainFile("smtp.ca_file", m.CAFile) {
		pem, err := os.ReadFile(m.CAFile)
		if err != nil || !x509.NewCertPool().AppendCertsFromPEM(pem) {
			r.say("smtp.ca_file", "holds no certificate in PEM form")
		}
	}
}

// dkim judges the signature: all three settings or none.
func (r *rules) dkim() {
	d := r.SMTP.DKIM
	if d == (DKIM{}) {
		return
	}
	for _, part := range [][2]string{{"domain", d.Domain}, {"selector", d.Selector}, {"key_file", d.KeyFile}} {
		if part[1] == "" {
			r.say("smtp.dkim."+part[0], "is missing: set domain, selector and key_file, or none of them")
		}
	}
	if d.Domain != "" && !hostName(d.Domain) {
		r.say("smtp.dkim.domain", "is not a domain, as in example.jp")
	} else if _, from, ok := strings.Cut(r.SMTP.From, "@"); ok && d.Domain != "" && !under(from, d.Domain) {
		r.say("smtp.dkim.domain", "is not the domain of smtp.from or one above it, so receivers would not count the signature (RFC 7489 section 3.1.1)")
	}
	if d.Selector != "" && !hostName(d.Selector) {
		r.say("smtp.dkim.selector", "must be of letters, digits, hyphens and dots (RFC 6376 section 3.1)")
	}
	if d.KeyFile != "" {
		r.secretFile("smtp.dkim.key_file", d.KeyFile)
	}
}

// address judges an optional mail address without a name beside it.
func (r *rules) address(path, v string) {
	if v == "" {
		return
	}
	a, err := mail.ParseAddress(v)
	if err != nil || a.Address != v || a.Name != "" || len(v) > 254 {
		r.say(path, "is not a mail address alone, as in no-reply@example.jp")
	}
}

// under tells whether domain is parent or lies below it.
func under(domain, parent string) bool {
	domain, parent = strings.ToLower(domain), strings.ToLower(parent)
	return domain == parent || strings.HasSuffix(domain, "."+parent)
}

// hostName tells whether v is a host name or address (RFC 1123 §2.1).
func hostName(v string) bool {
	if len(v) > 253 {
		return false
	}
	if strings.Count(v, ":") >= 2 { // IPv6
		return strings.Trim(v, "0123456789abcdefABCDEF:.") == ""
	}
	for label := range strings.SplitSeq(v, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		for _, c := range label {
			if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}

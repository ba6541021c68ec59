package server

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"github.com/genkan/genkan/internal/config"
	"github.com/genkan/genkan/internal/platform/mail"
)

// SMTP carries mails to the operator's mail server.
type SMTP struct {
	server mail.Server
	key    *mail.DKIM
}

// NewSMTP reads the settings of the mail server and the files they name.
func NewSMTP(s *config.Settings, now func() time.Time) (*SMTP, error) {
	secret, err := s.SMTPPassword()
	if err != nil {
		return nil, fmt.Errorf("smtp.password_file: %w", err)
	}
	out := &SMTP{server: mail.Server{Host: s.SMTP.Host, Port: s.SMTP.Port, Security: mail.Security(s.SMTP.Security),
		Username: s.SMTP.Username, Password: string(secret), HelloName: s.SMTP.HelloName, Now: now}}
	if s.SMTP.CAFile != "" {
		pem, err := os.ReadFile(s.SMTP.CAFile)
		if err != nil {
			return nil, fmt.Errorf("smtp.ca_file: %w", err)
		}
		out.server.RootCAs = x509.NewCertPool()
		if !out.server.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("smtp.ca_file: %s holds no certificate", s.SMTP.CAFile)
		}
	}
	if s.SMTP.DKIM.KeyFile != "" {
		if out.key, err = mail.LoadDKIM(s.SMTP.DKIM.KeyFile, s.SMTP.DKIM.Domain, s.SMTP.DKIM.Selector); err != nil {
			return nil, fmt.Errorf("smtp.dkim: %w", err)
		}
	}
	return out, nil
}

// Carry composes, signs and hands over one message.
func (c *SMTP) Carry(ctx context.Context, m mail.Message, note func(mail.Step)) error {
	raw, err := mail.Compose(m, c.key)
	if err != nil {
		return err
	}
	return c.server.Send(ctx, m.From, m.To, raw, note)
}

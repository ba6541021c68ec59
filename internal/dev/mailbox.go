//go:build dev

package dev

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/genkan/genkan/internal/platform/mail"
)

// Message is one caught mail, in the form of /dev/mailbox/messages.
type Message struct {
	ID        string    `json:"id"`
	Channel   string    `json:"channel"` // "mail" or "sms"
	To        string    `json:"to"`
	From      string    `json:"from"`
	Subject   string    `json:"subject"`
	Text      string    `json:"text"`
	HTML      string    `json:"html"`
	Code      string    `json:"code"` // the first code or number in the text, or ""
	Link      string    `json:"link"` // the first mailed link in the text, or ""
	CreatedAt time.Time `json:"created_at"`
}

// Mailbox catches mail, the newest 1,000 of it.
type Mailbox struct {
	mu  sync.Mutex
	all []Message
}

var (
	// Codes have eight or six digits; the number of an undo has four and stands
	// at the end of its line.
	codeText = []*regexp.Regexp{regexp.MustCompile(`\b(\d{8})\b`), regexp.MustCompile(`\b(\d{6})\b`), regexp.MustCompile(`(?m)[:：] ?(\d{4})$`)}
	linkText = regexp.MustCompile(`https?://\S+/l/[a-z0-9]+`)
)

// Put catches one mail; a repeat with the same Message-ID is the same mail.
func (b *Mailbox) Put(m mail.Message, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if slices.ContainsFunc(b.all, func(o Message) bool { return o.ID == m.ID }) {
		return
	}
	got := Message{ID: m.ID, Channel: "mail", To: m.To, From: m.From, Subject: m.Subject, Text: m.Text, HTML: m.HTML, CreatedAt: now}
	for _, form := range codeText {
		if c := form.FindStringSubmatch(linkText.ReplaceAllString(m.Text, "")); c != nil && got.Code == "" {
			got.Code = c[1]
		}
	}
	got.Link = linkText.FindString(m.Text)
	b.all = append(b.all, got)
	if len(b.all) > 1000 {
		b.all = b.all[1:]
	}
}

// List gives the mails to one address (caseless; "" for all), newest first.
func (b *Mailbox) List(to string) []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := []Message{}
	for _, m := range slices.Backward(b.all) {
		if to == "" || strings.EqualFold(m.To, to) {
			out = append(out, m)
		}
	}
	return out
}

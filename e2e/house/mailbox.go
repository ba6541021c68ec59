package house

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/mail"
)

// Mailbox catches every mail of a house. It may be told to refuse.
type Mailbox struct {
	mu     sync.Mutex
	came   *sync.Cond
	all    []Letter
	refuse func(m mail.Message) error
}

// Letter is one caught mail with what a person reads in it.
type Letter struct {
	mail.Message
	Code string // the first code or number, or ""
	Link string // the first mailed link, or ""
}

// NewMailbox makes an empty mailbox.
func NewMailbox() *Mailbox {
	b := &Mailbox{}
	b.came = sync.NewCond(&b.mu)
	return b
}

// Refuse makes every mail meet f first; an error of it is the carrier's. nil
// takes everything again.
func (b *Mailbox) Refuse(f func(m mail.Message) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refuse = f
}

var (
	codeText = []*regexp.Regexp{regexp.MustCompile(`\b(\d{8})\b`), regexp.MustCompile(`\b(\d{6})\b`), regexp.MustCompile(`(?m)[:：] ?(\d{4})$`)}
	linkText = regexp.MustCompile(`https?://\S+/l/[a-z0-9]+`)
)

// Carry takes a mail.
func (b *Mailbox) Carry(_ context.Context, m mail.Message, note func(mail.Step)) error {
	b.mu.Lock()
	refuse := b.refuse
	b.mu.Unlock()
	if refuse != nil {
		if err := refuse(m); err != nil {
			return err
		}
	}
	note(mail.Step{Stage: mail.StageBody, Code: 250, Text: "ok", Hop: "test"})
	l := Letter{Message: m, Link: linkText.FindString(m.Text)}
	plain := linkText.ReplaceAllString(m.Text, "")
	for _, form := range codeText {
		if c := form.FindStringSubmatch(plain); c != nil && l.Code == "" {
			l.Code = c[1]
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, l)
	b.came.Broadcast()
	return nil
}

// To gives the mails to one address so far, oldest first.
func (b *Mailbox) To(address string) []Letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.to(address)
}

func (b *Mailbox) to(address string) []Letter {
	var out []Letter
	for _, l := range b.all {
		if strings.EqualFold(l.To, address) {
			out = append(out, l)
		}
	}
	return out
}

// All gives every mail so far, oldest first.
func (b *Mailbox) All() []Letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]Letter(nil), b.all...)
}

// Wait gives the n-th mail to an address (from 1), and fails the test when it
// does not come within 30 seconds.
func (b *Mailbox) Wait(t testing.TB, address string, n int) Letter {
	t.Helper()
	late := time.AfterFunc(30*time.Second, func() { b.came.Broadcast() })
	defer late.Stop()
	end := time.Now().Add(30 * time.Second)
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		got := b.to(address)
		if len(got) >= n {
			return got[n-1]
		}
		if time.Now().After(end) {
			t.Fatalf("mail %d to %s did not come; there are %d of %d in all", n, address, len(got), len(b.all))
		}
		b.came.Wait()
	}
}

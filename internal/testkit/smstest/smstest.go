// Package smstest is gateways for texts that misbehave on request, for tests:
// Twilio's API and a receiver of signed webhooks over HTTP, and a message
// centre that speaks SMPP 3.4 over TCP, all on loopback.
//
// Each keeps what it takes. It can refuse, fall silent before it has done the
// work, and do the work and break the connection; and it reports what the test
// says, true or not, once or many times. The signatures are written anew here,
// so that the package under test is not measured by itself.
package smstest

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"slices"
	"sync"

	"github.com/genkan/genkan/internal/testkit/smtptest"
)

// T is the part of testing.TB that is needed.
type T interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// TLS says what a server shows. The zero value is plain text.
type TLS struct {
	On          bool
	Certificate smtptest.Certificate
}

// config gives nil for plain text, and the pool that trusts the certificate.
func (o TLS) config() (*tls.Config, *x509.CertPool, error) {
	if !o.On {
		return nil, nil, nil
	}
	ca, err := smtptest.NewAuthority()
	if err != nil {
		return nil, nil, err
	}
	cert, err := ca.Issue(o.Certificate)
	return &tls.Config{Certificates: []tls.Certificate{cert}}, ca.Pool(), err
}

// Text is one text, or one part of one, that was taken.
type Text struct {
	Ref      string // the gateway's name for it
	ID       string // the client's, where the protocol has one
	From, To string
	Body     string
	Life     string // as it was said
	Callback string // where its receipts go (Twilio)

	// SMPP only.
	Coding              byte
	Part, Parts, Series byte // of a long text; 0 of 0 otherwise
	Receipt             bool // one was asked for
	FromTON, FromNPI    byte
	Octets              []byte
}

// act is one piece of misbehaviour.
type act struct {
	kind  string
	code  int    // status of refuse
	body  string // of refuse, or where redirect leads
	times int    // how often; negative: always
}

// The kinds of misbehaviour.
const (
	refuse   = "refuse"
	hang     = "hang"
	drop     = "drop"
	redirect = "redirect"
	flood    = "flood"
)

// shelf is what all gateways keep.
type shelf struct {
	mu    sync.Mutex
	acts  map[string]*act // by stage
	texts []Text
	moved chan struct{} // closed and replaced at each change
	bound int           // sessions so far (SMPP)
	asked int           // requests so far
}

func newShelf() *shelf {
	return &shelf{acts: map[string]*act{}, moved: make(chan struct{})}
}

func (s *shelf) set(stage string, a *act) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acts[stage] = a
}

// Behave forgets all misbehaviour.
func (s *shelf) Behave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.acts)
}

// due takes the misbehaviour for stage, if any is left.
func (s *shelf) due(stage string) act {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.acts[stage]
	if a == nil || a.times == 0 {
		return act{}
	}
	a.times--
	return *a
}

// change runs do and wakes whoever waits.
func (s *shelf) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
	close(s.moved)
	s.moved = make(chan struct{})
}

// keep takes a text and names it.
func (s *shelf) keep(t Text, prefix string) (ref string) {
	s.change(func() {
		ref = fmt.Sprintf("%s%04d", prefix, len(s.texts)+1)
		t.Ref = ref
		s.texts = append(s.texts, t)
	})
	return ref
}

// Texts gives what was taken so far, oldest first.
func (s *shelf) Texts() []Text {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.texts)
}

// Asked counts the requests so far.
func (s *shelf) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// Bound counts the sessions so far.
func (s *shelf) Bound() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bound
}

// wait blocks until ok, called under the lock, or done is closed.
func (s *shelf) wait(done <-chan struct{}, ok func() bool) error {
	for {
		s.mu.Lock()
		yes, next := ok(), s.moved
		s.mu.Unlock()
		if yes {
			return nil
		}
		select {
		case <-next:
		case <-done:
			return fmt.Errorf("smstest: gave up waiting")
		}
	}
}

// Wait blocks until n texts were taken or done is closed.
func (s *shelf) Wait(done <-chan struct{}, n int) error {
	return s.wait(done, func() bool { return len(s.texts) >= n })
}

// WaitAsked blocks until n requests came or done is closed.
func (s *shelf) WaitAsked(done <-chan struct{}, n int) error {
	return s.wait(done, func() bool { return s.asked >= n })
}

// WaitBound blocks until n sessions were bound or done is closed.
func (s *shelf) WaitBound(done <-chan struct{}, n int) error {
	return s.wait(done, func() bool { return s.bound >= n })
}

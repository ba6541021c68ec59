// Package smtptest is a mail server that misbehaves on request, for tests.
//
// It speaks real SMTP over TCP on loopback and keeps what it takes. At any
// stage it can refuse with a reply of the test's choice, drop the connection
// (before or after it has done the work) or fall silent, and it can show a
// certificate that must not be trusted. It is written by hand, because a
// well-behaved server library offers no way to misbehave before its own hooks;
// package mail is also tested against such a library and a real MTA.
package smtptest

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"sync"
)

// Stages at which the server can be told to misbehave.
const (
	Banner   = "banner"
	EHLO     = "ehlo"
	STARTTLS = "starttls"
	Auth     = "auth"
	Mail     = "mail"
	Rcpt     = "rcpt"
	Data     = "data"
	MidBody  = "midbody" // after the first line of the message, before its final dot
	Body     = "body"    // after the final dot
	Quit     = "quit"
)

// T is the part of testing.TB that is needed.
type T interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Options shape a server; the zero value is plain text without login.
type Options struct {
	STARTTLS    bool              // offer it
	TLS         bool              // TLS from the first byte
	Certificate Certificate       //
	Users       map[string]string // name to password; offers AUTH PLAIN, under TLS or not
	LoginOnly   bool              // offers AUTH LOGIN instead
	NoSMTPUTF8  bool              //
	Inject      bool              // send a further reply in clear text behind the one to STARTTLS
}

// Letter is one message taken.
type Letter struct {
	From, To string // as they stood in MAIL and RCPT
	Params   string // what followed in MAIL
	Raw      []byte // with CRLF, dots unstuffed
	Hello    string // argument of EHLO
	User     string // who logged in
	TLS      bool
}

// act is one piece of misbehaviour.
type act struct {
	code  int // reply, when not 0
	text  string
	drop  bool // close the connection
	hang  bool // say nothing until the client leaves
	times int  // how often; negative: always
}

// Server is a running mail server.
type Server struct {
	opts     Options
	ca       *Authority
	tls      *tls.Config
	listener net.Listener
	stop     chan struct{}
	running  sync.WaitGroup

	mu       sync.Mutex
	acts     map[string]*act
	letters  []Letter
	taken    chan struct{} // closed and replaced at each letter
	sessions int
	conns    map[net.Conn]struct{}
}

// Start runs a server until the test ends.
func Start(t T, opts Options) *Server {
	t.Helper()
	s, err := New(opts)
	if err != nil {
		t.Fatalf("smtptest: %v", err)
	}
	t.Cleanup(s.Close)
	return s
}

// New runs a server until Close.
func New(opts Options) (*Server, error) {
	s := &Server{
		opts: opts, stop: make(chan struct{}), acts: map[string]*act{},
		taken: make(chan struct{}), conns: map[net.Conn]struct{}{},
	}
	var err error
	if s.ca, err = NewAuthority(); err != nil {
		return nil, err
	}
	cert, err := s.ca.Issue(opts.Certificate)
	if err != nil {
		return nil, err
	}
	s.tls = &tls.Config{Certificates: []tls.Certificate{cert}}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.running.Go(s.accept)
	return s, nil
}

// Host is where the server listens.
func (s *Server) Host() string { return "127.0.0.1" }

// Port is where the server listens.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// RootCAs trusts the server's certificate, when it is Good.
func (s *Server) RootCAs() *x509.CertPool { return s.ca.Pool() }

// Close ends the server and every session.
func (s *Server) Close() {
	s.mu.Lock()
	select {
	case <-s.stop:
	default:
		close(s.stop)
		s.listener.Close()
	}
	for c := range s.conns {
		c.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Refuse answers code and text at stage, times times (negative: always). An
// enhanced status is part of text, as in "5.1.1 no such person". A text that
// begins with "-" begins a reply of several lines, which the test writes out.
func (s *Server) Refuse(stage string, times, code int, text string) {
	s.set(stage, &act{code: code, text: text, times: times})
}

// Drop closes the connection at stage instead of answering. At Body the message
// has been taken by then: only the answer is lost.
func (s *Server) Drop(stage string, times int) { s.set(stage, &act{drop: true, times: times}) }

// Hang says nothing at stage until the client leaves.
func (s *Server) Hang(stage string, times int) { s.set(stage, &act{hang: true, times: times}) }

// Behave forgets all misbehaviour.
func (s *Server) Behave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.acts)
}

func (s *Server) set(stage string, a *act) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acts[stage] = a
}

// due takes the misbehaviour for stage, if any is left.
func (s *Server) due(stage string) (act, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.acts[stage]
	if a == nil || a.times == 0 {
		return act{}, false
	}
	a.times--
	return *a, true
}

// Letters gives what was taken so far, oldest first.
func (s *Server) Letters() []Letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.letters)
}

// Sessions counts the connections so far.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions
}

// Wait blocks until n letters were taken or done is closed (use the Done
// channel of a context), and gives what is there.
func (s *Server) Wait(done <-chan struct{}, n int) ([]Letter, error) {
	for {
		s.mu.Lock()
		got, next := slices.Clone(s.letters), s.taken
		s.mu.Unlock()
		if len(got) >= n {
			return got, nil
		}
		select {
		case <-next:
		case <-done:
			return got, fmt.Errorf("smtptest: %d letters of %d", len(got), n)
		}
	}
}

func (s *Server) keep(l Letter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, l)
	close(s.taken)
	s.taken = make(chan struct{})
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.sessions++
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.running.Go(func() {
			newTalk(s, c).run()
			c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

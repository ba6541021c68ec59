package smstest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// Stages at which an SMSC can be told to misbehave.
const (
	Bind   = "bind"
	Submit = "submit"
	Unbind = "unbind"
	Link   = "link" // enquire_link
)

// SMSC is a message centre that speaks SMPP 3.4.
type SMSC struct {
	*shelf
	RootCAs *x509.CertPool // nil for plain text

	system, password string
	listener         net.Listener
	running          sync.WaitGroup
	links            map[*link]struct{} // under shelf.mu, as is closed
	closed           bool
}

// link is one connection.
type link struct {
	conn    net.Conn
	writing sync.Mutex
	mu      sync.Mutex
	answers map[int32]chan uint32 // to our deliver_sm, by sequence number
	bound   bool                  // under shelf.mu
}

// StartSMSC runs a centre for one login until the test ends.
func StartSMSC(t T, o TLS, system, password string) *SMSC {
	t.Helper()
	s := &SMSC{shelf: newShelf(), system: system, password: password, links: map[*link]struct{}{}}
	config, pool, err := o.config()
	if err != nil {
		t.Fatalf("smstest: %v", err)
	}
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatalf("smstest: %v", err)
	}
	if s.RootCAs = pool; config != nil {
		s.listener = tls.NewListener(s.listener, config)
	}
	s.running.Go(s.accept)
	t.Cleanup(func() {
		s.listener.Close()
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		s.Cut()
		s.running.Wait()
	})
	return s
}

// Addr is where it listens.
func (s *SMSC) Addr() string { return s.listener.Addr().String() }

// Refuse answers stage with a command status, times times (negative: always).
func (s *SMSC) Refuse(stage string, times int, status data.CommandStatusType) {
	s.set(stage, &act{kind: refuse, code: int(status), times: times})
}

// Hang says nothing at stage, and does nothing.
func (s *SMSC) Hang(stage string, times int) { s.set(stage, &act{kind: hang, times: times}) }

// Drop closes the connection at stage instead of answering. A text has been
// taken by then.
func (s *SMSC) Drop(stage string, times int) { s.set(stage, &act{kind: drop, times: times}) }

// Cut breaks every connection.
func (s *SMSC) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.links {
		l.conn.Close()
	}
}

// Live counts the sessions that are bound now.
func (s *SMSC) Live() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for l := range s.links {
		if l.bound {
			n++
		}
	}
	return n
}

// WaitGone blocks until no session is left or done is closed.
func (s *SMSC) WaitGone(done <-chan struct{}) error {
	return s.wait(done, func() bool { return len(s.links) == 0 })
}

func (s *SMSC) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		l := &link{conn: conn, answers: map[int32]chan uint32{}}
		s.change(func() {
			s.links[l] = struct{}{}
			if s.closed {
				conn.Close()
			}
		})
		s.running.Go(func() {
			s.talk(l)
			conn.Close()
			s.change(func() { delete(s.links, l) })
		})
	}
}

func (s *SMSC) talk(l *link) {
	for {
		p, err := pdu.Parse(l.conn)
		if err != nil || !s.hear(l, p) {
			return
		}
	}
}

// hear deals with one PDU and says whether to go on.
func (s *SMSC) hear(l *link, p pdu.PDU) bool {
	switch p := p.(type) {
	case *pdu.BindRequest:
		answer := p.GetResponse().(*pdu.BindResp)
		if p.BindingType != pdu.Transceiver || p.SystemID != s.system || p.Password != s.password {
			answer.CommandStatus = data.ESME_RINVPASWD
			return l.write(answer)
		}
		return s.reply(l, Bind, answer, &answer.Header, func() { s.change(func() { l.bound = true; s.bound++ }) })
	case *pdu.SubmitSM:
		answer := p.GetResponse().(*pdu.SubmitSMResp)
		return s.reply(l, Submit, answer, &answer.Header, func() { answer.MessageID = s.keep(read(p), "m") })
	case *pdu.EnquireLink:
		answer := p.GetResponse().(*pdu.EnquireLinkResp)
		return s.reply(l, Link, answer, &answer.Header, func() {})
	case *pdu.Unbind:
		answer := p.GetResponse().(*pdu.UnbindResp)
		return s.reply(l, Unbind, answer, &answer.Header, func() {})
	case *pdu.DeliverSMResp:
		l.mu.Lock()
		if got := l.answers[p.SequenceNumber]; got != nil {
			got <- uint32(p.CommandStatus)
		}
		l.mu.Unlock()
	}
	return true
}

// reply does the work and answers, or what it was told to do instead.
func (s *SMSC) reply(l *link, stage string, answer pdu.PDU, h *pdu.Header, work func()) bool {
	a := s.due(stage)
	s.change(func() { s.asked++ })
	switch a.kind {
	case refuse:
		h.CommandStatus = data.CommandStatusType(a.code)
		return l.write(answer)
	case hang:
		return true
	case drop:
		work()
		return false
	}
	work()
	return l.write(answer)
}

func (l *link) write(p pdu.PDU) bool {
	out := pdu.NewBuffer(nil)
	p.Marshal(out)
	return l.raw(out.Bytes())
}

func (l *link) raw(b []byte) bool {
	l.writing.Lock()
	defer l.writing.Unlock()
	_, err := l.conn.Write(b)
	return err == nil
}

// read takes a text apart.
func read(p *pdu.SubmitSM) Text {
	octets, _ := p.Message.GetMessageData()
	body, _ := p.Message.GetMessage()
	t := Text{
		From: p.SourceAddr.Address(), FromTON: p.SourceAddr.Ton(), FromNPI: p.SourceAddr.Npi(), To: p.DestAddr.Address(),
		Body: body, Octets: octets, Life: p.ValidityPeriod, Receipt: p.RegisteredDelivery == 1,
	}
	t.Coding = p.Message.Encoding().DataCoding()
	if total, part, series, ok := p.Message.UDH().GetConcatInfo(); ok {
		t.Parts, t.Part, t.Series = total, part, series
	}
	return t
}

// Delivery is what the centre reports; nothing in it needs to be true.
type Delivery struct {
	Text   string             // of the receipt
	Class  byte               // esm_class; 4 for a receipt
	Fields map[pdu.Tag][]byte // optional parameters
}

// Report sends d over a session that is bound, and gives the status
// of the answer.
func (s *SMSC) Report(ctx context.Context, d Delivery) (uint32, error) {
	p := pdu.NewDeliverSM().(*pdu.DeliverSM)
	p.EsmClass = d.Class
	if err := p.Message.SetMessageDataWithEncoding([]byte(d.Text), data.GSM7BIT); err != nil {
		return 0, err
	}
	for tag, value := range d.Fields {
		p.RegisterOptionalParam(pdu.Field{Tag: tag, Data: value})
	}
	l, err := s.any()
	if err != nil {
		return 0, err
	}
	got := make(chan uint32, 1)
	l.mu.Lock()
	l.answers[p.GetSequenceNumber()] = got
	l.mu.Unlock()
	if !l.write(p) {
		return 0, fmt.Errorf("smstest: the session is gone")
	}
	select {
	case status := <-got:
		return status, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Say sends raw bytes over a session.
func (s *SMSC) Say(b []byte) error {
	l, err := s.any()
	if err == nil && !l.raw(b) {
		err = fmt.Errorf("smstest: the session is gone")
	}
	return err
}

// Leave sends p, such as an unbind, over a session without waiting.
func (s *SMSC) Leave(p pdu.PDU) error {
	out := pdu.NewBuffer(nil)
	p.Marshal(out)
	return s.Say(out.Bytes())
}

func (s *SMSC) any() (*link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.links {
		if l.bound {
			return l, nil
		}
	}
	return nil, fmt.Errorf("smstest: no session")
}

// Receipt gives the usual text of a receipt (SMPP 3.4 appendix B).
func Receipt(ref, stat, failure, text string) string {
	return strings.Join([]string{
		"id:" + ref, "sub:001", "dlvrd:001", "submit date:2603040506", "done date:2603040507",
		"stat:" + stat, "err:" + failure, "text:" + text,
	}, " ")
}

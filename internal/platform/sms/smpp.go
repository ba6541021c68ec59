package sms

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// SMPPOptions name a message centre (SMSC).
type SMPPOptions struct {
	Addr       string         // "smsc.example.jp:3550"
	Plain      bool           // without TLS, to a loopback address only, such as a tunnel's end
	SystemID   string         // at most 15 characters
	Password   string         //
	SystemType string         // at most 12 characters, mostly empty
	From       string         // see ValidFrom; for messages without one of their own
	RootCAs    *x509.CertPool // nil: the system's

	// Receipt is given what the centre reports, in its order, from a goroutine
	// of the session. An error makes the centre report it again later. nil: no
	// reports are asked for.
	Receipt func(context.Context, Receipt) error
	// Trouble is told when a session ends that nobody ended, and when one cannot
	// be had again. May be nil.
	Trouble func(error)
	Now     func() time.Time // the time of receipts; required
	Timing  SMPPTiming       // zero fields take the defaults
}

// SMPPTiming bounds a session (SMPP 3.4 section 7.2).
type SMPPTiming struct {
	Connect time.Duration // TCP, TLS and bind, default 15 s
	Answer  time.Duration // to each request, default 20 s
	Enquire time.Duration // between two questions whether the other side is there, default 30 s
	Again   time.Duration // first wait before a lost session is opened anew, default 1 s; doubles up to a minute
}

func (t SMPPTiming) orDefault() SMPPTiming {
	return SMPPTiming{
		Connect: cmp.Or(t.Connect, 15*time.Second), Answer: cmp.Or(t.Answer, 20*time.Second),
		Enquire: cmp.Or(t.Enquire, 30*time.Second), Again: cmp.Or(t.Again, time.Second),
	}
}

// errStopped is the cause of what comes after Stop.
var errStopped = errors.New("stopped")

// SMPP sends over one transceiver session of SMPP 3.4. The session is opened by
// the first Send, and again by itself whenever it is lost, so that receipts
// keep coming.
//
// Only the wire format is gosmpp's. Its session answers "submitted" before the
// message has left, and sleeps and retries out of sight, so that nobody could
// say which text may have been sent.
type SMPP struct {
	opts   SMPPOptions
	host   string
	timing SMPPTiming

	ctx    context.Context // ends with Stop
	cancel context.CancelFunc
	turn   chan struct{} // held while a session is opened
	wg     sync.WaitGroup

	mu      sync.Mutex
	stopped bool
	now     *session // nil: none, or lost
}

// NewSMPP makes a sender. It does not connect. Errors: what is missing or
// unsafe in o.
func NewSMPP(o SMPPOptions) (*SMPP, error) {
	host, _, err := net.SplitHostPort(o.Addr)
	switch {
	case err != nil || host == "":
		return nil, errors.New("sms: the message centre must be host:port")
	case !field(o.SystemID, 15) || o.SystemID == "" || !field(o.Password, 64) || !field(o.SystemType, 12):
		return nil, errors.New("sms: unfit login for the message centre")
	case !ValidFrom(o.From) || service(o.From):
		return nil, errors.New("sms: unfit sender")
	case o.Now == nil:
		return nil, errors.New("sms: no clock")
	}
	s := &SMPP{opts: o, host: host, timing: o.Timing.orDefault(), turn: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// field tells whether v fits a C-octet string of at most most characters.
func field(v string, most int) bool {
	return len(v) <= most && !strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' })
}

// String names the centre without the login.
func (s *SMPP) String() string { return "smpp " + s.opts.Addr }

// Format keeps the password out of every verb (LG1).
func (s *SMPP) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// Send hands m over, as several parts if it is long. The reference is that of
// the first part; receipts of the others name messages that the caller does not
// know, and drops. A repeat has the same reference number of its parts, from
// which many phones see that they have it.
func (s *SMPP) Send(ctx context.Context, m Message) (Receipt, error) {
	m.From = cmp.Or(m.From, s.opts.From)
	if err := m.check(); err != nil {
		return Receipt{}, err
	}
	if m.From == "" || service(m.From) {
		return Receipt{}, fmt.Errorf("%w: no sender", ErrUnsafe)
	}
	parts, err := s.parts(m)
	if err != nil {
		return Receipt{}, err
	}
	now, err := s.session(ctx)
	if err != nil {
		return Receipt{}, err
	}
	r := Receipt{ID: m.ID, State: HandedOver}
	for _, p := range parts {
		name, err := now.submit(ctx, p)
		if err != nil {
			return Receipt{}, err
		}
		r.MessageRef = cmp.Or(r.MessageRef, name)
	}
	return r, nil
}

// parts makes one submit_sm for each segment (SMPP 3.4 section 4.4.1).
func (s *SMPP) parts(m Message) ([]*pdu.SubmitSM, error) {
	cut, err := segments(m.Text)
	if err != nil {
		return nil, err
	}
	ref := byte(crc32.ChecksumIEEE([]byte(m.ID)))
	out := make([]*pdu.SubmitSM, len(cut))
	for i, c := range cut {
		p := pdu.NewSubmitSM().(*pdu.SubmitSM)
		if p.SourceAddr, err = source(m.From); err != nil {
			return nil, fmt.Errorf("%w: sender", ErrUnsafe)
		}
		p.DestAddr, err = pdu.NewAddressWithTonNpiAddr(data.GSM_TON_INTERNATIONAL, data.GSM_NPI_E164, m.To.e164[1:])
		if err != nil {
			return nil, fmt.Errorf("%w: number", ErrUnsafe)
		}
		if err = p.Message.SetMessageDataWithEncoding(c.data, c.encoding); err != nil {
			return nil, fmt.Errorf("%w: text", ErrUnsafe)
		}
		if len(cut) > 1 {
			p.EsmClass |= data.SM_UDH_GSM
			p.Message.SetUDH(pdu.UDH{pdu.NewIEConcatMessage(byte(len(cut)), byte(i+1), ref)})
		}
		if s.opts.Receipt != nil {
			p.RegisteredDelivery = data.SM_SMSC_RECEIPT_REQUESTED
		}
		p.ValidityPeriod = period(m.Life)
		out[i] = p
	}
	return out, nil
}

// source gives the sender's address with its type (SMPP 3.4 section 5.2.5).
func source(from string) (pdu.Address, error) {
	switch {
	case from[0] == '+':
		return pdu.NewAddressWithTonNpiAddr(data.GSM_TON_INTERNATIONAL, data.GSM_NPI_E164, from[1:])
	case strings.Trim(from, "0123456789") == "": // a short code is the network's own
		return pdu.NewAddressWithTonNpiAddr(data.GSM_TON_NETWORK, data.GSM_NPI_UNKNOWN, from)
	}
	return pdu.NewAddressWithTonNpiAddr(data.GSM_TON_ALPHANUMERIC, data.GSM_NPI_UNKNOWN, from)
}

// period writes a relative time, up to a day (SMPP 3.4 section 7.1.1.2).
func period(d time.Duration) string {
	if d < time.Second {
		return ""
	}
	n := int(min(d, 24*time.Hour-time.Second) / time.Second)
	return fmt.Sprintf("000000%02d%02d%02d000R", n/3600, n/60%60, n%60)
}

// session gives the live session, or opens one.
func (s *SMPP) session(ctx context.Context) (*session, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, lost(StageConnect, ctx.Err())
	case <-s.ctx.Done():
		return nil, lost(StageConnect, errStopped)
	}
	s.mu.Lock()
	now, stopped := s.now, s.stopped
	s.mu.Unlock()
	if stopped {
		return nil, lost(StageConnect, errStopped)
	}
	if now != nil {
		return now, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.timing.Connect)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	now, err := s.bind(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		now.end(errStopped)
		return nil, lost(StageConnect, errStopped)
	}
	s.now = now
	s.wg.Go(func() { s.keep(now) })
	return now, nil
}

// keep serves one session to its end, and then opens another.
func (s *SMPP) keep(now *session) {
	now.serve(s.ctx)
	s.mu.Lock()
	s.now = nil
	stopped := s.stopped
	s.mu.Unlock()
	if stopped {
		return
	}
	s.trouble(now.why())
	for wait := s.timing.Again; ; wait = min(2*wait, time.Minute) {
		again := time.NewTimer(wait)
		select {
		case <-s.ctx.Done():
			again.Stop()
			return
		case <-again.C:
		}
		_, err := s.session(s.ctx)
		if err == nil || s.ctx.Err() != nil {
			return
		}
		s.trouble(err)
	}
}

func (s *SMPP) trouble(err error) {
	if s.opts.Trouble != nil {
		s.opts.Trouble(err)
	}
}

// Stop unbinds and ends everything; whatever waits for an answer is then
// Unknown. It may be called twice, and without a Send before.
func (s *SMPP) Stop() {
	s.mu.Lock()
	s.stopped = true
	now := s.now
	s.mu.Unlock()
	if now != nil {
		now.unbind()
	}
	s.cancel()
	s.wg.Wait()
}

// lost is the error of a message that has not left.
func lost(stage string, err error) *SendError {
	return &SendError{Stage: stage, Reason: ReasonOurs, Temporary: true, Err: because(err)}
}

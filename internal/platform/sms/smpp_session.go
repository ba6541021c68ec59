package sms

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"
)

// waitingReceipts bounds receipts that were read and not yet dealt with. More
// stay in the connection, and then in the centre.
const waitingReceipts = 64

// session is one bound connection.
type session struct {
	conn   net.Conn
	in     *bufio.Reader
	timing SMPPTiming
	opts   SMPPOptions

	writing sync.Mutex

	mu      sync.Mutex
	waiting map[int32]chan pdu.PDU // by sequence number
	ended   chan struct{}
	err     error // why, once ended
}

// bind connects and signs in.
func (s *SMPP) bind(ctx context.Context) (*session, error) {
	dialer := &net.Dialer{}
	if s.opts.Plain {
		dialer.Control = loopbackOnly
	}
	conn, err := dialer.DialContext(ctx, "tcp", s.opts.Addr)
	if err != nil {
		return nil, lost(StageConnect, err)
	}
	if !s.opts.Plain {
		secure := tls.Client(conn, verified(s.host, s.opts.RootCAs))
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, lost(StageConnect, err)
		}
		conn = secure
	}
	now := &session{
		conn: conn, in: bufio.NewReader(conn), timing: s.timing, opts: s.opts,
		waiting: map[int32]chan pdu.PDU{}, ended: make(chan struct{}),
	}
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()
	if err := now.signIn(); err != nil {
		conn.Close()
		if ctx.Err() != nil {
			return nil, lost(StageBind, ctx.Err())
		}
		return nil, err
	}
	return now, nil
}

// signIn binds as a transceiver (SMPP 3.4 section 4.1.5).
func (n *session) signIn() error {
	req := pdu.NewBindRequest(pdu.Transceiver)
	req.SystemID, req.Password, req.SystemType = n.opts.SystemID, n.opts.Password, n.opts.SystemType
	if _, err := n.write(req); err != nil {
		return lost(StageBind, err)
	}
	_, h, err := readPDU(n.in)
	if err != nil && !errors.Is(err, errBody) { // a refusal may come without a body
		return lost(StageBind, err)
	}
	if err != nil || h.CommandID != data.BIND_TRANSCEIVER_RESP || h.CommandStatus != data.ESME_ROK {
		return &SendError{Stage: StageBind, Code: status(h), Reason: ReasonOurs, Temporary: true}
	}
	return nil
}

// write sends p whole.
func (n *session) write(p pdu.PDU) (int, error) {
	out := pdu.NewBuffer(nil)
	p.Marshal(out)
	n.writing.Lock()
	defer n.writing.Unlock()
	if err := n.conn.SetWriteDeadline(time.Now().Add(n.timing.Answer)); err != nil {
		return 0, err
	}
	return n.conn.Write(out.Bytes())
}

// ask sends p and waits for its answer. sent says that p may have left.
func (n *session) ask(ctx context.Context, p pdu.PDU) (answer pdu.PDU, sent bool, err error) {
	got := make(chan pdu.PDU, 1)
	n.mu.Lock()
	n.waiting[p.GetSequenceNumber()] = got
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		delete(n.waiting, p.GetSequenceNumber())
		n.mu.Unlock()
	}()
	ctx, cancel := context.WithTimeout(ctx, n.timing.Answer)
	defer cancel()
	if wrote, err := n.write(p); err != nil {
		n.end(err) // half a PDU would spoil the next one
		return nil, wrote > 0, err
	}
	select {
	case answer = <-got:
		return answer, true, nil
	case <-ctx.Done():
		return nil, true, ctx.Err()
	case <-n.ended:
	}
	select { // it may have come just before the end
	case answer = <-got:
		return answer, true, nil
	default:
		return nil, true, n.why()
	}
}

// submit hands one part over and gives the centre's name for it.
func (n *session) submit(ctx context.Context, p *pdu.SubmitSM) (string, error) {
	answer, sent, err := n.ask(ctx, p)
	switch {
	case err != nil && sent:
		return "", &SendError{Stage: StageSubmit, Unknown: true, Err: because(err)}
	case err != nil:
		return "", lost(StageSubmit, err)
	}
	h := answer.GetHeader()
	if h.CommandStatus != data.ESME_ROK {
		e := &SendError{Stage: StageSubmit, Code: status(h), Reason: ReasonOurs, Temporary: true}
		if r := smppReasons[h.CommandStatus]; r != "" {
			e.Reason, e.Temporary = r, false
		}
		return "", e
	}
	taken, ok := answer.(*pdu.SubmitSMResp)
	if !ok || !plainRef(taken.MessageID) {
		return "", &SendError{Stage: StageSubmit, Unknown: true, Err: errBody}
	}
	return taken.MessageID, nil
}

// serve reads until the session ends, deals with receipts, and asks the centre
// at intervals whether it is there.
func (n *session) serve(ctx context.Context) {
	defer context.AfterFunc(ctx, func() { n.end(errStopped) })()
	var wg sync.WaitGroup
	defer wg.Wait()
	receipts := make(chan *pdu.DeliverSM, waitingReceipts)
	defer close(receipts)
	wg.Go(func() {
		for d := range receipts {
			n.report(ctx, d)
		}
	})
	wg.Go(func() { n.enquire(ctx) })
	for {
		p, h, err := readPDU(n.in)
		switch {
		case errors.Is(err, errBody):
			n.puzzled(h)
		case err != nil:
			n.end(err)
			return
		default:
			n.take(p, receipts)
		}
	}
}

// take deals with one PDU of the centre.
func (n *session) take(p pdu.PDU, receipts chan<- *pdu.DeliverSM) {
	switch p := p.(type) {
	case *pdu.DeliverSM:
		select {
		case receipts <- p:
		case <-n.ended:
		}
	case *pdu.EnquireLink:
		_, _ = n.write(p.GetResponse()) // a failure shows in the next read
	case *pdu.Unbind:
		_, _ = n.write(p.GetResponse())
		n.end(io.EOF)
	default:
		if !p.CanResponse() {
			n.answer(p)
		}
	}
}

// answer passes an answer to whoever waits for it, if anybody still does.
func (n *session) answer(p pdu.PDU) {
	n.mu.Lock()
	got := n.waiting[p.GetSequenceNumber()]
	n.mu.Unlock()
	if got == nil {
		return
	}
	select {
	case got <- p:
	default: // an answer given twice
	}
}

// puzzled answers what cannot be understood (SMPP 3.4 section 4.3.1). Of an
// answer to us the status is passed on: refusals often come without a body.
func (n *session) puzzled(h pdu.Header) {
	nack := pdu.NewGenericNack().(*pdu.GenericNack)
	nack.SetSequenceNumber(h.SequenceNumber)
	if uint32(h.CommandID)&(1<<31) != 0 {
		nack.CommandStatus = h.CommandStatus
		n.answer(nack)
		return
	}
	nack.CommandStatus = data.ESME_RINVCMDID
	_, _ = n.write(nack)
}

// report gives a receipt away and answers for it.
func (n *session) report(ctx context.Context, d *pdu.DeliverSM) {
	answer := d.GetResponse().(*pdu.DeliverSMResp)
	// Anything else, such as a text from somebody, is taken and forgotten:
	// the centre would only repeat it.
	if r, ok := readDelivery(d); ok && n.opts.Receipt != nil {
		r.At = n.opts.Now()
		if err := n.opts.Receipt(ctx, r); err != nil {
			answer.CommandStatus = data.ESME_RX_T_APPN
		}
	}
	_, _ = n.write(answer)
}

// enquire ends a session whose other side is gone without a word (SMPP 3.4
// section 4.11).
func (n *session) enquire(ctx context.Context) {
	tick := time.NewTicker(n.timing.Enquire)
	defer tick.Stop()
	for {
		select {
		case <-n.ended:
			return
		case <-tick.C:
		}
		if _, _, err := n.ask(ctx, pdu.NewEnquireLink()); err != nil {
			n.end(err)
			return
		}
	}
}

// unbind says goodbye, and waits a second at most for the answer.
func (n *session) unbind() {
	ctx, cancel := context.WithTimeout(context.Background(), min(time.Second, n.timing.Answer))
	defer cancel()
	defer context.AfterFunc(ctx, func() { n.end(errStopped) })() // also when it takes no bytes any more
	_, _, _ = n.ask(ctx, pdu.NewUnbind())
}

// end closes the connection; the first reason counts.
func (n *session) end(why error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.err == nil {
		n.err = why
		close(n.ended)
		n.conn.Close()
	}
}

func (n *session) why() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.err
}

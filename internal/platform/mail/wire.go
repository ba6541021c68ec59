package mail

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/textproto"
)

// maxHeard bounds what a server may say in one stage, in bytes.
const maxHeard = 64 << 10

var errChatty = errors.New("the server says too much")

// wire is the connection as the SMTP client reads it. It keeps what the server
// said in the current stage, and lets us read a reply ourselves where the
// library has no call of its own (banner, STARTTLS).
type wire struct {
	net.Conn
	ahead []byte        // given to the client first: the greeting we have already read
	in    *bufio.Reader // everything the server says passes here
	heard []byte        // what it said in this stage
}

func newWire(c net.Conn, ahead string) *wire {
	w := &wire{Conn: c, ahead: []byte(ahead)}
	w.in = bufio.NewReader(heard{w})
	return w
}

// heard reads from the connection and remembers.
type heard struct{ *wire }

func (h heard) Read(p []byte) (int, error) {
	if len(h.wire.heard) >= maxHeard {
		return 0, errChatty
	}
	n, err := h.Conn.Read(p)
	h.wire.heard = append(h.wire.heard, p[:n]...)
	return n, err
}

// Read is the client's side.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.ahead) > 0 {
		n := copy(p, w.ahead)
		w.ahead = w.ahead[n:]
		return n, nil
	}
	return w.in.Read(p)
}

// expect reads one reply and wants code.
func (w *wire) expect(code int) error {
	tp := textproto.Reader{R: w.in}
	_, _, err := tp.ReadResponse(code)
	if err == nil {
		return nil
	}
	var other *textproto.Error
	if errors.As(err, &other) {
		return &refused{parseReply(w.heard)}
	}
	return err
}

// startTLS asks for TLS and leaves the connection ready for the handshake.
// Bytes already waiting behind the reply were not protected, so they would be
// an attacker's words read as the server's (RFC 3207 section 6): refused.
func (w *wire) startTLS() error {
	if _, err := io.WriteString(w.Conn, "STARTTLS\r\n"); err != nil {
		return err
	}
	if err := w.expect(220); err != nil {
		return err
	}
	if w.in.Buffered() > 0 {
		return &refusal{text: "data in clear text behind STARTTLS"}
	}
	return nil
}

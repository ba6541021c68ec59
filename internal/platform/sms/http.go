package sms

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/genkan/genkan/internal/platform/fault"
)

// maxAnswer bounds a gateway's answer, in bytes; those of Twilio have about one
// thousand.
const maxAnswer = 64 << 10

// defaultTimeout bounds one request from the name look-up to the end of the
// answer. Giving up early may send a text twice, so it is not short.
const defaultTimeout = 20 * time.Second

// errPlain is the cause when plain text would leave this machine.
var errPlain = errors.New("plain text to another machine")

// errLarge is the cause when a gateway says more than anybody reads.
var errLarge = errors.New("answer too large")

// loopbackOnly refuses a connection to any other machine, whatever its name
// promised. It sees the address after the look-up (KY4, NS1).
func loopbackOnly(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return errPlain
	}
	return nil
}

// verified is the TLS of every connection: checked against roots (nil: the
// system's), 1.2 or later (KY4).
func verified(host string, roots *x509.CertPool) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// poster sends requests to one gateway over HTTP.
type poster struct {
	client  *http.Client
	timeout time.Duration
}

// newPoster judges base, the URL of a gateway that the operator chose, and
// makes a client that connects as that URL demands.
//
// Private addresses are allowed: gateways inside are common, and the URL is the
// operator's, not a stranger's.
func newPoster(base string, roots *x509.CertPool, timeout time.Duration) (*poster, error) {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("sms: the gateway's URL must be https://host/…, without a password or #")
	}
	dialer := &net.Dialer{}
	if u.Scheme == "http" {
		dialer.Control = loopbackOnly
	}
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	return &poster{timeout: timeout, client: &http.Client{
		// The answer to a redirect is the redirect: text and login go to
		// the gateway's own URL or nowhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: verified("", roots), MaxResponseHeaderBytes: maxAnswer,
			// A connection that idled may be closed while a text is written
			// to it, and then nobody knows whether it was sent.
			DisableKeepAlives: true,
		},
	}}, nil
}

// post sends body and gives the status and the whole answer.
func (p *poster) post(ctx context.Context, to string, header http.Header, body []byte) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	var left atomic.Bool // set by the connection's goroutine
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { left.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return 0, nil, &SendError{Stage: StageConnect, Reason: ReasonOurs, Temporary: true, Err: because(err)}
	}
	req.Header = header
	resp, err := p.client.Do(req)
	if err != nil && !left.Load() {
		return 0, nil, &SendError{Stage: StageConnect, Reason: ReasonOurs, Temporary: true, Err: because(err)}
	}
	if err != nil {
		return 0, nil, &SendError{Stage: StageSubmit, Unknown: true, Err: because(err)}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(answer) > maxAnswer {
		err = errLarge
	}
	if err != nil && resp.StatusCode/100 == 2 {
		return 0, nil, &SendError{Stage: StageSubmit, Unknown: true, Err: because(err)}
	}
	return resp.StatusCode, answer, nil
}

// judgeStatus turns an HTTP status into an error, nil for success. What says
// nothing of the number is the operator's to mend, and may be mended while the
// text is still of use, so it is temporary. A 5xx may come after the work.
func judgeStatus(status int, code string) *SendError {
	e := &SendError{Stage: StageSubmit, Code: code, Reason: ReasonOurs}
	if code == "" {
		e.Code = fmt.Sprint(status)
	}
	switch {
	case status/100 == 2:
		return nil
	case status/100 == 5 && status != http.StatusServiceUnavailable:
		e.Unknown, e.Reason = true, ""
	default:
		e.Temporary = true
	}
	return e
}

// readReceipt reads the bounded body of a POST of the given media type.
func readReceipt(r *http.Request, kind string) ([]byte, error) {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if r.Method != http.MethodPost || !strings.EqualFold(strings.TrimSpace(media), kind) {
		return nil, ErrForged
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxReceipt)) // what is cut off breaks the signature
	return body, fault.Wrapf(err, "read receipt")
}

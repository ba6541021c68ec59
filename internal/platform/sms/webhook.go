package sms

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed webhook (Standard Webhooks 1.0, standardwebhooks.com).
const (
	HeaderID        = "Webhook-Id"
	HeaderTimestamp = "Webhook-Timestamp" // seconds since 1970
	HeaderSignature = "Webhook-Signature" // "v1," and base64 of HMAC-SHA256 over "id.timestamp.body"; several with blanks between
)

// Window is how far the time of a receipt may lie from ours, either way.
const Window = 5 * time.Minute

// minSecret is the least length of a secret in bytes, that of the standard.
const minSecret = 24

// WebhookOptions name a receiver that sends texts on.
type WebhookOptions struct {
	URL     string           // takes the messages
	Secret  string           // "whsec_" and base64, or as it is; of 24 bytes at least, for both directions
	From    string           // see ValidFrom; for messages without one of their own, may be empty
	RootCAs *x509.CertPool   // nil: the system's
	Timeout time.Duration    // of one request; 0 for 20 s
	Now     func() time.Time // the time of signatures; required
}

// Webhook sends by a signed POST to the operator's own receiver:
//
//	{"type":"sms.send","id":"…","to":"+819012345678","from":"…","text":"…","expires_in":300}
//
// The answer is any 2xx, with {"ref":"…"} when the receiver has a name for it,
// and 422 with {"reason":"address|filter|policy","code":"…"} for a number that
// it will not send to. A repeat has the same id in body and header; a receiver
// that has sent it already answers 2xx again.
//
// Receipts come back signed with the same secret and a webhook-id of their own:
//
//	{"type":"sms.receipt","id":"…","ref":"…","state":"taken","reason":"","code":""}
type Webhook struct {
	opts WebhookOptions
	key  []byte
	http *poster
}

// NewWebhook makes a sender. It does not connect. Errors: what is missing or
// unsafe in o.
func NewWebhook(o WebhookOptions) (*Webhook, error) {
	key := []byte(o.Secret)
	if text, ok := strings.CutPrefix(o.Secret, "whsec_"); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, errors.New("sms: what follows whsec_ is not base64")
		}
	}
	switch {
	case len(key) < minSecret:
		return nil, fmt.Errorf("sms: the secret of a webhook needs %d bytes", minSecret)
	case !ValidFrom(o.From):
		return nil, errors.New("sms: unfit sender")
	case o.Now == nil:
		return nil, errors.New("sms: no clock")
	}
	p, err := newPoster(o.URL, o.RootCAs, o.Timeout)
	if err != nil {
		return nil, err
	}
	return &Webhook{opts: o, key: key, http: p}, nil
}

// String names the kind alone: such a URL may hold a token.
func (w *Webhook) String() string { return "webhook" }

// Format keeps the secret out of every verb (LG1).
func (w *Webhook) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(w.String())) }

// order is the body of a message.
type order struct {
	Type    string `json:"type"`
	ID      string `json:"id"`
	To      string `json:"to"`
	From    string `json:"from,omitempty"`
	Text    string `json:"text"`
	Expires int    `json:"expires_in,omitempty"` // seconds
}

// report is the body of a receipt and of an answer.
type report struct {
	Type   string `json:"type"`
	ID     string `json:"id"`
	Ref    string `json:"ref"`
	State  State  `json:"state"`
	Reason Reason `json:"reason"`
	Code   string `json:"code"`
}

// Send hands m over.
func (w *Webhook) Send(ctx context.Context, m Message) (Receipt, error) {
	m.From = cmp.Or(m.From, w.opts.From)
	if err := m.check(); err != nil {
		return Receipt{}, err
	}
	body, err := json.Marshal(order{"sms.send", m.ID, m.To.e164, m.From, m.Text, int(m.Life / time.Second)})
	if err != nil {
		return Receipt{}, fmt.Errorf("write webhook: %w", err)
	}
	at := strconv.FormatInt(w.opts.Now().Unix(), 10)
	status, body, err := w.http.post(ctx, w.opts.URL, http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json"},
		HeaderID: {m.ID}, HeaderTimestamp: {at}, HeaderSignature: {w.sign(m.ID, at, body)},
	}, body)
	if err != nil {
		return Receipt{}, err
	}
	var said report
	_ = json.Unmarshal(body, &said) // an answer need not be JSON, nor have a body
	if e := judgeStatus(status, plainCode(said.Code)); e != nil {
		if status == http.StatusUnprocessableEntity && said.Reason.known() && said.Reason != ReasonOurs {
			e.Reason, e.Temporary = said.Reason, false
		}
		return Receipt{}, e
	}
	r := Receipt{MessageRef: m.ID, ID: m.ID, State: HandedOver}
	if plainRef(said.Ref) {
		r.MessageRef = said.Ref
	}
	return r, nil
}

// sign gives the value of HeaderSignature.
func (w *Webhook) sign(id, at string, body []byte) string {
	return "v1," + base64.StdEncoding.EncodeToString(w.mac(id, at, body))
}

func (w *Webhook) mac(id, at string, body []byte) []byte {
	mac := hmac.New(sha256.New, w.key)
	fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
	return mac.Sum(nil)
}

// ParseReceipt reads a receipt. One that is repeated within Window reads the
// same again; see Receipt.
//
// Errors: ErrForged, ErrGarbled, or that of the connection.
func (w *Webhook) ParseReceipt(r *http.Request, now time.Time) (Receipt, error) {
	body, err := readReceipt(r, "application/json")
	if err != nil {
		return Receipt{}, err
	}
	if !w.genuine(r.Header, body, now) {
		return Receipt{}, ErrForged
	}
	var said report
	// The type keeps our own messages, signed with the same key, from being
	// sent back to us as receipts.
	if err := json.Unmarshal(body, &said); err != nil || said.Type != "sms.receipt" {
		return Receipt{}, ErrGarbled
	}
	out := Receipt{MessageRef: cmp.Or(said.Ref, said.ID), ID: said.ID, State: said.State, Code: plainCode(said.Code), At: now}
	if said.State == Refused {
		out.Reason = said.Reason
	}
	switch {
	case !plainRef(out.MessageRef), said.ID != "" && !validID(said.ID), !said.State.known(), out.Reason != "" && !out.Reason.known():
		return Receipt{}, ErrGarbled
	}
	return out, nil
}

// genuine judges time and signature.
func (w *Webhook) genuine(h http.Header, body []byte, now time.Time) bool {
	id, at := h.Get(HeaderID), h.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || id == "" || len(id) > 128 {
		return false
	}
	if d := now.Sub(time.Unix(seconds, 0)); d > Window || d < -Window {
		return false
	}
	want := w.mac(id, at, body)
	right := false
	for _, s := range strings.Fields(h.Get(HeaderSignature)) {
		text, v1 := strings.CutPrefix(s, "v1,")
		given, err := base64.StdEncoding.DecodeString(text)
		right = right || v1 && err == nil && hmac.Equal(given, want)
	}
	return right
}

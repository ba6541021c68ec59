package api

import (
	"bytes"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/genkan/genkan/internal/domain/delivery"
	"github.com/genkan/genkan/internal/platform/fault"
)

// trace is what became of one message. It never says what the message says:
// that differs between an address that has an account and one that has none.
type trace struct {
	ID        string      `json:"id"`
	State     string      `json:"state" enum:"queued,deferred,handed_over,refused,suppressed,expired" doc:"handed_over: the operator's mail server took it."`
	Ordinal   int         `json:"ordinal" doc:"First, second, … message of its act."`
	CreatedAt time.Time   `json:"created_at"`
	ExpiresAt time.Time   `json:"expires_at" doc:"It is not sent after that."`
	Steps     []traceStep `json:"steps" nullable:"false" doc:"Stages of the conversations with mail servers, in order."`
}

type traceStep struct {
	At       time.Time `json:"at"`
	Hop      string    `json:"hop" doc:"The server that was spoken to."`
	Stage    string    `json:"stage" doc:"connect, tls, banner, ehlo, starttls, auth, mail, rcpt, data, body, quit."`
	Code     int       `json:"code" doc:"The SMTP reply; 0 when there was none."`
	Enhanced string    `json:"enhanced,omitempty" doc:"RFC 3463 status."`
	Text     string    `json:"text,omitempty" doc:"The reply's words, without addresses."`
}

func (a *API) deliveries() {
	register(a, huma.Operation{OperationID: "get-delivery", Method: http.MethodGet, Path: Prefix + "deliveries/{id}",
		Tags: []string{"delivery"}, Summary: "What became of a message",
		Description: "For the browser that caused it; or, when no browser did, for the client that was told its id."}, a.getDelivery)
}

func (a *API) getDelivery(c *call, in *Path) (trace, error) {
	m, err := a.Post.ByID(c.r.Context(), a.DB.Reader(), in.id())
	if errors.Is(err, delivery.ErrNone) || err == nil && !visible(m, a.Kit.Browser(c.r)) {
		return trace{}, fault.New(fault.NotFound, "request.not_found").Offer("mail_help")
	}
	if err != nil {
		return trace{}, err
	}
	steps, err := a.Post.Trace(c.r.Context(), m.ID)
	out := trace{ID: m.ID, State: string(m.State), Ordinal: m.Ordinal, CreatedAt: m.CreatedAt,
		ExpiresAt: m.ExpiresAt, Steps: make([]traceStep, 0, len(steps))}
	for _, s := range steps {
		out.Steps = append(out.Steps, traceStep{s.At, s.Hop, s.Stage, s.Code, s.Enhanced, s.Text})
	}
	return out, err
}

// visible tells whether a message's trace is for this browser. A client without
// a browser knows the id from the answer to its own call; the ids of notices are
// in no answer, only in their mails' links, so they are for nobody.
func visible(m delivery.Message, browser []byte) bool {
	if len(m.Browser) > 0 {
		return bytes.Equal(m.Browser, browser)
	}
	switch m.Kind {
	case delivery.Registration, delivery.Recovery, delivery.AddressChange, delivery.ThawCode:
		return true
	}
	return false
}

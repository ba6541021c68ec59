package sms

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// TwilioBase is the address of Twilio itself.
const TwilioBase = "https://api.twilio.com"

// TwilioOptions name an account at Twilio or at a gateway with the same API.
type TwilioOptions struct {
	Base       string         // URL in front of /2010-04-01; empty for TwilioBase
	AccountSID string         // "AC…"
	AuthToken  string         // also the key of the signatures of receipts
	From       string         // see ValidFrom; for messages without one of their own
	Callback   string         // our URL for receipts as people outside see it, without a query; empty for none
	RootCAs    *x509.CertPool // nil: the system's
	Timeout    time.Duration  // of one request; 0 for 20 s
}

// Twilio sends through Twilio's Messages API, version 2010-04-01.
type Twilio struct {
	opts TwilioOptions
	url  string
	http *poster
}

// NewTwilio makes a sender. It does not connect. Errors: what is missing or
// unsafe in o.
func NewTwilio(o TwilioOptions) (*Twilio, error) {
	o.Base = strings.TrimSuffix(cmp.Or(o.Base, TwilioBase), "/")
	switch {
	case !validID(o.AccountSID) || o.AuthToken == "":
		return nil, errors.New("sms: account and token of the gateway are required")
	case !ValidFrom(o.From):
		return nil, errors.New("sms: unfit sender")
	case strings.ContainsAny(o.Callback+o.Base, "?#"):
		return nil, errors.New("sms: URLs must have no query")
	}
	p, err := newPoster(o.Base, o.RootCAs, o.Timeout)
	if err != nil {
		return nil, err
	}
	return &Twilio{opts: o, url: o.Base + "/2010-04-01/Accounts/" + o.AccountSID + "/Messages.json", http: p}, nil
}

// String names the gateway without its login.
func (t *Twilio) String() string { return "twilio " + t.opts.Base }

// Format keeps the token out of every verb (LG1).
func (t *Twilio) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }

// Send hands m over. The API has no key against repeats: after an Unknown
// outcome, the receipt with m.ID may still tell that the text was sent.
func (t *Twilio) Send(ctx context.Context, m Message) (Receipt, error) {
	m.From = cmp.Or(m.From, t.opts.From)
	if err := m.check(); err != nil {
		return Receipt{}, err
	}
	if m.From == "" {
		return Receipt{}, fmt.Errorf("%w: no sender", ErrUnsafe)
	}
	status, body, err := t.http.post(ctx, t.url, http.Header{
		"Content-Type":  {"application/x-www-form-urlencoded"},
		"Accept":        {"application/json"},
		"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(t.opts.AccountSID+":"+t.opts.AuthToken))},
	}, []byte(t.form(m).Encode()))
	if err != nil {
		return Receipt{}, err
	}
	return t.answer(m, status, body)
}

func (t *Twilio) form(m Message) url.Values {
	form := url.Values{"To": {m.To.e164}, "Body": {m.Text}}
	if service(m.From) {
		form.Set("MessagingServiceSid", m.From)
	} else {
		form.Set("From", m.From)
	}
	if t.opts.Callback != "" {
		form.Set("StatusCallback", t.opts.Callback+"?id="+m.ID)
	}
	if s := int(m.Life / time.Second); s > 0 {
		form.Set("ValidityPeriod", strconv.Itoa(min(s, 36000)))
	}
	return form
}

// answer reads what the API said. Of an error only the number is kept: the
// sentence beside it quotes the phone number.
func (t *Twilio) answer(m Message, status int, body []byte) (Receipt, error) {
	var said struct {
		SID       string `json:"sid"`
		Status    string `json:"status"`
		Code      int    `json:"code"`       // of a refusal
		ErrorCode int    `json:"error_code"` // of a message that failed at once
	}
	err := json.Unmarshal(body, &said)
	if e := judgeStatus(status, number(said.Code)); e != nil {
		if r, ok := twilioReasons[said.Code]; ok && status/100 == 4 && r != ReasonOurs {
			e.Reason, e.Temporary = r, false
		}
		return Receipt{}, e
	}
	r := Receipt{MessageRef: said.SID, ID: m.ID, Code: number(said.ErrorCode)}
	if err != nil || !plainRef(said.SID) || !twilioState(&r, said.Status, said.ErrorCode) {
		return Receipt{}, &SendError{Stage: StageSubmit, Unknown: true, Err: errors.New("answer that cannot be read")}
	}
	return r, nil
}

// number prints a code, nothing for 0.
func number(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// twilioState reads a MessageStatus and says whether it is one.
func twilioState(r *Receipt, status string, code int) bool {
	switch status {
	case "accepted", "scheduled", "queued", "sending", "sent":
		r.State = HandedOver
	case "delivered", "read":
		r.State = Taken
	case "undelivered", "failed":
		r.State, r.Reason = Refused, twilioReasons[code]
	case "canceled":
		r.State, r.Reason = Refused, ReasonOurs
	default:
		return false
	}
	return true
}

// twilioReasons reads Twilio's error codes (twilio.com/docs/api/errors), as far
// as they say whose matter it is.
var twilioReasons = map[int]Reason{
	21211: ReasonAddress, // invalid To
	21214: ReasonAddress, // To cannot be reached
	21217: ReasonAddress, // not a phone number
	21401: ReasonAddress, // not a phone number
	21614: ReasonAddress, // not a mobile number
	21635: ReasonAddress, // landline
	21408: ReasonPolicy,  // country not open for this account
	21610: ReasonPolicy,  // the person answered STOP
	30001: ReasonOurs,    // queue overflow
	30002: ReasonOurs,    // account suspended
	30003: ReasonUnreachable,
	30004: ReasonFilter,  // blocked by the phone or its carrier
	30005: ReasonAddress, // unknown handset
	30006: ReasonAddress, // landline or unreachable carrier
	30007: ReasonFilter,
	30034: ReasonOurs, // sender not registered
	30036: ReasonUnreachable,
}

// ParseReceipt reads a status callback. The signature is judged over the
// Callback that was set and the request's query, never over a Host header.
// It has no time in it, so an old receipt can be repeated; see Receipt.
//
// Errors: ErrForged, ErrGarbled, or that of the connection.
func (t *Twilio) ParseReceipt(r *http.Request, now time.Time) (Receipt, error) {
	body, err := readReceipt(r, "application/x-www-form-urlencoded")
	if err != nil {
		return Receipt{}, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil || t.opts.Callback == "" {
		return Receipt{}, ErrForged
	}
	at := t.opts.Callback
	if r.URL.RawQuery != "" {
		at += "?" + r.URL.RawQuery
	}
	given, err := base64.StdEncoding.DecodeString(r.Header.Get("X-Twilio-Signature"))
	if err != nil || !hmac.Equal(given, twilioSign(t.opts.AuthToken, at, form)) {
		return Receipt{}, ErrForged
	}
	failure, _ := strconv.Atoi(form.Get("ErrorCode"))
	out := Receipt{MessageRef: form.Get("MessageSid"), Code: number(failure), At: now}
	if id := r.URL.Query().Get("id"); validID(id) {
		out.ID = id
	}
	if !plainRef(out.MessageRef) || !twilioState(&out, form.Get("MessageStatus"), failure) {
		return Receipt{}, ErrGarbled
	}
	return out, nil
}

// twilioSign gives HMAC-SHA1 over the URL and each field's name and value in
// the order of names (twilio.com/docs/usage/security, "Validating requests").
// SHA-1 is theirs to choose; as the hash of an HMAC it still holds.
func twilioSign(token, at string, form url.Values) []byte {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(at))
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values := slices.Sorted(slices.Values(form[name]))
		for _, v := range slices.Compact(values) {
			mac.Write([]byte(name + v))
		}
	}
	return mac.Sum(nil)
}

package sms

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/linxGnu/gosmpp/pdu"

	"github.com/genkan/genkan/internal/platform/fault"
)

var whole = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// FuzzNumber: whatever is typed, a number comes out whole and served, reads
// back from the store and from its own forms as itself, and errors are refusals.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"090-1234-5678", "０９０ー１２３４ー５６７８", "+81(0)90-1234-5678", "0081 90 1234 5678", "0060", "+49 1512 3456789", "(212) 555-1234", "00+81", "+"} {
		f.Add(s)
	}
	r := Rules{Home: "JP", Countries: []string{"JP", "US", "DE"}}
	f.Fuzz(func(t *testing.T, typed string) {
		n, err := ParseNumber(typed, r)
		if err != nil {
			var e *fault.Error
			if !errors.As(err, &e) || e.Field != Field || !strings.HasPrefix(e.Code, "sms.") {
				t.Fatalf("%q: %v", typed, err)
			}
			return
		}
		if !whole.MatchString(n.e164) || !slices.Contains(r.Countries, n.region) {
			t.Fatalf("%q: %q in %q", typed, n.e164, n.region)
		}
		if again, err := Known(n.e164); err != nil || again != n {
			t.Errorf("%q: stored %q, %v", typed, again.e164, err)
		}
		for _, form := range []string{n.e164, n.Shown("JP"), n.Shown("")} {
			if again, err := ParseNumber(form, r); err != nil || again != n {
				t.Errorf("%q: %q gives %q, %v", typed, form, again.e164, err)
			}
		}
	})
}

// sane demands what callers rely on, even of a receipt that was signed by
// somebody who means ill.
func sane(t *testing.T, r Receipt) {
	t.Helper()
	if !plainRef(r.MessageRef) || r.ID != "" && !validID(r.ID) || !r.State.known() || r.Reason != "" && !r.Reason.known() ||
		r.Reason != "" && r.State != Refused || plainCode(r.Code) != r.Code {
		t.Errorf("%+v", r)
	}
}

func FuzzTwilioReceipt(f *testing.F) {
	f.Add("id=a-1", "MessageSid=SM1&MessageStatus=failed&ErrorCode=30003")
	f.Add("", "MessageSid=SM1&MessageSid=SM2&MessageStatus=delivered")
	f.Add("id=%00", "MessageSid=%0A&MessageStatus=sent&ErrorCode=-9")
	s, err := NewTwilio(TwilioOptions{AccountSID: "AC1", AuthToken: "t", Callback: "https://x.example/r"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		form, _ := url.ParseQuery(body)
		at := "https://x.example/r"
		if query != "" {
			at += "?" + query
		}
		right := base64.StdEncoding.EncodeToString(twilioSign("t", at, form))
		wrong := base64.StdEncoding.EncodeToString(twilioSign("x", at, form))
		for _, sum := range []string{"", right, wrong} {
			r := httptest.NewRequest(http.MethodPost, "/r", strings.NewReader(body))
			r.URL.RawQuery = query
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("X-Twilio-Signature", sum)
			got, err := s.ParseReceipt(r, time.Unix(1, 0))
			if err != nil {
				continue
			}
			sane(t, got)
			if sum != right {
				t.Error("forged")
			}
		}
	})
}

func FuzzWebhookReceipt(f *testing.F) {
	f.Add("evt-1", "1", `{"type":"sms.receipt","id":"a-1","ref":"r","state":"refused","reason":"filter","code":"x"}`)
	f.Add("evt.1", "1.", `{"type":"sms.receipt","id":"a-1","state":"taken","reason":"nonsense"}`)
	f.Add("", "-1", `{"type":"sms.receipt","ref":"\u0000","state":"silent"}`)
	w, err := NewWebhook(WebhookOptions{URL: "https://x.example", Secret: strings.Repeat("s", 24), Now: time.Now})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, id, at, body string) {
		for _, sum := range []string{w.sign(id, at, []byte(body)), w.sign(id, at, []byte(body+" ")), at} {
			r := httptest.NewRequest(http.MethodPost, "/r", strings.NewReader(body))
			r.Header = http.Header{"Content-Type": {"application/json"}, HeaderID: {id}, HeaderTimestamp: {at}, HeaderSignature: {sum}}
			got, err := w.ParseReceipt(r, time.Unix(1, 0))
			if err != nil {
				continue
			}
			sane(t, got)
			if seconds, err := strconv.ParseInt(at, 10, 64); sum != w.sign(id, at, []byte(body)) || err != nil || seconds > 301 || seconds < -299 {
				t.Error("forged")
			}
		}
	})
}

// FuzzDelivery: a message centre may send anything.
func FuzzDelivery(f *testing.F) {
	d := pdu.NewDeliverSM().(*pdu.DeliverSM)
	d.EsmClass = isReceipt
	for _, text := range []string{"id:m1 sub:001 dlvrd:001 submit date:2603040506 done date:2603040507 stat:DELIVRD err:000 text:x", "İİİİtext:id:x stat:UNDELIV", "ID:1 STAT:expired"} {
		_ = d.Message.SetMessageDataWithEncoding([]byte(text), segment{}.encoding)
		out := pdu.NewBuffer(nil)
		d.Marshal(out)
		f.Add(out.Bytes())
	}
	d.EsmClass |= 0x40
	d.Message.SetUDH(pdu.UDH{pdu.NewIEConcatMessage(2, 1, 7)})
	d.RegisterOptionalParam(pdu.Field{Tag: pdu.TagReceiptedMessageID, Data: []byte("m1\x00")})
	d.RegisterOptionalParam(pdu.Field{Tag: pdu.TagMessageStateOption, Data: []byte{2}})
	out := pdu.NewBuffer(nil)
	d.Marshal(out)
	f.Add(out.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		in := bytes.NewReader(raw)
		for {
			p, _, err := readPDU(in)
			if errors.Is(err, errBody) {
				continue
			}
			if err != nil {
				return
			}
			if d, ok := p.(*pdu.DeliverSM); ok {
				if r, ok := readDelivery(d); ok {
					sane(t, r)
				}
			}
			p.Marshal(pdu.NewBuffer(nil))
		}
	})
}

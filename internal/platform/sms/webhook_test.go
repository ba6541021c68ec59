package sms_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/sms"
	"github.com/genkan/genkan/internal/testkit/smstest"
)

func setupWebhook(t *testing.T) (*smstest.HTTP, *sms.Webhook) {
	t.Helper()
	g := smstest.StartWebhook(t, smstest.TLS{On: true}, []byte(secret), now)
	w, err := sms.NewWebhook(sms.WebhookOptions{URL: g.URL + "/texts", Secret: secret, From: "Genkan", RootCAs: g.RootCAs, Timeout: 20 * time.Second, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return g, w
}

func TestWebhookTakesOver(t *testing.T) {
	t.Parallel()
	g, w := setupWebhook(t)
	m := message(t)
	r, err := w.Send(t.Context(), m)
	if want := (sms.Receipt{MessageRef: "wh-0001", ID: m.ID, State: sms.HandedOver}); err != nil || r != want {
		t.Fatalf("%+v %v", r, err)
	}
	want := smstest.Text{Ref: "wh-0001", ID: m.ID, From: "Genkan", To: "+819012345678", Body: m.Text, Life: "300"}
	if got := g.Texts(); len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(want) || g.Foreign() != 0 {
		t.Errorf("%+v", got)
	}
}

// TestWebhookRepeatIsOneText: after an unknown outcome the same id is sent
// again, and the receiver sees from it that it has sent the text (NS1).
func TestWebhookRepeatIsOneText(t *testing.T) {
	t.Parallel()
	g, w := setupWebhook(t)
	g.Drop(1)
	_, err := w.Send(t.Context(), message(t))
	if e := failed(t, err); !e.Unknown {
		t.Errorf("%+v", e)
	}
	r, err := w.Send(t.Context(), message(t))
	if err != nil || r.MessageRef != "wh-0001" || len(g.Texts()) != 1 || g.Asked() != 2 {
		t.Errorf("%+v %v, %d texts", r, err, len(g.Texts()))
	}
}

func TestWebhookAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status    int
		body      string
		reason    sms.Reason
		code      string
		temporary bool
		unknown   bool
	}{
		{422, `{"reason":"address","code":"no <+819012345678> 7"}`, sms.ReasonAddress, "no  7", false, false},
		{422, `{"reason":"policy"}`, sms.ReasonPolicy, "422", false, false},
		{422, `{"reason":"ours"}`, sms.ReasonOurs, "422", true, false},
		{422, `{"reason":"because"}`, sms.ReasonOurs, "422", true, false},
		{400, `{"reason":"address"}`, sms.ReasonOurs, "400", true, false},
		{307, ``, sms.ReasonOurs, "307", true, false},
		{502, ``, "", "502", false, true},
	} {
		g, w := setupWebhook(t)
		g.Refuse(1, c.status, c.body)
		_, err := w.Send(t.Context(), message(t))
		e := failed(t, err)
		if e.Reason != c.reason || e.Code != c.code || e.Temporary != c.temporary || e.Unknown != c.unknown {
			t.Errorf("%d %s: %+v", c.status, c.body, e)
		}
	}
	g, w := setupWebhook(t)
	g.Garble(1, 204, "")
	if r, err := w.Send(t.Context(), message(t)); err != nil || r.MessageRef != message(t).ID {
		t.Errorf("an answer without a body: %+v %v", r, err)
	}
}

func TestWebhookReceipts(t *testing.T) {
	t.Parallel()
	g, w := setupWebhook(t)
	receipts := make(chan sms.Receipt, 1)
	page := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		got, err := w.ParseReceipt(r, clock)
		if err != nil {
			rw.WriteHeader(http.StatusForbidden)
		}
		receipts <- got
	}))
	t.Cleanup(page.Close)
	const taken = `{"type":"sms.receipt","id":"a-1","ref":"wh-0001","state":"taken","reason":"address"}`
	for body, want := range map[string]sms.Receipt{
		taken: {MessageRef: "wh-0001", ID: "a-1", State: sms.Taken, At: clock},
		`{"type":"sms.receipt","id":"a-1","state":"refused","reason":"filter","code":"x\ny"}`: {MessageRef: "a-1", ID: "a-1", State: sms.Refused, Reason: sms.ReasonFilter, Code: "xy", At: clock},
		`{"type":"sms.receipt","ref":"wh-0001","state":"silent"}`:                             {MessageRef: "wh-0001", State: sms.Silent, At: clock},
	} {
		for range 2 { // a repeat reads the same
			status, err := g.ReportWebhook(t.Context(), page.URL, []byte(secret), "evt-1", clock.Add(-time.Minute), body)
			if got := <-receipts; err != nil || status != 200 || got != want {
				t.Errorf("%s: %d %v %+v", body, status, err, got)
			}
		}
	}
	if status, err := g.ReportWebhook(t.Context(), page.URL, []byte(secret+"x"), "evt-1", clock, taken); err != nil || status != 403 || <-receipts != (sms.Receipt{}) {
		t.Errorf("forged: %d %v", status, err)
	}
}

// event is a signed receipt as the server sees it.
func event(key, id string, at time.Time, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/hooks/sms", strings.NewReader(body))
	seconds := strconv.FormatInt(at.Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", seconds)
	r.Header.Set("webhook-signature", smstest.SignWebhook([]byte(key), id, seconds, []byte(body)))
	return r
}

// TestForgedWebhookReceipts: each differs from a good one in one thing.
func TestForgedWebhookReceipts(t *testing.T) {
	t.Parallel()
	_, w := setupWebhook(t)
	const body = `{"type":"sms.receipt","id":"a-1","state":"taken"}`
	good := func() *http.Request { return event(secret, "evt-1", clock, body) }
	set := func(name, value string) func() *http.Request {
		return func() *http.Request { r := good(); r.Header.Set(name, value); return r }
	}
	sum := good().Header.Get("webhook-signature")
	for name, make := range map[string]func() *http.Request{
		"good":                    good,
		"one of several":          set("webhook-signature", "v1a,eA== v2,x v1,AAAA "+sum),
		"at the edge of the past": func() *http.Request { return event(secret, "evt-1", clock.Add(-sms.Window), body) },
		"at the edge ahead":       func() *http.Request { return event(secret, "evt-1", clock.Add(sms.Window), body) },
	} {
		if got, err := w.ParseReceipt(make(), clock); err != nil || got.State != sms.Taken {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	for name, spoil := range map[string]func() *http.Request{
		"no signature":     set("webhook-signature", ""),
		"another version":  set("webhook-signature", strings.Replace(sum, "v1,", "v2,", 1)),
		"no version":       set("webhook-signature", strings.Replace(sum, "v1,", "", 1)),
		"not base64":       set("webhook-signature", "v1,%"),
		"wrong":            set("webhook-signature", "v1,AAAA"),
		"cut":              set("webhook-signature", sum[:len(sum)-4]),
		"another id":       set("webhook-id", "evt-2"),
		"no id":            set("webhook-id", ""),
		"another time":     set("webhook-timestamp", strconv.FormatInt(clock.Unix()+1, 10)),
		"no time":          set("webhook-timestamp", ""),
		"time in words":    set("webhook-timestamp", "now"),
		"another key":      func() *http.Request { return event(secret+"x", "evt-1", clock, body) },
		"too old":          func() *http.Request { return event(secret, "evt-1", clock.Add(-sms.Window-time.Second), body) },
		"from the future":  func() *http.Request { return event(secret, "evt-1", clock.Add(sms.Window+time.Second), body) },
		"end of all times": func() *http.Request { return event(secret, "evt-1", time.Unix(1<<62, 0), body) },
		"another body": func() *http.Request {
			r := event(secret, "evt-1", clock, strings.Replace(body, "a-1", "a-2", 1))
			r.Header = good().Header
			return r
		},
		"GET":  func() *http.Request { r := good(); r.Method = http.MethodGet; return r },
		"form": set("Content-Type", "text/plain"),
		"huge": func() *http.Request { return event(secret, "evt-1", clock, body+strings.Repeat(" ", 1<<20)) },
	} {
		if got, err := w.ParseReceipt(spoil(), clock); !errors.Is(err, sms.ErrForged) || got != (sms.Receipt{}) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	for _, said := range []string{
		`{"type":"sms.send","id":"a-1","to":"+819012345678","text":"x","state":"taken"}`, // our own, sent back
		`{"type":"sms.receipt","state":"taken"}`, `{"type":"sms.receipt","id":"a 1","state":"taken"}`,
		`{"type":"sms.receipt","id":"a-1","state":"dancing"}`, `{"type":"sms.receipt","id":"a-1"}`,
		`{"type":"sms.receipt","id":"a-1","state":"refused","reason":"because"}`, `[]`, ``, `{"type":"sms.receipt","id":"a-1","state":1}`,
	} {
		if got, err := w.ParseReceipt(event(secret, "evt-1", clock, said), clock); !errors.Is(err, sms.ErrGarbled) || got != (sms.Receipt{}) {
			t.Errorf("%s: %+v %v", said, got, err)
		}
	}
}

// TestStandardWebhookVector is the example of the specification's libraries.
func TestStandardWebhookVector(t *testing.T) {
	t.Parallel()
	w, err := sms.NewWebhook(sms.WebhookOptions{URL: "https://x.example", Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"test": 2432232314}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	r.Header.Set("webhook-timestamp", "1614265330")
	r.Header.Set("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	if _, err := w.ParseReceipt(r, time.Unix(1614265330, 0)); !errors.Is(err, sms.ErrGarbled) { // signed right, though no receipt
		t.Error(err)
	}
}

func TestUnfitWebhook(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]sms.WebhookOptions{
		"short secret": {URL: "https://x", Secret: "short", Now: now}, "short in base64": {URL: "https://x", Secret: "whsec_c2hvcnQ=", Now: now},
		"not base64": {URL: "https://x", Secret: "whsec_%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%", Now: now}, "no URL": {Secret: secret, Now: now},
		"sender": {URL: "https://x", Secret: secret, From: "a@b", Now: now}, "no clock": {URL: "https://x", Secret: secret},
		"password": {URL: "https://a:b@x", Secret: secret, Now: now},
	} {
		if w, err := sms.NewWebhook(o); err == nil || w != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

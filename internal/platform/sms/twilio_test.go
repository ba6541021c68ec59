package sms_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/sms"
	"github.com/genkan/genkan/internal/testkit/smstest"
	"github.com/genkan/genkan/internal/testkit/smtptest"
)

const (
	sid    = "AC0123456789abcdef0123456789abcdef"
	token  = "kanarienvogel-token"
	secret = "kanarienvogel-secret-of-the-webhook"
)

var clock = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func now() time.Time { return clock }

func message(t *testing.T) sms.Message {
	t.Helper()
	text, err := sms.Text(sms.SignIn, "ja", "048213", "id.example.jp")
	if err != nil {
		t.Fatal(err)
	}
	return sms.Message{ID: "0190-abc_1", To: number(t, "09012345678"), Text: text, Life: sms.CodeLife}
}

// soon is closed when nothing good will come any more, long before the whole
// run is given up.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// failed demands a SendError that gives nothing away.
func failed(t *testing.T, err error) *sms.SendError {
	t.Helper()
	var e *sms.SendError
	if !errors.As(err, &e) {
		t.Fatalf("not a SendError: %v", err)
	}
	if e.Temporary && e.Unknown {
		t.Errorf("both temporary and unknown: %v", e)
	}
	for _, text := range []string{e.Error(), fmt.Sprintf("%+v", *e)} {
		for _, canary := range []string{"9012345678", "048213", token, secret, "コード"} {
			if strings.Contains(text, canary) {
				t.Errorf("%q is in %s", canary, text)
			}
		}
	}
	return e
}

// desk is a Twilio under test control, a client for it, and a page for receipts.
type desk struct {
	*smstest.HTTP
	client   *sms.Twilio
	page     string
	receipts chan sms.Receipt
	problems chan error
}

func setupTwilio(t *testing.T, o smstest.TLS, change func(*sms.TwilioOptions)) *desk {
	t.Helper()
	d := &desk{HTTP: smstest.StartTwilio(t, o, sid, token), receipts: make(chan sms.Receipt, 8), problems: make(chan error, 8)}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got, err := d.client.ParseReceipt(r, clock)
		if err != nil {
			d.problems <- err
			w.WriteHeader(http.StatusForbidden)
			return
		}
		d.receipts <- got
	}))
	t.Cleanup(page.Close)
	d.page = page.URL + "/hooks/sms"
	opts := sms.TwilioOptions{
		Base: d.URL, AccountSID: sid, AuthToken: token, From: "+815012345678", Callback: d.page, RootCAs: d.RootCAs, Timeout: 20 * time.Second,
	}
	if change != nil {
		change(&opts)
	}
	var err error
	if d.client, err = sms.NewTwilio(opts); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTwilioTakesOver(t *testing.T) {
	t.Parallel()
	for _, o := range []smstest.TLS{{}, {On: true}} {
		d := setupTwilio(t, o, nil)
		m := message(t)
		r, err := d.client.Send(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if want := (sms.Receipt{MessageRef: "SM0001", ID: m.ID, State: sms.HandedOver}); r != want {
			t.Errorf("%+v", r)
		}
		want := smstest.Text{Ref: "SM0001", From: "+815012345678", To: "+819012345678", Body: m.Text, Life: "300", Callback: d.page + "?id=" + m.ID}
		if got := d.Texts(); len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(want) {
			t.Errorf("%+v", got)
		}
	}
}

func TestTwilioService(t *testing.T) {
	t.Parallel()
	d := setupTwilio(t, smstest.TLS{}, func(o *sms.TwilioOptions) { o.Callback = "" })
	m := message(t)
	m.From = "MG0123456789abcdef0123456789abcdef"
	if _, err := d.client.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := d.Texts()[0]; got.From != m.From || got.Callback != "" {
		t.Errorf("%+v", got)
	}
}

// TestTwilioRefusals: permanent is what is about the number, and nothing else.
func TestTwilioRefusals(t *testing.T) {
	t.Parallel()
	const quoting = `{"code":%d,"message":"The 'To' number +819012345678 is wrong, text 048213","status":400}`
	for _, c := range []struct {
		status    int
		body      string
		code      string
		reason    sms.Reason
		temporary bool
		unknown   bool
	}{
		{400, fmt.Sprintf(quoting, 21211), "21211", sms.ReasonAddress, false, false},
		{400, fmt.Sprintf(quoting, 21614), "21614", sms.ReasonAddress, false, false},
		{400, fmt.Sprintf(quoting, 21610), "21610", sms.ReasonPolicy, false, false},
		{400, fmt.Sprintf(quoting, 21606), "21606", sms.ReasonOurs, true, false}, // our sender
		{401, fmt.Sprintf(quoting, 20003), "20003", sms.ReasonOurs, true, false},
		{429, fmt.Sprintf(quoting, 20429), "20429", sms.ReasonOurs, true, false},
		{404, "<html>+819012345678", "404", sms.ReasonOurs, true, false},
		{503, "", "503", sms.ReasonOurs, true, false},
		{500, "", "500", "", false, true}, // may come after the work
		{504, fmt.Sprintf(quoting, 21211), "21211", "", false, true},
	} {
		d := setupTwilio(t, smstest.TLS{}, nil)
		d.Refuse(1, c.status, c.body)
		_, err := d.client.Send(t.Context(), message(t))
		e := failed(t, err)
		if e.Code != c.code || e.Reason != c.reason || e.Temporary != c.temporary || e.Unknown != c.unknown || e.Stage != sms.StageSubmit {
			t.Errorf("%d: %+v", c.status, e)
		}
	}
}

// TestRedirectIsNotFollowed holds NS1: text and login go nowhere else.
func TestRedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		d := setupTwilio(t, smstest.TLS{}, nil)
		other := setupTwilio(t, smstest.TLS{}, nil)
		d.Redirect(-1, status, other.URL+"/2010-04-01/Accounts/"+sid+"/Messages.json")
		_, err := d.client.Send(t.Context(), message(t))
		if e := failed(t, err); !e.Temporary || e.Reason != sms.ReasonOurs || e.Code != fmt.Sprint(status) {
			t.Errorf("%d: %+v", status, e)
		}
		if other.Asked() != 0 || d.Asked() != 1 {
			t.Errorf("%d: %d and %d requests", status, d.Asked(), other.Asked())
		}
	}
}

func TestTwilioOutcomesThatNobodyKnows(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*desk){
		"broken after the work": func(d *desk) { d.Drop(1) },
		"endless answer":        func(d *desk) { d.Flood(1) },
		"no JSON":               func(d *desk) { d.Garble(1, 201, "<html>") },
		"no name":               func(d *desk) { d.Garble(1, 201, `{"sid":"","status":"queued"}`) },
		"unknown state":         func(d *desk) { d.Garble(1, 200, `{"sid":"SM1","status":"dancing"}`) },
	} {
		d := setupTwilio(t, smstest.TLS{}, nil)
		spoil(d)
		_, err := d.client.Send(t.Context(), message(t))
		if e := failed(t, err); !e.Unknown || e.Stage != sms.StageSubmit || len(d.Texts()) != 1 || d.Asked() != 1 ||
			name == "endless answer" && !strings.HasSuffix(e.Error(), "too large") {
			t.Errorf("%s: %+v, %d texts", name, e, len(d.Texts()))
		}
		if _, err := d.client.Send(t.Context(), message(t)); err != nil {
			t.Errorf("%s: the next one: %v", name, err)
		}
	}
}

// TestSilentGateway: the request has left, so giving up says unknown although
// this gateway has done nothing.
func TestSilentGateway(t *testing.T) {
	t.Parallel()
	d := setupTwilio(t, smstest.TLS{}, nil)
	d.Hang(-1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_ = d.WaitAsked(soon(t).Done(), 1)
		cancel()
	}()
	_, err := d.client.Send(ctx, message(t))
	if e := failed(t, err); !e.Unknown || !errors.Is(e, context.Canceled) || len(d.Texts()) != 0 {
		t.Errorf("%+v", e)
	}
	short := setupTwilio(t, smstest.TLS{}, func(o *sms.TwilioOptions) { o.Timeout = 50 * time.Millisecond })
	short.Hang(-1)
	_, err = short.client.Send(t.Context(), message(t))
	if e := failed(t, err); !errors.Is(e, context.DeadlineExceeded) || !e.Unknown && !e.Temporary {
		t.Errorf("%+v", e)
	}
}

func TestGatewayThatIsNotThere(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	d := setupTwilio(t, smstest.TLS{}, func(o *sms.TwilioOptions) { o.Base = gone.URL })
	_, err := d.client.Send(t.Context(), message(t))
	if e := failed(t, err); !e.Temporary || e.Stage != sms.StageConnect || e.Error() != "sms connect: connection refused" {
		t.Errorf("%+v", e) // without the URL, which may hold a token
	}
}

// TestUntrustedGateway holds KY4: nothing is said to whoever cannot prove its
// name, and nothing is tried in plain text.
func TestUntrustedGateway(t *testing.T) {
	t.Parallel()
	for _, kind := range []smtptest.Certificate{smtptest.WrongName, smtptest.UnknownAuthority, smtptest.Expired} {
		d := setupTwilio(t, smstest.TLS{On: true, Certificate: kind}, nil)
		_, err := d.client.Send(t.Context(), message(t))
		if e := failed(t, err); !e.Temporary || e.Stage != sms.StageConnect || !strings.Contains(e.Error(), "certificate") || d.Asked() != 0 {
			t.Errorf("%d: %+v", kind, e)
		}
	}
}

// TestPlainTextStaysHere: http is for this machine, judged by the address that
// is connected to and not by the name.
func TestPlainTextStaysHere(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://192.0.2.1:9", "http://[2001:db8::1]:9", "http://10.0.0.1", "http://0.0.0.0:9", "http://169.254.169.254"} {
		d := setupTwilio(t, smstest.TLS{}, func(o *sms.TwilioOptions) { o.Base = base })
		_, err := d.client.Send(t.Context(), message(t))
		if e := failed(t, err); !e.Temporary || !strings.Contains(e.Error(), "plain text") {
			t.Errorf("%s: %+v", base, e)
		}
	}
}

func TestUnfitTwilio(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*sms.TwilioOptions){
		"no account": func(o *sms.TwilioOptions) { o.AccountSID = "" }, "path as account": func(o *sms.TwilioOptions) { o.AccountSID = "../x" },
		"no token": func(o *sms.TwilioOptions) { o.AuthToken = "" }, "sender": func(o *sms.TwilioOptions) { o.From = "a@b" },
		"scheme": func(o *sms.TwilioOptions) { o.Base = "ftp://x" }, "no host": func(o *sms.TwilioOptions) { o.Base = "https:///x" },
		"password": func(o *sms.TwilioOptions) { o.Base = "https://a:b@x" }, "query": func(o *sms.TwilioOptions) { o.Callback = "https://x/?a" },
	} {
		o := sms.TwilioOptions{AccountSID: sid, AuthToken: token}
		spoil(&o)
		if s, err := sms.NewTwilio(o); err == nil || s != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestUnfitMessages(t *testing.T) {
	t.Parallel()
	d := setupTwilio(t, smstest.TLS{}, func(o *sms.TwilioOptions) { o.From = "" })
	for name, spoil := range map[string]func(*sms.Message){
		"no id": func(m *sms.Message) { m.ID = "" }, "id with a blank": func(m *sms.Message) { m.ID = "a b" }, "id with more": func(m *sms.Message) { m.ID = "a&To=b" },
		"no number": func(m *sms.Message) { m.To = sms.Number{} }, "no text": func(m *sms.Message) { m.Text = "" }, "text": func(m *sms.Message) { m.Text = "\xff" },
		"long": func(m *sms.Message) { m.Text = strings.Repeat("長", 6*67+1) }, "sender": func(m *sms.Message) { m.From = "\r\n" },
		"nobody": func(m *sms.Message) { m.From = "" }, "life": func(m *sms.Message) { m.Life = -1 },
	} {
		m := message(t)
		m.From = "Genkan"
		spoil(&m)
		if _, err := d.client.Send(t.Context(), m); !errors.Is(err, sms.ErrUnsafe) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d.Asked() != 0 {
		t.Errorf("%d requests", d.Asked())
	}
}

func TestTwilioReceipts(t *testing.T) {
	t.Parallel()
	d := setupTwilio(t, smstest.TLS{}, nil)
	if _, err := d.client.Send(t.Context(), message(t)); err != nil {
		t.Fatal(err)
	}
	to := d.Texts()[0].Callback
	for _, c := range []struct {
		status, failure string
		want            sms.Receipt
	}{
		{"sent", "", sms.Receipt{State: sms.HandedOver}},
		{"delivered", "", sms.Receipt{State: sms.Taken}},
		{"delivered", "", sms.Receipt{State: sms.Taken}}, // repeated: reads the same
		{"undelivered", "30003", sms.Receipt{State: sms.Refused, Reason: sms.ReasonUnreachable, Code: "30003"}},
		{"failed", "30007", sms.Receipt{State: sms.Refused, Reason: sms.ReasonFilter, Code: "30007"}},
		{"failed", "99999", sms.Receipt{State: sms.Refused, Code: "99999"}},
		{"canceled", "", sms.Receipt{State: sms.Refused, Reason: sms.ReasonOurs}},
	} {
		form := url.Values{"MessageSid": {"SM0001"}, "MessageStatus": {c.status}, "To": {"+819012345678"}, "AccountSid": {sid}, "From": {"げんかん"}}
		if c.failure != "" {
			form.Set("ErrorCode", c.failure)
		}
		if status, err := d.ReportTwilio(t.Context(), to, token, form); err != nil || status != 200 {
			t.Fatalf("%s: %d %v", c.status, status, err)
		}
		c.want.MessageRef, c.want.ID, c.want.At = "SM0001", message(t).ID, clock
		if got := <-d.receipts; got != c.want {
			t.Errorf("%s: %+v", c.status, got)
		}
	}
}

// signed makes a callback as the server sees it.
func signed(at, key string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, at, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	r.Header.Set("X-Twilio-Signature", smstest.SignTwilio(key, at, form))
	return r
}

// TestForgedTwilioReceipts: each differs from a good one in one thing.
func TestForgedTwilioReceipts(t *testing.T) {
	t.Parallel()
	const page = "https://id.example.jp/hooks/sms"
	d := setupTwilio(t, smstest.TLS{}, func(o *sms.TwilioOptions) { o.Callback = page })
	form := func() url.Values {
		return url.Values{"MessageSid": {"SM0001"}, "MessageStatus": {"delivered"}, "To": {"+819012345678"}}
	}
	good := func() *http.Request { return signed(page+"?id=a-1", token, form()) }
	if got, err := d.client.ParseReceipt(good(), clock); err != nil || got.ID != "a-1" {
		t.Fatalf("%+v %v", got, err)
	}
	for name, spoil := range map[string]func() *http.Request{
		"no signature":    func() *http.Request { r := good(); r.Header.Del("X-Twilio-Signature"); return r },
		"empty signature": func() *http.Request { r := good(); r.Header.Set("X-Twilio-Signature", ""); return r },
		"wrong signature": func() *http.Request {
			r := good()
			r.Header.Set("X-Twilio-Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")
			return r
		},
		"not base64":   func() *http.Request { r := good(); r.Header.Set("X-Twilio-Signature", "%"); return r },
		"another key":  func() *http.Request { return signed(page+"?id=a-1", token+"x", form()) },
		"another page": func() *http.Request { return signed("https://evil.example/hooks/sms?id=a-1", token, form()) },
		"another id":   func() *http.Request { r := good(); r.URL.RawQuery = "id=a-2"; return r },
		"another state": func() *http.Request {
			r := good()
			f := form()
			f.Set("MessageStatus", "failed")
			r2 := signed(page+"?id=a-1", token, f)
			r2.Header = r.Header
			return r2
		},
		"one more field": func() *http.Request {
			r := good()
			f := form()
			f.Set("ErrorCode", "30003")
			r2 := signed(page+"?id=a-1", token, f)
			r2.Header = r.Header
			return r2
		},
		"GET":  func() *http.Request { r := good(); r.Method = http.MethodGet; return r },
		"JSON": func() *http.Request { r := good(); r.Header.Set("Content-Type", "application/json"); return r },
		"huge": func() *http.Request {
			f := form()
			f.Set("x", strings.Repeat("x", 1<<20))
			return signed(page+"?id=a-1", token, f)
		},
	} {
		if got, err := d.client.ParseReceipt(spoil(), clock); !errors.Is(err, sms.ErrForged) || got != (sms.Receipt{}) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	for name, change := range map[string]func(url.Values){
		"no name":       func(f url.Values) { f.Del("MessageSid") },
		"name in lines": func(f url.Values) { f.Set("MessageSid", "SM\n1") },
		"no state":      func(f url.Values) { f.Del("MessageStatus") },
		"unknown state": func(f url.Values) { f.Set("MessageStatus", "dancing") },
	} {
		f := form()
		change(f)
		if got, err := d.client.ParseReceipt(signed(page, token, f), clock); !errors.Is(err, sms.ErrGarbled) || got != (sms.Receipt{}) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

// TestTwilioSignatureOfTheirs is the example of Twilio's own documentation.
func TestTwilioSignatureOfTheirs(t *testing.T) {
	t.Parallel()
	form := url.Values{
		"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+12349013030"}, "Digits": {"1234"}, "From": {"+12349013030"}, "To": {"+18005551212"},
	}
	const page, sum = "https://mycompany.com/myapp.php?foo=1&bar=2", "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
	if got := smstest.SignTwilio("12345", page, form); got != sum {
		t.Errorf("the test's own signature is %s", got)
	}
	s, err := sms.NewTwilio(sms.TwilioOptions{AccountSID: sid, AuthToken: "12345", Callback: "https://mycompany.com/myapp.php"})
	if err != nil {
		t.Fatal(err)
	}
	// Signed right, though it is a call and no text.
	if _, err := s.ParseReceipt(signed(page, "12345", form), clock); !errors.Is(err, sms.ErrGarbled) {
		t.Error(err)
	}
}

func TestSendersPrintNoSecrets(t *testing.T) {
	t.Parallel()
	d := setupTwilio(t, smstest.TLS{}, nil)
	w, err := sms.NewWebhook(sms.WebhookOptions{URL: "https://x/?" + token, Secret: secret, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	p, err := sms.NewSMPP(sms.SMPPOptions{Addr: "x:1", SystemID: "genkan", Password: token, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []sms.Sender{d.client, w, p} {
		if text := fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s); strings.Contains(text, "kanarien") {
			t.Error(text)
		}
	}
}

package sms_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"github.com/genkan/genkan/internal/platform/sms"
	"github.com/genkan/genkan/internal/testkit/smstest"
	"github.com/genkan/genkan/internal/testkit/smtptest"
)

// centre is a message centre under test control and a client for it.
type centre struct {
	*smstest.SMSC
	client   *sms.SMPP
	receipts chan sms.Receipt
	troubles chan error

	mu    sync.Mutex
	sorry error // what our side answers to receipts
}

func setupSMPP(t *testing.T, o smstest.TLS, change func(*sms.SMPPOptions)) *centre {
	t.Helper()
	c := &centre{SMSC: smstest.StartSMSC(t, o, "genkan", "s3cret"), receipts: make(chan sms.Receipt, 64), troubles: make(chan error, 64)}
	opts := sms.SMPPOptions{
		Addr: c.Addr(), Plain: !o.On, SystemID: "genkan", Password: "s3cret", From: "Genkan", RootCAs: c.RootCAs, Now: now,
		Timing: sms.SMPPTiming{Again: time.Millisecond},
		Receipt: func(_ context.Context, r sms.Receipt) error {
			c.receipts <- r
			c.mu.Lock()
			defer c.mu.Unlock()
			return c.sorry
		},
		Trouble: func(err error) {
			select {
			case c.troubles <- err:
			default:
			}
		},
	}
	if change != nil {
		change(&opts)
	}
	var err error
	if c.client, err = sms.NewSMPP(opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.client.Stop)
	return c
}

func (c *centre) say(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sorry = err
}

func TestSMPPTakesOver(t *testing.T) {
	t.Parallel()
	for _, o := range []smstest.TLS{{}, {On: true}} {
		c := setupSMPP(t, o, nil)
		if c.Bound() != 0 {
			t.Error("bound before there was anything to send")
		}
		m := message(t)
		r, err := c.client.Send(t.Context(), m)
		if want := (sms.Receipt{MessageRef: "m0001", ID: m.ID, State: sms.HandedOver}); err != nil || r != want {
			t.Fatalf("%+v %v", r, err)
		}
		got := c.Texts()[0]
		if got.To != "819012345678" || got.From != "Genkan" || got.FromTON != 5 || got.Body != m.Text || got.Coding != 8 || got.Parts != 0 ||
			got.Life != "000000000500000R" || !got.Receipt {
			t.Errorf("%+v", got)
		}
	}
}

func TestSMPPWithoutReceipts(t *testing.T) {
	t.Parallel()
	c := setupSMPP(t, smstest.TLS{}, func(o *sms.SMPPOptions) { o.Receipt, o.Trouble = nil, nil })
	if _, err := c.client.Send(t.Context(), message(t)); err != nil || c.Texts()[0].Receipt {
		t.Errorf("%v %+v", err, c.Texts())
	}
	d := smstest.Delivery{Class: 4, Text: smstest.Receipt("m0001", "DELIVRD", "000", "")}
	if status, err := c.Report(soon(t), d); err != nil || status != 0 { // it reports all the same
		t.Errorf("%d %v", status, err)
	}
	c.Cut()
	if err := c.WaitBound(soon(t).Done(), 2); err != nil {
		t.Error(err)
	}
}

func TestSMPPSendersAndAlphabets(t *testing.T) {
	t.Parallel()
	c := setupSMPP(t, smstest.TLS{}, nil)
	for i, s := range []struct {
		from     string
		ton, npi byte
		wire     string
		text     string
		coding   byte
	}{
		{"+815012345678", 1, 1, "815012345678", "Your code: 123456\n@id.example.jp #123456", 0},
		{"12345", 3, 0, "12345", "[{^}]~|\\ is escaped", 0},
		{"", 5, 0, "Genkan", "` is not in the alphabet", 8},
		{"", 5, 0, "Genkan", "£5 and ü", 8}, // see gsm7
		{"", 5, 0, "Genkan", "確認 🔑", 8},
	} {
		m := message(t)
		m.From, m.Text, m.Life = s.from, s.text, 0
		if _, err := c.client.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		got := c.Texts()[i]
		if got.From != s.wire || got.FromTON != s.ton || got.FromNPI != s.npi || got.Body != s.text || got.Coding != s.coding || got.Life != "" {
			t.Errorf("%+v", got)
		}
	}
}

func TestSMPPLongTexts(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]struct {
		text  string
		parts int
		most  int // octets
	}{
		"exactly one":      {strings.Repeat("a", 160), 1, 160},
		"one more":         {strings.Repeat("a", 161), 2, 153},
		"escapes":          {strings.Repeat("{", 153), 3, 153}, // a pair is never cut
		"exactly one wide": {strings.Repeat("長", 70), 1, 140},
		"one more wide":    {strings.Repeat("長", 71), 2, 134},
		"pairs":            {strings.Repeat("🔑", 67), 3, 134}, // 134 words, 33 pairs in a part
	} {
		c := setupSMPP(t, smstest.TLS{}, nil)
		m := message(t)
		m.Text = s.text
		r, err := c.client.Send(t.Context(), m)
		if err != nil || r.MessageRef != "m0001" {
			t.Fatalf("%s: %+v %v", name, r, err)
		}
		whole := ""
		got := c.Texts()
		for i, part := range got {
			whole += part.Body
			if len(part.Octets) > s.most {
				t.Errorf("%s: %d octets", name, len(part.Octets))
			}
			if s.parts > 1 && (int(part.Part) != i+1 || int(part.Parts) != s.parts || part.Series != got[0].Series) {
				t.Errorf("%s: part %+v", name, part)
			}
		}
		if len(got) != s.parts || whole != s.text {
			t.Errorf("%s: %d parts, %q", name, len(got), whole)
		}
	}
}

func TestSMPPRefusals(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		stage     string
		status    data.CommandStatusType
		code      string
		reason    sms.Reason
		temporary bool
	}{
		{smstest.Bind, data.ESME_RINVPASWD, "0x0E", sms.ReasonOurs, true},
		{smstest.Bind, data.ESME_RBINDFAIL, "0x0D", sms.ReasonOurs, true},
		{smstest.Submit, data.ESME_RINVDSTADR, "0x0B", sms.ReasonAddress, false},
		{smstest.Submit, data.ESME_RX_R_APPN, "0x66", sms.ReasonPolicy, false},
		{smstest.Submit, data.ESME_RTHROTTLED, "0x58", sms.ReasonOurs, true},
		{smstest.Submit, data.ESME_RMSGQFUL, "0x14", sms.ReasonOurs, true},
		{smstest.Submit, data.ESME_RINVSRCADR, "0x0A", sms.ReasonOurs, true},
		{smstest.Submit, data.CommandStatusType(0x400), "0x400", sms.ReasonOurs, true},
	} {
		c := setupSMPP(t, smstest.TLS{}, nil)
		c.Refuse(s.stage, 1, s.status)
		_, err := c.client.Send(t.Context(), message(t))
		e := failed(t, err)
		if e.Stage != s.stage || e.Code != s.code || e.Reason != s.reason || e.Temporary != s.temporary || e.Unknown || len(c.Texts()) != 0 {
			t.Errorf("%s %x: %+v", s.stage, s.status, e)
		}
		if _, err := c.client.Send(t.Context(), message(t)); err != nil {
			t.Errorf("%s %x: the next one: %v", s.stage, s.status, err)
		}
	}
	c := setupSMPP(t, smstest.TLS{}, func(o *sms.SMPPOptions) { o.Password = "wrong" })
	_, err := c.client.Send(t.Context(), message(t))
	if e := failed(t, err); e.Code != "0x0E" || strings.Contains(e.Error(), "wrong") {
		t.Errorf("%+v", e)
	}
}

// TestSMPPOutcomesThatNobodyKnows: once submit_sm has left, only an answer says
// what became of it.
func TestSMPPOutcomesThatNobodyKnows(t *testing.T) {
	t.Parallel()
	c := setupSMPP(t, smstest.TLS{}, nil)
	c.Drop(smstest.Submit, 1) // does the work, and breaks the connection
	_, err := c.client.Send(t.Context(), message(t))
	if e := failed(t, err); !e.Unknown || e.Stage != sms.StageSubmit || len(c.Texts()) != 1 {
		t.Errorf("%+v", e)
	}
	if err := <-c.troubles; err == nil {
		t.Error("the operator is not told")
	}
	if err := c.WaitBound(soon(t).Done(), 2); err != nil { // by itself
		t.Fatal(err)
	}
	c.Hang(smstest.Submit, 1) // does nothing, and says nothing
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		_ = c.WaitAsked(soon(t).Done(), 4) // two binds, two texts
		cancel()
	}()
	_, err = c.client.Send(ctx, message(t))
	if e := failed(t, err); !errors.Is(e, context.Canceled) || !e.Unknown || len(c.Texts()) != 1 {
		t.Errorf("%+v", e)
	}
	short := setupSMPP(t, smstest.TLS{}, func(o *sms.SMPPOptions) { o.Timing.Answer = 50 * time.Millisecond })
	short.Hang(smstest.Submit, 1)
	_, err = short.client.Send(t.Context(), message(t))
	if e := failed(t, err); !e.Unknown || !errors.Is(e, context.DeadlineExceeded) {
		t.Errorf("%+v", e)
	}
}

func TestSMPPCentreThatIsNotThere(t *testing.T) {
	t.Parallel()
	hung := setupSMPP(t, smstest.TLS{}, func(o *sms.SMPPOptions) { o.Timing.Connect = 300 * time.Millisecond })
	hung.Hang(smstest.Bind, -1)
	_, err := hung.client.Send(t.Context(), message(t))
	if e := failed(t, err); !e.Temporary || e.Stage != sms.StageBind {
		t.Errorf("%+v", e)
	}
	dropped := setupSMPP(t, smstest.TLS{}, nil)
	dropped.Drop(smstest.Bind, 1)
	_, err = dropped.client.Send(t.Context(), message(t))
	if e := failed(t, err); !e.Temporary || e.Stage != sms.StageBind {
		t.Errorf("%+v", e)
	}
}

// TestUntrustedCentre holds KY4: no login is shown to whoever cannot prove its
// name, and plain text is not tried instead.
func TestUntrustedCentre(t *testing.T) {
	t.Parallel()
	for _, kind := range []smtptest.Certificate{smtptest.WrongName, smtptest.UnknownAuthority, smtptest.Expired} {
		c := setupSMPP(t, smstest.TLS{On: true, Certificate: kind}, nil)
		_, err := c.client.Send(t.Context(), message(t))
		if e := failed(t, err); !e.Temporary || e.Stage != sms.StageConnect || !strings.Contains(e.Error(), "certificate") || c.Bound() != 0 {
			t.Errorf("%d: %+v", kind, e)
		}
	}
	plain := setupSMPP(t, smstest.TLS{}, func(o *sms.SMPPOptions) { o.Plain = false })
	_, err := plain.client.Send(t.Context(), message(t))
	if e := failed(t, err); e.Stage != sms.StageConnect || plain.Bound() != 0 {
		t.Errorf("%+v", e)
	}
	for _, addr := range []string{"192.0.2.1:3550", "0.0.0.0:3550", "[2001:db8::1]:3550"} {
		far := setupSMPP(t, smstest.TLS{}, func(o *sms.SMPPOptions) { o.Addr = addr })
		_, err := far.client.Send(t.Context(), message(t))
		if e := failed(t, err); !strings.Contains(e.Error(), "plain text") {
			t.Errorf("%s: %+v", addr, e)
		}
	}
}

func TestSMPPReceipts(t *testing.T) {
	t.Parallel()
	c := setupSMPP(t, smstest.TLS{}, nil)
	if _, err := c.client.Send(t.Context(), message(t)); err != nil {
		t.Fatal(err)
	}
	text := func(stat, failure string) smstest.Delivery {
		return smstest.Delivery{Class: 4, Text: smstest.Receipt("m0001", stat, failure, "code 048213 stat:DELIVRD id:other")}
	}
	for _, s := range []struct {
		say  smstest.Delivery
		want sms.Receipt
	}{
		{text("DELIVRD", "000"), sms.Receipt{State: sms.Taken, Code: "DELIVRD 000"}},
		{text("DELIVRD", "000"), sms.Receipt{State: sms.Taken, Code: "DELIVRD 000"}}, // repeated: reads the same
		{text("ACCEPTD", "000"), sms.Receipt{State: sms.HandedOver, Code: "ACCEPTD 000"}},
		{text("EXPIRED", "0cb"), sms.Receipt{State: sms.Refused, Reason: sms.ReasonUnreachable, Code: "EXPIRED 0cb"}},
		{text("UNDELIV", "001"), sms.Receipt{State: sms.Refused, Code: "UNDELIV 001"}},
		{text("REJECTD", "069"), sms.Receipt{State: sms.Refused, Reason: sms.ReasonFilter, Code: "REJECTD 069"}},
		{text("DELETED", ""), sms.Receipt{State: sms.Refused, Reason: sms.ReasonOurs, Code: "DELETED"}},
		{text("UNKNOWN", ""), sms.Receipt{State: sms.Silent, Code: "UNKNOWN"}},
		{smstest.Delivery{Class: 4, Fields: map[pdu.Tag][]byte{
			pdu.TagReceiptedMessageID: []byte("m0001\x00"), pdu.TagMessageStateOption: {5}, pdu.TagNetworkErrorCode: {3, 0, 0x1b},
		}}, sms.Receipt{State: sms.Refused, Code: "UNDELIV 03001b"}},
	} {
		if status, err := c.Report(soon(t), s.say); err != nil || status != 0 {
			t.Fatalf("%q: %d %v", s.say.Text, status, err)
		}
		s.want.MessageRef, s.want.At = "m0001", clock
		if got := <-c.receipts; got != s.want {
			t.Errorf("%q: %+v", s.say.Text, got)
		}
	}
}

// TestSMPPLies: what is no receipt reaches nobody, and the session goes on.
func TestSMPPLies(t *testing.T) {
	t.Parallel()
	c := setupSMPP(t, smstest.TLS{}, nil)
	if _, err := c.client.Send(t.Context(), message(t)); err != nil {
		t.Fatal(err)
	}
	good := smstest.Receipt("m0001", "DELIVRD", "000", "")
	for _, d := range []smstest.Delivery{
		{Class: 0, Text: good}, // a text from somebody, made to look like a receipt
		{Class: 8, Text: good},
		{Class: 4, Text: ""},
		{Class: 4, Text: "text:" + good},
		{Class: 4, Text: "id: stat:DELIVRD"},
		{Class: 4, Text: "id:m0001 stat:DANCING"},
		{Class: 4, Text: "id:" + strings.Repeat("m", 200) + " stat:DELIVRD"},
		{Class: 4, Fields: map[pdu.Tag][]byte{pdu.TagReceiptedMessageID: []byte("m\n1"), pdu.TagMessageStateOption: {2}}},
		{Class: 4, Fields: map[pdu.Tag][]byte{pdu.TagReceiptedMessageID: []byte("m0001"), pdu.TagMessageStateOption: {99}}},
	} {
		if status, err := c.Report(soon(t), d); err != nil || status != 0 {
			t.Errorf("%+v: %d %v", d, status, err)
		}
	}
	for _, raw := range []string{
		"\x00\x00\x00\x10\x00\x00\x77\x77\x00\x00\x00\x00\x00\x00\x00\x07",                                 // no such command
		"\x00\x00\x00\x18\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00\x00\x1e\x00\x00", // query_sm with a parameter
		"\x00\x00\x00\x11\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x08\xff",                             // deliver_sm cut short
		"\x00\x00\x00\x10\x80\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x09",                                 // an answer that nobody asked for
	} {
		if err := c.Say([]byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Leave(pdu.NewEnquireLink()); err != nil {
		t.Fatal(err)
	}
	if status, err := c.Report(soon(t), smstest.Delivery{Class: 4, Text: good}); err != nil || status != 0 {
		t.Errorf("%d %v", status, err)
	}
	if got := <-c.receipts; got.State != sms.Taken || len(c.receipts) != 0 || c.Bound() != 1 {
		t.Errorf("%+v and %d more, %d sessions", got, len(c.receipts), c.Bound())
	}
	// A length that cannot be ends the session; another begins.
	if err := c.Say([]byte("\x7f\xff\xff\xff\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x08")); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitBound(soon(t).Done(), 2); err != nil {
		t.Fatal(err)
	}
}

// TestSMPPReceiptThatWeCannotKeep is asked for again.
func TestSMPPReceiptThatWeCannotKeep(t *testing.T) {
	t.Parallel()
	c := setupSMPP(t, smstest.TLS{}, nil)
	if _, err := c.client.Send(t.Context(), message(t)); err != nil {
		t.Fatal(err)
	}
	d := smstest.Delivery{Class: 4, Text: smstest.Receipt("m0001", "DELIVRD", "000", "")}
	c.say(errors.New("database gone"))
	if status, err := c.Report(soon(t), d); err != nil || status != uint32(data.ESME_RX_T_APPN) {
		t.Errorf("%d %v", status, err)
	}
	c.say(nil)
	if status, err := c.Report(soon(t), d); err != nil || status != 0 {
		t.Errorf("%d %v", status, err)
	}
	if a, b := <-c.receipts, <-c.receipts; a != b {
		t.Errorf("%+v %+v", a, b)
	}
}

func TestUnfitSMPP(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*sms.SMPPOptions){
		"no port": func(o *sms.SMPPOptions) { o.Addr = "x" }, "no host": func(o *sms.SMPPOptions) { o.Addr = ":1" },
		"no login": func(o *sms.SMPPOptions) { o.SystemID = "" }, "long login": func(o *sms.SMPPOptions) { o.SystemID = strings.Repeat("x", 16) },
		"password": func(o *sms.SMPPOptions) { o.Password = "a\x00b" }, "sender": func(o *sms.SMPPOptions) { o.From = "a@b" },
		"service": func(o *sms.SMPPOptions) { o.From = "MG0123456789abcdef0123456789abcdef" }, "no clock": func(o *sms.SMPPOptions) { o.Now = nil },
	} {
		o := sms.SMPPOptions{Addr: "x:1", SystemID: "genkan", Now: now}
		spoil(&o)
		if s, err := sms.NewSMPP(o); err == nil || s != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

package mail_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/testkit/smtptest"
)

// TestAddressGoesOutByteForByte holds RS5.
func TestAddressGoesOutByteForByte(t *testing.T) {
	t.Parallel()
	b := setup(t, smtptest.Options{})
	for _, to := range []string{
		"taro@example.com", "TaRo@eXample.COM", "a..b.@docomo.example", "o'neil+x=y@example.com",
		`"quoted@part"@example.com`, "ﬁ@example.com", "ı@example.com", "用户@例え.example", "x@xn--r8jz45g.example",
	} {
		err := b.client.Send(t.Context(), "", to, b.raw, func(mail.Step) {})
		got := b.Letters()
		if err != nil || got[len(got)-1].To != to || got[len(got)-1].From != "" {
			t.Errorf("%s: %v, %+v", to, err, got)
		}
		ascii := !strings.ContainsFunc(to, func(r rune) bool { return r >= utf8.RuneSelf })
		if strings.Contains(got[len(got)-1].Params, "SMTPUTF8") == ascii {
			t.Errorf("%s: MAIL had %q", to, got[len(got)-1].Params)
		}
	}
}

func TestUnsafeEnvelopeNeverConnects(t *testing.T) {
	t.Parallel()
	b := setup(t, smtptest.Options{})
	for _, to := range []string{
		"", "taro", "@example.com", "taro@", "a@b.example>\r\nRCPT TO:<c@d.example", "a@b.example\n", "a@b.example> SIZE=1 <",
		"a b@example.com", "a@b.example\x00", "a\u2028@b.example", "a\u3000@b.example", "\xff@b.example",
		strings.Repeat("a", 600) + "@b.example",
	} {
		for _, pair := range [][2]string{{"", to}, {to, "ok@example.com"}} {
			if pair[0] == "" && pair[1] == "ok@example.com" {
				continue // an empty sender is the null path
			}
			err := b.client.Send(t.Context(), pair[0], pair[1], b.raw, func(mail.Step) { t.Error("a step") })
			if !errors.Is(err, mail.ErrUnsafe) {
				t.Errorf("%q: %v", pair, err)
			}
		}
	}
	for _, raw := range []string{"", "a\r\n.\nMAIL", "a\r.\r\n", "a\nb", "a\x00"} {
		if err := b.client.Send(t.Context(), "", recipient, []byte(raw), nil); !errors.Is(err, mail.ErrUnsafe) {
			t.Errorf("%q: %v", raw, err)
		}
	}
	if b.Sessions() != 0 {
		t.Errorf("%d sessions", b.Sessions())
	}
}

func TestAddressTheServerCannotTake(t *testing.T) {
	t.Parallel()
	b := setup(t, smtptest.Options{NoSMTPUTF8: true})
	var e *mail.SendError
	err := b.client.Send(t.Context(), "", "用户@example.com", b.raw, func(s mail.Step) { b.steps = append(b.steps, s) })
	if !errors.As(err, &e) || e.Stage != "mail" || e.Enhanced != "5.6.7" || e.Temporary || e.Unknown {
		t.Errorf("got %+v", err)
	}
}

// TestTraceHoldsNoAddressTokenOrControlCharacter holds LG1, LG2 and KY1.
func TestTraceHoldsNoAddressTokenOrControlCharacter(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("長い", 150)
	for said, want := range map[string]string{
		"5.1.1 <" + recipient + ">: no such user here":              "<…>: no such user here",
		"5.1.1 <\"taro\"@Other.Example> relayed":                    "<…@Other.Example> relayed",
		"5.1.1 taro.y@other.example, unknown":                       "…@other.example, unknown",
		"see https://help.example/mail/?p=NoSuchUser now":           "see https://help.example/mail/?p=NoSuchUser now",
		"bad link https://id.example/r/A1b2C3d4E5f6G7h8I9j0K1 here": "bad link https://id.example/… here",
		"\x1b[31mred\x07 \xff\xfe tail":                             "[31mred ? tail",
		"554 not an enhanced code":                                  "554 not an enhanced code",
		long:                                                        "",
	} {
		b := setup(t, smtptest.Options{})
		b.Refuse("rcpt", -1, 550, said)
		e := b.failed(t)
		last := b.steps[len(b.steps)-1]
		if want == "" {
			if len(last.Text) > 500 || !utf8.ValidString(last.Text) || !strings.HasSuffix(last.Text, "…") {
				t.Errorf("not bounded: %d bytes", len(last.Text))
			}
			continue
		}
		if last.Text != want || e.Text != want {
			t.Errorf("%q became %q", said, last.Text)
		}
	}
}

func TestRepliesOfSeveralLines(t *testing.T) {
	t.Parallel()
	b := setup(t, smtptest.Options{})
	b.Refuse("rcpt", -1, 550, "x\r\n550 last") // the first line looks final, the rest must not be taken for the next reply
	if e := b.failed(t); e.Text != "x" {
		t.Errorf("got %+v", *e)
	}
	b = setup(t, smtptest.Options{})
	b.Refuse("rcpt", -1, 554, "-5.7.1 closed\r\n554-5.7.1 for\r\n554 5.7.1 today")
	if e := b.failed(t); e.Text != "closed for today" || e.Enhanced != "5.7.1" {
		t.Errorf("got %+v", *e)
	}
	b.Behave()
	b.Refuse("banner", -1, 554, "-5.7.1 closed\r\n554 5.7.1 today")
	if e := b.failed(t); e.Text != "closed today" || e.Enhanced != "5.7.1" || e.Code != 554 {
		t.Errorf("got %+v", *e)
	}
	b.Refuse("banner", -1, 220, "-hello\r\n"+strings.Repeat("220-x\r\n", 200_000))
	if e := b.failed(t); !e.Temporary || e.Text != "the server says too much" {
		t.Errorf("got %+v", *e)
	}
}

func TestServerDoesNotPrintItsPassword(t *testing.T) {
	t.Parallel()
	s := &mail.Server{Host: "mail.example", Port: 587, Password: "s3cret"}
	var out strings.Builder
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "server", s)
	if text := fmt.Sprintf("%v %+v %s", s, s, out.String()); strings.Contains(text, "s3cret") {
		t.Error(text)
	}
}

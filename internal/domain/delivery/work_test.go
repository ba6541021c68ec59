package delivery

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/testkit"
	"github.com/genkan/genkan/internal/testkit/smtptest"
	"github.com/riverqueue/river"
)

// putOff tells whether err asks for another try later.
func putOff(err error) bool {
	var later *river.JobSnoozeError
	return errors.As(err, &later)
}

// outcomes is every way a session can end, and what becomes of the message.
var outcomes = map[string]struct {
	how  func(*smtptest.Server)
	want State
}{
	"taken":             {func(*smtptest.Server) {}, HandedOver},
	"4xx at MAIL":       {func(s *smtptest.Server) { s.Refuse(mail.StageMail, -1, 451, "4.3.0 later") }, Deferred},
	"4xx at RCPT":       {func(s *smtptest.Server) { s.Refuse(mail.StageRcpt, -1, 450, "4.2.0 greylisted") }, Deferred},
	"4xx at DATA":       {func(s *smtptest.Server) { s.Refuse(mail.StageData, -1, 451, "4.3.0 later") }, Deferred},
	"4xx after the dot": {func(s *smtptest.Server) { s.Refuse(mail.StageBody, -1, 452, "4.3.1 disk full") }, Deferred},
	"5xx at MAIL":       {func(s *smtptest.Server) { s.Refuse(mail.StageMail, -1, 550, "5.7.1 no") }, Refused},
	"5xx at RCPT":       {func(s *smtptest.Server) { s.Refuse(mail.StageRcpt, -1, 550, "5.1.1 no such person") }, Refused},
	"5xx at DATA":       {func(s *smtptest.Server) { s.Refuse(mail.StageData, -1, 554, "5.7.0 no") }, Refused},
	"5xx after the dot": {func(s *smtptest.Server) { s.Refuse(mail.StageBody, -1, 552, "5.2.2 box full") }, Refused},
	// The operator's to mend: says nothing about the recipient.
	"ours: 4xx at the banner": {func(s *smtptest.Server) { s.Refuse(mail.StageBanner, -1, 421, "4.3.2 closing") }, Deferred},
	"ours: 5xx at the banner": {func(s *smtptest.Server) { s.Refuse(mail.StageBanner, -1, 554, "5.3.2 not you") }, Deferred},
	"ours: 5xx at EHLO":       {func(s *smtptest.Server) { s.Refuse(mail.StageEHLO, -1, 550, "5.7.1 not you") }, Deferred},
	"ours: nobody listens":    {func(s *smtptest.Server) { s.Close() }, Deferred},
	// Lost before the dot: not sent. Lost after it: nobody knows.
	"lost at MAIL":             {func(s *smtptest.Server) { s.Drop(mail.StageMail, -1) }, Deferred},
	"lost in the body":         {func(s *smtptest.Server) { s.Drop(smtptest.MidBody, -1) }, Deferred},
	"unknown: lost at the end": {func(s *smtptest.Server) { s.Drop(mail.StageBody, -1) }, Deferred},
	"taken, lost at QUIT":      {func(s *smtptest.Server) { s.Drop(mail.StageQuit, -1) }, HandedOver},
}

// TestOutcomesBecomeStates: each ending has its state; what may be tried again
// keeps its content and asks for it, everything else wipes it and says nothing
// more (CO3, KY1). The trace is kept in both.
func TestOutcomesBecomeStates(t *testing.T) {
	t.Parallel()
	for name, c := range outcomes {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, s *set) {
				c.how(s.server)
				id := s.post()
				err := s.work(id)
				if putOff(err) != (c.want == Deferred) || err != nil && !putOff(err) {
					t.Errorf("the job ends with %v", err)
				}
				if got := s.message(id).State; got != c.want {
					t.Errorf("state %s; want %s", got, c.want)
				}
				if kept := s.payload(id) > 0; kept != (c.want == Deferred) {
					t.Errorf("the content is kept: %v", kept)
				}
				steps := s.trace(id)
				if len(steps) == 0 {
					t.Fatal("no trace")
				}
				for _, step := range steps {
					if step.Stage == "" || step.At.IsZero() || step.Code > 0 && step.Code < 400 && step.Text != "" {
						t.Errorf("step %+v", step)
					}
				}
				last := steps[len(steps)-1]
				for _, said := range steps {
					if said.Code >= 400 {
						last = said
					}
				}
				if strings.Contains(name, "xx ") && (last.Code < 400 || last.Text == "" || last.Enhanced == "") {
					t.Errorf("the server's no is not in the trace: %+v", last)
				}
				if c.want == Deferred {
					return
				}
				sessions := s.server.Sessions()
				if err := s.work(id); err != nil || s.server.Sessions() != sessions {
					t.Errorf("a finished message was worked again: %v", err)
				}
			})
		})
	}
}

// TestRepeatIsTheSameMail: after every ending that may be repeated, the repeat
// has the same Message-ID and the same bytes, so that the box shows one (CO3).
func TestRepeatIsTheSameMail(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		id := s.post()
		for range 3 { // the answer is lost each time, the mail was taken
			s.server.Drop(mail.StageBody, 1)
			if err := s.work(id); !putOff(err) {
				t.Fatalf("after a lost answer: %v", err)
			}
			s.clock.Advance(time.Minute)
		}
		if err := s.work(id); err != nil {
			t.Fatal(err)
		}
		got := s.server.Letters()
		if len(got) != 4 {
			t.Fatalf("%d letters; want 4", len(got))
		}
		for _, l := range got[1:] {
			if !bytes.Equal(l.Raw, got[0].Raw) {
				t.Error("a repeat differs from the first")
			}
		}
		if !bytes.Contains(got[0].Raw, []byte("Message-ID: <"+id+"@example.jp>")) {
			t.Errorf("the Message-ID is not the message's own:\n%s", got[0].Raw[:200])
		}
		if m := s.message(id); m.State != HandedOver || m.Tries != 4 {
			t.Errorf("%s after %d tries", m.State, m.Tries)
		}
		if first, last := s.trace(id)[0], len(s.trace(id)); last < 4*4 || first.Stage != mail.StageConnect {
			t.Errorf("the trace has %d steps from %s on; want those of every try", last, first.Stage)
		}
	})
}

// TestPausesGrow, and stay at their longest.
func TestPausesGrow(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.server.Refuse(mail.StageRcpt, -1, 450, "4.2.0 later")
		d := s.draft(Registration, "a@example.jp")
		d.Life = 72 * time.Hour
		sent, err := s.send(d)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 {
			var later *river.JobSnoozeError
			if err := s.work(sent.ID); !errors.As(err, &later) || later.Duration != pauses[min(i, len(pauses)-1)] {
				t.Errorf("try %d: %v", i+1, err)
			}
		}
	})
}

// TestNeverAfterItExpired: not even a microsecond, and however often it was put
// off before (CO3).
func TestNeverAfterItExpired(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		fresh, deferred, last := s.post(), s.post(), s.post()
		s.server.Refuse(mail.StageRcpt, 1, 450, "4.2.0 later")
		if err := s.work(deferred); !putOff(err) {
			t.Fatal(err)
		}
		s.clock.Advance(30*time.Minute - time.Microsecond)
		if err := s.work(last); err != nil || s.message(last).State != HandedOver {
			t.Errorf("a microsecond before: %s, %v", s.message(last).State, err)
		}
		s.clock.Advance(time.Microsecond)
		sessions := s.server.Sessions()
		for _, id := range []string{fresh, deferred} {
			if err := s.work(id); err != nil || s.message(id).State != Expired || s.payload(id) != 0 {
				t.Errorf("%s, %v, %d bytes kept; want expired and wiped", s.message(id).State, err, s.payload(id))
			}
		}
		if s.server.Sessions() != sessions {
			t.Error("the mail server was asked for an expired message")
		}
	})
}

// TestNeverForAnUndoneAct: neither row nor job (CO3).
func TestNeverForAnUndoneAct(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		undo := errors.New("undo")
		err := s.DB.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := s.Send(t.Context(), tx, s.draft(Registration, "a@example.jp"))
			return errors.Join(err, undo)
		})
		if !errors.Is(err, undo) {
			t.Fatal(err)
		}
		if m, j := s.rows("message"), s.rows("river_job"); m+j != 0 {
			t.Errorf("%d messages and %d jobs of an act that was undone", m, j)
		}
		if err := s.work("no-such-message"); err != nil {
			t.Errorf("a job without its message: %v", err)
		}
		s.post()
		if m, j := s.rows("message"), s.rows("river_job"); m != 1 || j != 1 {
			t.Errorf("%d messages and %d jobs of an act that was kept", m, j)
		}
	})
}

// TestDroppedMessageIsNotSent: the act is over, or its address was corrected.
func TestDroppedMessageIsNotSent(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.Writers[Registration] = func(context.Context, Message) (Letter, error) { return Letter{Drop: true}, nil }
		id := s.post()
		if err := s.work(id); err != nil || s.message(id).State != Expired || s.server.Sessions() != 0 {
			t.Errorf("%s, %v, %d sessions", s.message(id).State, err, s.server.Sessions())
		}
	})
}

// TestBrokenWriterIsTriedAgain: nothing is decided while the database is away.
func TestBrokenWriterIsTriedAgain(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		id := s.post()
		well := s.Writers[Registration]
		s.Writers[Registration] = func(context.Context, Message) (Letter, error) { return Letter{}, errors.New("away") }
		if err := s.work(id); err == nil || s.message(id).State != Queued {
			t.Errorf("%v, state %s", err, s.message(id).State)
		}
		s.Writers[Registration] = well
		if err := s.work(id); err != nil || s.message(id).State != HandedOver {
			t.Errorf("%v, state %s", err, s.message(id).State)
		}
	})
}

// carrier is a next hop of the test's own.
type carrier func(ctx context.Context, m mail.Message, note func(mail.Step)) error

func (c carrier) Carry(ctx context.Context, m mail.Message, note func(mail.Step)) error {
	return c(ctx, m, note)
}

// TestWhatHappenedIsNotedAtTheStop: told to stop while the mail server takes the
// mail, the worker still writes down that it did, or it would be sent again.
func TestWhatHappenedIsNotedAtTheStop(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		id := s.post()
		ctx, stop := context.WithCancel(t.Context())
		s.Carrier = carrier(func(_ context.Context, _ mail.Message, note func(mail.Step)) error {
			stop()
			note(mail.Step{Stage: mail.StageBody, Code: 250, At: s.clock.Now()})
			return nil
		})
		if err := s.Work(ctx, SendJob{id}); err != nil || s.message(id).State != HandedOver || len(s.trace(id)) != 1 {
			t.Errorf("%v, state %s, %d steps", err, s.message(id).State, len(s.trace(id)))
		}
	})
}

// TestOursIsPutOff: what is the operator's to mend says nothing about the
// recipient, even when it is no use to try at once.
func TestOursIsPutOff(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		for what, err := range map[string]error{
			"ours, for good":  &mail.SendError{Stage: mail.StageMail, Class: mail.ClassOurs},
			"not even a mail": errors.New("the key for signing is away"),
		} {
			s.Carrier = carrier(func(context.Context, mail.Message, func(mail.Step)) error { return err })
			id := s.post()
			if err := s.work(id); !putOff(err) || s.message(id).State != Deferred {
				t.Errorf("%s: %v, state %s", what, err, s.message(id).State)
			}
		}
	})
}

// TestTraceIsBounded: a server that never says yes fills no table.
func TestTraceIsBounded(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		id := s.post()
		s.Carrier = carrier(func(_ context.Context, _ mail.Message, note func(mail.Step)) error {
			for range 150 {
				note(mail.Step{Stage: mail.StageRcpt, Code: 450, Text: "later", At: s.clock.Now()})
			}
			return &mail.SendError{Stage: mail.StageRcpt, Code: 450, Temporary: true}
		})
		for range 4 {
			if err := s.work(id); !putOff(err) {
				t.Fatal(err)
			}
		}
		if n := len(s.trace(id)); n != 400 {
			t.Errorf("%d steps; want 400", n)
		}
	})
}

// TestTwoWorkersOneMessage: the same job twice at once ends in one final state.
func TestTwoWorkersOneMessage(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		id := s.post()
		errs := make([]error, 2)
		atOnce(2, func(i int) { errs[i] = s.work(id) })
		if m := s.message(id); m.State != HandedOver || s.payload(id) != 0 {
			t.Errorf("state %s, %v", m.State, errs)
		}
	})
}

// TestMessageDrawing holds the drawing to the worker: every state with every
// event.
func TestMessageDrawing(t *testing.T) {
	drawn := testkit.Drawing(t, "Message")
	both(t, func(t *testing.T, s *set) {
		answer := func(err error) func(id string) {
			return func(string) {
				s.Carrier = carrier(func(context.Context, mail.Message, func(mail.Step)) error { return err })
			}
		}
		letterOf := func(l Letter) func(string) {
			return func(string) {
				s.Writers[Registration] = func(context.Context, Message) (Letter, error) { return l, nil }
			}
		}
		answer(nil)("")
		earlier := s.post()
		if err := s.work(earlier); err != nil {
			t.Fatal(err)
		}
		events := map[string]func(id string){
			"taken":   answer(nil),
			"put_off": answer(&mail.SendError{Temporary: true}),
			"refused": answer(&mail.SendError{Stage: mail.StageRcpt, Code: 550}),
			"drop":    letterOf(Letter{Drop: true}),
			"fold":    letterOf(Letter{Fold: earlier}),
			"expire":  func(string) { s.clock.Advance(30 * time.Minute) },
		}
		paths := map[string][]string{"queued": nil, "deferred": {"put_off"}, "handed_over": {"taken"}, "refused": {"refused"}, "expired": {"drop"}}
		if drawn["[*]"]["send"] != string(Queued) {
			t.Error("the drawing does not begin with send")
		}
		for state, path := range paths {
			for event, happen := range events {
				s.Writers[Registration] = s.codeLetter
				id := s.post()
				for _, e := range path {
					events[e](id)
					_ = s.work(id)
				}
				s.Writers[Registration] = s.codeLetter
				if got := s.message(id).State; string(got) != state {
					t.Fatalf("made a message in state %s; want %s", got, state)
				}
				happen(id)
				_ = s.work(id)
				want := drawn[state][event]
				if want == "" {
					want = state // nothing happens any more
				}
				if got := s.message(id).State; string(got) != want {
					t.Errorf("%s by %s: %s; the drawing says %s", state, event, got, want)
				}
			}
		}
	})
}

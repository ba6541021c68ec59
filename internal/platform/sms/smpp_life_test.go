package sms_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/linxGnu/gosmpp/data"
	"github.com/linxGnu/gosmpp/pdu"

	"github.com/genkan/genkan/internal/platform/sms"
	"github.com/genkan/genkan/internal/testkit/smstest"
)

func TestSMPPComesBack(t *testing.T) {
	t.Parallel()
	c := setupSMPP(t, smstest.TLS{}, nil)
	for i := 1; i <= 5; i++ {
		if _, err := c.client.Send(t.Context(), message(t)); err != nil {
			t.Fatal(err)
		}
		switch {
		case i%2 == 0:
			c.Refuse(smstest.Bind, 2, data.ESME_RBINDFAIL) // not at once
			c.Cut()
		default:
			if err := c.Leave(pdu.NewUnbind()); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.WaitBound(soon(t).Done(), i+1); err != nil {
			t.Fatal(err)
		}
	}
	if status, err := c.Report(soon(t), smstest.Delivery{Class: 4, Text: smstest.Receipt("m0001", "DELIVRD", "000", "")}); err != nil || status != 0 {
		t.Errorf("%d %v", status, err)
	}
}

// TestSMPPSilentPeer: a centre that is gone without a word is noticed.
func TestSMPPSilentPeer(t *testing.T) {
	t.Parallel()
	c := setupSMPP(t, smstest.TLS{}, func(o *sms.SMPPOptions) {
		o.Timing.Enquire, o.Timing.Answer = 5*time.Millisecond, 100*time.Millisecond
	})
	if _, err := c.client.Send(t.Context(), message(t)); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitAsked(soon(t).Done(), 5); err != nil { // bind, text, and three times "are you there"; it answers, so it stays
		t.Fatal(err)
	}
	c.Hang(smstest.Link, 1)
	if err := c.WaitBound(soon(t).Done(), 2); err != nil {
		t.Fatal(err)
	}
	if err := <-c.troubles; !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestSMPPStops(t *testing.T) {
	t.Parallel()
	fresh := setupSMPP(t, smstest.TLS{}, nil)
	fresh.client.Stop() // unstarted
	fresh.client.Stop()
	_, err := fresh.client.Send(t.Context(), message(t))
	if e := failed(t, err); !e.Temporary || fresh.Bound() != 0 {
		t.Errorf("%+v", e)
	}

	c := setupSMPP(t, smstest.TLS{}, nil)
	if _, err := c.client.Send(t.Context(), message(t)); err != nil {
		t.Fatal(err)
	}
	c.Hang(smstest.Submit, 1)
	waiting := make(chan error, 1)
	go func() {
		_, err := c.client.Send(t.Context(), message(t))
		waiting <- err
	}()
	if err := c.WaitAsked(soon(t).Done(), 3); err != nil {
		t.Fatal(err)
	}
	var twice sync.WaitGroup
	twice.Go(c.client.Stop)
	twice.Go(c.client.Stop)
	twice.Wait()
	if e := failed(t, <-waiting); !e.Unknown {
		t.Errorf("%+v", e)
	}
	if err := c.WaitGone(soon(t).Done()); err != nil {
		t.Fatal(err)
	}
	if c.Bound() != 1 || len(c.troubles) != 0 || c.Asked() < 4 { // bind, two texts, unbind
		t.Errorf("%d sessions, %d troubles, %d requests", c.Bound(), len(c.troubles), c.Asked())
	}
}

// TestSMPPStress: many at once over sessions that keep breaking. Each Send says
// what happened, and no text is claimed that was not taken.
func TestSMPPStress(t *testing.T) {
	t.Parallel()
	c := setupSMPP(t, smstest.TLS{}, nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	refs, unknown := map[string]bool{}, 0
	for i := range 8 {
		wg.Go(func() {
			for j := range 25 {
				m := message(t)
				m.ID = fmt.Sprintf("m-%d-%d", i, j)
				r, err := c.client.Send(t.Context(), m)
				var e *sms.SendError
				mu.Lock()
				switch {
				case err == nil && refs[r.MessageRef]:
					t.Errorf("%s twice", r.MessageRef)
				case err == nil:
					refs[r.MessageRef] = true
				case !errors.As(err, &e) || !e.Temporary && !e.Unknown:
					t.Error(err)
				case e.Unknown:
					unknown++
				}
				mu.Unlock()
				if j%10 == 9 {
					c.Cut()
				}
			}
		})
	}
	wg.Wait()
	c.client.Stop()
	if n := len(c.Texts()); n < len(refs) || n > len(refs)+unknown {
		t.Errorf("%d taken, %d claimed, %d unknown", n, len(refs), unknown)
	}
}

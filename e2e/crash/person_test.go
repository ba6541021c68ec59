package crash

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/genkan/genkan/e2e/program"
)

// person registers and then resets the password. What is noted of each step is
// what the person knows: asked before the request, answered after it.
type person struct {
	email  string
	first  string // password chosen at first
	second string // password of the reset

	registration string // id, once answered
	code         string // of the registration, once mailed
	confirmAsked bool
	confirmed    reply

	recoveryAsked bool // from then on a mail may come whose request was cut off

	recovery   string
	reset      string // its code
	resetAsked bool
	resetDone  reply
}

func newPerson(n int) *person {
	return &person{email: fmt.Sprintf("taro%04d@example.jp", n), first: fmt.Sprintf("saisho no aikotoba %d", n),
		second: fmt.Sprintf("tsugi no aikotoba %d", n)}
}

// live does as much as it can until the house dies. answers counts what was
// answered well.
func (p *person) live(ctx context.Context, c *client, m *program.Mailbox, answered func()) {
	count := func(r reply) bool {
		if r.good() {
			answered()
		}
		return r.good()
	}
	if !p.confirmed.good() && !p.register(ctx, c, m, count) {
		return
	}
	p.recoveryAsked = true
	r := c.post(ctx, "recoveries", fields{"email": p.email})
	if !count(r) {
		return
	}
	p.recovery = r.ID
	if p.reset = m.Code(ctx, p.email, 8, 1); p.reset == "" {
		return
	}
	p.resetAsked = true
	p.resetDone = c.post(ctx, "recoveries/"+p.recovery+"/confirm", fields{"code": p.reset, "new_password": p.second})
	count(p.resetDone)
}

func (p *person) register(ctx context.Context, c *client, m *program.Mailbox, count func(reply) bool) bool {
	r := c.post(ctx, "registrations", fields{"email": p.email, "password": p.first, "locale": "en"})
	if !count(r) {
		return false
	}
	p.registration = r.ID
	if p.code = m.Code(ctx, p.email, 6, 1); p.code == "" {
		return false
	}
	p.confirmAsked = true
	p.confirmed = c.post(ctx, "registrations/"+p.registration+"/confirm", fields{"code": p.code})
	return count(p.confirmed)
}

// crowd lets people live side by side and calls full once so many requests were
// answered.
func crowd(ctx context.Context, people []*person, c *client, m *program.Mailbox, enough int64, full func()) {
	var answered atomic.Int64
	done := make(chan struct{}, len(people))
	for _, p := range people {
		go func() {
			defer func() { done <- struct{}{} }()
			p.live(ctx, c, m, func() {
				if answered.Add(1) == enough {
					full()
				}
			})
		}()
	}
	for range people {
		<-done
	}
}

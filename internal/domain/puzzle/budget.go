package puzzle

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/limit"
)

// Budget bounds passes in any window of ten minutes.
type Budget struct {
	Session int // of one browser
	Account int // to sign in to one account, from browsers that it does not know
	Network int // from one /24 or /56
}

// DefaultBudget is the budget of a house that nobody has set anything for.
func DefaultBudget() Budget { return Budget{Session: 6, Account: 6, Network: 60} }

const (
	window = 10 * time.Minute
	// baseTries is the work of each lane for somebody new: about 0.3 s on a slow
	// phone in all. mostTimes caps what heat can make of it: 8 s.
	baseTries = 120
	mostTimes = 27
	// waitTimes the base is the wait instead of a puzzle: 8 to 10 s on a slow
	// phone, and waitLeast on any machine.
	waitTimes = 28
	waitLeast = 8 * time.Second

	// Heat is counted in thousandths: each whole one makes work four times as
	// dear, and cools within coolEach.
	wrongHeat = 1000
	mostHeat  = 8000
	coolEach  = 5 * time.Minute
	// pauseHeat is where a session pauses: the sixth wrong answer in a row.
	pauseHeat = 5000
	// A network is many people: four wrong answers count as one, and so do ten
	// passes from the twentieth on.
	networkShare = 4
	dearPasses   = 20
)

// buckets are the rows that an answer of s warms: session, account, network.
func (d *Desk) buckets(s sealed, network []byte) (session, account, net []byte) {
	return bucket('s', s.browser), bucket('a', s.account), bucket('n', network)
}

func bucket(kind byte, digest []byte) []byte { return append([]byte{kind}, digest...) }

// price is what a challenge costs.
type price struct {
	tries uint32
	easy  byte
}

// price reads what was counted. It refuses a session that pauses, and whoever
// has no pass left, before they do any work; answers ask again, exactly.
func (d *Desk) price(ctx context.Context, f For, now time.Time) (price, error) {
	s := d.fresh(f, now, price{})
	network := d.network(f, now)
	session, account, net := d.buckets(s, network)
	heats, err := readHeat(ctx, d.DB.Reader(), session, account, net)
	if err != nil {
		return price{}, err
	}
	warm := func(b []byte) float64 { return heats[string(b)].now(now) }
	if s.session && warm(session) > pauseHeat {
		return price{}, pause(time.Duration((warm(session) - pauseHeat) / wrongHeat * float64(coolEach)))
	}
	n, err := countPasses(ctx, d.DB.Reader(), s, network, d.network(f, now.Add(-window)), now)
	if err != nil {
		return price{}, err
	}
	if err := d.within(s, n, now); err != nil {
		return price{}, err
	}
	level := max(warm(net)/wrongHeat, float64(f.Siege))
	if s.session {
		level = max(level, warm(session)/wrongHeat)
	}
	if f.Key != nil && !f.Known {
		level = max(level, warm(account)/wrongHeat)
	}
	if over := n.network - dearPasses + 1; over > 0 {
		level += float64(over) / 10
	}
	p := price{tries: uint32(float64(d.base()) * min(math.Pow(4, level), mostTimes))}
	if s.session { // who struggles gets a plainer picture, at a higher price
		p.easy = byte(min(warm(session)/(2*wrongHeat), 3))
	}
	return p, nil
}

func (d *Desk) base() int {
	if d.Tries > 0 {
		return d.Tries
	}
	return baseTries
}

// passes are how many there were within the window.
type passes struct {
	session, account, network int
	oldest                    time.Time // when the first of them was given
}

// within refuses when one more pass would be too many. An account's budget is
// for signing in alone: if it closed the ways back in as well, six passes of a
// stranger's would shut the owner out. What those ways send is capped by itself.
func (d *Desk) within(s sealed, n passes, now time.Time) error {
	b := d.Budget
	if b == (Budget{}) {
		b = DefaultBudget()
	}
	named := s.action == SignIn && !s.known && !bytes.Equal(s.account, make([]byte, digestLen))
	if s.session && n.session >= b.Session || named && n.account >= b.Account || n.network >= b.Network {
		return pause(n.oldest.Add(window).Sub(now))
	}
	return nil
}

// pause is the same refusal whatever is used up: it says how long, and which
// other ways there are.
func pause(wait time.Duration) error {
	return fault.New(fault.TooMany, "puzzle.loop").After(max(wait, time.Second)).Offer("mail_code", "wait", "support")
}

// warmth is a row of heat as it was at a moment.
type warmth struct {
	heat, at int64
}

func (w warmth) now(t time.Time) float64 {
	return max(0, float64(w.heat)-float64(t.UnixMicro()-w.at)*wrongHeat/float64(coolEach.Microseconds()))
}

// hold locks the rows that the budgets of s are counted under, in an order that
// is the same for all, and warms them by heat.
func (d *Desk) hold(ctx context.Context, tx *db.Tx, s sealed, network []byte, heat int64) error {
	session, account, net := d.buckets(s, network)
	rows := []warmRow{{session, heat}, {account, heat}, {net, heat / networkShare}}
	if bytes.Equal(s.account, make([]byte, digestLen)) {
		rows = slices.Delete(rows, 1, 2)
	}
	slices.SortFunc(rows, func(a, b warmRow) int { return bytes.Compare(a.bucket, b.bucket) })
	return warm(ctx, tx, rows)
}

// Rows that a stranger can make are bounded for the whole house: some 32,000 at
// once and 260 a second, beyond which the house is too busy. Sixteen buckets, so
// that nodes do not stand in one line.
const roomShards = 16

func (d *Desk) room(ctx context.Context, tx *db.Tx, s sealed) error {
	wait, err := limit.Take(ctx, tx, fmt.Sprintf("puzzle room %d", s.id[0]%roomShards), limit.Rate{Burst: 2000, Every: 60 * time.Millisecond})
	if err == nil && wait > 0 {
		err = fault.New(fault.Busy, "srv.overload").After(wait)
	}
	return err
}

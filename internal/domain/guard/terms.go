package guard

import (
	"time"

	"github.com/genkan/genkan/internal/platform/limit"
)

// Mode says of whom the human check is asked.
type Mode string

// The modes.
const (
	Always   Mode = "always"   // of everybody
	Adaptive Mode = "adaptive" // of whom the house does not know
	Off      Mode = "off"      // of nobody
)

// Who is what is known of a browser that wants to sign in to an address.
type Who int

// From the least known to the best.
const (
	Stranger Who = iota
	Proven       // proved the mailbox of this address lately
	Known        // signed in to this address before
)

// Action is what somebody wants to do.
type Action string

// The actions that the human check may be asked for. A pass of one is worth
// nothing for another.
const (
	SignIn       Action = "sign-in"
	Registration Action = "registration"
	Recovery     Action = "recovery"
	Resend       Action = "resend"
)

// asks decides whether the human check is asked. Mails can be caused by
// anybody, so knowing a browser saves nobody the check where one is sent to an
// address; but its own person may have it for free.
func (m Mode) asks(who Who) bool {
	switch m {
	case Off:
		return false
	case Always:
		return true
	}
	return who == Stranger
}

// Level is how much of what arrives is an attack.
type Level int

// The levels.
const (
	Calm   Level = iota
	Watch        // more failures than usual: the puzzle's work gets dearer
	Attack       // most of it: dearer still, and a right password alone is not enough from a stranger
)

// Rules are the limits, as settings give them.
type Rules struct {
	Strangers limit.Ladder // of one address, over all browsers that are not known
	Own       limit.Ladder // of one known or proven browser and one address
	Failures  int64        // in the whole house within window, from which on an attack is possible
	Network   int64        // the same of one /24 or /56
}

// DefaultRules are those of a house that nobody has set anything for. A hundred
// failures in all is the most that SP 800-63B-4 3.2.2 allows.
func DefaultRules() Rules {
	slow := limit.Ladder{Free: 5, First: time.Minute, Longest: time.Hour, Most: 100,
		Quiet: 24 * time.Hour, Keep: 365 * 24 * time.Hour}
	own := slow
	own.Most = 20
	return Rules{Strangers: slow, Own: own, Failures: 200, Network: 40}
}

// window is what an attack is looked for in.
var window = limit.Span{Slot: 5 * time.Minute, Slots: 4}

// LevelOf judges a tally: it takes both many failures and far more of them than
// of successes, so that a house with many members, or a carrier whose people
// share one address, is not taken for an attacker.
func LevelOf(t limit.Tally, least int64) Level {
	switch {
	case t.Failed >= least && t.Failed >= 4*t.Passed:
		return Attack
	case t.Failed >= least/2 && t.Failed >= 2*t.Passed:
		return Watch
	}
	return Calm
}

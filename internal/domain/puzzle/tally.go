package puzzle

import "sync/atomic"

// tally is what this node counted since its start, for the operator.
type tally struct{ begun, drawn, passed, refused atomic.Int64 }

func (t *tally) judged(verdict error) {
	if verdict == nil {
		t.passed.Add(1)
		return
	}
	t.refused.Add(1)
}

// Load is what the desk did since the start.
type Load struct{ Begun, Drawn, Passed, Refused int64 }

// Load gives the figures of this node.
func (d *Desk) Load() Load {
	return Load{d.tally.begun.Load(), d.tally.drawn.Load(), d.tally.passed.Load(), d.tally.refused.Load()}
}

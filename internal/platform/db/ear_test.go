package db

import (
	"testing"
	"time"
)

// ProofAge is how long ago the ear last proved that its line is up.
func (e *Ear) ProofAge() time.Duration { return time.Since(e.start) - time.Duration(e.alive.Load()) }

// TestOldProofsAreNotTrusted: the promised second holds for a line that falls
// silent too, before the listener itself notices (SE4).
func TestOldProofsAreNotTrusted(t *testing.T) {
	t.Parallel()
	e := &Ear{start: time.Now().Add(-time.Hour)}
	e.alive.Store(int64(time.Hour - earFresh))
	if e.Fresh() {
		t.Error("a proof as old as may be is trusted")
	}
	e.alive.Store(-1)
	if e.Fresh() {
		t.Error("a deaf ear is trusted")
	}
	if earFresh >= time.Second || earBeat >= earFresh {
		t.Errorf("a proof each %v, trusted for %v: not within the promised second", earBeat, earFresh)
	}
}

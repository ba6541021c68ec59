package puzzle

import (
	"context"
	"math"
	"time"

	"github.com/genkan/genkan/internal/domain/puzzle/trail"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
	"github.com/genkan/genkan/internal/platform/limit"
	"github.com/genkan/genkan/internal/platform/token"
)

// Way is how an answer was made. It is judged and forgotten.
type Way string

// The ways, each with its price.
const (
	Drag Way = "drag" // by mouse, finger or pen: the movement is judged
	Keys Way = "keys" // by keyboard or buttons: four times the work
	Tap  Way = "tap"  // by a press on the track: four times the work
	Spot Way = "spot" // a click into the picture, without script
	Wait Way = "wait" // no picture: 8 to 10 s of work
)

// Answer is what a browser sends.
type Answer struct {
	X     float64       // left edge of the tile, or where the picture was clicked, at 320 wide
	Y     float64       // of a click only
	Trail []trail.Point // of a drag only
	Grip  string        // of a drag only: what Grip gave when it began
	Touch bool          // of a drag only: by finger
	Way   Way
	Work  string // of keys, tap and wait: the further lanes
}

const (
	tolerance = 5 // at 320 wide
	// leastTime is how soon after its picture an answer may come, by our clock.
	leastTime = 600 * time.Millisecond
	// waitEach is how often a session may wait instead.
	waitEach = 10 * time.Minute
)

// Grip stamps the moment at which a drag begins, by our clock. It keeps nothing.
func (d *Desk) Grip(_ context.Context, id string, f For) (string, error) {
	s, err := d.open(id, f)
	if err != nil {
		return "", err
	}
	return d.sealGrip(s, d.DB.Now()), nil
}

// Answer judges the first answer to a picture and gives a pass for a right one.
// Every refusal uses the picture up:
//
//	puzzle.too-fast   faster than any hand, by our clock or by the trail
//	puzzle.too-slow   the two minutes are over
//	puzzle.missed     not in its place; the side is told
//	puzzle.unnatural  no hand moves so, or exactly so again
//	puzzle.loop       right, but no pass is left
//	puzzle.spent      anything else: used, forged, somebody else's, no answer at all
func (d *Desk) Answer(ctx context.Context, id string, f For, a Answer) (string, error) {
	s, err := d.open(id, f)
	if err != nil {
		return "", err
	}
	pass, hash := token.Secret()
	var verdict error
	err = d.DB.TxLight(ctx, func(tx *db.Tx) (err error) {
		verdict, err = d.settle(ctx, tx, s, f, a, hash)
		return err
	})
	if err != nil {
		return "", err
	}
	d.tally.judged(verdict)
	if verdict != nil {
		return "", verdict
	}
	return pass, nil
}

// settle takes the picture, judges, and keeps what follows. A verdict is kept
// with its transaction; an error undoes it.
func (d *Desk) settle(ctx context.Context, tx *db.Tx, s sealed, f For, a Answer, pass []byte) (verdict, err error) {
	t, ok, err := d.take(ctx, tx, s, f, a)
	if err != nil || !ok {
		return errSpent(), err
	}
	if s.still {
		s.account, s.known = d.account(f), f.Known
		if err := bindPuzzle(ctx, tx, s.uuid(), s.account, d.rowOf(s, f).known); err != nil {
			return nil, err
		}
	}
	verdict = d.judge(s, t, a, tx.Time())
	var sketch trail.Sketch
	if verdict == nil && a.Way == Drag {
		if sketch, verdict, err = d.unseen(ctx, tx, a, t.start); err != nil {
			return nil, err
		}
	}
	// The network that answers is the one that counts: pictures may be drawn here
	// and answered there.
	network := d.network(f, tx.Time())
	if err := d.hold(ctx, tx, s, network, heatOf(verdict)); err != nil || verdict != nil {
		return verdict, err
	}
	if verdict, err = d.afford(ctx, tx, s, f, network, a.Way); err != nil || verdict != nil {
		return verdict, err
	}
	if a.Way == Drag {
		if err := keepSketch(ctx, tx, sketch); err != nil {
			return nil, err
		}
	}
	_, err = solvePuzzle(ctx, tx, s.uuid(), pass, network)
	return nil, err
}

// take takes the picture; a wait has none and makes its row here.
func (d *Desk) take(ctx context.Context, tx *db.Tx, s sealed, f For, a Answer) (taken, bool, error) {
	if a.Way != Wait || s.still {
		return takePuzzle(ctx, tx, s.uuid())
	}
	if err := d.room(ctx, tx, s); err != nil {
		return taken{}, false, err
	}
	r := d.rowOf(s, f)
	r.state = "failed"
	made, err := insertPuzzle(ctx, tx, r)
	return taken{shownAt: s.issued}, made, err
}

// judge is pure: the server's geometry, the server's clock.
func (d *Desk) judge(s sealed, t taken, a Answer, now time.Time) error {
	took := now.Sub(t.shownAt)
	if !finite(a.X) || !finite(a.Y) || s.still != (a.Way == Spot) {
		return errSpent()
	}
	switch a.Way {
	case Wait:
		return d.judgeWait(s, a, took)
	case Spot:
		if took < spotLeast {
			return refuse("puzzle.too-fast")
		}
		half := float64(t.piece) / 2
		if math.Abs(a.Y-float64(stillStrip+t.y)-half) > spotSlack {
			return refuse("puzzle.missed")
		}
		return hit(a.X-half, t, spotSlack)
	case Keys, Tap:
		if took < leastTime {
			return refuse("puzzle.too-fast")
		}
		if !worked(s.id, workProofs, 3*int(s.tries), a.Work) {
			return refuse("puzzle.work")
		}
		return hit(a.X, t, tolerance)
	case Drag:
		return d.judgeDrag(s, t, a, now)
	}
	return errSpent()
}

func (d *Desk) judgeWait(s sealed, a Answer, took time.Duration) error {
	if took < waitLeast {
		return refuse("puzzle.too-fast")
	}
	if !worked(s.id, 2*workProofs, waitTimes*d.base(), a.Work) {
		return refuse("puzzle.work")
	}
	return nil
}

func (d *Desk) judgeDrag(s sealed, t taken, a Answer, now time.Time) error {
	if !trail.Whole(a.Trail) {
		return errSpent()
	}
	gripped, ok := d.openGrip(s, a.Grip)
	if !ok || gripped.Before(t.shownAt) {
		return errSpent()
	}
	if now.Sub(t.shownAt) < leastTime {
		return refuse("puzzle.too-fast")
	}
	switch trail.Judge(a.Trail, trail.Drag{Start: float64(t.start), End: a.X, Touch: a.Touch, Took: now.Sub(gripped)}) {
	case trail.Fine:
		return hit(a.X, t, tolerance)
	case trail.TooFast:
		return refuse("puzzle.too-fast")
	case trail.TooSlow:
		return refuse("puzzle.too-slow")
	}
	return refuse("puzzle.unnatural")
}

// hit tells whether x is at the place. The side is told: a picture is answered
// once, so it leads no machine any nearer, and a hand learns from it.
func hit(x float64, t taken, slack float64) error {
	off := x - float64(t.place)
	if math.Abs(off) <= slack {
		return nil
	}
	side := "left"
	if off > 0 {
		side = "right"
	}
	return refuse("puzzle.missed").With("side", side)
}

func refuse(code string) *fault.Error {
	return &fault.Error{Kind: fault.Invalid, Code: code, Next: []string{"puzzle", "wait"}}
}

func finite(x float64) bool { return !math.IsNaN(x) && math.Abs(x) < 1e4 }

// heatOf is what a verdict costs: haste half as much as a miss.
func heatOf(verdict error) int64 {
	switch {
	case verdict == nil, fault.Is(verdict, "puzzle.too-slow"):
		return 0
	case fault.Is(verdict, "puzzle.too-fast"):
		return wrongHeat / 2
	}
	return wrongHeat
}

// afford tells whether one more pass is within the budgets. The rows that they
// are counted under are locked, so that of many at once no more pass.
func (d *Desk) afford(ctx context.Context, tx *db.Tx, s sealed, f For, network []byte, way Way) (verdict, err error) {
	now := tx.Time()
	n, err := countPasses(ctx, tx, s, network, d.network(f, now.Add(-window)), now)
	if err != nil {
		return nil, err
	}
	if verdict := d.within(s, n, now); verdict != nil {
		return verdict, nil
	}
	var wait time.Duration
	switch way {
	case Wait:
		wait, err = limit.Take(ctx, tx, "puzzle wait "+hexOf(s.browser), limit.Rate{Burst: 1, Every: waitEach})
	case Spot:
		wait, err = limit.TakeWindow(ctx, tx, "puzzle spot "+hexOf(s.browser), spotsMost, window)
	}
	if err != nil || wait == 0 {
		return nil, err
	}
	return pause(wait), nil
}

// Sketches of drags that passed are kept for a day, and of the newest only.
const (
	sketchLife  = 24 * time.Hour
	sketchesMax = 20_000
)

// unseen gives the bands of a drag's sketch to be kept when it passes, or a
// verdict when it nearly repeats one that passed lately.
func (d *Desk) unseen(ctx context.Context, tx *db.Tx, a Answer, start int) (k trail.Sketch, verdict, err error) {
	k = d.sketcher().Sketch(a.Trail, a.X-float64(start))
	near, err := nearSketches(ctx, tx, k, tx.Time().Add(-sketchLife))
	for _, n := range near {
		if k.Distance(n) <= trail.Near {
			verdict = refuse("puzzle.unnatural")
		}
	}
	return k, verdict, err
}

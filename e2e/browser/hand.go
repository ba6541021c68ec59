package browser

import (
	"context"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// Move is one step of a hand: how long after the one before, and how far from
// where it began, in points of the page.
type Move struct {
	After time.Duration
	X, Y  float64
}

// Drag takes the middle of selector, moves it and lets go; by finger on a phone,
// else by mouse. Steps take their time: what judges a movement must see it.
func (p *Page) Drag(selector string, moves []Move) {
	p.t.Helper()
	p.Hold(selector, moves)
	p.Let()
}

// Hold is Drag without letting go.
func (p *Page) Hold(selector string, moves []Move) {
	p.t.Helper()
	var at []float64
	p.Eval(`(() => { const e = document.querySelector(`+quote(selector)+`); e.scrollIntoView({block: "nearest"});
		const r = e.getBoundingClientRect(); return [r.left + r.width / 2, r.top + r.height / 2]; })()`, &at)
	p.hand = [2]float64{at[0], at[1]}
	p.run("take "+selector, p.touch(input.TouchStart, input.MousePressed, at[0], at[1]))
	p.run("move "+selector, chromedp.ActionFunc(func(ctx context.Context) error {
		tick := time.Now()
		for _, m := range moves {
			tick = tick.Add(m.After)
			time.Sleep(time.Until(tick)) // a hand's own time, not a wait for the page
			p.hand = [2]float64{at[0] + m.X, at[1] + m.Y}
			if err := p.touch(input.TouchMove, input.MouseMoved, p.hand[0], p.hand[1]).Do(ctx); err != nil {
				return err
			}
		}
		return nil
	}))
}

// MoveTo moves what Hold took to a point of the window.
func (p *Page) MoveTo(x, y float64) {
	p.t.Helper()
	p.hand = [2]float64{x, y}
	p.run("move on", p.touch(input.TouchMove, input.MouseMoved, x, y))
}

// Let lets go of what Hold took.
func (p *Page) Let() {
	p.t.Helper()
	p.run("let go", p.touch(input.TouchEnd, input.MouseReleased, p.hand[0], p.hand[1]))
}

func (p *Page) touch(finger input.TouchType, mouse input.MouseType, x, y float64) chromedp.Action {
	if !p.options.Phone {
		return input.DispatchMouseEvent(mouse, x, y).WithButton(input.Left).WithButtons(1).WithClickCount(1)
	}
	points := []*input.TouchPoint{{X: x, Y: y}}
	if finger == input.TouchEnd {
		points = []*input.TouchPoint{}
	}
	return input.DispatchTouchEvent(finger, points)
}

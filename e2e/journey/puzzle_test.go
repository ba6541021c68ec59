package journey

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/genkan/genkan/e2e/browser"
	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/i18n"
	"github.com/genkan/genkan/internal/testkit"
)

// guarded is a house that asks for the human check, with its clock running: what
// is judged here takes time.
func guarded(t *testing.T, look browser.Options, mode string) *visit {
	t.Helper()
	if testing.Short() {
		t.Skip("-short starts no browser")
	}
	t.Parallel()
	words, err := i18n.New(i18n.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := &visit{t, house.Open(t, testkit.SQLite(t, db.MigrateURL), house.Options{Human: mode}), look, words}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		last := time.Now()
		for tick := time.Tick(5 * time.Millisecond); ctx.Err() == nil; {
			now := <-tick
			v.Clock.Advance(now.Sub(last))
			last = now
		}
	}()
	t.Cleanup(func() { stop(); <-done })
	return v
}

// shown is a picture with its secret.
type shown struct{ place, start, piece, y float64 }

// place looks up where the newest picture's piece belongs, as nobody outside can.
func (v *visit) place() (s shown) {
	v.t.Helper()
	err := v.DB.Reader().QueryRowContext(context.Background(),
		`SELECT place, start, piece, row_y FROM puzzle WHERE state = 'shown' ORDER BY shown_at DESC`).Scan(&s.place, &s.start, &s.piece, &s.y)
	if err != nil {
		v.t.Fatal(err)
	}
	return s
}

// pictured waits for a picture in the dialog.
func (g *guest) pictured() {
	g.v.t.Helper()
	g.Until("a picture", `document.querySelector("#puzzle[open]")?.dataset.state === "ready"`)
}

// drags moves the piece to its place as a hand does: quickly, past it, and back.
func (g *guest) drags() {
	g.v.t.Helper()
	var wide float64
	g.Eval(`document.querySelector("[data-rail]").getBoundingClientRect().width`, &wide)
	s := g.v.place()
	far := (s.place - s.start) * wide / 320
	var moves []browser.Move
	at := 0.
	reach := func(to float64, steps int) {
		from := at
		for i := 1; i <= steps; i++ {
			t := float64(i) / float64(steps)
			at = from + (to-from)*t*t*t*(10-15*t+6*t*t) // the least jerk, as arms move
			shake := float64((i*7+steps)%5-2) / 4
			moves = append(moves, browser.Move{After: time.Duration(14+(i*5)%6) * time.Millisecond, X: at + shake/2, Y: 4*t + shake})
		}
	}
	reach(far+6, 34)
	reach(far-2, 14)
	reach(far, 10)
	g.Drag("[data-grip]", moves)
}

// TestPuzzleAtTheDoor: a new browser is asked for the piece and gets in; one that
// signed in before is asked for nothing, unless everybody is.
func TestPuzzleAtTheDoor(t *testing.T) {
	for name, look := range map[string]browser.Options{"mouse": {Lang: "en"}, "finger": {Lang: "ja", Phone: true}} {
		t.Run(name, func(t *testing.T) {
			mode := map[string]string{"mouse": "always", "finger": "adaptive"}[name]
			v := guarded(t, look, mode)
			g, email := v.arrive(), v.member("taro@example.jp")
			g.visit("/signin")
			g.fills("email", email, "password", oldPassword)
			g.Press("button.go")
			g.pictured()
			g.drags()
			g.Until("the account", `location.pathname === "/account"`)
			g.Submit(`form[action="/signout"] button`)
			g.reads("t•••@ex•••.jp")
			g.fills("password", oldPassword)
			g.Press("button.go")
			if mode == "always" {
				g.pictured()
				g.drags()
			}
			g.Until("the account", `location.pathname === "/account"`)
		})
	}
}

// TestPuzzleByKeys registers, with the puzzle solved by the keyboard alone, once.
func TestPuzzleByKeys(t *testing.T) {
	v := guarded(t, browser.Options{Lang: "ja", Dark: true}, "adaptive")
	g := v.arrive()
	g.visit("/register")
	g.fills("email", "hana@example.jp", "password", "short")
	g.press(kb.Enter)
	g.pictured()
	g.focused("[data-grip]")
	s := v.place()
	for range int(s.place-s.start) / 10 {
		g.press(kb.PageUp)
	}
	for range int(s.place-s.start) % 10 {
		g.press(kb.ArrowRight)
	}
	v.Clock.Advance(time.Second) // the test's hand is faster than any
	g.press(kb.Enter)
	// What was wrong with the form costs no second picture.
	g.Until("the refusal", `document.querySelector("#password-wrong")`)
	g.sends("password", oldPassword)
	g.Until("the waiting page", `location.pathname.startsWith("/register/")`)
	code := v.Mail.Wait(t, "hana@example.jp", 1).Code
	g.sends("code", code)
	g.at("/account")
}

// TestPuzzleWithoutScript: the picture is the form's button. Beside the place, the
// form comes back with all but the password; on it, the person is in.
func TestPuzzleWithoutScript(t *testing.T) {
	v := guarded(t, browser.Options{Lang: "ja", NoScript: true, Phone: true}, "adaptive")
	g, email := v.arrive(), v.member("taro@example.jp")
	g.visit("/signin")
	g.fills("email", email, "password", oldPassword)
	if g.Has("button[data-go]") && g.wide("button[data-go]") > 0 {
		t.Error("the button that cannot work is shown")
	}
	g.Shot("still")
	g.spots(-60)
	g.reads(v.say("cause.puzzle.missed.title"))
	if got := g.Value("#email"); got != email || g.Value("#password") != "" {
		t.Errorf("the address became %q", got)
	}
	g.Shot("still.missed")
	g.fills("password", oldPassword)
	g.spots(0)
	g.at("/account")
}

func (g *guest) wide(selector string) (w float64) {
	g.v.t.Helper()
	// No script of the page's runs; the test's own does.
	g.Eval(fmt.Sprintf(`document.querySelector(%q).getBoundingClientRect().width`, selector), &w)
	return w
}

// spots presses the picture, off its place by some points, once it is old enough.
func (g *guest) spots(off float64) {
	g.v.t.Helper()
	g.v.Clock.Advance(4 * time.Second)
	s := g.v.place()
	var at []float64
	g.Eval(`(() => { const e = document.querySelector("input[type=image]"); e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect(); return [r.left, r.top]; })()`, &at)
	x, y := at[0]+s.place+s.piece/2+off, at[1]+72+s.y+s.piece/2
	if _, err := chromedp.RunResponse(g.Context(), chromedp.MouseClickXY(x, y)); err != nil {
		g.v.t.Fatal(err)
	}
}

// TestPuzzleByMailInstead: who cannot see the picture presses once and gets a code.
func TestPuzzleByMailInstead(t *testing.T) {
	for name, look := range map[string]browser.Options{"script": {Lang: "en"}, "noscript": {Lang: "ja", NoScript: true}} {
		t.Run(name, func(t *testing.T) {
			v := guarded(t, look, "adaptive")
			g, email := v.arrive(), v.member("taro@example.jp")
			g.visit("/signin")
			g.fills("email", email, "password", oldPassword)
			if v.script() {
				g.Press("button.go")
				g.pictured()
				g.Press("[data-mail]")
			} else {
				g.Press("button[name=instead]")
			}
			code := v.Mail.Wait(t, email, 1).Code
			g.Until("the code's page", `document.querySelector("#code")`)
			g.Shot("mailcode." + name)
			g.sends("code", code, "password", oldPassword)
			g.at("/account")
		})
	}
}

// TestPuzzleMagnified: at 400 % and turned, with the real picture.
func TestPuzzleMagnified(t *testing.T) {
	v := guarded(t, browser.Options{Lang: "en"}, "adaptive")
	g, email := v.arrive(), v.member("taro@example.jp")
	g.visit("/signin")
	g.fills("email", email, "password", oldPassword)
	if err := chromedp.Run(g.Context(), emulation.SetDeviceMetricsOverride(320, 200, 4, false)); err != nil {
		t.Fatal(err)
	}
	g.Press("button.go")
	g.pictured()
	g.Axe()
	g.Shot("puzzle.400")
	g.drags()
	g.Until("the account", `location.pathname === "/account"`)
}

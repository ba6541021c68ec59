package front

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/genkan/genkan/e2e/browser"
	"github.com/genkan/genkan/internal/platform/i18n"
)

// asked is somebody who pressed the button of the sign-in page and now sees the
// puzzle over it.
type asked struct {
	*browser.Page
	t *testing.T
	s *showroom
}

func openPuzzle(t *testing.T, o browser.Options) *asked {
	t.Helper()
	t.Parallel()
	a := &asked{browser.Open(t, o), t, openShowroom(t)}
	a.begin()
	return a
}

// begin fills the form and presses its button.
func (a *asked) begin() {
	a.t.Helper()
	a.fill()
	a.Press(".go")
	a.ready()
}

func (a *asked) fill() {
	a.t.Helper()
	a.s.desk.asks(true)
	a.Go(a.s.page(PageSignIn, "fresh", i18n.Japanese))
	a.Eval(`document.getElementById("email").value = "taro@example.jp"; document.getElementById("password").value = "secret"`, nil)
}

// ready waits for the n-th picture; without n for any.
func (a *asked) ready() {
	a.t.Helper()
	a.Until("a picture", `document.querySelector("#puzzle[open]")?.dataset.state === "ready"`)
}

// sent gives the form that was sent in the end.
func (a *asked) sent() url.Values {
	a.t.Helper()
	a.Until("the form to be sent", `document.getElementById("form")`)
	v, err := url.ParseQuery(a.Text("#form"))
	if err != nil {
		a.t.Fatal(err)
	}
	return v
}

// solved checks that the form went out once, with its pass and all that was typed.
func (a *asked) solved(way string) {
	a.t.Helper()
	v := a.sent()
	if v.Get("human") != "sealed~pass" || v.Get("email") != "taro@example.jp" || v.Get("password") != "secret" {
		a.t.Errorf("sent %v", v)
	}
	if n := a.s.posts.Swap(0); n != 1 {
		a.t.Errorf("sent %d times", n)
	}
	if got := a.s.desk.answered(); got.Way != way || (got.Work == "") != (way == "drag") {
		a.t.Errorf("answered %+v, want %s", got, way)
	}
}

// path is how a hand gets over a distance: it speeds up and slows down.
func path(far float64) []browser.Move {
	var moves []browser.Move
	for i := 1.; i <= 20; i++ {
		s := i / 20
		moves = append(moves, browser.Move{After: 8 * time.Millisecond, X: far * s * s * (3 - 2*s), Y: 3 * s})
	}
	return moves
}

// far is how many points of the page the piece is from its hole.
func (a *asked) far() float64 {
	a.t.Helper()
	var wide float64
	a.Eval(`document.querySelector("[data-rail]").getBoundingClientRect().width`, &wide)
	hole, start := a.s.desk.place()
	return float64(hole-start) * wide / 320
}

func (a *asked) do(actions ...chromedp.Action) {
	a.t.Helper()
	if err := chromedp.Run(a.Context(), actions...); err != nil {
		a.t.Fatal(err)
	}
}

// TestPuzzleByHand: one motion by mouse, then by finger, solves it and sends the
// form once; a miss says so, brings a new picture and keeps what was typed; after
// two the other ways stand out.
func TestPuzzleByHand(t *testing.T) {
	for name, o := range map[string]browser.Options{"mouse": {Lang: "en"}, "finger": {Phone: true, Dark: true}} {
		t.Run(name, func(t *testing.T) {
			a := openPuzzle(t, o)
			a.Axe()
			for i := range 2 {
				if got := a.Has("[data-missed]"); got {
					t.Errorf("other ways stand out after %d misses", i)
				}
				a.Drag("[data-grip]", path(a.far()/2))
				a.WaitText("[data-said]", "title of puzzle.missed detail of puzzle.missed")
				a.ready()
			}
			a.Until("other ways", `document.querySelector("[data-missed]")`)
			a.Axe()
			a.Drag("[data-grip]", path(3)) // a touch is no answer
			a.Drag("[data-grip]", path(a.far()))
			a.WaitText("[data-said]", "ぴったりです")
			a.solved("drag")
			got := a.s.desk.answered()
			last := got.Trail[len(got.Trail)-1]
			if _, start := a.s.desk.place(); len(got.Trail) < 12 || last[1] != got.X-float64(start) || last[2] == 0 || got.Touch != o.Phone || got.Grip == "" {
				t.Errorf("the trail is %v for %v, touch %t", got.Trail, got.X, got.Touch)
			}
			if n := a.s.desk.calls("answer"); n != 3 {
				t.Errorf("%d answers", n)
			}
		})
	}
}

// TestPuzzleWithoutDragging: keys alone, from the button's Enter on; then taps and
// the two buttons alone (WCAG 2.1.1, 2.5.7). The focus is seen all the way, and a
// screen reader is told what there is.
func TestPuzzleWithoutDragging(t *testing.T) {
	a := openPuzzle(t, browser.Options{Lang: "ja"})
	a.do(chromedp.KeyEvent(kb.Escape))
	a.Until("the form again", `!document.querySelector("#puzzle[open]") && document.activeElement.matches(".go")`)
	a.do(chromedp.KeyEvent(kb.Enter))
	a.ready()
	a.seen("[data-grip]")
	a.reads()
	hole, _ := a.s.desk.place()
	a.do(chromedp.KeyEvent(kb.End), chromedp.KeyEvent(kb.Home))
	for range hole / 10 {
		a.do(chromedp.KeyEvent(kb.PageUp))
	}
	for range hole % 10 {
		a.do(chromedp.KeyEvent(kb.ArrowRight))
	}
	most := 320 - a.s.desk.piece()
	want := fmt.Sprintf("左から%dパーセント", (hole*200+most)/(2*most))
	var told string
	a.Eval(`document.querySelector("[data-grip]").ariaValueText`, &told)
	if told != want {
		t.Errorf("told %q, want %q", told, want)
	}
	a.do(chromedp.KeyEvent(kb.Enter))
	a.solved("keys")

	a.begin()
	var wide float64
	a.Eval(`document.querySelector("[data-rail]").getBoundingClientRect().width`, &wide)
	hole, _ = a.s.desk.place()
	piece := a.s.desk.piece()
	a.Eval(fmt.Sprintf(`(() => { const r = document.querySelector("[data-scene]").getBoundingClientRect();
		window.at = [r.left + %f, r.top + 10]; })()`, (float64(hole)+float64(piece)/2-4)*wide/320), nil)
	var at []float64
	a.Eval("window.at", &at)
	a.do(chromedp.MouseClickXY(at[0], at[1]))
	for range 4 {
		a.Press(`[data-by="1"]`)
	}
	a.Press("[data-done]")
	a.solved("tap")
}

// seen checks that selector has the focus and that this can be seen.
func (a *asked) seen(selector string) {
	a.t.Helper()
	var fault string
	a.Eval(`(() => { const e = document.activeElement, s = getComputedStyle(e);
		return !e.matches("`+selector+`") ? "the focus is on " + e.outerHTML.slice(0, 80) : parseFloat(s.outlineWidth) < 2 ? "no ring" : ""; })()`, &fault)
	if fault != "" {
		a.t.Errorf("%s: %s", selector, fault)
	}
}

// reads checks the tree that a screen reader gets.
func (a *asked) reads() {
	a.t.Helper()
	var nodes []*accessibility.Node
	a.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		nodes, err = accessibility.GetFullAXTree().Do(ctx)
		return err
	}))
	var lines []string
	for _, n := range nodes {
		if n.Ignored || n.Role == nil || n.Name == nil || strings.Contains(string(n.Role.Value), "Text") {
			continue
		}
		var role, name string
		if json.Unmarshal(n.Role.Value, &role) == nil && json.Unmarshal(n.Name.Value, &name) == nil && name != "" {
			lines = append(lines, role+" "+name)
		}
	}
	tree := strings.Join(lines, "\n")
	for _, want := range []string{"dialog ピースを合わせてください", "slider ピースの位置", "image くぼみのある絵", "button 少し左へ", "button 少し右へ",
		"button 別の絵にする", "button 絵の代わりに、メールで確認コードを受け取る", "button 絵の代わりに、10秒ほど待つ", "button 入力に戻る"} {
		if !strings.Contains(tree, want) {
			a.t.Errorf("no %q in\n%s", want, tree)
		}
	}
	if strings.Contains(tree, "button ログインする") {
		a.t.Error("the page under the dialog is read out")
	}
}

// TestPuzzleOtherWays: waiting in place of the picture, spoken on the way; a code
// by mail, which sends the form without a pass; and nothing at all for a browser
// that is not asked.
func TestPuzzleOtherWays(t *testing.T) {
	a := openPuzzle(t, browser.Options{Lang: "ja"})
	a.Eval(`window.told = []; new MutationObserver(() => told.push(document.querySelector("[data-said]").textContent)).observe(document.querySelector("[data-said]"), {childList: true})`, nil)
	a.Press("[data-wait]")
	a.WaitText("[data-said]", "お待たせしました")
	var told []string
	a.Eval("told", &told)
	if got := strings.Join(told, " "); !strings.Contains(got, "10秒ほど") || !strings.Contains(got, "50パーセント") {
		t.Errorf("told %q", told)
	}
	a.solved("wait")

	a.begin()
	a.Press("[data-mail]")
	if v := a.sent(); v.Get("instead") != "mail" || v.Has("human") || v.Get("email") != "taro@example.jp" {
		t.Errorf("sent %v", v)
	}
	a.fill()
	a.s.desk.asks(false)
	a.Submit(".go")
	if v := a.sent(); v.Has("human") || v.Has("instead") || v.Get("password") != "secret" {
		t.Errorf("sent %v", v)
	}
	if n := a.s.desk.calls("picture"); n != 2 {
		t.Errorf("%d pictures", n)
	}
}

// TestPuzzleTurnedAndMagnified: a phone that is turned in the middle of a drag, and
// a window magnified to 400 %: the place is a part of the picture.
func TestPuzzleTurnedAndMagnified(t *testing.T) {
	a := openPuzzle(t, browser.Options{Phone: true})
	size := func(width, height int64, scale float64) {
		a.do(emulation.SetDeviceMetricsOverride(width, height, scale, true).WithScreenWidth(width).WithScreenHeight(height))
		a.Until("the new size", fmt.Sprintf("innerWidth === %d", width))
	}
	a.Hold("[data-grip]", path(a.far()/2))
	size(844, 390, 2)
	// The finger is now over another part; it goes to where the hole is.
	var to []float64
	hole, _ := a.s.desk.place()
	a.Eval(fmt.Sprintf(`(() => { const r = document.querySelector("[data-rail]").getBoundingClientRect(), g = document.querySelector("[data-grip]").getBoundingClientRect();
		return [r.left + (%d + %d / 2) * r.width / 320, g.top + g.height / 2]; })()`, hole, a.s.desk.piece()), &to)
	a.MoveTo(to[0], to[1])
	a.Let()
	a.solved("drag")

	for _, o := range []struct{ width, height int64 }{{320, 256}, {256, 480}} {
		a.fill()
		size(o.width, o.height, 4)
		a.Press(".go")
		a.ready()
		var wrong string
		a.Eval(magnified, &wrong)
		if wrong != "" {
			t.Errorf("%d×%d: %s", o.width, o.height, wrong)
		}
		a.Drag("[data-grip]", path(a.far()))
		a.solved("drag")
	}

	// In a scheme of the person's own, handle and track are told apart.
	a.fill()
	a.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "forced-colors", Value: "active"}}))
	a.Press(".go")
	a.ready()
	var colours []string
	a.Eval(`["[data-grip]", "[data-rail]"].map(s => getComputedStyle(document.querySelector(s)).backgroundColor)`, &colours)
	if colours[0] == colours[1] {
		t.Errorf("handle and track are both %s", colours[0])
	}
	a.Shot("forced")
}

// magnified: nothing lies sideways, picture and handle are in the window together,
// and the handle is big enough for a finger.
const magnified = `(() => {
	const box = document.querySelector("#puzzle"), s = document.querySelector("[data-scene]"), g = document.querySelector("[data-grip]");
	s.scrollIntoView();
	const a = s.getBoundingClientRect(), b = g.getBoundingClientRect();
	if (box.scrollWidth > box.clientWidth || document.documentElement.scrollWidth > innerWidth) return "wider than the window";
	if (b.bottom - a.top > innerHeight) return "picture and handle take " + (b.bottom - a.top);
	if (b.width < 44 || b.height < 44) return "the handle is " + b.width + "×" + b.height;
	return "";
})()`

// TestPuzzleIsRenewed: a picture is replaced before it dies, at most a few times
// for nobody; a drag is not disturbed.
func TestPuzzleIsRenewed(t *testing.T) {
	t.Parallel()
	a := &asked{browser.Open(t, browser.Options{}), t, openShowroom(t)}
	a.fill()
	// The page's clock runs a thousand times as fast for what takes long.
	a.Eval(`{ const real = setTimeout; window.setTimeout = (f, ms, ...more) => real(f, ms >= 5000 ? ms / 1000 : ms, ...more); 0 }`, nil)
	a.Press(".go")
	a.WaitText("[data-said]", "中断しました")
	if n := a.s.desk.calls("picture"); n != 6 {
		t.Errorf("%d pictures", n)
	}
	a.Press("[data-new]")
	a.WaitText("[data-said]", "中断しました")
	if got := a.Value("#password"); got != "secret" {
		t.Errorf("the password became %q", got)
	}
}

// TestPuzzleBlocked: where a blocker or an old browser stops the script, the
// worker, the style or the API, the picture for browsers without script stands in
// the form, with a sentence that names blockers; what was typed stays.
func TestPuzzleBlocked(t *testing.T) {
	t.Parallel()
	p := browser.Open(t, browser.Options{})
	a := &asked{p, t, openShowroom(t)}
	for _, part := range []string{"Failed to load", "ERR_BLOCKED", "net::", "Worker"} {
		p.Allow(part)
	}
	for _, blocked := range []string{"/static/puzzle.*.js", "/worker", "/static/puzzle.*.css", "/api/v1/puzzles", "/api/v1/puzzles/*/picture"} {
		a.do(network.Enable(), block(blocked))
		a.fill()
		if blocked == "/worker" { // a worker's own request is not the page's: nothing here can block it
			a.Eval(`window.Worker = class { constructor() { setTimeout(() => this.onerror(new Event("error"))) } postMessage() {} terminate() {} }; 0`, nil)
		}
		a.Press(".go")
		a.Until("the picture for "+blocked, `document.querySelector("input[type=image]")?.complete !== false && document.querySelector(".spot input[type=image]")?.offsetWidth === 320`)
		if got := a.Text(".spot"); !strings.Contains(got, "広告を消す") {
			t.Errorf("%s: the page says %q", blocked, got)
		}
		if got := a.Value("#password"); got != "secret" || a.s.posts.Load() != 0 {
			t.Errorf("%s: the password became %q, sent %d times", blocked, got, a.s.posts.Load())
		}
		var shown bool
		a.Eval(`document.querySelector("[data-go]").offsetWidth > 0 || Boolean(document.querySelector("#puzzle[open]"))`, &shown)
		if shown {
			t.Errorf("%s: the button or the dialog is still there", blocked)
		}
		a.Axe()
		a.pressSpot(t)
	}
}

func block(pattern string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		return network.SetBlockedURLs().WithURLPatterns([]*network.BlockPattern{{URLPattern: "*://*:*" + pattern, Block: true}}).Do(ctx)
	})
}

// pressSpot presses a place in the picture of a form without script.
func (a *asked) pressSpot(t *testing.T) {
	t.Helper()
	var at []float64
	a.Eval(`(() => { const e = document.querySelector("input[type=image]"); e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect(); return [r.left + 201, r.top + 77]; })()`, &at)
	a.do(chromedp.MouseClickXY(at[0], at[1]))
	v := a.sent()
	if v.Get("spot.x") != "201" || v.Get("spot.y") != "77" || v.Get("puzzle") != "sample" || v.Get("password") != "secret" {
		t.Errorf("sent %v", v)
	}
	a.s.posts.Store(0)
}

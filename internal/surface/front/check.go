package front

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/flow/human"
	"github.com/genkan/genkan/internal/surface/web"
)

// check puts the human check onto a page, if this browser may be asked for it.
// still says that the form should have the picture for browsers without script
// from the beginning; after a press that came without script, or where something
// stopped it, the picture stands in the page itself.
func (f *Front) check(r *http.Request, page *Frame, in human.Ask, still bool) {
	in = f.asks(r, in)
	in.Browser = page.browser
	who, needed, err := f.Human.Asked(r.Context(), in)
	if err != nil || !needed {
		return // without it the page is still good: the press asks again
	}
	c := &Check{Action: string(in.Action), Mail: in.Action == puzzle.SignIn}
	if r.Method == http.MethodPost {
		c.Plain = r.PostForm.Get("script") != "1" || r.PostForm.Get("plain") == "1" || r.PostForm.Has("spot.x")
	}
	if still || c.Plain {
		c.Still = f.Human.Puzzle.Still(who)
	}
	page.Check = c
}

// keep gives a pass back to the form when something else was wrong with it and
// nothing was judged: the check is not asked twice.
func keep(page *Frame, pass string) {
	if page.Check == nil || pass == "" || page.Problem == nil || page.Problem.Field == "" {
		return
	}
	page.Check.Pass, page.Check.Still, page.Check.Plain = pass, "", false
}

// pass gives the pass that came with a form: from the puzzle, or from a press
// into the picture, which is judged here. Nothing is judged that is not asked for.
func (f *Front) pass(r *http.Request, in human.Ask) (string, error) {
	x, errX := strconv.ParseFloat(r.PostForm.Get("spot.x"), 64)
	y, errY := strconv.ParseFloat(r.PostForm.Get("spot.y"), 64)
	// Enter in a field presses the picture at its corner: no answer yet.
	if pass := r.PostForm.Get("human"); pass != "" || errX != nil || errY != nil || x == 0 && y == 0 {
		return pass, nil
	}
	who, needed, err := f.Human.Asked(r.Context(), f.asks(r, in))
	if err != nil || !needed {
		return "", nil // what is wrong with the address, the flow says better
	}
	return f.Human.Puzzle.Answer(r.Context(), r.PostForm.Get("puzzle"), who, puzzle.Answer{X: x, Y: y, Way: puzzle.Spot})
}

// asks fills in who asks.
func (f *Front) asks(r *http.Request, in human.Ask) human.Ask {
	in.Known, in.Browser, in.Network = f.Kit.Cookie(r, web.KnownCookie), f.Kit.Browser(r), f.Kit.Network(r)
	return in
}

// getSpot answers GET /puzzle/{token}: the picture for browsers without script.
func (f *Front) getSpot(w http.ResponseWriter, r *http.Request) error {
	token, _ := strings.CutSuffix(r.PathValue("token"), ".jpg")
	picture, err := f.Human.Puzzle.StillPicture(r.Context(), token, puzzle.For{Browser: f.Kit.Browser(r), Network: f.Kit.Network(r)})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Length", strconv.Itoa(len(picture)))
	_, _ = w.Write(picture) // a caller that left cannot be told
	return nil
}

package front

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/domain/puzzle/picture"
)

// fakeDesk stands in for the API of the puzzle: what is under test here is the
// page. It draws a plain picture and judges by the place alone; e2e/journey uses
// the real one.
type fakeDesk struct {
	t  *testing.T
	mu sync.Mutex
	// What to answer with.
	none   bool     // no check is needed
	refuse []string // codes of the next refusals
	scene  picture.Scene
	asked  map[string]int // calls, by their last part
	last   fakeAnswer
}

type fakeAnswer struct {
	X     float64     `json:"x"`
	Trail [][]float64 `json:"trail"`
	Grip  string      `json:"grip"`
	Way   string      `json:"way"`
	Touch bool        `json:"touch"`
	Work  string      `json:"work"`
}

func (d *fakeDesk) routes(mux *http.ServeMux) {
	d.asked = map[string]int{}
	mux.HandleFunc("POST /api/v1/puzzles", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Action, Email string }
		d.read(r, &in)
		d.count("puzzles")
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.none {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		reply(w, http.StatusCreated, map[string]any{"id": "sealed~id", "expires_at": "2026-11-27T01:00:00Z", "work": map[string]any{
			"kind": "genkan-mix-1", "salt": "000102030405060708090a0b0c0d0e0f", "proofs": 8, "tries": 2, "more": 3, "wait": 4, "wait_seconds": 1}})
	})
	mux.HandleFunc("POST /api/v1/puzzles/{id}/picture", func(w http.ResponseWriter, r *http.Request) {
		var in struct{ Work string }
		d.read(r, &in)
		d.count("picture")
		d.worked(in.Work, 0, 2)
		d.mu.Lock()
		defer d.mu.Unlock()
		s := picture.Draw([32]byte{byte(d.asked["picture"])}, picture.Options{})
		d.scene = s
		reply(w, http.StatusOK, map[string]any{"width": s.Width, "height": s.Height,
			"back":    "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(s.Back),
			"piece":   "data:image/png;base64," + base64.StdEncoding.EncodeToString(s.Piece),
			"piece_y": s.PieceY, "piece_width": s.PieceW, "piece_height": s.PieceH, "start": s.Start})
	})
	mux.HandleFunc("POST /api/v1/puzzles/{id}/grip", func(w http.ResponseWriter, _ *http.Request) {
		d.count("grip")
		reply(w, http.StatusOK, map[string]any{"grip": "stamp"})
	})
	mux.HandleFunc("POST /api/v1/puzzles/{id}/answer", func(w http.ResponseWriter, r *http.Request) {
		d.count("answer")
		d.mu.Lock()
		defer d.mu.Unlock()
		d.last = fakeAnswer{}
		d.read(r, &d.last)
		switch d.last.Way {
		case "keys", "tap":
			d.worked(d.last.Work, 8, 3)
		case "wait":
			d.worked(d.last.Work, 16, 4)
		}
		switch off := d.last.X - float64(d.scene.Hole); {
		case len(d.refuse) > 0:
			problem(w, d.refuse[0])
			d.refuse = d.refuse[1:]
		case d.last.Way != "wait" && (off > 5 || off < -5):
			problem(w, "puzzle.missed")
		default:
			reply(w, http.StatusOK, map[string]any{"pass": "sealed~pass"})
		}
	})
	mux.HandleFunc("GET /puzzle/{token}", func(w http.ResponseWriter, _ *http.Request) {
		d.count("spot")
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write(picture.Draw([32]byte{9}, picture.Options{}).Back)
	})
}

func (d *fakeDesk) count(what string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked[what]++
}

func (d *fakeDesk) read(r *http.Request, into any) {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		d.t.Error(err)
	}
}

// worked fails the test when the numbers are not what the lanes ask for.
func (d *fakeDesk) worked(text string, first, tries int) {
	parts := strings.Split(text, ".")
	if len(parts) != 8 {
		d.t.Errorf("work %q", text)
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 32)
		salt := [4]uint32{0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c}
		if err != nil || uint64(puzzle.Mix(salt, uint32(first+i), uint32(n))) >= 1<<32/uint64(tries) {
			d.t.Errorf("lane %d: %q is no proof, %v", first+i, p, err)
		}
	}
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func problem(w http.ResponseWriter, code string) {
	status := http.StatusUnprocessableEntity
	if code == "puzzle.pause" {
		status = http.StatusTooManyRequests
	}
	reply(w, status, map[string]any{"code": code, "title": "title of " + code, "detail": "detail of " + code, "next": []string{"retry"}})
}

// asks says whether browsers are asked at all.
func (d *fakeDesk) asks(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.none = !on
}

func (d *fakeDesk) answered() fakeAnswer {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.last
}

// place gives where the piece fits and where it starts.
func (d *fakeDesk) place() (hole, start int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.scene.Hole, d.scene.Start
}

func (d *fakeDesk) piece() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.scene.PieceW
}

func (d *fakeDesk) calls(what string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.asked[what]
}

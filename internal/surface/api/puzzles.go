package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/domain/puzzle/trail"
	"github.com/genkan/genkan/internal/flow/human"
	"github.com/genkan/genkan/internal/surface/web"
)

type puzzleRequest struct {
	Action string `json:"action" enum:"sign-in,registration,recovery,resend,support" doc:"What the pass shall be good for."`
	Email  string `json:"email,omitempty" doc:"The address that the act will name; the pass is good for no other."`
	// The page of a browser that is known shows its address masked and cannot send it.
	Remembered bool `json:"remembered,omitempty" doc:"In place of email: the address that this browser's cookie remembers."`
}

type puzzleBegun struct {
	ID        string     `json:"id" doc:"Of the challenge. It is long, and no UUID."`
	ExpiresAt time.Time  `json:"expires_at" doc:"The answer must be here by then."`
	Work      puzzleWork `json:"work"`
}

type puzzleWork struct {
	Kind        string `json:"kind" enum:"genkan-mix-1" doc:"The function: Mix in internal/domain/puzzle/work.go, with values to check by in testdata/mix.json."`
	Salt        string `json:"salt" doc:"16 bytes in hex: four little-endian words."`
	Proofs      int    `json:"proofs" doc:"How many numbers are wanted. For each lane from 0 on, one n with Mix(salt, lane, n) < 2^32/tries; sent as decimal numbers joined by full stops."`
	Tries       int    `json:"tries" doc:"Expected tries for each lane."`
	More        int    `json:"more" doc:"Expected tries for each of the lanes from proofs on that an answer by keys or tap needs."`
	Wait        int    `json:"wait" doc:"Expected tries for each of the lanes from 2·proofs on that stand for a whole puzzle."`
	WaitSeconds int    `json:"wait_seconds" doc:"How old a challenge must be before it is answered by waiting."`
}

type puzzleWorked struct {
	Work string `json:"work" doc:"The numbers of the first lanes."`
}

type puzzleDrawn struct {
	Width       int       `json:"width" doc:"Of the picture; every other measure is of the same scale."`
	Height      int       `json:"height"`
	Back        string    `json:"back" doc:"The picture, as a data URL."`
	Piece       string    `json:"piece" doc:"The piece, as a data URL."`
	PieceWidth  int       `json:"piece_width"`
	PieceHeight int       `json:"piece_height"`
	PieceY      int       `json:"piece_y" doc:"Upper edge of the piece."`
	Start       int       `json:"start" doc:"Left edge of the piece in the beginning."`
	ExpiresAt   time.Time `json:"expires_at" doc:"The answer must be here by then."`
}

type puzzleGrip struct {
	Grip string `json:"grip" doc:"To be sent with the answer."`
}

type puzzleAnswer struct {
	X     float64     `json:"x" doc:"Left edge of the piece, in the picture's scale."`
	Trail [][]float64 `json:"trail,omitempty" nullable:"false" doc:"Of a drag: its samples, [milliseconds, x, y] each: the pointer's way since the grip, in the picture's scale. Thin them out beyond 800."`
	Grip  string      `json:"grip,omitempty" doc:"Of a drag: what grip answered when it began."`
	Way   string      `json:"way,omitempty" enum:"drag,keys,tap,wait" doc:"drag when left out. keys and tap are not judged by movement and cost further work; wait needs no picture and far more."`
	Touch bool        `json:"touch,omitempty" doc:"Of a drag: by finger."`
	Work  string      `json:"work,omitempty" doc:"Of keys, tap and wait: the numbers of the further lanes."`
}

type puzzlePass struct {
	Pass string `json:"pass" doc:"Good once, for three minutes, for the action and address of the challenge, from the same browser: human in the other calls."`
}

// Sealed is the id of a challenge in a path.
type Sealed struct {
	ID string `path:"id" doc:"As the challenge's answer gave it."`
}

type sealedBody[B any] struct {
	Sealed
	Body B
}

// begunAnswer is 201 with a challenge, or 204 when this caller is not asked.
type begunAnswer struct {
	Status int
	Body   *puzzleBegun
}

func (a *API) puzzles() {
	op := a.described(huma.Operation{OperationID: "begin-puzzle", Method: http.MethodPost, Path: Prefix + "puzzles",
		DefaultStatus: http.StatusCreated, Tags: []string{"puzzle"}, Summary: "Ask for a human check",
		Description: "Work to do, and no picture yet. 204 when this caller need not pass the check."})
	op.Responses[strconv.Itoa(http.StatusNoContent)] = &huma.Response{Description: "No check is asked of this caller"}
	huma.Register(a.huma, op, func(ctx context.Context, in *body[puzzleRequest]) (*begunAnswer, error) {
		c := ctx.Value(callKey{}).(*call)
		out, err := a.postPuzzle(c, in)
		if err != nil {
			return nil, a.refusal(c.w, c.r, err)
		}
		return out, nil
	})
	register(a, huma.Operation{OperationID: "draw-puzzle", Method: http.MethodPost, Path: Prefix + "puzzles/{id}/picture",
		Tags: []string{"puzzle"}, Summary: "Hand in the work and get the picture",
		Description: "Once for each challenge. The place is in no answer."}, a.postPicture)
	register(a, huma.Operation{OperationID: "grip-puzzle", Method: http.MethodPost, Path: Prefix + "puzzles/{id}/grip",
		Tags: []string{"puzzle"}, Summary: "Say that a drag begins"}, a.postGrip)
	register(a, huma.Operation{OperationID: "answer-puzzle", Method: http.MethodPost, Path: Prefix + "puzzles/{id}/answer",
		Tags: []string{"puzzle"}, Summary: "Answer, once",
		Description: "The first answer uses the challenge up, right or wrong. A refusal says what to do; begin a new one."}, a.postPuzzleAnswer)
}

func (a *API) caller(c *call) puzzle.For {
	return puzzle.For{Browser: a.Kit.Browser(c.r), Network: a.Kit.Network(c.r)}
}

func (a *API) postPuzzle(c *call, in *body[puzzleRequest]) (*begunAnswer, error) {
	got, needed, err := a.Human.Begin(c.r.Context(), human.Ask{Action: puzzle.Action(in.Body.Action), Email: in.Body.Email, Remembered: in.Body.Remembered,
		Known: a.Kit.Cookie(c.r, web.KnownCookie), Browser: a.Kit.Browser(c.r), Network: a.Kit.Network(c.r)})
	if err != nil || !needed {
		return &begunAnswer{Status: http.StatusNoContent}, err
	}
	w := got.Work
	return &begunAnswer{http.StatusCreated, &puzzleBegun{got.ID, got.ExpiresAt,
		puzzleWork{w.Kind, w.Salt, w.Proofs, w.Tries, w.More, w.Wait, w.WaitSeconds}}}, nil
}

func (a *API) postPicture(c *call, in *sealedBody[puzzleWorked]) (puzzleDrawn, error) {
	d, err := a.Human.Puzzle.Picture(c.r.Context(), in.ID, a.caller(c), in.Body.Work)
	if err != nil {
		return puzzleDrawn{}, err
	}
	return puzzleDrawn{Width: d.Width, Height: d.Height, Back: dataURL(d.Back), Piece: dataURL(d.Piece), PieceWidth: d.PieceW,
		PieceHeight: d.PieceH, PieceY: d.PieceY, Start: d.Start, ExpiresAt: d.ExpiresAt}, nil
}

func (a *API) postGrip(c *call, in *Sealed) (puzzleGrip, error) {
	g, err := a.Human.Puzzle.Grip(c.r.Context(), in.ID, a.caller(c))
	return puzzleGrip{g}, err
}

func (a *API) postPuzzleAnswer(c *call, in *sealedBody[puzzleAnswer]) (puzzlePass, error) {
	b := in.Body
	if b.Way == "" {
		b.Way = string(puzzle.Drag)
	}
	pass, err := a.Human.Puzzle.Answer(c.r.Context(), in.ID, a.caller(c), puzzle.Answer{
		X: b.X, Trail: readTrail(b.Trail), Grip: b.Grip, Touch: b.Touch, Way: puzzle.Way(b.Way), Work: b.Work})
	return puzzlePass{pass}, err
}

// readTrail reads samples; a trail with one that is none is no trail.
func readTrail(in [][]float64) []trail.Point {
	if len(in) > trail.Most {
		return nil
	}
	out := make([]trail.Point, 0, len(in))
	for _, s := range in {
		if len(s) != 3 {
			return nil
		}
		out = append(out, trail.Point{T: s[0], X: s[1], Y: s[2]})
	}
	return out
}

// dataURL puts a picture into the answer: one request less on a slow line.
func dataURL(b []byte) string {
	return "data:" + http.DetectContentType(b) + ";base64," + base64.StdEncoding.EncodeToString(b)
}

//go:build dev

// Package dev is what a dev build adds to the house: sample people, a mailbox
// instead of a mail server, a clock that can be moved, switches that make the
// outside world fail, and the gallery of all pages. It answers on loopback only,
// and is absent from release builds (AD2).
package dev

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/genkan/genkan/internal/domain/puzzle"
	"github.com/genkan/genkan/internal/platform/mail"
	"github.com/genkan/genkan/internal/server"
	"github.com/genkan/genkan/internal/surface/front"
	"github.com/genkan/genkan/internal/surface/web"
)

// Clock is the wall clock, moved.
type Clock struct{ offset atomic.Int64 }

// Now gives the moved time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

// World is what a dev build can do to the world outside.
type World struct {
	Clock   *Clock
	Mailbox *Mailbox
	House   *server.House
	People  []front.DevPerson

	mu     sync.Mutex
	faults Faults
}

// Faults are the switches of /dev/faults.
type Faults struct {
	// Mail refuses at a stage of the SMTP session ("rcpt", "body", …); with a
	// reply code of 4xx for now, of 5xx for good.
	Mail struct {
		Stage string `json:"stage"`
		Code  int    `json:"code"`
		Text  string `json:"text"`
	} `json:"mail"`
	SlowHash string `json:"slow_hash"` // each password hash takes so much longer: "300ms"
	Database string `json:"database"`  // "gone": every query fails
}

// Extra is what the house's doors get.
func (w *World) Extra() server.Extra {
	return server.Extra{Pages: []fs.FS{front.DevPages()}, Routes: w.routes}
}

func (w *World) routes(mux *http.ServeMux, pages *web.Renderer, f *front.Front) {
	gallery := front.NewGallery(pages).Handler()
	for pattern, h := range map[string]http.Handler{
		"GET /dev/{$}":              w.page(f, front.PageDevHome, w.home),
		"GET /dev/mailbox":          w.page(f, front.PageDevMailbox, w.mailbox),
		"GET /dev/mailbox/messages": http.HandlerFunc(w.messages),
		"GET /dev/clock":            http.HandlerFunc(w.getClock),
		"POST /dev/clock":           http.HandlerFunc(w.postClock),
		"GET /dev/faults":           http.HandlerFunc(w.getFaults),
		"POST /dev/faults":          http.HandlerFunc(w.postFaults),
		"GET /dev/gallery":          gallery,
		"GET /dev/gallery/":         gallery,
		"GET /puzzle/sample.jpg":    http.HandlerFunc(samplePicture),
	} {
		mux.Handle(pattern, loopback(h))
	}
}

// samplePicture is the picture of the gallery's pages that ask for a click.
func samplePicture(w http.ResponseWriter, _ *http.Request) {
	body, err := puzzle.StillSample()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	_, _ = w.Write(body) // the caller has gone when this fails
}

// loopback lets only this very machine in.
func loopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ip, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !ip.Addr().Unmap().IsLoopback() {
			http.NotFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (w *World) page(f *front.Front, name string, data func(r *http.Request, fr front.Frame) any) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		// Mails have inline styles; they are shown in a sandboxed frame.
		rw.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'")
		fr := f.DevFrame(rw, r)
		if err := f.Pages.Render(rw, http.StatusOK, fr.Lang, name, data(r, fr)); err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
		}
	})
}

func (w *World) home(_ *http.Request, fr front.Frame) any {
	return front.DevHome{Frame: fr, People: w.People}
}

func (w *World) mailbox(r *http.Request, fr front.Frame) any {
	page := front.DevMailbox{Frame: fr, To: r.URL.Query().Get("to")}
	for _, m := range w.Mailbox.List(page.To) {
		page.Messages = append(page.Messages, front.DevMessage(m))
	}
	return page
}

func (w *World) messages(rw http.ResponseWriter, r *http.Request) {
	answer(rw, w.Mailbox.List(r.URL.Query().Get("to")))
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (w *World) getClock(rw http.ResponseWriter, _ *http.Request) {
	answer(rw, map[string]any{"now": w.Clock.Now().UTC(), "offset": time.Duration(w.Clock.offset.Load()).String()})
}

// postClock moves the clock: {"advance":"90s"}.
func (w *World) postClock(rw http.ResponseWriter, r *http.Request) {
	var in struct {
		Advance string `json:"advance"`
	}
	err := json.NewDecoder(r.Body).Decode(&in)
	by, bad := time.ParseDuration(in.Advance)
	if err != nil || bad != nil {
		http.Error(rw, `want {"advance":"90s"}`, http.StatusBadRequest)
		return
	}
	w.Clock.offset.Add(int64(by))
	w.getClock(rw, r)
}

func (w *World) getFaults(rw http.ResponseWriter, _ *http.Request) { answer(rw, w.now()) }

func (w *World) now() Faults {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.faults
}

func (w *World) postFaults(rw http.ResponseWriter, r *http.Request) {
	var in Faults
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		http.Error(rw, "want the form that GET gives: "+err.Error(), http.StatusBadRequest)
		return
	}
	if _, err := time.ParseDuration(in.SlowHash); in.SlowHash != "" && err != nil {
		http.Error(rw, "slow_hash: want a duration", http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	w.faults = in
	w.mu.Unlock()
	answer(rw, in)
}

// Attach puts the switches into a built house.
func (w *World) Attach(h *server.House) {
	w.House = h
	derive := h.Hasher.Derive
	h.Hasher.Derive = func(password, salt []byte, passes, memoryKiB, keyLen uint32) []byte {
		if d, err := time.ParseDuration(w.now().SlowHash); err == nil {
			time.Sleep(d)
		}
		return derive(password, salt, passes, memoryKiB, keyLen)
	}
	h.DB.Broken = func() error {
		if w.now().Database == "gone" {
			return &net.OpError{Op: "dial", Err: errors.New("the database is switched off")}
		}
		return nil
	}
}

// Carry takes a mail into the mailbox, or refuses it as /dev/faults says.
func (w *World) Carry(_ context.Context, m mail.Message, note func(mail.Step)) error {
	f := w.now().Mail
	for _, stage := range []string{mail.StageConnect, mail.StageBanner, mail.StageEHLO, mail.StageMail, mail.StageRcpt, mail.StageData, mail.StageBody} {
		step := mail.Step{Stage: stage, Code: 250, Text: "ok", Hop: "mailbox", At: w.Clock.Now()}
		if stage == f.Stage {
			step.Code, step.Text = f.Code, f.Text
			note(step)
			return &mail.SendError{Stage: stage, Code: f.Code, Text: f.Text, Temporary: f.Code < 500}
		}
		note(step)
	}
	w.Mailbox.Put(m, w.Clock.Now())
	return nil
}

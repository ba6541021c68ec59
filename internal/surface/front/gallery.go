package front

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"

	"github.com/genkan/genkan/internal/platform/i18n"
	"github.com/genkan/genkan/internal/surface/web"
)

// The pages of dev builds stand apart, so that the linker leaves them out of a
// release build, which never calls DevPages (AD2).
//
//go:embed page/dev/*.html
var devPageFiles embed.FS

// DevPages are the templates that only dev builds serve; give them to
// web.Renderer after Pages.
func DevPages() fs.FS { return sub(devPageFiles, "page/dev") }

// Gallery shows every page in every state and language with sample data: for
// looking at, and for tests that hold all pages to a rule.
type Gallery struct {
	render *web.Renderer
}

// NewGallery makes a gallery; render must know Pages and DevPages.
func NewGallery(render *web.Renderer) *Gallery { return &Gallery{render: render} }

// Rows lists the pages with their states.
func (g *Gallery) Rows() []GalleryRow {
	all := samples()
	rows := make([]GalleryRow, 0, len(all))
	for _, p := range all {
		row := GalleryRow{Page: p.page}
		for _, s := range p.states {
			row.States = append(row.States, s.name)
		}
		rows = append(rows, row)
	}
	return rows
}

// errNoSample says that the gallery has no such page or state.
var errNoSample = errors.New("no such sample")

// Show writes one sample.
func (g *Gallery) Show(w http.ResponseWriter, lang, page, state string) error {
	for _, p := range samples() {
		if p.page != page {
			continue
		}
		for _, s := range p.states {
			if s.name == state {
				frame := sampleFrame(lang)
				frame.Path = "/dev/gallery/" + page + "/" + state + "/" + lang
				return g.render.Render(w, http.StatusOK, lang, page, s.data(frame))
			}
		}
	}
	return fmt.Errorf("%w: %s %s", errNoSample, page, state)
}

// Handler answers /dev/gallery and /dev/gallery/{page}/{state}/{lang}. The
// language switch of a sample leads to its other language.
func (g *Gallery) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dev/gallery", func(w http.ResponseWriter, r *http.Request) {
		lang := i18n.Japanese
		if r.URL.Query().Get("lang") == i18n.English {
			lang = i18n.English
		}
		frame := sampleFrame(lang)
		frame.Path = "/dev/gallery"
		answer(w, g.render.Render(w, http.StatusOK, lang, PageDevGallery, DevGallery{Frame: frame, Rows: g.Rows()}))
	})
	mux.HandleFunc("GET /dev/gallery/{page}/{state}/{lang}", func(w http.ResponseWriter, r *http.Request) {
		lang := r.PathValue("lang")
		if q := r.URL.Query().Get("lang"); q != "" {
			lang = q
		}
		if !slices.Contains(i18n.Langs(), lang) {
			http.NotFound(w, r)
			return
		}
		answer(w, g.Show(w, lang, r.PathValue("page"), r.PathValue("state")))
	})
	return mux
}

// answer shows a fault plainly: the gallery is for the people who mend it.
func answer(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, errNoSample):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

package web

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/genkan/genkan/internal/platform/i18n"
)

// RendererConfig is what a Renderer is made of.
type RendererConfig struct {
	// Pages hold the templates, name.html each. Files that begin with "_" are
	// shared by all pages of all folders; every page is the template "layout"
	// with its own "title" and "main". A later folder's page wins.
	Pages   []fs.FS
	Assets  *Static
	Catalog *i18n.Catalog
	Reload  bool // parse again for each page, for work on them in dev
}

// Renderer turns a page's name and data into HTML. Templates are parsed once for
// each language, so that they can say {{t "key"}} without passing it around.
type Renderer struct {
	cfg     RendererConfig
	sets    map[string]*pageSet // by language
	buffers sync.Pool
}

// NewRenderer reads all pages and parses what they share. A page itself is
// parsed when it is first asked for, which keeps a cold start short; tests parse
// them all. Only the error page must be ready before the first request.
func NewRenderer(cfg RendererConfig) (*Renderer, error) {
	r := &Renderer{cfg: cfg, sets: map[string]*pageSet{}}
	r.buffers.New = func() any { return new(bytes.Buffer) }
	for _, lang := range i18n.Langs() {
		set, err := r.readPages(lang)
		if err != nil {
			return nil, err
		}
		if _, ok := set.sources[errorPage]; ok {
			if _, err := set.page(errorPage); err != nil {
				return nil, err
			}
		}
		r.sets[lang] = set
	}
	return r, nil
}

// errorPage is the name of the page that must always be at hand.
const errorPage = "error"

// Render writes page with data and status. It writes nothing when it fails, so
// that the caller can still answer with an error page.
func (r *Renderer) Render(w http.ResponseWriter, status int, lang, page string, data any) error {
	if !knownLang(lang) {
		lang = i18n.Langs()[0]
	}
	set := r.sets[lang]
	if r.cfg.Reload {
		var err error
		if set, err = r.readPages(lang); err != nil {
			return err
		}
	}
	tmpl, err := set.page(page)
	if err != nil {
		return err
	}
	buf := r.buffers.Get().(*bytes.Buffer)
	defer func() {
		// A page of the mailbox may be large; one such must not be kept for ever.
		if buf.Cap() < 1<<18 {
			buf.Reset()
			r.buffers.Put(buf)
		}
	}()
	if err := tmpl.ExecuteTemplate(buf, "layout", data); err != nil {
		return fmt.Errorf("render %s: %w", page, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang)
	h.Set("Content-Length", strconv.Itoa(buf.Len()))
	w.WriteHeader(status)
	if _, err := w.Write(buf.Bytes()); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

func knownLang(lang string) bool { return lang == i18n.Japanese || lang == i18n.English }

// indent is white space that only people who read the source need.
var indent = regexp.MustCompile(`\n\s+`)

// pageSet is the pages of one language.
type pageSet struct {
	base    *template.Template // what they share
	sources map[string]string  // by page

	mu     sync.Mutex
	parsed map[string]*template.Template
}

func (r *Renderer) readPages(lang string) (*pageSet, error) {
	set := &pageSet{base: template.New("").Funcs(r.funcs(lang)), sources: map[string]string{}, parsed: map[string]*template.Template{}}
	for _, fsys := range r.cfg.Pages {
		names, err := fs.Glob(fsys, "*.html")
		if err != nil {
			return nil, fmt.Errorf("list pages: %w", err)
		}
		for _, name := range names {
			raw, err := fs.ReadFile(fsys, name)
			if err != nil {
				return nil, fmt.Errorf("read page: %w", err)
			}
			text := indent.ReplaceAllString(string(raw), "\n")
			if !strings.HasPrefix(name, "_") {
				set.sources[strings.TrimSuffix(name, ".html")] = text
				continue
			}
			if _, err := set.base.New(name).Parse(text); err != nil {
				return nil, fmt.Errorf("parse %s: %w", name, err)
			}
		}
	}
	return set, nil
}

// page gives the template called name, parsed on first use.
func (s *pageSet) page(name string) (*template.Template, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if page, ok := s.parsed[name]; ok {
		return page, nil
	}
	text, ok := s.sources[name]
	if !ok {
		return nil, fmt.Errorf("render: no page %q", name)
	}
	page, err := s.base.Clone()
	if err == nil {
		_, err = page.New(name).Parse(text)
	}
	if err != nil {
		return nil, fmt.Errorf("parse page %s: %w", name, err)
	}
	s.parsed[name] = page
	return page, nil
}

// funcs are what templates may call, bound to one language.
func (r *Renderer) funcs(lang string) template.FuncMap {
	c := r.cfg.Catalog
	return template.FuncMap{
		"t": func(key string, pairs ...any) (string, error) {
			args, err := dict(pairs...)
			return c.T(lang, key, args), err
		},
		"cause":    func(code, part string, args map[string]any) string { return causeWords(c, lang, code, part, args) },
		"datetime": func(t time.Time) template.HTML { return timeTag(t, c.DateTime(lang, t)) },
		"date":     func(t time.Time) template.HTML { return timeTag(t, c.Date(lang, t)) },
		"clock":    func(t time.Time) template.HTML { return timeTag(t, c.Clock(lang, t)) },
		"clocktext": func(t time.Time) string {
			return c.Clock(lang, t)
		},
		"millis":    func(t time.Time) int64 { return t.UnixMilli() },
		"seconds":   func(n int) string { return c.Duration(lang, time.Duration(n)*time.Second) },
		"asset":     r.cfg.Assets.Path,
		"addr":      addrTag,
		"switchurl": switchURL,
		"dict":      dict,
	}
}

// causeWords gives cause.<code>.<part>. A cause without words is "unknown", so
// that people never read a code in place of a sentence.
func causeWords(c *i18n.Catalog, lang, code, part string, args map[string]any) string {
	if !c.Has(lang, "cause."+code+".title") {
		code = "unknown"
	}
	key := "cause." + code + "." + part
	if !c.Has(lang, key) {
		return ""
	}
	if args == nil {
		args = map[string]any{}
	}
	text := c.T(lang, key, args)
	if strings.Contains(text, "<no value>") && part != "title" {
		return "" // an argument is missing: better no detail than a broken one
	}
	return text
}

// timeTag marks up a time; text comes from layouts of ours and holds no markup.
func timeTag(t time.Time, text string) template.HTML {
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + //nolint:gosec // no input of others
		template.HTMLEscapeString(text) + `</time>`)
}

// addrTag lets a long address break after its @ rather than anywhere.
func addrTag(addr string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(addr), "@", "@<wbr>")) //nolint:gosec // escaped
}

// switchURL is path with ?lang=, for the language switch.
func switchURL(rawPath, lang string) string {
	u, err := url.Parse(rawPath)
	if err != nil || u.Host != "" || !strings.HasPrefix(u.Path, "/") {
		return "/?lang=" + lang // never lead away from the house (WB3)
	}
	q := u.Query()
	q.Set("lang", lang)
	u.RawQuery = q.Encode()
	return u.RequestURI()
}

// dict makes a map of its arguments, for templates with several.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict: a key without a value")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: key %v is not a string", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

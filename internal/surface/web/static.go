package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// StaticPrefix is where Static must be mounted.
const StaticPrefix = "/static/"

// Static serves the files of a folder under names that carry a hash of their
// content, so that a browser may keep them for ever and never sees a stale one.
type Static struct {
	fsys   fs.FS
	reload bool

	mu    sync.RWMutex
	files map[string]*staticFile // by plain name
}

type staticFile struct {
	path  string // /static/form.0123456789ab.js
	kind  string // Content-Type
	plain []byte
	gzip  func() []byte // made when it is first asked for; nil when it would not be smaller
}

// NewStatic reads all files of fsys (no folders). With reload it reads them again
// for each page, for work on them in dev.
func NewStatic(fsys fs.FS, reload bool) (*Static, error) {
	s := &Static{fsys: fsys, reload: reload}
	return s, s.read()
}

func (s *Static) read() error {
	entries, err := fs.ReadDir(s.fsys, ".")
	if err != nil {
		return fmt.Errorf("list static files: %w", err)
	}
	files := make(map[string]*staticFile, len(entries))
	for _, e := range entries {
		kind := staticKind(e.Name())
		if kind == "" {
			continue
		}
		body, err := fs.ReadFile(s.fsys, e.Name())
		if err != nil {
			return fmt.Errorf("read static file: %w", err)
		}
		files[e.Name()] = newStaticFile(e.Name(), kind, body)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files = files
	return nil
}

// margin and remark are what only people who read the source need: indents, and
// comments with lines of their own. No script holds a text of several lines.
var (
	margin = regexp.MustCompile(`(?m)^[ \t]+|\n(?:[ \t]*\n)+`)
	remark = regexp.MustCompile(`(?m)^(?://.*|/\*(?:[^*]|\*+[^*/])*\*+/)\n`)
)

// lean is a script or style as it is sent.
func lean(body []byte) []byte {
	body = margin.ReplaceAllFunc(body, func(m []byte) []byte {
		if m[0] == '\n' {
			return []byte("\n")
		}
		return nil
	})
	return remark.ReplaceAll(body, nil)
}

func newStaticFile(name, kind string, body []byte) *staticFile {
	body = lean(body)
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	f := &staticFile{kind: kind, plain: body}
	f.path = StaticPrefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
	f.gzip = sync.OnceValue(func() []byte { return zipped(body) })
	return f
}

func zipped(body []byte) []byte {
	var buf bytes.Buffer
	// Writes to a buffer cannot fail, and the level is a valid one.
	z, _ := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	_, _ = z.Write(body)
	_ = z.Close()
	if buf.Len() >= len(body) {
		return nil
	}
	return buf.Bytes()
}

func staticKind(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return ""
}

// Path gives the address of the file called name, or an error for a name that
// does not exist: a page that asks for it is broken.
func (s *Static) Path(name string) (string, error) {
	if s.reload {
		if err := s.read(); err != nil {
			return "", err
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	f, ok := s.files[name]
	if !ok {
		return "", fmt.Errorf("no static file %q", name)
	}
	return f.path, nil
}

// ServeHTTP answers GET and HEAD below StaticPrefix.
func (s *Static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	f := s.find(r.URL.Path)
	if f == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	if f.path != r.URL.Path {
		h.Set("Cache-Control", "no-store")
	}
	body := f.plain
	if small := f.gzip(); small != nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Get("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			body = small
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the caller has gone when this fails
	}
}

// find resolves /static/<name>.<hash>.<ext>. A hash of another release is given
// today's file, uncached: while nodes are upgraded one by one, a page of the old
// one may fetch its files from a new one, and a page without style is worse.
func (s *Static) find(urlPath string) *staticFile {
	rest, ok := strings.CutPrefix(urlPath, StaticPrefix)
	if !ok {
		return nil
	}
	ext := path.Ext(rest)
	stem := strings.TrimSuffix(rest, ext)
	hash := path.Ext(stem)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.files[strings.TrimSuffix(stem, hash)+ext]
}

// acceptsGzip reads Accept-Encoding (RFC 9110 section 12.5.3) as far as one
// coding needs it: gzip named, and not with q=0.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		coding, q, _ := strings.Cut(part, ";")
		if strings.TrimSpace(coding) != "gzip" {
			continue
		}
		q = strings.TrimSpace(q)
		return q == "" || strings.Trim(strings.TrimPrefix(q, "q="), "0.") != ""
	}
	return false
}

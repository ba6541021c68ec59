package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func sampleStatic(t *testing.T, reload bool) (*Static, fstest.MapFS) {
	t.Helper()
	files := fstest.MapFS{
		"form.js":   {Data: []byte(strings.Repeat("let a = 1;\n", 50))},
		"small.css": {Data: []byte("a{}")},
		"notes.txt": {Data: []byte("not for the public")},
	}
	s, err := NewStatic(files, reload)
	if err != nil {
		t.Fatal(err)
	}
	return s, files
}

func get(s http.Handler, method, path, encoding string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Accept-Encoding", encoding)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func TestStaticIsHashedAndKept(t *testing.T) {
	t.Parallel()
	s, files := sampleStatic(t, false)
	path, err := s.Path("form.js")
	if err != nil || !regexp.MustCompile(`^/static/form\.[0-9a-f]{12}\.js$`).MatchString(path) {
		t.Fatalf("path %q, %v", path, err)
	}
	for _, encoding := range []string{"", "gzip", "br, gzip;q=0.5", "gzip;q=0", "identity"} {
		res := get(s, "GET", path, encoding)
		body := io.Reader(res.Body)
		if res.Header.Get("Content-Encoding") == "gzip" {
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		if want := encoding == "gzip" || encoding == "br, gzip;q=0.5"; want != (body != res.Body) {
			t.Errorf("%q: compressed is %t", encoding, !want)
		}
		if raw, err := io.ReadAll(body); err != nil || string(raw) != string(files["form.js"].Data) {
			t.Errorf("%q: wrong body, %v", encoding, err)
		}
		for name, want := range map[string]string{
			"Cache-Control":          "public, max-age=31536000, immutable",
			"X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding",
			"Content-Type": "text/javascript; charset=utf-8",
		} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%q: %s is %q", encoding, name, got)
			}
		}
	}
}

func TestStaticRefuses(t *testing.T) {
	t.Parallel()
	s, _ := sampleStatic(t, false)
	path, _ := s.Path("form.js")
	for _, tc := range []struct {
		method, path string
		want         int
	}{
		{"HEAD", path, 200},
		{"POST", path, 405},
		{"GET", "/static/none.0123456789ab.js", 404},
		{"GET", "/static/notes.0123456789ab.txt", 404},
		{"GET", "/static/", 404},
		{"GET", "/static/../form.js", 404},
		{"GET", "/other/form.js", 404},
	} {
		if res := get(s, tc.method, tc.path, ""); res.StatusCode != tc.want {
			t.Errorf("%s %s: %d, want %d", tc.method, tc.path, res.StatusCode, tc.want)
		}
	}
	if _, err := s.Path("notes.txt"); err == nil {
		t.Error("a file of an unknown kind has a path")
	}
}

func TestHashOfAnotherReleaseIsServedUncached(t *testing.T) {
	t.Parallel()
	s, _ := sampleStatic(t, false)
	res := get(s, "GET", "/static/form.0123456789ab.js", "")
	if res.StatusCode != 200 || res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d, %q", res.StatusCode, res.Header.Get("Cache-Control"))
	}
}

func TestStaticReloads(t *testing.T) {
	t.Parallel()
	s, files := sampleStatic(t, true)
	before, _ := s.Path("small.css")
	files["small.css"].Data = []byte("b{}")
	if after, err := s.Path("small.css"); err != nil || after == before {
		t.Errorf("path stays %q, %v", after, err)
	}
}

func TestLeanKeepsTheCode(t *testing.T) {
	t.Parallel()
	in := "// @ts-check\n// why\n\n/** @typedef {{ a: number }} A */\n\n/**\n * Long.\n * @param {A} a\n */\nexport function f(a) {\n" +
		"\t/** @type {any} */ (a).b(); // kept\n\n\t// a remark\n\treturn '/* not one */' + `//x`; /* kept */\n}\n"
	want := "export function f(a) {\n/** @type {any} */ (a).b(); // kept\nreturn '/* not one */' + `//x`; /* kept */\n}\n"
	if got := string(lean([]byte(in))); got != want {
		t.Errorf("got %q", got)
	}
}

package journey

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httputil"
	"regexp"
	"strings"
	"testing"

	"github.com/genkan/genkan/e2e/browser"
	"github.com/genkan/genkan/e2e/house"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// What the sign-in page may weigh, all of it with headers: 40 kB before any
// compression, of that 15 kB of script.
const (
	maxPage   = 40_000
	maxScript = 15_000
)

var part = regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`)

// TestWeight: what comes over the wire for the sign-in page, plain and packed.
func TestWeight(t *testing.T) {
	t.Parallel()
	h := house.Open(t, testkit.SQLite(t, db.MigrateURL), house.Options{Human: "adaptive"})
	for _, coding := range []string{"identity", "gzip"} {
		page, body := fetch(t, h.URL+"/signin", coding)
		all, script := page, 0
		parts := part.FindAllStringSubmatch(body, -1)
		if len(parts) < 3 {
			t.Fatalf("found only %v", parts)
		}
		for _, m := range parts {
			n, _ := fetch(t, h.URL+m[1], coding)
			all += n
			if strings.HasSuffix(m[1], ".js") {
				script += n
			}
		}
		t.Logf("%s: %d bytes in all, page %d, script %d", coding, all, page, script)
		if all > maxPage || script > maxScript {
			t.Errorf("%s: %d bytes (at most %d), script %d (at most %d)", coding, all, maxPage, script, maxScript)
		}
	}
}

// fetch gives how many bytes an answer takes on the wire, and its text.
func fetch(t *testing.T, url, coding string) (int, string) {
	t.Helper()
	r, _ := http.NewRequest(http.MethodGet, url, nil)
	r.Header.Set("Accept-Encoding", coding)
	res, err := (&http.Transport{DisableCompression: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", url, res.Status)
	}
	raw, err := httputil.DumpResponse(res, true)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	if res.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if body, err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	return len(raw), string(body)
}

// TestFormNeedsLittle: before the form works a browser asks for the page, its
// style, its scripts and the icon, and for nothing else, ever.
func TestFormNeedsLittle(t *testing.T) {
	t.Parallel()
	h := house.Open(t, testkit.SQLite(t, db.MigrateURL), house.Options{Human: "adaptive"})
	p := browser.Open(t, browser.Options{Phone: true})
	p.Go(h.URL + "/signin")
	var asked []string
	p.Eval(`performance.getEntriesByType("resource").map(e => new URL(e.name).pathname)`, &asked)
	kinds := map[string]int{}
	for _, path := range asked {
		kinds[path[strings.LastIndex(path, ".")+1:]]++
		if !strings.HasPrefix(path, "/static/") {
			t.Errorf("the page asks for %s", path)
		}
	}
	if kinds["css"] != 1 || kinds["js"] < 1 || kinds["js"] > 2 || kinds["svg"] > 1 || len(kinds) > 3 {
		t.Errorf("the page asks for %v", asked)
	}
}

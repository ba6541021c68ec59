package bench

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/genkan/genkan/e2e/house"
)

const (
	pageBytes   = 40_000
	scriptBytes = 15_000
)

// part finds what a page loads.
var part = regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`)

// TestBenchPageSize adds up what the sign-in page sends, headers included, to a
// browser that takes nothing compressed and to one that does.
func TestBenchPageSize(t *testing.T) {
	asked(t)
	h := open(t, "sqlite", house.Options{})
	for _, encoding := range []string{"identity", "gzip"} {
		total, script := 0, 0
		page, text := fetch(t, h.URL+"/signin", encoding)
		total += page
		seen := map[string]bool{}
		for _, m := range part.FindAllStringSubmatch(text, -1) {
			if seen[m[1]] {
				continue
			}
			seen[m[1]] = true
			n, _ := fetch(t, h.URL+m[1], encoding)
			total += n
			if regexp.MustCompile(`\.js(\?|$)`).MatchString(m[1]) {
				script += n
			}
		}
		figure{name: "sign-in page in all, " + encoding, engine: "-", limit: fmt.Sprintf("%d B", pageBytes), value: fmt.Sprintf("%d B", total),
			ok: total <= pageBytes, note: fmt.Sprintf("%d files; the page %d B", len(seen)+1, page)}.report(t)
		figure{name: "its script, " + encoding, engine: "-", limit: fmt.Sprintf("%d B", scriptBytes), value: fmt.Sprintf("%d B", script),
			ok: script > 0 && script <= scriptBytes}.report(t)
	}
}

// fetch gives the size of an answer on the wire, and its text when it was not
// compressed.
func fetch(t *testing.T, address, encoding string) (int, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	size := func(encoding string) (int, string) {
		r, err := http.NewRequest(http.MethodGet, u.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept-Encoding", encoding)
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s gives %d, %v", address, res.StatusCode, err)
		}
		n := len("HTTP/1.1 200 OK\r\n\r\n") + len(body)
		for name, values := range res.Header {
			for _, v := range values {
				n += len(name) + len(": \r\n") + len(v)
			}
		}
		return n, string(body)
	}
	_, text := size("identity")
	n, _ := size(encoding)
	return n, text
}

package release

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/genkan/genkan/e2e/program"
)

// site is a place to open a house at, with a mail server.
func site(t *testing.T, url, more string) (*program.Site, *program.Mailbox) {
	t.Helper()
	mail := program.NewMailbox(t)
	return program.NewSite(t, url, mail.Host(), mail.Port(), more), mail
}

func serve(t *testing.T, url, more string) *program.Process {
	t.Helper()
	s, _ := site(t, url, more)
	return s.Serve(t)
}

// ask sends a request whose path is not tidied, and follows tidying redirects
// within the house, as a scanner would.
func ask(t *testing.T, method, address string) (int, string) {
	t.Helper()
	for range 4 {
		r, err := http.NewRequest(method, "http://"+hostOf(address)+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		path, _, _ := strings.Cut(strings.TrimPrefix(address, "http://"+hostOf(address)), "#")
		r.URL.Opaque = path
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode/100 != 3 {
			return res.StatusCode, string(text)
		}
		to, err := url.Parse(res.Header.Get("Location"))
		if err != nil || to.Host != "" && to.Host != hostOf(address) {
			t.Fatalf("%s leads to %q", address, res.Header.Get("Location"))
		}
		address = "http://" + hostOf(address) + to.RequestURI()
	}
	t.Fatalf("%s leads round in circles", address)
	return 0, ""
}

func hostOf(address string) string {
	host, _, _ := strings.Cut(strings.TrimPrefix(address, "http://"), "/")
	return host
}

// freeAddress gives an address that nobody listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

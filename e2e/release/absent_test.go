package release

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/genkan/genkan/e2e/program"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// symbols are names that only a dev build has. Go keeps the names of functions
// in every binary, for stack traces, also in one without a symbol table.
func symbols(t *testing.T) [][]byte {
	t.Helper()
	return [][]byte{[]byte("genkan/internal/dev."), []byte("/dev/mailbox"), []byte("/dev/gallery"), []byte("/dev/clock")}
}

// TestReleaseHasNoDevParts looks for the names of test sinks, the test clock and
// debug pages in the program's bytes and symbols (AD2).
func TestReleaseHasNoDevParts(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(program.Binary(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range symbols(t) {
		if bytes.Contains(content, name) {
			t.Errorf("the release holds %s", name)
		}
	}
	plain, err := program.Build(t.TempDir(), "-ldflags", "")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "tool", "nm", plain).CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("genkan/internal/server.Build")) {
		t.Fatalf("go tool nm: %v, %d bytes", err, len(out))
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "genkan/internal/dev.") || strings.Contains(line, "internal/testkit") || strings.Contains(line, "InsecureParams") {
			t.Errorf("the release holds %s", strings.TrimSpace(line))
		}
	}
}

// TestDevBuildHasThem keeps the search honest: it finds what it looks for where
// it is.
func TestDevBuildHasThem(t *testing.T) {
	testkit.Long(t)
	t.Parallel()
	path, err := program.Build(t.TempDir(), "-tags", "dev")
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(symbols(t), func(name []byte) bool { return bytes.Contains(content, name) }) {
		t.Error("a dev build has none of the names either: the search looks for the wrong ones")
	}
}

// TestReleasePackages asks the build what it is made of.
func TestReleasePackages(t *testing.T) {
	t.Parallel()
	deps := func(tags string) string {
		out, err := exec.Command("go", "list", "-deps", "-tags", tags, "github.com/genkan/genkan/cmd/genkan").CombinedOutput()
		if err != nil {
			t.Fatalf("go list: %v: %s", err, out)
		}
		return string(out)
	}
	for _, name := range []string{"genkan/internal/dev\n", "genkan/internal/testkit", "genkan/e2e/"} {
		if strings.Contains(deps(""), name) {
			t.Errorf("the release is made of %s", name)
		}
	}
	if !strings.Contains(deps("dev"), "genkan/internal/dev\n") {
		t.Error("a dev build is not made of internal/dev: the search looks for the wrong name")
	}
}

// TestReleaseHasNoDevCommand calls it.
func TestReleaseHasNoDevCommand(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"dev"}, {"dev", "--listen", "127.0.0.1:0"}} {
		if _, errs, code := program.Run(t, nil, args...); code == 0 || !strings.Contains(errs, "unexpected argument dev") {
			t.Errorf("genkan %v ended with %d: %s", args, code, errs)
		}
	}
	if out, _, code := program.Run(t, nil, "--help"); code != 0 || strings.Contains(out, "throwaway") || !strings.Contains(out, "serve") {
		t.Errorf("the help ended with %d: %s", code, out)
	}
}

// TestPublicListenerHasNoDebugRoutes probes for what belongs to developers and
// operators only (AD2, LG5).
func TestPublicListenerHasNoDebugRoutes(t *testing.T) {
	t.Parallel()
	p := serve(t, testkit.SQLite(t, db.MigrateURL), "")
	for _, path := range []string{"/dev", "/dev/", "/dev/mailbox", "/dev/mailbox/1", "/dev/gallery", "/dev/gallery/signin", "/dev/clock",
		"/dev/people", "/metrics", "/metrics/", "/debug", "/debug/pprof", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile",
		"/debug/vars", "/debug/requests", "/version", "/static/", "/static/../dev/mailbox", "/%64ev/mailbox", "/dev%2fmailbox", "//dev/mailbox",
		"/api/v1/dev", "/api/dev", "/api/v1/../../metrics", "/.git/config", "/.env", "/server-status", "/actuator"} {
		for _, method := range []string{"GET", "HEAD", "POST", "DELETE"} {
			status, text := ask(t, method, p.URL(path))
			if status < 400 || status >= 500 {
				t.Errorf("%s %s gives %d", method, path, status)
			}
			for _, word := range []string{"go_goroutines", "goroutine profile", "heap profile", "cmdline"} {
				if strings.Contains(text, word) {
					t.Errorf("%s %s tells %s", method, path, word)
				}
			}
		}
	}
}

// TestVersionIsNotToldInPublic (LG5, ASVS 13.4.6).
func TestVersionIsNotToldInPublic(t *testing.T) {
	t.Parallel()
	p := serve(t, testkit.SQLite(t, db.MigrateURL), "")
	for _, path := range []string{"/", "/signin", "/healthz", "/readyz", "/nowhere", "/api/v1/session", "/forward-auth"} {
		res, err := client.Get(p.URL(path))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		for _, name := range []string{"Server", "X-Powered-By", "X-Version"} {
			if v := res.Header.Get(name); v != "" {
				t.Errorf("%s tells %s: %s", path, name, v)
			}
		}
	}
}

// client keeps redirects to itself.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

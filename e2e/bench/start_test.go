package bench

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/genkan/genkan/e2e/program"
	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

const (
	coldStart = 150 * time.Millisecond
	idleKiB   = 40 << 10
	pause     = 300 * time.Millisecond
)

// TestBenchStart measures the release program: from exec to the first good
// answer, and the memory it holds when nobody comes.
func TestBenchStart(t *testing.T) {
	asked(t)
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			url := testkit.Postgres(t, db.MigrateURL)
			if engine == "sqlite" {
				url = testkit.SQLite(t, db.MigrateURL)
			}
			mail := program.NewMailbox(t)
			site := program.NewSite(t, url, mail.Host(), mail.Port(), "")
			var took, nothing []time.Duration
			for range 9 {
				time.Sleep(pause) // whatever the one before left to PostgreSQL to clear away
				nothing = append(nothing, versionRun(t))
				took = append(took, firstAnswer(t, site))
			}
			best := median(took)
			figure{name: "cold start to /readyz", engine: engine, limit: coldStart.String(), value: short(best).String(), ok: best <= coldStart,
				note: fmt.Sprintf("median of %d, worst %v; starting a process that prints its version takes %v", len(took), short(longest(took)), short(median(nothing)))}.report(t)
			idle(t, engine, site)
		})
	}
}

func longest(all []time.Duration) time.Duration {
	out := time.Duration(0)
	for _, d := range all {
		out = max(out, d)
	}
	return out
}

func versionRun(t *testing.T) time.Duration {
	t.Helper()
	begin := time.Now()
	program.Run(t, nil, "version")
	return time.Since(begin)
}

// firstAnswer starts the program on a port of its own and asks until it answers.
func firstAnswer(t *testing.T, site *program.Site) time.Duration {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	cmd := exec.Command(program.Binary(t), "serve", "--config", site.Settings, "--listen", addr)
	cmd.Env = program.Env()
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for time.Since(begin) < 30*time.Second {
		res, err := client.Get("http://" + addr + "/readyz")
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return time.Since(begin)
			}
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("no answer in 30 s")
	return 0
}

// idle measures the resident memory of a house that has answered a page and then
// been left alone.
func idle(t *testing.T, engine string, site *program.Site) {
	t.Helper()
	p := site.Serve(t)
	defer p.Kill()
	for _, path := range []string{"/signin", "/readyz"} {
		res, err := http.Get(p.URL(path))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	time.Sleep(3 * time.Second)
	rss, err := memoryKiB(p.PID, "VmRSS:")
	if err != nil {
		t.Fatal(err)
	}
	own, err := memoryKiB(p.PID, "RssAnon:")
	if err != nil {
		t.Fatal(err)
	}
	mib := func(kib int) string { return fmt.Sprintf("%.1f MiB", float64(kib)/1024) }
	figure{name: "idle memory", engine: engine, limit: mib(idleKiB), value: mib(rss), ok: rss <= idleKiB,
		note: fmt.Sprintf("resident, 3 s after a page: %s its own, %s pages of the program's file", mib(own), mib(rss-own))}.report(t)
}

func memoryKiB(pid int, what string) (int, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, what); ok {
			return strconv.Atoi(strings.Fields(rest)[0])
		}
	}
	return 0, errors.New("no " + what)
}

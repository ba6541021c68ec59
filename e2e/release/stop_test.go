package release

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

// slowHash makes a hash take a good part of a second, so that a stop meets a running request.
const slowHash = "password: {memory_kib: 131072, passes: 4}\n"

// longestStop is the promise to the operator: a stop takes at most 20 s.
const longestStop = 20 * time.Second

// TestStopFinishesWhatRuns stops the program in the middle of a sign-in.
func TestStopFinishesWhatRuns(t *testing.T) {
	t.Parallel()
	operator := freeAddress(t)
	p := serve(t, testkit.SQLite(t, db.MigrateURL), slowHash+"metrics: {listen: "+operator+"}\n")
	answered := make(chan string, 1)
	go func() { answered <- signIn(p.URL("/api/v1/sign-ins")) }()
	hashing(t, operator, answered)
	begun := time.Now()
	p.Signal(syscall.SIGTERM)
	if got := <-answered; !strings.Contains(got, `"state":"refused"`) {
		t.Errorf("the running request got %q", got)
	}
	if code := p.Wait(); code != 0 {
		t.Errorf("ended with %d: %s", code, p.Log())
	}
	if took := time.Since(begun); took > longestStop {
		t.Errorf("the stop took %v", took)
	}
	if c, err := net.Dial("tcp", p.Addr); err == nil {
		c.Close()
		t.Error("somebody still listens")
	}
}

// TestStopDoesNotWaitForever: what takes longer than shutdown_grace is cut off.
func TestStopDoesNotWaitForever(t *testing.T) {
	t.Parallel()
	operator := freeAddress(t)
	p := serve(t, testkit.SQLite(t, db.MigrateURL), "password: {memory_kib: 1048576, passes: 16}\nshutdown_grace: 1s\nmetrics: {listen: "+operator+"}\n")
	answered := make(chan string, 1)
	go func() { answered <- signIn(p.URL("/api/v1/sign-ins")) }()
	hashing(t, operator, answered)
	begun := time.Now()
	p.Signal(syscall.SIGTERM)
	p.Wait()
	if took := time.Since(begun); took > longestStop {
		t.Errorf("the stop took %v", took)
	}
}

// TestSecondSignalIsHarmless, and so is one that comes when nothing runs.
func TestSecondSignalIsHarmless(t *testing.T) {
	t.Parallel()
	p := serve(t, testkit.SQLite(t, db.MigrateURL), "")
	p.Signal(syscall.SIGINT)
	if code := p.Wait(); code != 0 {
		t.Errorf("ended with %d: %s", code, p.Log())
	}
}

func signIn(address string) string {
	res, err := http.Post(address, "application/json", bytes.NewReader([]byte(`{"email":"taro@example.jp","password":"tama ga neko desu yo"}`)))
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// hashing waits until the program computes a hash, as its metrics tell.
func hashing(t *testing.T, operator string, answered <-chan string) {
	t.Helper()
	for {
		if text := page(t, "http://"+operator+"/metrics"); strings.Contains(text, "\ngenkan_hash_running 1\n") {
			return
		}
		select {
		case got := <-answered:
			t.Fatalf("the hash was too fast to be met: %s", got)
		default:
		}
	}
}

func page(t *testing.T, address string) string {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s gives %d, %v", address, res.StatusCode, err)
	}
	return string(text)
}

// TestOperatorsListener has what the public one has not (LG5).
func TestOperatorsListener(t *testing.T) {
	t.Parallel()
	operator := freeAddress(t)
	p := serve(t, testkit.SQLite(t, db.MigrateURL), "metrics: {listen: "+operator+"}\n")
	if got := page(t, p.URL("/healthz")); !strings.Contains(got, `"ok"`) {
		t.Errorf("healthz: %s", got)
	}
	if got := page(t, p.URL("/readyz")); !strings.Contains(got, `"ready"`) {
		t.Errorf("readyz: %s", got)
	}
	got := page(t, "http://"+operator+"/metrics")
	for _, name := range []string{"http_requests_total{", `route="/readyz"`, "genkan_build_info{", "genkan_hash_queued ", "go_goroutines "} {
		if !strings.Contains(got, name) {
			t.Errorf("the metrics lack %s", name)
		}
	}
	if got := page(t, "http://"+operator+"/debug/pprof/"); !strings.Contains(got, "goroutine") {
		t.Errorf("no profiles: %s", got)
	}
	for _, path := range []string{"/signin", "/api/v1/session", "/forward-auth"} {
		if status, _ := ask(t, "GET", "http://"+operator+path); status != http.StatusNotFound {
			t.Errorf("the operator's listener answers %s with %d", path, status)
		}
	}
}

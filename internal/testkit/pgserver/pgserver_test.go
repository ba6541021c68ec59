package pgserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestMain lets the test binary play the process that is killed.
func TestMain(m *testing.M) {
	if os.Getenv("GENKAN_PGSERVER_VICTIM") == "" {
		os.Exit(m.Run())
	}
	s, err := Start(context.Background())
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	defer s.Stop() // never reached; keeps s in use
	fmt.Println(s.dir)
	select {} // until killed
}

func setup(t *testing.T) *Server {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a PostgreSQL server: not with -short")
	}
	s, err := Start(t.Context())
	if errors.Is(err, ErrAbsent) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func TestServerIsPrivateAndOrdinary(t *testing.T) {
	t.Parallel()
	s := setup(t)
	conn, err := pgx.Connect(t.Context(), s.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())

	for setting, want := range map[string]string{
		"listen_addresses":        "",
		"unix_socket_permissions": "0700",
		"fsync":                   "off",
		"max_connections":         "300",
		"server_encoding":         "UTF8",
	} {
		var got string
		if err := conn.QueryRow(t.Context(), "SHOW "+setting).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v; want %q", setting, got, err, want)
		}
	}
	var super bool
	err = conn.QueryRow(t.Context(), "SELECT rolsuper FROM pg_roles WHERE rolname = $1", AppRole()).Scan(&super)
	if err != nil || super {
		t.Errorf("the role of the tests: superuser %v, %v; want an ordinary role", super, err)
	}
}

func TestStopRemovesServerAndFolder(t *testing.T) {
	t.Parallel()
	s := setup(t)
	conn, err := pgx.Connect(t.Context(), s.AdminURL()) // an open connection must not hold it up
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	s.Stop()
	s.Stop()
	if _, err := os.Stat(s.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("folder after Stop: %v; want it gone", err)
	}
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("the server still answers after Stop")
	}
}

// The one case that no deferred call of ours can cover.
func TestKillingTheStarterEndsTheServer(t *testing.T) {
	t.Parallel()
	setup(t).Stop() // skips where there is no server
	victim := exec.Command(os.Args[0])
	victim.Env = append(os.Environ(), "GENKAN_PGSERVER_VICTIM=1")
	out, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimSpace(line)
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("victim's folder: %v", err)
	}
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = victim.Wait() // killed: its error is the point

	// The folder goes last, after the server has ended.
	limit, tick := time.After(30*time.Second), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return
		}
		select {
		case <-limit:
			t.Fatal("the server's folder outlived the killed process by 30 s")
		case <-tick.C:
		}
	}
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	t.Parallel()
	setup(t).Stop()
	bin, err := find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// A folder without a cluster: postgres ends at once.
	empty, err := makeDir()
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(empty)
	broken, err := keep(bin, empty)
	if err != nil {
		t.Fatal(err)
	}
	if err := broken.ready(t.Context()); err == nil {
		t.Fatal("a server without a cluster became ready")
	}
	if got := tail(empty + "/log"); !strings.Contains(got, "data") {
		t.Errorf("log says %q; want the missing data folder", got)
	}
}

func TestAppURL(t *testing.T) {
	t.Parallel()
	got, err := AppURL("postgres:///postgres?host=%2Ftmp%2Fx&user=boss", "one")
	if want := "postgres:///one?host=%2Ftmp%2Fx&user=genkan"; err != nil || got != want {
		t.Errorf("AppURL = %q, %v; want %q", got, err, want)
	}
}

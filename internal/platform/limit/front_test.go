package limit_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/limit"
	"github.com/genkan/genkan/internal/testkit"
)

// redisServer runs a real server on a socket of its own, and gives its URL and
// what ends it.
func redisServer(t *testing.T) (url string, kill func()) {
	t.Helper()
	path := ""
	for _, name := range []string{"redis-server", "valkey-server"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("neither redis-server nor valkey-server is installed: tools/install-test-needs")
		}
		t.Skip("neither redis-server nor valkey-server is installed")
	}
	dir, err := os.MkdirTemp("", "genkan-redis-")
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	cmd := exec.Command(path, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := false
	kill = func() {
		if !done {
			done = true
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	t.Cleanup(func() { kill(); os.RemoveAll(dir) })
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			return "unix://" + socket, kill
		}
	}
	t.Fatal("redis-server did not open its socket")
	return "", nil
}

// TestFrontOnlyRefuses, with a real server: it answers what the database would
// have refused; what it lets pass, loses or cannot answer is counted there, also
// by nodes that never heard of it.
func TestFrontOnlyRefuses(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, clock *testkit.Clock) {
		url, kill := redisServer(t)
		front, err := limit.OpenFront(url)
		if err != nil {
			t.Fatal(err)
		}
		defer front.Close()
		k := limit.Streaks{Front: front}
		tries := func(n int, through limit.Streaks) (passed int) {
			for range n {
				act(t, d, func(tx *db.Tx) error {
					_, ok, err := through.Try(ctx, tx, "b", ladder)
					if ok {
						passed++
					}
					return err
				})
			}
			return passed
		}
		if n := tries(20, k); n != 5 {
			t.Errorf("%d of 20 passed; want 5", n)
		}
		refused, failed := front.Load()
		if refused != 15 || failed != 0 {
			t.Errorf("the front refused %d and failed %d times; want 15 and 0", refused, failed)
		}
		clock.Advance(time.Minute)
		if n := tries(5, k); n != 1 {
			t.Errorf("after the pause %d passed; want 1", n)
		}
		// Given back by a right password: the front must not refuse any longer.
		act(t, d, func(tx *db.Tx) error { return k.Forgive(ctx, tx, "b", ladder) })
		clock.Advance(time.Minute)
		if n := tries(5, k); n != 1 {
			t.Errorf("after it was forgiven %d passed; want 1", n)
		}
		kill()
		if n := tries(5, k); n != 0 {
			t.Errorf("%d passed when the server died", n)
		}
		clock.Advance(2 * time.Minute)
		if n := tries(5, k); n != 1 {
			t.Errorf("without the server %d passed; want 1", n)
		}
		if _, failed := front.Load(); failed == 0 {
			t.Error("nobody noticed that the server is dead")
		}
	})
}

// TestFrontHoldsAtOnce: TH2 with a front.
func TestFrontHoldsAtOnce(t *testing.T) {
	both(t, func(t *testing.T, d *db.DB, _ *testkit.Clock) {
		url, _ := redisServer(t)
		front, err := limit.OpenFront(url)
		if err != nil {
			t.Fatal(err)
		}
		defer front.Close()
		for round := range 3 {
			n := atOnce(func() (yes bool) {
				err := d.Tx(ctx, func(tx *db.Tx) (err error) {
					_, yes, err = limit.Streaks{Front: front}.Try(ctx, tx, fmt.Sprint("b", round), ladder)
					return err
				})
				return yes && err == nil
			})
			if n != 5 {
				t.Errorf("%d of 64 passed; want 5", n)
			}
		}
	})
}

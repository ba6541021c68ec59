package db_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// listener keeps what one ear heard.
type listener struct {
	ear   *db.Ear
	heard chan string
	reset chan bool // whether the ear was fresh at that moment

	mu sync.Mutex
}

func listen(t *testing.T, d *db.DB, channel string) *listener {
	t.Helper()
	l := &listener{heard: make(chan string, 100), reset: make(chan bool, 100)}
	l.mu.Lock()
	l.ear = d.Listen(t.Context(), channel, func(s string) { l.heard <- s }, func() {
		l.mu.Lock() // the ear is set by now
		defer l.mu.Unlock()
		l.reset <- l.ear.Fresh()
	})
	l.mu.Unlock()
	return l
}

// expect waits for something that must come, as long as it takes on a busy
// machine.
func expect[T any](t *testing.T, from <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(30 * time.Second):
		t.Fatalf("%s did not come", what)
	}
	return v
}

func notify(ctx context.Context, d *db.DB, channel, word string, end error) error {
	return d.Tx(ctx, func(tx *db.Tx) error {
		return errors.Join(tx.Notify(ctx, channel, word), end)
	})
}

// TestWordsAreHeardOnceKept: on the node itself before Tx returns, on others
// soon; never before the commit and never for an act that was undone (SE4).
func TestWordsAreHeardOnceKept(t *testing.T) {
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		here, _ := open(t, url)
		l := listen(t, here, "news")
		if here.Engine == db.Postgres {
			expect(t, l.reset, "the line")
		}
		err := here.Tx(t.Context(), func(tx *db.Tx) error {
			if err := tx.Notify(t.Context(), "news", "early"); err != nil {
				return err
			}
			if len(l.heard) > 0 {
				t.Error("heard before the commit")
			}
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Fatal(err)
		}
		if err := notify(t.Context(), here, "other", "not for us", nil); err != nil {
			t.Fatal(err)
		}
		if err := notify(t.Context(), here, "news", "kept", nil); err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-l.heard:
			if got != "kept" {
				t.Errorf("heard %q", got)
			}
		default:
			t.Error("the node's own ear did not hear before Tx returned")
		}
		if here.Engine == db.SQLite {
			return
		}
		// The same word comes once more over the line; what comes after it shows
		// that nothing else did.
		there, _ := open(t, url)
		if err := notify(t.Context(), there, "news", "from elsewhere", nil); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"kept", "from elsewhere"} {
			if got := expect(t, l.heard, want); got != want {
				t.Errorf("heard %q; want %q", got, want)
			}
		}
	})
}

func TestLocalEarIsAlwaysFresh(t *testing.T) {
	t.Parallel()
	d, _ := open(t, testkit.SQLite(t, db.MigrateURL))
	if l := listen(t, d, "news"); !l.ear.Fresh() {
		t.Error("an ear without a line to lose is not fresh")
	}
}

// TestCutListenerIsNotTrusted: when its connection is cut, the ear is not fresh
// from the moment it knows, says reset before it is fresh again, and hears again
// by itself (SE4).
func TestCutListenerIsNotTrusted(t *testing.T) {
	d, _ := postgres(t)
	l := listen(t, d, "news")
	if expect(t, l.reset, "the line") {
		t.Error("fresh before the first reset")
	}
	until(t, "fresh", l.ear.Fresh)
	cut := `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query = 'SELECT 1' AND pid <> pg_backend_pid()`
	if _, err := d.Writer().ExecContext(t.Context(), cut); err != nil {
		t.Fatal(err)
	}
	if expect(t, l.reset, "the reset after the cut") {
		t.Error("fresh though the line is cut")
	}
	if expect(t, l.reset, "the reset with the new line") {
		t.Error("fresh before what was missed is forgotten")
	}
	if err := notify(t.Context(), d, "news", "again", nil); err != nil {
		t.Fatal(err)
	}
	expect(t, l.heard, "a word on the node itself")
	if got := expect(t, l.heard, "a word over the new line"); got != "again" {
		t.Errorf("heard %q", got)
	}
}

// TestSilentLineIsNotTrusted: a line that neither speaks nor breaks (a pulled
// cable) is not trusted for long, and words said meanwhile are forgotten or
// heard before it is trusted again (SE4).
func TestSilentLineIsNotTrusted(t *testing.T) {
	near, url := postgres(t)
	line := newCable(t, url)
	far, err := db.Open(t.Context(), line.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { far.Close() })
	l := listen(t, far, "news")
	expect(t, l.reset, "the line")
	until(t, "fresh", l.ear.Fresh)
	if age := l.ear.ProofAge(); age < 0 {
		t.Errorf("the proof is from %v ahead", -age)
	}
	line.hold.Lock()
	until(t, "not fresh", func() bool { return !l.ear.Fresh() })
	if err := notify(t.Context(), near, "news", "unheard", nil); err != nil {
		t.Error(err)
	}
	line.hold.Unlock()
	until(t, "fresh again", l.ear.Fresh)
	if len(l.heard)+len(l.reset) == 0 {
		t.Error("trusted again, though a word was neither heard nor is known to be missing")
	}
	if new(db.Ear).Fresh() {
		t.Error("an ear without any proof of life is fresh")
	}
}

// until spins, without a sleep, until what must come to be is so.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%s: not within 30 s", what)
		}
	}
}

// cable is a way to the test's PostgreSQL that can fall silent: while hold is
// held, nothing comes through, and nothing breaks.
type cable struct {
	url  string
	hold sync.Mutex
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	conf, err := pgx.ParseConfig(to)
	if err != nil {
		t.Fatal(err)
	}
	network, address := pgconn.NetworkAddress(conf.Host, conf.Port)
	door, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { door.Close() })
	c := &cable{url: fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", conf.User, conf.Password, door.Addr(), conf.Database)}
	go func() {
		for {
			in, err := door.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial(network, address)
			if err != nil {
				in.Close()
				continue
			}
			go c.pass(out, in)
			go c.pass(in, out)
		}
	}()
	return c
}

// wait returns when the line is not silent.
func (c *cable) wait() {
	c.hold.Lock()
	defer c.hold.Unlock()
}

func (c *cable) pass(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		c.wait()
		if err != nil {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

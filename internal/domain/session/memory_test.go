package session

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
	"pgregory.net/rapid"
)

// TestRevocationIsHeardByAllNodes holds SE4: what ends on one node is refused on
// another, though it was remembered there; how long it took is in the log of -v.
func TestRevocationIsHeardByAllNodes(t *testing.T) {
	t.Parallel()
	s := newSet(t, testkit.Postgres(t, db.MigrateURL))
	nodes := []*Desk{s.node(), s.node()}
	acc := s.member("taro@example.jp")
	acts := map[string]func(ctx context.Context, tx *db.Tx, started Session, secret string) error{
		"end": func(ctx context.Context, tx *db.Tx, x Session, _ string) error {
			_, err := s.End(ctx, tx, acc, x.ID, SignedOut)
			return err
		},
		"end all": func(ctx context.Context, tx *db.Tx, _ Session, _ string) error {
			_, err := s.EndAll(ctx, tx, acc, "", Recovered)
			return err
		},
		"rotate": func(ctx context.Context, tx *db.Tx, x Session, old string) error {
			_, err := s.Rotate(ctx, tx, x, old)
			return err
		},
		"replace": func(ctx context.Context, tx *db.Tx, _ Session, old string) error { return s.Replace(ctx, tx, old) },
	}
	for name, act := range acts {
		secret, started := s.start(acc)
		for _, n := range append(nodes, s.Desk) {
			s.alive(n, secret, name+": before")
		}
		s.must(func(ctx context.Context, tx *db.Tx) error { return act(ctx, tx, started, secret) })
		s.dead(s.Desk, secret, name+": on the node itself, at once")
		at := time.Now()
		for i, n := range nodes {
			until(t, fmt.Sprintf("%s: refused on node %d", name, i), func() bool {
				_, err := n.Check(context.Background(), secret)
				return err != nil
			})
			s.dead(n, secret, name)
		}
		t.Logf("%s: refused on all nodes after %v", name, time.Since(at))
	}
}

// TestChangedIsReadAnew: what a session carries about its person follows.
func TestChangedIsReadAnew(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		acc := s.member("taro@example.jp")
		secret, _ := s.start(acc)
		s.alive(s.Desk, secret, "before")
		s.must(func(ctx context.Context, tx *db.Tx) error {
			if err := s.book.SetLocale(ctx, tx, acc, "en"); err != nil {
				return err
			}
			return s.Changed(ctx, tx, acc)
		})
		if got := s.alive(s.Desk, secret, "after"); got.Locale != "en" {
			t.Errorf("the language is still %q", got.Locale)
		}
	})
}

// TestDeafNodeAsksTheDatabase holds SE4: a node that might have missed a word
// believes nothing that it remembers.
func TestDeafNodeAsksTheDatabase(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		secret, started := s.start(s.member("taro@example.jp"))
		s.alive(s.Desk, secret, "before")
		s.exec(`UPDATE session SET ended_at = 1 WHERE id = $1`, started.ID) // and nobody says a word
		s.alive(s.Desk, secret, "remembered: the test would show nothing otherwise")
		ear := s.memory.ear
		s.memory.ear = new(db.Ear) // never proved that it lives
		s.dead(s.Desk, secret, "deaf")
		s.memory.ear = ear
	})
}

// TestCutNodeForgets: a node whose line was cut while a session ended does not
// let it in once it hears again.
func TestCutNodeForgets(t *testing.T) {
	t.Parallel()
	s := newSet(t, testkit.Postgres(t, db.MigrateURL))
	other := s.node()
	acc := s.member("taro@example.jp")
	secret, started := s.start(acc)
	s.alive(other, secret, "before")
	// Every listener is cut and hears of nothing that happens in the same statement.
	s.exec(`SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND (query LIKE 'LISTEN%' OR query = 'SELECT 1')`)
	s.must(func(ctx context.Context, tx *db.Tx) error {
		_, err := s.End(ctx, tx, acc, started.ID, SignedOut)
		return err
	})
	until(t, "refused", func() bool { _, err := other.Check(context.Background(), secret); return err != nil })
	until(t, "fresh again", other.memory.ear.Fresh)
	s.dead(other, secret, "after the new line")
}

// TestBelievedForAShortWhileOnly, whatever was heard; and not from the future,
// when the clock was turned back (CO5).
func TestBelievedForAShortWhileOnly(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		for _, jump := range []time.Duration{believeFor + time.Microsecond, -time.Microsecond} {
			secret, started := s.start(s.member(fmt.Sprintf("a%d@example.jp", jump)))
			s.alive(s.Desk, secret, "before")
			s.exec(`UPDATE session SET ended_at = 1 WHERE id = $1`, started.ID)
			s.alive(s.Desk, secret, "remembered")
			s.clock.Advance(jump)
			s.dead(s.Desk, secret, fmt.Sprintf("%v later", jump))
		}
	})
}

// TestShortIdleIsKeptInMemoryToo, though it is shorter than a row is believed.
func TestShortIdleIsKeptInMemoryToo(t *testing.T) {
	t.Parallel()
	m, now := alone(), testkit.NewClock().Now()
	m.ear = localEar(t)
	m.put(keyOf("k"), Session{ID: "s", Account: "acc", SeenAt: now, ExpiresAt: now.Add(time.Hour)}, now, m.turn.Load())
	for after, want := range map[time.Duration]bool{10*time.Second - 1: true, 10 * time.Second: false} {
		if _, ok := m.get(keyOf("k"), now.Add(after), 10*time.Second); ok != want {
			t.Errorf("%v after the last use, idle 10 s: believed %v", after, ok)
		}
	}
}

func remembered(m *memory) (n int) {
	for i := range m.shards {
		n += len(m.shards[i].m)
	}
	return n
}

func alone() *memory { return newMemory() }

// TestReadBeforeTheWordIsNotRemembered: a row that was read before an end was
// heard is not put down after it.
func TestReadBeforeTheWordIsNotRemembered(t *testing.T) {
	t.Parallel()
	now := testkit.NewClock().Now()
	for what, hear := range map[string]func(m *memory){
		"of its account":         func(m *memory) { m.forget("acc") },
		"of another":             func(m *memory) { m.forget("other") },
		"that words are missing": func(m *memory) { m.clear() },
	} {
		m := alone()
		turn := m.turn.Load()
		hear(m)
		m.put(keyOf("k"), Session{ID: "s", Account: "acc", SeenAt: now}, now, turn)
		if remembered(m) != 0 || len(m.byOwner) != 0 {
			t.Errorf("a word %s: remembered all the same", what)
		}
		m.put(keyOf("k"), Session{ID: "s", Account: "acc", SeenAt: now}, now, m.turn.Load())
		if remembered(m) != 1 {
			t.Errorf("a word %s: what is read after it is not remembered", what)
		}
	}
}

// TestMemoryIsBounded: a table that strangers can fill has a cap.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	m, now := alone(), testkit.NewClock().Now()
	for i := range shardBound + 500 {
		m.put(keyIn(7, i), Session{ID: fmt.Sprint(i), Account: fmt.Sprint("acc", i%100), SeenAt: now, ExpiresAt: now.Add(time.Hour)}, now, m.turn.Load())
	}
	if n := remembered(m); n != shardBound {
		t.Errorf("%d are remembered; want %d", n, shardBound)
	}
	if n := owned(m); n != shardBound {
		t.Errorf("%d are owned; want %d", n, shardBound)
	}
	for i := range 100 {
		m.forget(fmt.Sprint("acc", i))
	}
	if remembered(m) != 0 || len(m.byOwner) != 0 {
		t.Errorf("%d are left, %d owners", remembered(m), len(m.byOwner))
	}
}

func owned(m *memory) (n int) {
	for _, keys := range m.byOwner {
		n += len(keys)
	}
	return n
}

// TestMemoryStaysWhole: random words and reads; what is remembered is exactly
// what its owners know of, and never what was forgotten since it was read.
func TestMemoryStaysWhole(t *testing.T) {
	t.Parallel()
	now := testkit.NewClock().Now()
	rapid.Check(t, func(rt *rapid.T) {
		m := alone()
		m.ear = localEar(t)
		model := map[key]string{} // key → owner
		turn := m.turn.Load()
		for range rapid.IntRange(1, 60).Draw(rt, "steps") {
			owner := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "owner")
			k := keyOf(owner + rapid.SampledFrom([]string{"1", "2", "3"}).Draw(rt, "key"))
			switch rapid.IntRange(0, 4).Draw(rt, "step") {
			case 0:
				turn = m.turn.Load() // a row is read
			case 1, 2:
				if turn == m.turn.Load() {
					model[k] = owner
				}
				m.put(k, Session{ID: owner, Account: owner, SeenAt: now, ExpiresAt: now.Add(time.Hour)}, now, turn)
			case 3:
				m.forget(owner)
				for k, o := range model {
					if o == owner {
						delete(model, k)
					}
				}
			case 4:
				if rapid.IntRange(0, 5).Draw(rt, "rarely") == 0 {
					m.clear()
					clear(model)
				}
			}
			if remembered(m) != len(model) || owned(m) != len(model) {
				rt.Fatalf("%d remembered, %d owned; want %d", remembered(m), owned(m), len(model))
			}
			for k, o := range model {
				if got, ok := m.get(k, now, idle); !ok || got.Account != o {
					rt.Fatalf("%+v, %v; want %s's", got, ok, o)
				}
			}
		}
	})
}

// localEar is always fresh.
func localEar(t *testing.T) *db.Ear {
	t.Helper()
	return (&db.DB{Engine: db.SQLite}).Listen(t.Context(), "none", func(string) {}, func() {})
}

// TestMemoryUnderRaces: readers, writers and words at once, for the race detector.
func TestMemoryUnderRaces(t *testing.T) {
	t.Parallel()
	m, now := alone(), testkit.NewClock().Now()
	m.ear = localEar(t)
	atOnce(16, func(i int) {
		for n := range 500 {
			owner := fmt.Sprint(n % 7)
			k := keyIn(byte(n), n%50)
			switch (i + n) % 5 {
			case 0:
				m.forget(owner)
			case 1:
				m.takeDirty()
			case 2:
				m.put(k, Session{ID: fmt.Sprint(n), Account: owner, SeenAt: now, ExpiresAt: now.Add(time.Hour)}, now.Add(time.Minute), m.turn.Load())
			default:
				m.get(k, now.Add(time.Duration(n)*time.Second), idle)
			}
		}
	})
	m.clear()
	if remembered(m)+owned(m) != 0 {
		t.Errorf("%d and %d are left", remembered(m), owned(m))
	}
}

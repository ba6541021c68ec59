package audit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

type set struct {
	t *testing.T
	d *db.DB
}

func both(t *testing.T, f func(t *testing.T, s *set)) {
	t.Helper()
	t.Parallel()
	testkit.Engines(t, db.MigrateURL, func(t *testing.T, url string) {
		d, err := db.Open(context.Background(), url, testkit.NewClock().Now)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		f(t, &set{t, d})
	})
}

// act writes something and its entry.
func (s *set) act(name string) error {
	return s.d.Tx(context.Background(), func(tx *db.Tx) error {
		if _, err := tx.ExecContext(context.Background(), `INSERT INTO house (fact, value, at) VALUES ($1, '', 0)`, name); err != nil {
			return err
		}
		return Write(context.Background(), tx, "person:"+name, "test.acted", "account:"+name, map[string]string{"b": "2", "a": "1"})
	})
}

func (s *set) fill(n int) {
	s.t.Helper()
	for i := range n {
		if err := s.act(fmt.Sprintf("act%d", i)); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *set) head() Head {
	s.t.Helper()
	h, err := ReadHead(context.Background(), s.d.Reader())
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

func (s *set) count(table string) (n int) {
	s.t.Helper()
	if err := s.d.Reader().QueryRowContext(context.Background(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

func TestChainHolds(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		if n, err := Verify(t.Context(), s.d.Reader(), nil); n != 0 || err != nil {
			t.Errorf("an empty chain: %d, %v", n, err)
		}
		s.fill(20)
		anchor := s.head()
		s.fillMore()
		if n, err := Verify(t.Context(), s.d.Reader(), []Head{anchor, s.head()}); n != 25 || err != nil {
			t.Errorf("%d entries, %v; want 25", n, err)
		}
	})
}

func (s *set) fillMore() {
	s.t.Helper()
	for i := range 5 {
		if err := s.act(fmt.Sprintf("later%d", i)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestConcurrentWritersKeepOrder: no gap, no fork, whoever comes at once; a
// check that runs meanwhile finds nothing wrong.
func TestConcurrentWritersKeepOrder(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		var all sync.WaitGroup
		start := make(chan struct{})
		for i := range 32 {
			all.Go(func() {
				<-start
				if err := s.act(fmt.Sprintf("act%d", i)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			<-start
			for range 10 {
				if _, err := Verify(context.Background(), s.d.Reader(), nil); err != nil {
					t.Error(err)
				}
			}
		})
		close(start)
		all.Wait()
		if n, err := Verify(t.Context(), s.d.Reader(), nil); n != 32 || err != nil {
			t.Errorf("%d entries, %v; want 32", n, err)
		}
	})
}

// TestUndoneActLeavesNoEntry, and no gap.
func TestUndoneActLeavesNoEntry(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		undo := errors.New("undo")
		err := s.d.Tx(t.Context(), func(tx *db.Tx) error {
			return errors.Join(Write(t.Context(), tx, "a", "b", "c", nil), undo)
		})
		if !errors.Is(err, undo) {
			t.Fatal(err)
		}
		s.fill(1)
		if n, err := Verify(t.Context(), s.d.Reader(), nil); n != 1 || err != nil {
			t.Errorf("%d entries, %v; want 1", n, err)
		}
	})
}

// TestNoAuditNoAct holds LG4: when the entry cannot be kept, neither is the act.
func TestNoAuditNoAct(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		broken := map[string][2]string{
			"the table is away": {`ALTER TABLE audit RENAME TO audit_away`, `ALTER TABLE audit_away RENAME TO audit`},
			"the seq is used":   {`INSERT INTO audit (seq, at, actor, act, target, detail, hash) SELECT seq + 1, 0, '', '', '', '', hash FROM audit_head`, `DELETE FROM audit WHERE act = ''`},
		}
		s.fill(3)
		for how, what := range broken {
			s.exec(what[0])
			before := s.count("house")
			if err := s.act("during " + how); err == nil {
				t.Errorf("%s: the act went through", how)
			}
			if s.count("house") != before {
				t.Errorf("%s: the act was kept", how)
			}
			s.exec(what[1])
		}
		head := s.head()
		s.exec(`DELETE FROM audit_head`)
		if err := s.act("without a head"); err == nil || s.count("house") != 3 {
			t.Errorf("without a head: %v, %d acts kept; want 3", err, s.count("house"))
		}
		s.d.Tx(t.Context(), func(tx *db.Tx) error {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO audit_head (id, seq, hash) VALUES (1, $1, $2)`, head.Seq, head.Hash)
			return err
		})
		s.fillMore()
		if n, err := Verify(t.Context(), s.d.Reader(), nil); n != 8 || err != nil {
			t.Errorf("mended: %d, %v", n, err)
		}
	})
}

func (s *set) exec(q string, args ...any) {
	s.t.Helper()
	if _, err := s.d.Writer().ExecContext(context.Background(), q, args...); err != nil {
		s.t.Fatalf("%s: %v", q, err)
	}
}

// TestEveryTamperingIsFound holds LG3: random edits, removals, swaps, cuts and
// insertions, also by somebody who knows how the chain is made and mends it
// after the edit, and who moves the head along; the anchors outside show those.
func TestEveryTamperingIsFound(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		rounds := 200
		if s.d.Engine == db.SQLite {
			rounds = 1000
		}
		if os.Getenv("GENKAN_LONG") == "1" {
			rounds = 1000
		}
		s.fill(40)
		var chainOf []auditRow
		rows, err := New(s.d.Reader()).entriesAfter(t.Context(), 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		chainOf = append(chainOf, rows...)
		// The last one is one entry behind: what was done since it was written
		// cannot be told from a rewritten end, and is left out below.
		anchors := []Head{{Seq: 15, Hash: chainOf[14].Hash}, {Seq: 30, Hash: chainOf[29].Hash}, {Seq: 39, Hash: chainOf[38].Hash}}
		if n, err := Verify(t.Context(), s.d.Reader(), anchors); n != 40 || err != nil {
			t.Fatalf("before: %d, %v", n, err)
		}
		undo := errors.New("undo")
		r := rand.New(rand.NewPCG(1, 2))
		kinds := map[string]int{}
		for range rounds {
			var how string
			// Looked at inside the transaction, then rolled back.
			err := s.d.Tx(t.Context(), func(tx *db.Tx) error {
				var err error
				if how, err = tamper(t.Context(), tx, r, chainOf); err != nil {
					return err
				}
				if n, err := Verify(t.Context(), tx, anchors); err == nil {
					t.Errorf("not found (%d entries): %s", n, how)
				}
				return undo
			})
			if !errors.Is(err, undo) {
				t.Fatalf("%s: %v", how, err)
			}
			kinds[strings.Fields(how)[0]]++
		}
		if len(kinds) < 8 {
			t.Errorf("only these kinds were tried: %v", kinds)
		}
		if _, err := Verify(t.Context(), s.d.Reader(), anchors); err != nil {
			t.Errorf("after all were taken back: %v", err)
		}
	})
}

// tamper does one random thing to the chain and says what.
func tamper(ctx context.Context, tx *db.Tx, r *rand.Rand, rows []auditRow) (string, error) {
	i := r.IntN(len(rows) - 1) // not the last one: see the anchors
	e := rows[i]
	exec := func(q string, args ...any) error {
		_, err := tx.ExecContext(ctx, q, args...)
		return err
	}
	set := func(column string, value any) error {
		return exec(`UPDATE audit SET `+column+` = $1 WHERE seq = $2`, value, e.Seq)
	}
	switch r.IntN(9) {
	case 0:
		column := []string{"actor", "act", "target", "detail"}[r.IntN(4)]
		return fmt.Sprintf("edit %s of %d", column, e.Seq), set(column, fmt.Sprint(r.Int()))
	case 1:
		return fmt.Sprintf("time of %d", e.Seq), set("at", e.At+1+r.Int64N(1000))
	case 2:
		hash := append([]byte(nil), e.Hash...)
		hash[r.IntN(len(hash))] ^= 1 << r.IntN(8)
		return fmt.Sprintf("hash of %d", e.Seq), set("hash", hash)
	case 3:
		return fmt.Sprintf("delete %d", e.Seq), exec(`DELETE FROM audit WHERE seq = $1`, e.Seq)
	case 4:
		j := (i + 1 + r.IntN(len(rows)-1)) % len(rows)
		o := rows[j]
		err := errors.Join(
			exec(`UPDATE audit SET actor = $1, act = $2, target = $3, detail = $4, at = $5, hash = $6 WHERE seq = $7`, o.Actor, o.Act, o.Target, o.Detail, o.At, o.Hash, e.Seq),
			exec(`UPDATE audit SET actor = $1, act = $2, target = $3, detail = $4, at = $5, hash = $6 WHERE seq = $7`, e.Actor, e.Act, e.Target, e.Detail, e.At, e.Hash, o.Seq))
		return fmt.Sprintf("swap %d and %d", e.Seq, o.Seq), err
	case 5: // the end is cut off, and the head says so
		before := []byte{}
		if i > 0 {
			before = rows[i-1].Hash
		}
		return fmt.Sprintf("cut at %d", e.Seq), errors.Join(exec(`DELETE FROM audit WHERE seq >= $1`, e.Seq),
			exec(`UPDATE audit_head SET seq = $1, hash = $2`, e.Seq-1, before))
	case 6: // one more at the end, rightly chained, without an act
		last := rows[len(rows)-1]
		n := auditRow{Seq: last.Seq + 1, At: last.At, Actor: "staff:x", Act: "forged", Target: "account:y", Detail: "null"}
		return fmt.Sprintf("insert %d", n.Seq), exec(`INSERT INTO audit (seq, at, actor, act, target, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			n.Seq, n.At, n.Actor, n.Act, n.Target, n.Detail, chain(last.Hash, n))
	case 7: // an edit, and everything after it hashed anew, the head too
		e.Detail = `{"forged":"1"}`
		before := []byte(nil)
		if i > 0 {
			before = rows[i-1].Hash
		}
		if err := set("detail", e.Detail); err != nil {
			return "", err
		}
		for k := i; k < len(rows); k++ {
			row := rows[k]
			if k == i {
				row = e
			}
			before = chain(before, row)
			if err := exec(`UPDATE audit SET hash = $1 WHERE seq = $2`, before, row.Seq); err != nil {
				return "", err
			}
		}
		return fmt.Sprintf("rehash from %d", e.Seq), exec(`UPDATE audit_head SET hash = $1`, before)
	default: // the head alone
		if r.IntN(2) == 0 {
			return "head forward", exec(`UPDATE audit_head SET seq = seq + 1`)
		}
		return fmt.Sprintf("head back to %d", e.Seq-1), exec(`UPDATE audit_head SET seq = $1, hash = $2`, e.Seq-1, chain(nil, e))
	}
}

// TestGapIsFound without any anchor, though everything after it was hashed anew.
func TestGapIsFound(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.fill(10)
		rows, err := New(s.d.Reader()).entriesAfter(t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		s.exec(`DELETE FROM audit WHERE seq = 5`)
		before := rows[3].Hash
		for _, e := range rows[5:] {
			before = chain(before, e)
			s.exec(`UPDATE audit SET hash = $1 WHERE seq = $2`, before, e.Seq)
		}
		s.exec(`UPDATE audit_head SET hash = $1`, before)
		if n, err := Verify(t.Context(), s.d.Reader(), nil); !errors.Is(err, ErrBroken) {
			t.Errorf("%d entries, %v; want the gap", n, err)
		}
	})
}

// TestAnchorsMustAgree: two anchors of one entry that differ, or one that
// differs from the head, are found before the walk.
func TestAnchorsMustAgree(t *testing.T) {
	both(t, func(t *testing.T, s *set) {
		s.fill(3)
		h := s.head()
		for what, anchors := range map[string][]Head{
			"differs from the head": {{Seq: h.Seq, Hash: []byte("other")}},
			"differ":                {{Seq: 2, Hash: []byte("a")}, {Seq: 2, Hash: []byte("b")}},
			"is ahead":              {{Seq: 4, Hash: []byte("a")}},
		} {
			if _, err := Verify(t.Context(), s.d.Reader(), anchors); !errors.Is(err, ErrBroken) {
				t.Errorf("an anchor %s: %v", what, err)
			}
		}
	})
}

// TestFieldsDoNotRunIntoEachOther: moving a letter from one field to the next
// makes another hash.
func TestFieldsDoNotRunIntoEachOther(t *testing.T) {
	t.Parallel()
	a := chain(nil, auditRow{Seq: 1, At: 2, Actor: "ab", Act: "c", Target: "d", Detail: "e"})
	for _, e := range []auditRow{
		{Seq: 1, At: 2, Actor: "a", Act: "bc", Target: "d", Detail: "e"},
		{Seq: 1, At: 2, Actor: "ab", Act: "", Target: "cd", Detail: "e"},
		{Seq: 12, At: 2, Actor: "ab", Act: "c", Target: "d", Detail: "e"},
		{Seq: 1, At: 2, Actor: "ab", Act: "c", Target: "d1:e", Detail: ""},
	} {
		if string(chain(nil, e)) == string(a) {
			t.Errorf("%+v has the same hash", e)
		}
	}
}

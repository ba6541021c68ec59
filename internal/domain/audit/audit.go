// Package audit keeps who did what to whom, in the transaction of the act: no
// entry, no act (LG4). Entries are chained by SHA-256, each over its whole
// content and the hash before it, so that an edit, a removal or a swap shows;
// anchors written to a place outside show a cut at the end (LG3).
package audit

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
)

// Entry is one act. Detail never holds a secret or an address.
type Entry struct {
	Seq    int64             `json:"seq"`
	At     time.Time         `json:"at"`
	Actor  string            `json:"actor"`  // "person:ID", "staff:ID", "house", "stranger"
	Act    string            `json:"act"`    // for example "password.changed"
	Target string            `json:"target"` // "account:ID", …
	Detail map[string]string `json:"detail,omitempty"`
	Hash   []byte            `json:"hash"`
}

// Write appends an entry. All writers of all nodes pass through one row, in
// order, so it belongs at the end of an act's transaction.
func Write(ctx context.Context, tx *db.Tx, actor, act, target string, detail map[string]string) error {
	if err := write(ctx, tx, actor, act, target, detail); err != nil {
		return fmt.Errorf("audit %s: %w", act, err)
	}
	return nil
}

func write(ctx context.Context, tx *db.Tx, actor, act, target string, detail map[string]string) error {
	raw, err := json.Marshal(detail) // keys come out sorted
	if err != nil {
		return err
	}
	q := New(tx)
	head, err := q.nextSeq(ctx)
	if err != nil {
		return err
	}
	e := auditRow{Seq: head.Seq, At: tx.Now(), Actor: actor, Act: act, Target: target, Detail: string(raw)}
	e.Hash = chain(head.Hash, e)
	err = q.insertEntry(ctx, insertEntryParams(e))
	if err != nil {
		return err
	}
	_, err = q.setHead(ctx, e.Hash)
	return err
}

// chain hashes an entry after the one before it. Each field is preceded by its
// length, so that no two entries have the same form.
func chain(before []byte, e auditRow) []byte {
	h := sha256.New()
	for _, part := range [][]byte{before, fmt.Appendf(nil, "%d %d", e.Seq, e.At),
		[]byte(e.Actor), []byte(e.Act), []byte(e.Target), []byte(e.Detail)} {
		fmt.Fprintf(h, "%d:", len(part))
		h.Write(part)
	}
	return h.Sum(nil)
}

// Head is the end of the chain.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash []byte `json:"hash"`
}

// ReadHead gives the end of the chain.
func ReadHead(ctx context.Context, q DBTX) (Head, error) {
	r, err := New(q).head(ctx)
	return Head(r), db.Unavailable(err)
}

// ErrBroken says that the chain does not hold; the error's text says where.
var ErrBroken = errors.New("audit chain is broken")

// Verify walks the whole chain and compares it with its head and with the
// anchors that were written outside; it gives the number of entries. Acts may go
// on meanwhile: the head is read first, and the walk must come at least so far.
func Verify(ctx context.Context, q DBTX, anchors []Head) (int64, error) {
	head, err := ReadHead(ctx, q)
	if err != nil {
		return 0, err
	}
	known := map[int64][]byte{head.Seq: head.Hash}
	end := head.Seq
	for _, a := range anchors {
		if other, ok := known[a.Seq]; ok && string(other) != string(a.Hash) {
			return 0, fmt.Errorf("%w: entry %d differs from its anchor", ErrBroken, a.Seq)
		}
		known[a.Seq] = a.Hash
		end = max(end, a.Seq)
	}
	seq, err := walk(ctx, q, known)
	if err != nil {
		return seq, err
	}
	if seq < end {
		return seq, fmt.Errorf("%w: entries after %d were cut off, %d were there", ErrBroken, seq, end)
	}
	// What was walked beyond the head that was read first came with acts since,
	// and each of them moved the head.
	if head, err = ReadHead(ctx, q); err == nil && seq > head.Seq {
		err = fmt.Errorf("%w: entries after %d were put in by nobody's act", ErrBroken, head.Seq)
	}
	return seq, err
}

func walk(ctx context.Context, q DBTX, known map[int64][]byte) (seq int64, err error) {
	var last []byte
	for {
		rows, err := New(q).entriesAfter(ctx, seq, 1000)
		if err != nil || len(rows) == 0 {
			return seq, db.Unavailable(err)
		}
		for _, e := range rows {
			if e.Seq != seq+1 {
				return seq, fmt.Errorf("%w: entry %d is missing", ErrBroken, seq+1)
			}
			if string(chain(last, e)) != string(e.Hash) {
				return seq, fmt.Errorf("%w: entry %d was altered", ErrBroken, e.Seq)
			}
			if a, ok := known[e.Seq]; ok && string(a) != string(e.Hash) {
				return seq, fmt.Errorf("%w: entry %d differs from its anchor", ErrBroken, e.Seq)
			}
			seq, last = e.Seq, e.Hash
		}
	}
}

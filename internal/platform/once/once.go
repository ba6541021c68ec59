// Package once makes a double press one press (CO4): the first run of an act is
// kept with its answer, and a repeat within a few minutes gets the same answer.
//
// The key holds everything that was sent, so a person who corrects a field and
// sends the same form again makes a new act. Answers may hold a session secret:
// they are sealed to their key and forgotten soon.
package once

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/token"
)

// Life is how long a repeat is recognised.
const Life = 10 * time.Minute

// Do runs f in the transaction, unless the act with this key was done already:
// then it gives that act's answer. An empty key always runs f. Of two that come
// at the same moment, one waits for the other on the row. A refusal by f undoes
// the mark, so a refused act may be tried again.
func Do[T any](ctx context.Context, tx *db.Tx, keys *token.Keyring, key string, f func() (T, error)) (T, error) {
	if key == "" {
		return f()
	}
	var none T
	act := actOf(keys, key)
	place := string(act)
	n, err := affected(tx.ExecContext(ctx, sqlMark, act, []byte{}, tx.Time().Add(Life).UnixMicro(), tx.Now()))
	if err != nil {
		return none, fmt.Errorf("mark the act: %w", err)
	}
	if n == 0 {
		return again[T](ctx, tx, keys, act)
	}
	out, err := f()
	if err != nil {
		return out, err
	}
	plain, err := json.Marshal(out)
	if err != nil {
		return none, fmt.Errorf("keep the answer: %w", err)
	}
	_, err = tx.ExecContext(ctx, sqlKeep, keys.Seal("once", plain, place), act)
	return out, err
}

func again[T any](ctx context.Context, tx *db.Tx, keys *token.Keyring, act []byte) (T, error) {
	var out T
	var box []byte
	if err := tx.QueryRowContext(ctx, sqlAnswer, act).Scan(&box); err != nil {
		return out, fmt.Errorf("read the answer: %w", err)
	}
	plain, err := keys.Open("once", box, string(act))
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(plain, &out)
}

// Holds tells whether the act with this key is still marked, and keeps it so until
// the transaction ends. An empty key is no act's: nobody else shares it.
func Holds(ctx context.Context, tx *db.Tx, keys *token.Keyring, key string) (bool, error) {
	if key == "" {
		return true, nil
	}
	n, err := affected(tx.ExecContext(ctx, sqlHold, actOf(keys, key)))
	return n == 1, err
}

// Undo takes the mark of the act with this key away, so that a repeat is a new
// act. It tells whether there was one: of many that undo an act, one did.
func Undo(ctx context.Context, tx *db.Tx, keys *token.Keyring, key string) (bool, error) {
	if key == "" {
		return true, nil
	}
	n, err := affected(tx.ExecContext(ctx, sqlUndo, actOf(keys, key)))
	return n == 1, err
}

// actOf names an act in the table. The key holds everything that was sent, a
// password too: a plain digest of it could be searched in a stolen copy (PW3).
func actOf(keys *token.Keyring, key string) []byte { return keys.Index("once", key) }

// Peek gives the answer of an act that was done already, so that a repeat need
// not pay for its costly part again.
func Peek[T any](ctx context.Context, r *db.Reader, keys *token.Keyring, key string, now time.Time) (out T, ok bool, err error) {
	if key == "" {
		return out, false, nil
	}
	act := actOf(keys, key)
	var box []byte
	err = r.QueryRowContext(ctx, sqlFresh, act, now.UnixMicro()).Scan(&box)
	if errors.Is(err, sql.ErrNoRows) {
		return out, false, nil
	}
	if err != nil {
		return out, false, db.Unavailable(err)
	}
	plain, err := keys.Open("once", box, string(act))
	if err != nil {
		return out, false, err
	}
	return out, true, json.Unmarshal(plain, &out)
}

// Press is for an act that ends in Do with the same key. An act that was done
// already gives its answer and f does not run; when f refuses because the same
// press, sent twice, was faster, the faster one's answer counts.
func Press[T any](ctx context.Context, d *db.DB, keys *token.Keyring, key string, f func() (T, error)) (T, error) {
	if out, done, err := Peek[T](ctx, d.Reader(), keys, key, d.Now()); err != nil || done {
		return out, err
	}
	out, err := f()
	if err == nil {
		return out, nil
	}
	if won, done, peekErr := Peek[T](ctx, d.Reader(), keys, key, d.Now()); peekErr == nil && done {
		return won, nil
	}
	return out, err
}

// Tx is Press for an act that is one transaction.
func Tx[T any](ctx context.Context, d *db.DB, keys *token.Keyring, key string, f func(tx *db.Tx) (T, error)) (T, error) {
	return Press(ctx, d, keys, key, func() (out T, err error) {
		err = d.Tx(ctx, func(tx *db.Tx) (err error) {
			out, err = Do(ctx, tx, keys, key, func() (T, error) { return f(tx) })
			return err
		})
		return out, err
	})
}

const (
	// An answer that ran out is as good as forgotten, whether it was swept or not.
	sqlMark = `INSERT INTO once (act, answer_sealed, expires_at) VALUES ($1, $2, $3)
ON CONFLICT (act) DO UPDATE SET answer_sealed = EXCLUDED.answer_sealed, expires_at = EXCLUDED.expires_at
WHERE once.expires_at <= $4`
	sqlKeep   = `UPDATE once SET answer_sealed = $1 WHERE act = $2`
	sqlAnswer = `SELECT answer_sealed FROM once WHERE act = $1`
	sqlHold   = `UPDATE once SET expires_at = expires_at WHERE act = $1`
	sqlUndo   = `DELETE FROM once WHERE act = $1`
	sqlFresh  = `SELECT answer_sealed FROM once WHERE act = $1 AND expires_at > $2`
)

// Sweep forgets old answers, at most n of them.
func Sweep(ctx context.Context, tx *db.Tx, n int) (int64, error) {
	res, err := tx.ExecContext(ctx, `DELETE FROM once WHERE act IN
		(SELECT act FROM once WHERE expires_at < $1 LIMIT $2) AND expires_at < $1`, tx.Now(), n)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

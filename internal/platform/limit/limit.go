// Package limit counts what callers may do, over all nodes, in one statement.
//
// A limit is a generic cell rate algorithm (GCRA): a bucket keeps one number,
// the theoretical arrival time. Taking is one atomic upsert, so a try is counted
// before anything is judged (TH2), exactly, on both engines.
package limit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
)

// Rate allows Burst at once and then one each Every.
type Rate struct {
	Burst int
	Every time.Duration
}

// Take counts one use of bucket. It tells whether it is within the rate and, if
// not, how long until one is. A use that is not allowed is not counted.
func Take(ctx context.Context, tx *db.Tx, bucket string, r Rate) (wait time.Duration, err error) {
	now, every := tx.Now(), r.Every.Microseconds()
	span := every * int64(r.Burst)
	var tat int64
	err = tx.QueryRowContext(ctx, sqlTake, bucket, now+every, now+span, now, every, span).Scan(&tat)
	if err == nil {
		return 0, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("take from limit: %w", err)
	}
	if err := tx.QueryRowContext(ctx, sqlPeek, bucket).Scan(&tat); err != nil {
		return 0, fmt.Errorf("read limit: %w", err)
	}
	return time.Duration(tat+every-span-now) * time.Microsecond, nil
}

// TakeWindow counts one use of bucket, at most n in any window of this length.
// A Rate cannot promise that: one that lets n go at once lets nearly n more
// follow within the same window. It is n places that are each free once a
// window, taken in order, so that two that come at once wait for each other
// and never in a circle. n is small.
func TakeWindow(ctx context.Context, tx *db.Tx, bucket string, n int, window time.Duration) (wait time.Duration, err error) {
	for place := range n {
		w, err := Take(ctx, tx, fmt.Sprintf("%s #%d", bucket, place), Rate{Burst: 1, Every: window})
		if err != nil || w == 0 {
			return 0, err
		}
		if place == 0 || w < wait {
			wait = w
		}
	}
	return wait, nil
}

// Return gives back the one place that TakeWindow took with n of 1, because what
// it was taken for did not come to pass.
func Return(ctx context.Context, tx *db.Tx, bucket string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM limit_bucket WHERE bucket = $1`, bucket+" #0"); err != nil {
		return fmt.Errorf("return to limit: %w", err)
	}
	return nil
}

// sqlTake: $1 bucket, $2 the new arrival time of an idle bucket, $3 when a full
// bucket is forgotten, $4 now, $5 step, $6 span. No row comes back when the
// bucket is used up.
const sqlTake = `
INSERT INTO limit_bucket (bucket, tat, expires_at) VALUES ($1, $2, $3)
ON CONFLICT (bucket) DO UPDATE SET
  tat = CASE WHEN limit_bucket.tat > $4 THEN limit_bucket.tat ELSE $4 END + $5,
  expires_at = $3
WHERE CASE WHEN limit_bucket.tat > $4 THEN limit_bucket.tat ELSE $4 END + $5 <= $4 + $6
RETURNING tat`

const sqlPeek = `SELECT tat FROM limit_bucket WHERE bucket = $1`

// Sweep forgets buckets that are full again, at most n of them. It asks twice
// whether one is, as every sweeper does: PostgreSQL judges the inner list by what
// it saw, and only the outer line anew when a row was changed meanwhile.
func Sweep(ctx context.Context, tx *db.Tx, n int) (int64, error) {
	res, err := tx.ExecContext(ctx, `DELETE FROM limit_bucket WHERE bucket IN
		(SELECT bucket FROM limit_bucket WHERE expires_at < $1 LIMIT $2) AND expires_at < $1`, tx.Now(), n)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

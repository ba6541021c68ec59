package limit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
)

// Tally is how many failed and passed within a window.
type Tally struct{ Failed, Passed int64 }

// Span is a window of Slots slots of Slot each, the running one among them.
type Span struct {
	Slot  time.Duration
	Slots int
}

// shards are how many rows a slot may have, so that many writers of one bucket
// at once seldom wait for the same row.
const shards = 16

// at gives the number of the running slot's first row.
func (s Span) at(t time.Time) int64 { return t.UnixMicro() / s.Slot.Microseconds() * shards }

// Place is a bucket, and the shard of it that one writer counts in.
type Place struct {
	Bucket string
	Shard  byte
}

// Count adds one to the running slot of each place, in one statement. All who
// count in several buckets name them in the same order, so that none waits in a
// circle.
func Count(ctx context.Context, tx *db.Tx, s Span, passed bool, places ...Place) error {
	add := Tally{Failed: 1}
	if passed {
		add = Tally{Passed: 1}
	}
	args := []any{add.Failed, add.Passed, tx.Now() + s.Slot.Microseconds()*int64(s.Slots+1)}
	rows := make([]string, len(places))
	for i, p := range places {
		rows[i] = fmt.Sprintf("($%d, $%d, $1, $2, $3)", len(args)+1, len(args)+2)
		args = append(args, p.Bucket, s.at(tx.Time())+int64(p.Shard%shards))
	}
	_, err := tx.ExecContext(ctx, `
INSERT INTO limit_tally (bucket, slot, failed, passed, expires_at) VALUES `+strings.Join(rows, ", ")+`
ON CONFLICT (bucket, slot) DO UPDATE SET failed = limit_tally.failed + EXCLUDED.failed, passed = limit_tally.passed + EXCLUDED.passed`, args...)
	return fault.Wrapf(err, "count in a tally")
}

// Sum gives a bucket's tally of the window that ends at now.
func Sum(ctx context.Context, q row, now time.Time, bucket string, s Span) (t Tally, err error) {
	end := s.at(now) + shards
	err = q.QueryRowContext(ctx, `
SELECT CAST(COALESCE(SUM(failed), 0) AS BIGINT), CAST(COALESCE(SUM(passed), 0) AS BIGINT)
FROM limit_tally WHERE bucket = $1 AND slot >= $2 AND slot < $3`,
		bucket, end-int64(s.Slots)*shards, end).Scan(&t.Failed, &t.Passed)
	return t, db.Unavailable(fault.Wrapf(err, "sum a tally"))
}

// SweepTallies forgets slots that are over, at most n of them.
func SweepTallies(ctx context.Context, tx *db.Tx, n int) (int64, error) {
	res, err := tx.ExecContext(ctx, `DELETE FROM limit_tally WHERE (bucket, slot) IN
		(SELECT bucket, slot FROM limit_tally WHERE expires_at < $1 LIMIT $2) AND expires_at < $1`, tx.Now(), n)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

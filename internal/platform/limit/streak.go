package limit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
)

// Ladder is how failures in a row slow a bucket down, and where they stop it.
type Ladder struct {
	Free    int           // failures in a row that cost nothing; the last of them begins the first pause
	First   time.Duration // the first pause; each further failure doubles it
	Longest time.Duration
	Most    int           // failures in all after which nothing is judged any more
	Quiet   time.Duration // without a try for so long, a row of failures is over; Most stands
	Keep    time.Duration // how long a bucket is remembered after its last try
}

// Streak is what a bucket holds.
type Streak struct {
	Run   int       // failures in a row
	Total int       // failures in all, since Absolve or Forget
	Until time.Time // nothing is judged before; zero when no pause was ever begun
}

// Paused tells whether nothing is judged at t, by l's rules.
func (s Streak) Paused(t time.Time, l Ladder) bool { return s.Until.After(t) || s.Total >= l.Most }

// Pause is how long the n-th failure in a row stops a bucket. The statement
// sqlTry computes the same.
func (l Ladder) Pause(n int) time.Duration {
	step := n - l.Free
	switch {
	case step < 0:
		return 0
	case step > 16 || l.First<<step > l.Longest:
		return l.Longest
	}
	return l.First << step
}

// Try counts a failure before anything is judged (TH2), in one statement: of
// any number that come at once, over all nodes, as many pass as the ladder
// lets. ok is false, and nothing is counted, while the bucket is paused or
// stopped. A try that turns out to be no failure is given back by Forgive.
func Try(ctx context.Context, tx *db.Tx, bucket string, l Ladder) (s Streak, ok bool, err error) {
	now := tx.Now()
	s, err = scanStreak(tx.QueryRowContext(ctx, sqlTry, bucket, now, now-l.Quiet.Microseconds(),
		l.Free, l.First.Microseconds(), l.Longest.Microseconds(), l.Most, now+l.Keep.Microseconds(), l.Pause(1).Microseconds()))
	if err == nil {
		return s, true, nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return s, false, fmt.Errorf("count a try: %w", err)
	}
	s, err = Look(ctx, tx, bucket)
	return s, false, err
}

// row is a *db.Tx or a *db.Reader.
type row interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Look gives what a bucket holds; the zero Streak when nothing.
func Look(ctx context.Context, q row, bucket string) (Streak, error) {
	s, err := scanStreak(q.QueryRowContext(ctx, sqlLook, bucket))
	if errors.Is(err, sql.ErrNoRows) {
		return Streak{}, nil
	}
	return s, db.Unavailable(fault.Wrapf(err, "read a streak"))
}

func scanStreak(r *sql.Row) (s Streak, err error) {
	var until int64
	err = r.Scan(&s.Run, &s.Total, &until)
	s.Until = db.Time(until)
	return s, err
}

// Forgive takes back the try that Try counted: it was no failure, or it was
// never judged. The pause that it began ends with it.
func Forgive(ctx context.Context, tx *db.Tx, bucket string, l Ladder) error {
	_, err := tx.ExecContext(ctx, sqlForgive, bucket, l.Free, l.First.Microseconds(), l.Longest.Microseconds())
	return fault.Wrapf(err, "forgive a try")
}

// Charge adds one to a bucket's failures in all, without a pause.
func Charge(ctx context.Context, tx *db.Tx, bucket string, l Ladder) error {
	_, err := tx.ExecContext(ctx, sqlCharge, bucket, tx.Now(), tx.Now()+l.Keep.Microseconds())
	return fault.Wrapf(err, "charge a streak")
}

// Absolve sets a bucket's failures in all to nothing. A pause goes on, and the
// row of failures with it: whoever causes them is still there.
func Absolve(ctx context.Context, tx *db.Tx, bucket string) error {
	_, err := tx.ExecContext(ctx, `UPDATE limit_streak SET total = 0 WHERE bucket = $1`, bucket)
	return fault.Wrapf(err, "absolve a streak")
}

// Forget makes a bucket new.
func Forget(ctx context.Context, tx *db.Tx, bucket string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM limit_streak WHERE bucket = $1`, bucket)
	return fault.Wrapf(err, "forget a streak")
}

// pauseSQL is Ladder.Pause for the number of failures n: the parameters are
// free, first and longest. A shift by more than 16 is never computed.
func pauseSQL(n, free, first, longest string) string {
	return fmt.Sprintf(`CASE WHEN %[1]s < CAST(%[2]s AS BIGINT) THEN 0
    WHEN %[1]s - CAST(%[2]s AS BIGINT) > 16 THEN CAST(%[4]s AS BIGINT)
    WHEN (CAST(%[3]s AS BIGINT) << CAST(%[1]s - CAST(%[2]s AS BIGINT) AS INTEGER)) > CAST(%[4]s AS BIGINT) THEN CAST(%[4]s AS BIGINT)
    ELSE CAST(%[3]s AS BIGINT) << CAST(%[1]s - CAST(%[2]s AS BIGINT) AS INTEGER) END`, n, free, first, longest)
}

const nextRun = `(CASE WHEN limit_streak.tried_at < CAST($3 AS BIGINT) THEN 1 ELSE limit_streak.run + 1 END)`

// sqlTry: $1 bucket, $2 now, $3 a row of failures that is older is over, $4
// free, $5 first, $6 longest, $7 most, $8 forgotten then, $9 the pause after
// one failure.
var sqlTry = `
INSERT INTO limit_streak (bucket, run, total, tried_at, pause_until, expires_at)
VALUES ($1, 1, 1, $2, CAST($2 AS BIGINT) + CAST($9 AS BIGINT), $8)
ON CONFLICT (bucket) DO UPDATE SET
  run = ` + nextRun + `,
  total = limit_streak.total + 1,
  tried_at = $2,
  pause_until = CAST($2 AS BIGINT) + ` + pauseSQL(nextRun, "$4", "$5", "$6") + `,
  expires_at = $8
WHERE limit_streak.pause_until <= $2 AND limit_streak.total < $7
RETURNING run, total, pause_until`

const sqlLook = `SELECT run, total, pause_until FROM limit_streak WHERE bucket = $1`

// sqlForgive: $1 bucket, $2 free, $3 first, $4 longest.
var sqlForgive = `
UPDATE limit_streak SET
  run = CASE WHEN run > 0 THEN run - 1 ELSE 0 END,
  total = CASE WHEN total > 0 THEN total - 1 ELSE 0 END,
  pause_until = tried_at + ` + pauseSQL("(run - 1)", "$2", "$3", "$4") + `
WHERE bucket = $1`

// sqlCharge: $1 bucket, $2 now, $3 forgotten then.
const sqlCharge = `
INSERT INTO limit_streak (bucket, run, total, tried_at, pause_until, expires_at)
VALUES ($1, 0, 1, $2, 0, $3)
ON CONFLICT (bucket) DO UPDATE SET total = limit_streak.total + 1`

// SweepStreaks forgets buckets that nobody tried for long, at most n of them.
func SweepStreaks(ctx context.Context, tx *db.Tx, n int) (int64, error) {
	res, err := tx.ExecContext(ctx, `DELETE FROM limit_streak WHERE bucket IN
		(SELECT bucket FROM limit_streak WHERE expires_at < $1 LIMIT $2) AND expires_at < $1`, tx.Now(), n)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

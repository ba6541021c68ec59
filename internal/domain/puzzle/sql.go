package puzzle

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/genkan/genkan/internal/domain/puzzle/trail"
	"github.com/genkan/genkan/internal/platform/db"
)

// row is a picture, or a wait, as it begins.
type row struct {
	id, state, action         string
	browser, account, network []byte
	known                     int64
	expires                   int64
}

func (d *Desk) rowOf(s sealed, f For) row {
	r := row{id: s.uuid(), state: "drawing", action: string(s.action), browser: s.browser, account: s.account,
		network: d.network(f, d.DB.Now()), expires: db.Micros(s.ends())}
	if s.known {
		r.known = 1
	}
	return r
}

func insertPuzzle(ctx context.Context, tx *db.Tx, r row) (bool, error) {
	res, err := tx.ExecContext(ctx, `INSERT INTO puzzle (id, state, action, browser, account_key, network, known, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING`,
		r.id, r.state, r.action, r.browser, r.account, r.network, r.known, tx.Now(), r.expires)
	return one(res, err)
}

func showPuzzle(ctx context.Context, tx *db.Tx, id string, place, y, piece, start int) (bool, error) {
	res, err := tx.ExecContext(ctx, `UPDATE puzzle SET state = 'shown', place = $1, row_y = $2, piece = $3, start = $4, shown_at = $5
WHERE id = $6 AND state = 'drawing'`, place, y, piece, start, tx.Now(), id)
	return one(res, err)
}

func isShown(ctx context.Context, tx *db.Tx, id string) (bool, error) {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM puzzle WHERE id = $1 AND state IN ('drawing', 'shown')`, id).Scan(&n)
	return n == 1, err
}

// taken is what the first answer finds.
type taken struct {
	place, y, piece, start int
	shownAt                time.Time
}

// takePuzzle takes the place of a picture, once.
func takePuzzle(ctx context.Context, tx *db.Tx, id string) (t taken, ok bool, err error) {
	var shown int64
	err = tx.QueryRowContext(ctx, `UPDATE puzzle SET state = 'failed' WHERE id = $1 AND state = 'shown'
RETURNING place, row_y, piece, start, shown_at`, id).Scan(&t.place, &t.y, &t.piece, &t.start, &shown)
	if errors.Is(err, sql.ErrNoRows) {
		return t, false, nil
	}
	if err != nil {
		return t, false, fmt.Errorf("take a puzzle: %w", err)
	}
	t.shownAt = db.Time(shown)
	return t, true, nil
}

// solvePuzzle gives a pass to what this transaction took.
func solvePuzzle(ctx context.Context, tx *db.Tx, id string, pass, network []byte) (bool, error) {
	res, err := tx.ExecContext(ctx, `UPDATE puzzle SET state = 'solved', pass_hash = $1, network = $2, solved_at = $3, expires_at = $4
WHERE id = $5 AND state = 'failed'`, pass, network, tx.Now(), tx.Time().Add(window).UnixMicro(), id)
	return one(res, err)
}

// bindPuzzle gives a picture without script the account that was typed beside it.
func bindPuzzle(ctx context.Context, tx *db.Tx, id string, account []byte, known int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE puzzle SET account_key = $1, known = $2 WHERE id = $3`, account, known, id)
	return err
}

const livePass = `pass_hash = $1 AND state = 'solved' AND solved_at > $2 AND action = $3 AND browser = $4 AND account_key = $5`

func spendPass(ctx context.Context, tx *db.Tx, pass []byte, since int64, action string, browser, account []byte) (bool, error) {
	res, err := tx.ExecContext(ctx, `UPDATE puzzle SET state = 'spent' WHERE `+livePass, pass, since, action, browser, account)
	return one(res, err)
}

func peekPass(ctx context.Context, r *db.Reader, pass []byte, since int64, action string, browser, account []byte) (bool, error) {
	var n int
	err := r.QueryRowContext(ctx, `SELECT count(*) FROM puzzle WHERE `+livePass, pass, since, action, browser, account).Scan(&n)
	return n == 1, db.Unavailable(err)
}

// asker runs queries, in a transaction or outside.
type asker interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

const sqlPasses = `SELECT
  (SELECT count(*) FROM puzzle p WHERE p.browser = $1 AND p.solved_at > $5),
  (SELECT count(*) FROM puzzle p WHERE p.account_key = $2 AND p.solved_at > $5 AND p.known = 0 AND p.action = 'sign-in'),
  (SELECT count(*) FROM puzzle p WHERE p.network IN ($3, $4) AND p.solved_at > $5),
  (SELECT COALESCE(min(p.solved_at), 0) FROM puzzle p WHERE p.network IN ($3, $4) AND p.solved_at > $5)`

// countPasses counts what the budgets bound. A network has two digests for ten
// minutes around midnight.
func countPasses(ctx context.Context, q asker, s sealed, network, earlier []byte, now time.Time) (n passes, err error) {
	var oldest int64
	err = q.QueryRowContext(ctx, sqlPasses, s.browser, s.account, network, earlier, now.Add(-window).UnixMicro()).
		Scan(&n.session, &n.account, &n.network, &oldest)
	n.oldest = now
	if oldest > 0 {
		n.oldest = db.Time(oldest)
	}
	return n, failed(err, "count passes")
}

func readHeat(ctx context.Context, q asker, buckets ...[]byte) (map[string]warmth, error) {
	rows, err := q.QueryContext(ctx, `SELECT bucket, heat, at FROM puzzle_heat WHERE bucket IN ($1, $2, $3)`, buckets[0], buckets[1], buckets[2])
	if err != nil {
		return nil, failed(err, "read heat")
	}
	defer rows.Close()
	out := map[string]warmth{}
	for rows.Next() {
		var b []byte
		var w warmth
		if err := rows.Scan(&b, &w.heat, &w.at); err != nil {
			return nil, failed(err, "read heat")
		}
		out[string(b)] = w
	}
	return out, failed(rows.Err(), "read heat")
}

// warmRow is what a bucket is warmed by.
type warmRow struct {
	bucket []byte
	heat   int64
}

// sqlWarm: $1 now, $2 when it is cold for certain, $3 microseconds that a
// thousandth cools in, $4 the most heat, then bucket and heat of each row.
const (
	sqlWarm = `INSERT INTO puzzle_heat (at, expires_at, bucket, heat) VALUES ($1, $2, $5, $6), ($1, $2, $7, $8)`
	third   = `, ($1, $2, $9, $10)`
	cooled  = ` ON CONFLICT (bucket) DO UPDATE SET at = $1, expires_at = $2, heat = CASE
  WHEN puzzle_heat.heat - ($1 - puzzle_heat.at) / $3 < 0 THEN EXCLUDED.heat
  WHEN puzzle_heat.heat - ($1 - puzzle_heat.at) / $3 + EXCLUDED.heat > $4 THEN $4
  ELSE puzzle_heat.heat - ($1 - puzzle_heat.at) / $3 + EXCLUDED.heat END`
)

// warm warms two or three buckets, in one statement and in their order.
func warm(ctx context.Context, tx *db.Tx, rows []warmRow) error {
	args := []any{tx.Now(), tx.Time().Add(mostHeat / wrongHeat * coolEach).UnixMicro(), coolEach.Microseconds() / wrongHeat, int64(mostHeat)}
	for _, r := range rows {
		args = append(args, r.bucket, r.heat)
	}
	q := sqlWarm + cooled
	if len(rows) == 3 {
		q = sqlWarm + third + cooled
	}
	_, err := tx.ExecContext(ctx, q, args...)
	return failed(err, "warm buckets")
}

// nearSketches gives the sketches that share a band with k.
func nearSketches(ctx context.Context, tx *db.Tx, k trail.Sketch, since time.Time) (out []trail.Sketch, err error) {
	args := []any{since.UnixMicro()}
	for _, b := range k.Bands() {
		args = append(args, b)
	}
	rows, err := tx.QueryContext(ctx, `SELECT DISTINCT sketch FROM puzzle_sketch
WHERE at > $1 AND band IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, args...)
	if err != nil {
		return nil, failed(err, "look for a sketch")
	}
	defer rows.Close()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, failed(err, "look for a sketch")
		}
		var n trail.Sketch
		copy(n[:], b)
		out = append(out, n)
	}
	return out, failed(rows.Err(), "look for a sketch")
}

// keepSketch keeps a sketch under each of its bands, always in the same order.
func keepSketch(ctx context.Context, tx *db.Tx, k trail.Sketch) error {
	args := []any{k[:], tx.Now()}
	for _, b := range k.Bands() {
		args = append(args, b)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO puzzle_sketch (sketch, at, band) VALUES ($1, $2, $3), ($1, $2, $4), ($1, $2, $5), ($1, $2, $6),
($1, $2, $7), ($1, $2, $8), ($1, $2, $9), ($1, $2, $10), ($1, $2, $11), ($1, $2, $12), ($1, $2, $13), ($1, $2, $14) ON CONFLICT DO NOTHING`, args...)
	return failed(err, "keep a sketch")
}

// Sweep forgets what ran out, at most n rows of each table.
func Sweep(ctx context.Context, tx *db.Tx, n int) (most int64, err error) {
	old := tx.Time().Add(-sketchLife).UnixMicro()
	for _, s := range []struct {
		query string
		args  []any
	}{
		{`DELETE FROM puzzle WHERE id IN (SELECT p.id FROM puzzle p WHERE p.expires_at < $1 LIMIT $2) AND expires_at < $1`, []any{tx.Now(), n}},
		{`DELETE FROM puzzle_heat WHERE bucket IN (SELECT h.bucket FROM puzzle_heat h WHERE h.expires_at < $1 LIMIT $2) AND expires_at < $1`, []any{tx.Now(), n}},
		// What is old, and what is beyond the newest.
		{`DELETE FROM puzzle_sketch WHERE (band, sketch) IN (SELECT k.band, k.sketch FROM puzzle_sketch k
WHERE k.at < $1 OR k.at < (SELECT COALESCE(min(m.at), 0) FROM (SELECT l.at FROM puzzle_sketch l ORDER BY l.at DESC LIMIT $2) m) LIMIT $3)`,
			[]any{old, sketchesMax * trail.Bands, n}},
	} {
		gone, err := affected(tx.ExecContext(ctx, s.query, s.args...))
		if err != nil {
			return most, err
		}
		most = max(most, gone)
	}
	return most, nil
}

func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func one(res sql.Result, err error) (bool, error) {
	n, err := affected(res, err)
	return n == 1, err
}

func failed(err error, what string) error {
	if err == nil {
		return nil
	}
	return db.Unavailable(fmt.Errorf("puzzle: %s: %w", what, err))
}

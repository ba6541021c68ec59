package guard

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/genkan/genkan/internal/platform/db"
	"github.com/genkan/genkan/internal/platform/fault"
)

// DBTX is a *db.Tx or a *db.Reader.
type DBTX interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func proven(ctx context.Context, q DBTX, who []byte, now time.Time) (bool, error) {
	var one int
	err := q.QueryRowContext(ctx, `SELECT 1 FROM guard_proof WHERE who = $1 AND until > $2`, who, db.Micros(now)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, db.Unavailable(fault.Wrapf(err, "look for a proof"))
}

func keepProof(ctx context.Context, tx *db.Tx, who []byte, until time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO guard_proof (who, until) VALUES ($1, $2)
ON CONFLICT (who) DO UPDATE SET until = EXCLUDED.until`, who, db.Micros(until))
	return fault.Wrapf(err, "keep a proof")
}

// Sweep forgets proofs that ran out, at most n of them.
func Sweep(ctx context.Context, tx *db.Tx, n int) (int64, error) {
	res, err := tx.ExecContext(ctx, `DELETE FROM guard_proof WHERE who IN
		(SELECT who FROM guard_proof WHERE until < $1 LIMIT $2) AND until < $1`, tx.Now(), n)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

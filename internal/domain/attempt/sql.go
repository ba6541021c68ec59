package attempt

import (
	"context"
	"fmt"
	"strings"

	"github.com/genkan/genkan/internal/platform/db"
)

// insertNotes appends to an attempt's evidence in one statement, as far as there
// is room. SQLite and PostgreSQL both call the columns of VALUES column1,
// column2, ….
func insertNotes(ctx context.Context, tx *db.Tx, id string, notes []Note) error {
	args := []any{id, tx.Now(), maxNotes}
	rows := make([]string, len(notes))
	for i, n := range notes {
		args = append(args, string(n.Kind), n.Value)
		rows[i] = fmt.Sprintf("(%d, CAST($%d AS TEXT), CAST($%d AS TEXT))", i+1, len(args)-1, len(args))
	}
	_, err := tx.ExecContext(ctx, `
INSERT INTO evidence (attempt_id, seq, at, kind, value)
SELECT $1, last.seq + v.column1, $2, v.column2, v.column3
FROM (VALUES `+strings.Join(rows, ", ")+`) AS v, (SELECT COALESCE(MAX(seq), 0) AS seq FROM evidence WHERE attempt_id = $1) AS last
WHERE last.seq + v.column1 <= $3`, args...)
	return err
}

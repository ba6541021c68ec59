-- name: nextSeq :one
UPDATE audit_head SET seq = seq + 1 WHERE id = 1 RETURNING seq, hash;

-- name: setHead :execrows
UPDATE audit_head SET hash = $1 WHERE id = 1;

-- name: insertEntry :exec
INSERT INTO audit (seq, at, actor, act, target, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: entriesAfter :many
SELECT seq, at, actor, act, target, detail, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2;

-- name: head :one
SELECT seq, hash FROM audit_head WHERE id = 1;

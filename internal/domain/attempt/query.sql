-- name: insertAttempt :exec
INSERT INTO attempt (id, reference, state, account_id, address_key, browser, address_sealed, locale, finding, session_id, created_at, updated_at, expires_at, password_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14);

-- name: attemptByID :one
SELECT id, reference, state, account_id, address_key, browser, locale, finding, session_id, created_at, updated_at, expires_at, address_sealed, password_version FROM attempt WHERE id = $1;

-- name: moveAttempt :execrows
UPDATE attempt SET state = sqlc.arg(next), finding = sqlc.arg(finding), account_id = sqlc.arg(account_id), session_id = sqlc.arg(session_id), password_version = sqlc.arg(password_version), updated_at = sqlc.arg(now)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was) AND expires_at > sqlc.arg(now);

-- name: evidenceOf :many
SELECT seq, at, kind, value FROM evidence WHERE attempt_id = $1 ORDER BY seq;

-- name: refusedLately :one
SELECT COUNT(*) FROM attempt WHERE browser = sqlc.arg(browser) AND created_at > sqlc.arg(since) AND state = 'refused';

-- name: sweepAttempts :execrows
DELETE FROM attempt WHERE id IN (SELECT a.id FROM attempt a WHERE a.created_at < $1 LIMIT $2);

-- name: insertSession :exec
INSERT INTO session (id, secret_hash, account_id, label, country, network, created_at, proven_at, seen_at, expires_at)
VALUES (sqlc.arg(id), sqlc.arg(secret_hash), sqlc.arg(account_id), sqlc.arg(label), sqlc.arg(country), sqlc.arg(network), sqlc.arg(now), sqlc.arg(now), sqlc.arg(now), sqlc.arg(expires_at));

-- name: sessionBySecret :one
SELECT s.id, s.account_id, s.label, s.country, s.network, s.created_at, s.proven_at, s.factor_at, s.seen_at, s.expires_at, s.ended_at, s.end_reason,
  a.state, a.locale, a.address_sealed, a.hold_until, a.hold_reason
FROM session s JOIN account a ON a.id = s.account_id WHERE s.secret_hash = $1;

-- name: sessionsOf :many
SELECT id, label, country, network, created_at, proven_at, seen_at, expires_at
FROM session WHERE account_id = sqlc.arg(account_id) AND ended_at = 0 AND expires_at > sqlc.arg(now) AND seen_at > sqlc.arg(seen_after)
ORDER BY seen_at DESC, id DESC LIMIT 100;

-- name: touch :exec
UPDATE session SET seen_at = sqlc.arg(seen) WHERE id = sqlc.arg(id) AND ended_at = 0 AND seen_at < sqlc.arg(seen);

-- name: endOne :execrows
UPDATE session SET ended_at = sqlc.arg(now), end_reason = sqlc.arg(reason) WHERE id = sqlc.arg(id) AND account_id = sqlc.arg(account_id) AND ended_at = 0;

-- name: endAll :execrows
UPDATE session SET ended_at = sqlc.arg(now), end_reason = sqlc.arg(reason) WHERE account_id = sqlc.arg(account_id) AND ended_at = 0 AND id <> sqlc.arg(except_id);

-- name: replace :one
UPDATE session SET ended_at = sqlc.arg(now), end_reason = 'replaced' WHERE secret_hash = sqlc.arg(secret_hash) AND ended_at = 0 RETURNING account_id;

-- name: rotate :execrows
UPDATE session SET secret_hash = sqlc.arg(secret_hash), seen_at = sqlc.arg(now) WHERE id = sqlc.arg(id) AND ended_at = 0 AND secret_hash = sqlc.arg(was_hash);

-- name: prove :execrows
UPDATE session SET proven_at = sqlc.arg(now), factor_at = CASE WHEN CAST(sqlc.arg(by_factor) AS BIGINT) = 1 THEN sqlc.arg(now) ELSE factor_at END
WHERE id = sqlc.arg(id) AND ended_at = 0;

-- name: sweepSessions :execrows
DELETE FROM session WHERE id IN (SELECT s.id FROM session s WHERE s.expires_at < $1 LIMIT $2) AND expires_at < $1;

-- name: insertBrowser :exec
INSERT INTO known_browser (id, account_id, secret_hash, label, created_at, used_at)
VALUES (sqlc.arg(id), sqlc.arg(account_id), sqlc.arg(secret_hash), sqlc.arg(label), sqlc.arg(now), sqlc.arg(now));

-- name: useBrowser :execrows
UPDATE known_browser SET used_at = sqlc.arg(now) WHERE secret_hash = sqlc.arg(secret_hash) AND account_id = sqlc.arg(account_id) AND ended_at = 0;

-- name: endBrowsers :execrows
UPDATE known_browser SET ended_at = sqlc.arg(now) WHERE account_id = sqlc.arg(account_id) AND ended_at = 0 AND secret_hash <> sqlc.arg(except_hash);

-- name: sweepBrowsers :execrows
DELETE FROM known_browser WHERE id IN (SELECT b.id FROM known_browser b WHERE b.used_at < $1 LIMIT $2) AND used_at < $1;

-- name: knownTo :one
SELECT COUNT(*) FROM known_browser b JOIN account a ON a.id = b.account_id
WHERE b.secret_hash = sqlc.arg(secret_hash) AND b.account_id = sqlc.arg(account_id) AND b.ended_at = 0 AND a.address_key = sqlc.arg(address_key) AND a.state = 'active';

-- name: insertFactor :exec
INSERT INTO factor (id, account_id, kind, secret_sealed, created_at, session_id) VALUES ($1, $2, $3, $4, $5, $6);

-- name: factorByID :one
SELECT * FROM factor WHERE id = $1 AND account_id = $2;

-- name: activeFactors :many
SELECT * FROM factor WHERE account_id = $1 AND confirmed_at > 0 AND ended_at = 0 ORDER BY confirmed_at, id;

-- name: retiredFactors :many
SELECT * FROM factor WHERE account_id = $1 AND kind = $2 AND confirmed_at > 0 AND ended_at > 0 ORDER BY ended_at DESC, id LIMIT 3;

-- name: confirmFactor :execrows
UPDATE factor SET confirmed_at = sqlc.arg(now), used_at = sqlc.arg(now), step = sqlc.arg(step) WHERE id = sqlc.arg(id) AND confirmed_at = 0 AND ended_at = 0;

-- name: endFactor :execrows
UPDATE factor SET ended_at = sqlc.arg(now) WHERE id = sqlc.arg(id) AND account_id = sqlc.arg(account_id) AND confirmed_at > 0 AND ended_at = 0;

-- name: dropPending :exec
DELETE FROM factor WHERE account_id = $1 AND kind = $2 AND confirmed_at = 0;

-- name: endSince :execrows
UPDATE factor SET ended_at = sqlc.arg(now) WHERE account_id = sqlc.arg(account_id) AND confirmed_at >= sqlc.arg(since) AND ended_at = 0;

-- name: reviveSince :execrows
UPDATE factor SET ended_at = 0 WHERE account_id = sqlc.arg(account_id) AND confirmed_at > 0 AND confirmed_at < sqlc.arg(since) AND ended_at >= sqlc.arg(since);

-- name: dropCodesSince :execrows
DELETE FROM recovery_code WHERE account_id = sqlc.arg(account_id) AND made_at >= sqlc.arg(since);

-- name: takeStep :execrows
UPDATE factor SET step = sqlc.arg(step), drift = sqlc.arg(drift), used_at = sqlc.arg(now), missed_step = 0, missed_at = 0
WHERE id = sqlc.arg(id) AND ended_at = 0 AND step < sqlc.arg(step);

-- name: missStep :exec
UPDATE factor SET step = CASE WHEN step > sqlc.arg(spent) THEN step ELSE sqlc.arg(spent) END,
  missed_step = sqlc.arg(missed_step), missed_at = sqlc.arg(now) WHERE id = sqlc.arg(id);

-- name: takeTurn :exec
INSERT INTO factor_turn (account_id, at) VALUES ($1, $2) ON CONFLICT (account_id) DO UPDATE SET at = EXCLUDED.at;

-- name: missesOf :many
SELECT challenge, at FROM factor_miss WHERE account_id = $1 AND at > $2 ORDER BY at DESC LIMIT 100;

-- name: insertMiss :exec
INSERT INTO factor_miss (id, account_id, challenge, at) VALUES ($1, $2, $3, $4);

-- name: sweepMisses :execrows
DELETE FROM factor_miss WHERE id IN (SELECT m.id FROM factor_miss m WHERE m.at < $1 LIMIT $2);

-- name: sweepPending :execrows
DELETE FROM factor WHERE id IN (SELECT f.id FROM factor f WHERE f.created_at < $1 AND f.confirmed_at = 0 LIMIT $2)
AND created_at < $1 AND confirmed_at = 0;

-- name: insertRecoveryCode :exec
INSERT INTO recovery_code (digest, account_id, made_at) VALUES ($1, $2, $3);

-- name: dropRecoveryCodes :exec
DELETE FROM recovery_code WHERE account_id = $1;

-- name: useRecoveryCode :execrows
UPDATE recovery_code SET used_at = sqlc.arg(now) WHERE digest = sqlc.arg(digest) AND account_id = sqlc.arg(account_id) AND used_at = 0;

-- name: recoveryCodesOf :one
SELECT COUNT(*) AS made, CAST(COALESCE(SUM(CASE WHEN used_at = 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS fresh, CAST(COALESCE(MAX(made_at), 0) AS BIGINT) AS made_at FROM recovery_code WHERE account_id = $1;

-- name: insertRecovery :exec
INSERT INTO recovery (id, browser, state, locale, address_key, address_sealed, tries, created_at, expires_at)
VALUES (sqlc.arg(id), sqlc.arg(browser), 'asked', sqlc.arg(locale), sqlc.arg(address_key), sqlc.arg(address_sealed), 0, sqlc.arg(now), sqlc.arg(expires_at));

-- name: recoveryByID :one
SELECT id, browser, state, locale, address_key, address_sealed, account_id, password_version, tries, created_at, expires_at, done_at
FROM recovery WHERE id = $1;

-- name: bindRecovery :execrows
UPDATE recovery SET account_id = sqlc.arg(account_id), password_version = sqlc.arg(password_version)
WHERE id = sqlc.arg(id) AND account_id = '';

-- name: countTry :execrows
UPDATE recovery SET tries = tries + 1 WHERE id = $1 AND state IN ('asked','proven') AND tries < $2;

-- name: prove :execrows
UPDATE recovery SET state = 'proven' WHERE id = sqlc.arg(id) AND state IN ('asked','proven') AND expires_at > sqlc.arg(now);

-- name: finish :execrows
UPDATE recovery SET state = 'done', done_at = sqlc.arg(now)
WHERE id = sqlc.arg(id) AND state IN ('asked','proven') AND expires_at > sqlc.arg(now);

-- name: sweepRecoveries :execrows
DELETE FROM recovery WHERE id IN (SELECT r.id FROM recovery r WHERE r.expires_at < $1 LIMIT $2) AND expires_at < $1;

-- name: insertPassword :exec
INSERT INTO password (account_id, hash, version, set_at) VALUES ($1, $2, 1, $3);

-- name: passwordOf :one
SELECT hash, version, set_at FROM password WHERE account_id = $1;

-- name: passwordAfter :one
SELECT a.id, a.state, a.address_key, p.hash, p.version FROM account a JOIN password p ON p.account_id = a.id
WHERE a.address_key > $1 ORDER BY a.address_key LIMIT 1;

-- name: setPassword :execrows
UPDATE password SET hash = sqlc.arg(hash), version = version + 1, set_at = sqlc.arg(now)
WHERE account_id = sqlc.arg(account_id) AND version = sqlc.arg(was_version);

-- name: raisePassword :execrows
UPDATE password SET hash = sqlc.arg(hash) WHERE account_id = sqlc.arg(account_id) AND hash = sqlc.arg(was_hash);

-- name: holdVersion :execrows
UPDATE password SET version = version WHERE account_id = sqlc.arg(account_id) AND version = sqlc.arg(was_version);

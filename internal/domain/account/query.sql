-- name: insertAccount :execrows
INSERT INTO account (id, state, locale, address_key, address_sealed, address_since, created_at, updated_at)
VALUES (sqlc.arg(id), 'active', sqlc.arg(locale), sqlc.arg(address_key), sqlc.arg(address_sealed), sqlc.arg(now), sqlc.arg(now), sqlc.arg(now))
ON CONFLICT (address_key) DO NOTHING;

-- name: accountByID :one
SELECT id, state, locale, address_key, address_sealed, address_since, hold_until, hold_reason, frozen_at, thaw_at, created_at, updated_at
FROM account WHERE id = $1;

-- name: accountByAddress :one
SELECT id, state, locale, address_key, address_sealed, address_since, hold_until, hold_reason, frozen_at, thaw_at, created_at, updated_at
FROM account WHERE address_key = $1;

-- name: moveAccount :execrows
UPDATE account SET state = sqlc.arg(next), frozen_at = sqlc.arg(frozen_at), thaw_at = sqlc.arg(thaw_at), updated_at = sqlc.arg(now)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was) AND thaw_at = sqlc.arg(was_thaw_at);

-- name: setHold :execrows
UPDATE account SET hold_until = sqlc.arg(until), hold_reason = sqlc.arg(reason), updated_at = sqlc.arg(now) WHERE id = sqlc.arg(id);

-- name: setLocale :execrows
UPDATE account SET locale = sqlc.arg(locale), updated_at = sqlc.arg(now) WHERE id = sqlc.arg(id);

-- name: setAddress :execrows
UPDATE account SET address_key = sqlc.arg(address_key), address_sealed = sqlc.arg(address_sealed), address_since = sqlc.arg(now), updated_at = sqlc.arg(now)
WHERE id = sqlc.arg(id) AND address_key = sqlc.arg(was_key);

-- name: insertFormerAddress :exec
INSERT INTO former_address (id, account_id, address_key, address_sealed, until) VALUES ($1, $2, $3, $4, $5);

-- name: formerAddresses :many
SELECT id, address_key, address_sealed FROM former_address WHERE account_id = $1 AND until > $2 ORDER BY until;

-- name: dropFormerAddress :exec
DELETE FROM former_address WHERE account_id = $1 AND address_key = $2;

-- name: insertChange :exec
INSERT INTO address_change (id, account_id, state, new_key, new_sealed, old_key, old_sealed, tries, created_at, expires_at)
VALUES (sqlc.arg(id), sqlc.arg(account_id), 'asked', sqlc.arg(new_key), sqlc.arg(new_sealed), sqlc.arg(old_key), sqlc.arg(old_sealed), 0, sqlc.arg(now), sqlc.arg(expires_at));

-- name: voidChanges :exec
UPDATE address_change SET state = 'void' WHERE account_id = $1 AND state = 'asked';

-- name: changeByID :one
SELECT id, account_id, state, new_key, new_sealed, old_key, old_sealed, tries, undo_tries, created_at, expires_at, confirmed_at, undo_until
FROM address_change WHERE id = $1;

-- name: countChangeTry :execrows
UPDATE address_change SET tries = tries + 1 WHERE id = $1 AND state = 'asked' AND tries < $2;

-- name: countUndoTry :execrows
UPDATE address_change SET undo_tries = undo_tries + 1 WHERE id = $1 AND state = 'confirmed' AND undo_tries < $2;

-- name: confirmChange :execrows
UPDATE address_change SET state = 'confirmed', confirmed_at = sqlc.arg(now), undo_until = sqlc.arg(undo_until)
WHERE id = sqlc.arg(id) AND state = 'asked' AND expires_at > sqlc.arg(now);

-- name: undoChange :execrows
UPDATE address_change SET state = 'undone' WHERE id = sqlc.arg(id) AND state = 'confirmed' AND undo_until > sqlc.arg(now);

-- name: voidLaterChanges :many
UPDATE address_change SET state = 'void'
WHERE account_id = sqlc.arg(account_id) AND id <> sqlc.arg(id) AND state IN ('asked','confirmed') AND created_at >= sqlc.arg(since)
RETURNING old_key;

-- name: undoableOf :one
SELECT id FROM address_change WHERE account_id = sqlc.arg(account_id) AND old_key = sqlc.arg(old_key) AND state = 'confirmed' AND undo_until > sqlc.arg(now)
ORDER BY confirmed_at LIMIT 1;

-- name: sweepChanges :execrows
DELETE FROM address_change WHERE id IN (SELECT c.id FROM address_change c WHERE c.expires_at < $1 AND c.undo_until < $1 LIMIT $2)
AND expires_at < $1 AND undo_until < $1;

-- name: sweepFormerAddresses :execrows
DELETE FROM former_address WHERE id IN (SELECT f.id FROM former_address f WHERE f.until < $1 LIMIT $2) AND until < $1;

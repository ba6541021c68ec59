-- name: insertRegistration :exec
INSERT INTO registration (id, browser, state, locale, address_key, address_sealed, generation, password_hash, tries, created_at, expires_at)
VALUES (sqlc.arg(id), sqlc.arg(browser), 'waiting', sqlc.arg(locale), sqlc.arg(address_key), sqlc.arg(address_sealed), 1, sqlc.arg(password_hash), 0, sqlc.arg(now), sqlc.arg(expires_at));

-- name: registrationByID :one
SELECT id, browser, state, locale, address_key, address_sealed, generation, password_hash, tries, account_id, created_at, expires_at, confirmed_at
FROM registration WHERE id = $1;

-- name: countTry :execrows
UPDATE registration SET tries = tries + 1 WHERE id = $1 AND state = 'waiting' AND tries < $2;

-- name: readdress :execrows
UPDATE registration SET address_key = sqlc.arg(address_key), address_sealed = sqlc.arg(address_sealed),
  generation = generation + 1, tries = 0, expires_at = sqlc.arg(expires_at)
WHERE id = sqlc.arg(id) AND state = 'waiting' AND generation = sqlc.arg(was_generation);

-- name: confirm :execrows
UPDATE registration SET state = 'confirmed', account_id = sqlc.arg(account_id), confirmed_at = sqlc.arg(now), password_hash = ''
WHERE id = sqlc.arg(id) AND state = 'waiting' AND expires_at > sqlc.arg(now);

-- name: void :execrows
UPDATE registration SET state = 'void', password_hash = '' WHERE id = sqlc.arg(id) AND state = 'waiting';

-- name: sweepRegistrations :execrows
DELETE FROM registration WHERE id IN (SELECT r.id FROM registration r WHERE r.expires_at < $1 LIMIT $2) AND expires_at < $1;

-- name: take :execrows
UPDATE registration SET generation = -1 WHERE id = sqlc.arg(id) AND state = 'confirmed' AND generation > 0;

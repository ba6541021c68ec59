-- name: insertInvite :exec
INSERT INTO staff_invite (id, token_hash, role, created_at, expires_at) VALUES ($1, $2, $3, $4, $5);

-- name: voidInvites :exec
UPDATE staff_invite SET used_at = sqlc.arg(now) WHERE used_at = 0 AND role = sqlc.arg(role);

-- name: useInvite :one
UPDATE staff_invite SET used_at = sqlc.arg(now) WHERE token_hash = sqlc.arg(token_hash) AND used_at = 0 AND expires_at > sqlc.arg(now) RETURNING id, role;

-- name: insertStaff :exec
INSERT INTO staff (id, name, role, created_at) VALUES ($1, $2, $3, $4);

-- name: insertFact :execrows
INSERT INTO house (fact, value, at) VALUES ($1, $2, $3) ON CONFLICT (fact) DO NOTHING;

-- name: factOf :one
SELECT value FROM house WHERE fact = $1;

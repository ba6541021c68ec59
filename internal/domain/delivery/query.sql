-- name: insertMessage :exec
INSERT INTO message (id, kind, locale, recipient_key, recipient_sealed, payload_sealed, subject_id, browser, state, ordinal, created_at, expires_at)
VALUES (sqlc.arg(id), sqlc.arg(kind), sqlc.arg(locale), sqlc.arg(recipient_key), sqlc.arg(recipient_sealed), sqlc.arg(payload_sealed), sqlc.arg(subject_id), sqlc.arg(browser), sqlc.arg(state), sqlc.arg(ordinal), sqlc.arg(now), sqlc.arg(expires_at));

-- name: messageByID :one
SELECT id, kind, locale, recipient_key, recipient_sealed, payload_sealed, subject_id, browser, state, sent_kind, ordinal, tries, created_at, expires_at, done_at
FROM message WHERE id = $1;

-- name: moveMessage :execrows
UPDATE message SET state = sqlc.arg(next), tries = tries + sqlc.arg(tried), sent_kind = sqlc.arg(sent_kind), done_at = sqlc.arg(done_at), payload_sealed = sqlc.arg(payload_sealed)
WHERE id = sqlc.arg(id) AND state = sqlc.arg(was);

-- name: countOfSubject :one
SELECT COUNT(*) FROM message WHERE subject_id = $1;

-- name: newestOfSubject :one
SELECT id FROM message WHERE subject_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1;

-- name: claimMessage :exec
UPDATE message SET sent_kind = sqlc.arg(kind) WHERE id = sqlc.arg(id);

-- name: newestOfKind :one
SELECT id FROM message WHERE recipient_key = sqlc.arg(recipient_key) AND sent_kind = sqlc.arg(kind) AND id <> sqlc.arg(except_id)
ORDER BY created_at DESC LIMIT 1;

-- name: insertStep :exec
INSERT INTO message_step (message_id, seq, at, hop, stage, code, enhanced, text)
SELECT sqlc.arg(message_id), COALESCE(MAX(s.seq), 0) + 1, sqlc.arg(at), sqlc.arg(hop), sqlc.arg(stage), sqlc.arg(code), sqlc.arg(enhanced), sqlc.arg(text)
FROM message_step s WHERE s.message_id = sqlc.arg(message_id) HAVING COUNT(*) < 400;

-- name: stepsOf :many
SELECT seq, at, hop, stage, code, enhanced, text FROM message_step WHERE message_id = $1 ORDER BY seq;

-- name: sweepMessages :execrows
DELETE FROM message WHERE id IN (SELECT m.id FROM message m WHERE m.created_at < $1 LIMIT $2);

-- What was proven, and when: by an attempt on its way, and by a session.

-- +goose Up
ALTER TABLE attempt ADD COLUMN password_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN factor_at INTEGER NOT NULL DEFAULT 0;

-- An enrolment ends in the session that began it.
ALTER TABLE factor ADD COLUMN session_id TEXT NOT NULL DEFAULT '';

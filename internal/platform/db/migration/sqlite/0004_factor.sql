-- Second factors: what a person shows besides the password.

-- +goose Up
CREATE TABLE factor (
  id               TEXT PRIMARY KEY,
  account_id       TEXT NOT NULL REFERENCES account (id),
  kind             TEXT NOT NULL CHECK (kind IN ('totp')),
  secret_sealed    BLOB NOT NULL,
  created_at       INTEGER NOT NULL,
  confirmed_at     INTEGER NOT NULL DEFAULT 0,
  ended_at         INTEGER NOT NULL DEFAULT 0,
  used_at          INTEGER NOT NULL DEFAULT 0,
  step             INTEGER NOT NULL DEFAULT 0,
  drift            INTEGER NOT NULL DEFAULT 0,
  missed_step      INTEGER NOT NULL DEFAULT 0,
  missed_at        INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX factor_account ON factor (account_id, kind, confirmed_at);
CREATE UNIQUE INDEX factor_one ON factor (account_id, kind) WHERE confirmed_at > 0 AND ended_at = 0;
CREATE INDEX factor_created ON factor (created_at);

-- One row an account: whoever judges a code of its holds it meanwhile.
CREATE TABLE factor_turn (
  account_id       TEXT PRIMARY KEY REFERENCES account (id),
  at               INTEGER NOT NULL
) STRICT;

-- Codes that were wrong, for a day.
CREATE TABLE factor_miss (
  id               TEXT PRIMARY KEY,
  account_id       TEXT NOT NULL REFERENCES account (id),
  challenge        TEXT NOT NULL,
  at               INTEGER NOT NULL
) STRICT;
CREATE INDEX factor_miss_account ON factor_miss (account_id, at);
CREATE INDEX factor_miss_at ON factor_miss (at);

-- Recovery codes: keyed digests, each good once.
CREATE TABLE recovery_code (
  digest           BLOB PRIMARY KEY,
  account_id       TEXT NOT NULL REFERENCES account (id),
  made_at          INTEGER NOT NULL,
  used_at          INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX recovery_code_account ON recovery_code (account_id, used_at);

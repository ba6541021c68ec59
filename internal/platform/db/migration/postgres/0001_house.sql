-- The first floor: people, their ways in, and what was told to whom.
-- Times are microseconds since 1970 (UTC), passed in, never now().
-- *_key columns are keyed digests (blind indexes), *_sealed are AEAD boxes bound
-- to table, column and row: a stolen copy names nobody (KY1).

-- +goose Up
CREATE TABLE account (
  id              TEXT PRIMARY KEY,
  state           TEXT NOT NULL CHECK (state IN ('active','frozen','closed')),
  locale          TEXT NOT NULL,
  address_key     BYTEA NOT NULL UNIQUE,
  address_sealed  BYTEA NOT NULL,
  address_since   BIGINT NOT NULL,
  hold_until      BIGINT NOT NULL DEFAULT 0,
  hold_reason     TEXT NOT NULL DEFAULT '',
  frozen_at       BIGINT NOT NULL DEFAULT 0,
  thaw_at         BIGINT NOT NULL DEFAULT 0,
  created_at      BIGINT NOT NULL,
  updated_at      BIGINT NOT NULL
);

-- Addresses that still get the notices of an account for a while (SE7).
CREATE TABLE former_address (
  id              TEXT PRIMARY KEY,
  account_id      TEXT NOT NULL REFERENCES account (id),
  address_key     BYTEA NOT NULL,
  address_sealed  BYTEA NOT NULL,
  until           BIGINT NOT NULL
);
CREATE INDEX former_address_account ON former_address (account_id, until);
CREATE INDEX former_address_until ON former_address (until);

CREATE TABLE password (
  account_id      TEXT PRIMARY KEY REFERENCES account (id),
  hash            TEXT NOT NULL,
  version         BIGINT NOT NULL,
  set_at          BIGINT NOT NULL
);

-- A registration is inert: it names no account until its address is proven (CO1).
CREATE TABLE registration (
  id              TEXT PRIMARY KEY,
  browser         BYTEA NOT NULL,
  state           TEXT NOT NULL CHECK (state IN ('waiting','confirmed','void')),
  locale          TEXT NOT NULL,
  address_key     BYTEA NOT NULL,
  address_sealed  BYTEA NOT NULL,
  generation      BIGINT NOT NULL,
  password_hash   TEXT NOT NULL,
  tries           BIGINT NOT NULL,
  account_id      TEXT NOT NULL DEFAULT '',
  created_at      BIGINT NOT NULL,
  expires_at      BIGINT NOT NULL,
  confirmed_at    BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX registration_expires ON registration (expires_at);

CREATE TABLE recovery (
  id               TEXT PRIMARY KEY,
  browser          BYTEA NOT NULL,
  state            TEXT NOT NULL CHECK (state IN ('asked','proven','done','void')),
  locale           TEXT NOT NULL,
  address_key      BYTEA NOT NULL,
  address_sealed   BYTEA NOT NULL,
  account_id       TEXT NOT NULL DEFAULT '',
  password_version BIGINT NOT NULL DEFAULT 0,
  tries            BIGINT NOT NULL,
  created_at       BIGINT NOT NULL,
  expires_at       BIGINT NOT NULL,
  done_at          BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX recovery_expires ON recovery (expires_at);

CREATE TABLE address_change (
  id               TEXT PRIMARY KEY,
  account_id       TEXT NOT NULL REFERENCES account (id),
  state            TEXT NOT NULL CHECK (state IN ('asked','confirmed','undone','void')),
  new_key          BYTEA NOT NULL,
  new_sealed       BYTEA NOT NULL,
  old_key          BYTEA NOT NULL,
  old_sealed       BYTEA NOT NULL,
  tries            BIGINT NOT NULL,
  undo_tries       BIGINT NOT NULL DEFAULT 0,
  created_at       BIGINT NOT NULL,
  expires_at       BIGINT NOT NULL,
  confirmed_at     BIGINT NOT NULL DEFAULT 0,
  undo_until       BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX address_change_account ON address_change (account_id);
CREATE INDEX address_change_expires ON address_change (expires_at);

CREATE TABLE session (
  id               TEXT PRIMARY KEY,
  secret_hash      BYTEA NOT NULL UNIQUE,
  account_id       TEXT NOT NULL REFERENCES account (id),
  label            TEXT NOT NULL,
  country          TEXT NOT NULL,
  network          TEXT NOT NULL,
  created_at       BIGINT NOT NULL,
  proven_at        BIGINT NOT NULL,
  seen_at          BIGINT NOT NULL,
  expires_at       BIGINT NOT NULL,
  ended_at         BIGINT NOT NULL DEFAULT 0,
  end_reason       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX session_account ON session (account_id, ended_at, seen_at);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE known_browser (
  id               TEXT PRIMARY KEY,
  account_id       TEXT NOT NULL REFERENCES account (id),
  secret_hash      BYTEA NOT NULL UNIQUE,
  label            TEXT NOT NULL,
  created_at       BIGINT NOT NULL,
  used_at          BIGINT NOT NULL,
  ended_at         BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX known_browser_account ON known_browser (account_id, ended_at);
CREATE INDEX known_browser_used ON known_browser (used_at);

CREATE TABLE attempt (
  id               TEXT PRIMARY KEY,
  reference        TEXT NOT NULL UNIQUE,
  state            TEXT NOT NULL CHECK (state IN ('started','waiting','human_check','second_factor','device_check','refused','held','complete')),
  account_id       TEXT NOT NULL DEFAULT '',
  address_key      BYTEA NOT NULL,
  browser          BYTEA NOT NULL,
  locale           TEXT NOT NULL,
  finding          TEXT NOT NULL DEFAULT '',
  session_id       TEXT NOT NULL DEFAULT '',
  created_at       BIGINT NOT NULL,
  updated_at       BIGINT NOT NULL,
  expires_at       BIGINT NOT NULL
);
CREATE INDEX attempt_created ON attempt (created_at);
CREATE INDEX attempt_browser ON attempt (browser, created_at);

CREATE TABLE evidence (
  attempt_id       TEXT NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
  seq              BIGINT NOT NULL,
  at               BIGINT NOT NULL,
  kind             TEXT NOT NULL,
  value            TEXT NOT NULL,
  PRIMARY KEY (attempt_id, seq)
);

-- One row is one message; the payload (codes, links) is sealed and wiped when it is done.
CREATE TABLE message (
  id               TEXT PRIMARY KEY,
  kind             TEXT NOT NULL,
  locale           TEXT NOT NULL,
  recipient_key    BYTEA NOT NULL,
  recipient_sealed BYTEA NOT NULL,
  payload_sealed   BYTEA NOT NULL,
  subject_id       TEXT NOT NULL,
  browser          BYTEA NOT NULL,
  state            TEXT NOT NULL CHECK (state IN ('accepted','queued','handed_over','deferred','taken','refused','suppressed','expired')),
  sent_kind        TEXT NOT NULL DEFAULT '',
  ordinal          BIGINT NOT NULL,
  tries            BIGINT NOT NULL DEFAULT 0,
  created_at       BIGINT NOT NULL,
  expires_at       BIGINT NOT NULL,
  done_at          BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX message_recipient ON message (recipient_key, created_at);
CREATE INDEX message_subject ON message (subject_id, created_at);
CREATE INDEX message_created ON message (created_at);

CREATE TABLE message_step (
  message_id       TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
  seq              BIGINT NOT NULL,
  at               BIGINT NOT NULL,
  hop              TEXT NOT NULL,
  stage            TEXT NOT NULL,
  code             BIGINT NOT NULL,
  enhanced         TEXT NOT NULL,
  text             TEXT NOT NULL,
  PRIMARY KEY (message_id, seq)
);

-- Generic cell rate algorithm: the theoretical arrival time of each bucket.
CREATE TABLE limit_bucket (
  bucket           TEXT PRIMARY KEY,
  tat              BIGINT NOT NULL,
  expires_at       BIGINT NOT NULL
);
CREATE INDEX limit_bucket_expires ON limit_bucket (expires_at);

-- The sealed answer to an act, so that a double press is one press (CO4).
CREATE TABLE once (
  act              BYTEA PRIMARY KEY,
  answer_sealed    BYTEA NOT NULL,
  expires_at       BIGINT NOT NULL
);
CREATE INDEX once_expires ON once (expires_at);

CREATE TABLE audit (
  seq              BIGINT PRIMARY KEY,
  at               BIGINT NOT NULL,
  actor            TEXT NOT NULL,
  act              TEXT NOT NULL,
  target           TEXT NOT NULL,
  detail           TEXT NOT NULL,
  hash             BYTEA NOT NULL
);
CREATE INDEX audit_target ON audit (target, seq);

-- The one row that every audit entry of every node must pass through, in order.
CREATE TABLE audit_head (
  id               BIGINT PRIMARY KEY CHECK (id = 1),
  seq              BIGINT NOT NULL,
  hash             BYTEA NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, ''::bytea);

CREATE TABLE staff (
  id               TEXT PRIMARY KEY,
  name             TEXT NOT NULL,
  role             TEXT NOT NULL CHECK (role IN ('agent','lead','security','editor','admin')),
  created_at       BIGINT NOT NULL
);

CREATE TABLE staff_invite (
  id               TEXT PRIMARY KEY,
  token_hash       BYTEA NOT NULL UNIQUE,
  role             TEXT NOT NULL,
  created_at       BIGINT NOT NULL,
  expires_at       BIGINT NOT NULL,
  used_at          BIGINT NOT NULL DEFAULT 0
);

-- Facts about the house itself, for example that the first administrator exists.
CREATE TABLE house (
  fact             TEXT PRIMARY KEY,
  value            TEXT NOT NULL,
  at               BIGINT NOT NULL
);

-- The first floor: people, their ways in, and what was told to whom.
-- Times are microseconds since 1970 (UTC), passed in, never now().
-- *_key columns are keyed digests (blind indexes), *_sealed are AEAD boxes bound
-- to table, column and row: a stolen copy names nobody (KY1).

-- +goose Up
CREATE TABLE account (
  id              TEXT PRIMARY KEY,
  state           TEXT NOT NULL CHECK (state IN ('active','frozen','closed')),
  locale          TEXT NOT NULL,
  address_key     BLOB NOT NULL UNIQUE,
  address_sealed  BLOB NOT NULL,
  address_since   INTEGER NOT NULL,
  hold_until      INTEGER NOT NULL DEFAULT 0,
  hold_reason     TEXT NOT NULL DEFAULT '',
  frozen_at       INTEGER NOT NULL DEFAULT 0,
  thaw_at         INTEGER NOT NULL DEFAULT 0,
  created_at      INTEGER NOT NULL,
  updated_at      INTEGER NOT NULL
) STRICT;

-- Addresses that still get the notices of an account for a while (SE7).
CREATE TABLE former_address (
  id              TEXT PRIMARY KEY,
  account_id      TEXT NOT NULL REFERENCES account (id),
  address_key     BLOB NOT NULL,
  address_sealed  BLOB NOT NULL,
  until           INTEGER NOT NULL
) STRICT;
CREATE INDEX former_address_account ON former_address (account_id, until);
CREATE INDEX former_address_until ON former_address (until);

CREATE TABLE password (
  account_id      TEXT PRIMARY KEY REFERENCES account (id),
  hash            TEXT NOT NULL,
  version         INTEGER NOT NULL,
  set_at          INTEGER NOT NULL
) STRICT;

-- A registration is inert: it names no account until its address is proven (CO1).
CREATE TABLE registration (
  id              TEXT PRIMARY KEY,
  browser         BLOB NOT NULL,
  state           TEXT NOT NULL CHECK (state IN ('waiting','confirmed','void')),
  locale          TEXT NOT NULL,
  address_key     BLOB NOT NULL,
  address_sealed  BLOB NOT NULL,
  generation      INTEGER NOT NULL,
  password_hash   TEXT NOT NULL,
  tries           INTEGER NOT NULL,
  account_id      TEXT NOT NULL DEFAULT '',
  created_at      INTEGER NOT NULL,
  expires_at      INTEGER NOT NULL,
  confirmed_at    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX registration_expires ON registration (expires_at);

CREATE TABLE recovery (
  id               TEXT PRIMARY KEY,
  browser          BLOB NOT NULL,
  state            TEXT NOT NULL CHECK (state IN ('asked','proven','done','void')),
  locale           TEXT NOT NULL,
  address_key      BLOB NOT NULL,
  address_sealed   BLOB NOT NULL,
  account_id       TEXT NOT NULL DEFAULT '',
  password_version INTEGER NOT NULL DEFAULT 0,
  tries            INTEGER NOT NULL,
  created_at       INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  done_at          INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX recovery_expires ON recovery (expires_at);

CREATE TABLE address_change (
  id               TEXT PRIMARY KEY,
  account_id       TEXT NOT NULL REFERENCES account (id),
  state            TEXT NOT NULL CHECK (state IN ('asked','confirmed','undone','void')),
  new_key          BLOB NOT NULL,
  new_sealed       BLOB NOT NULL,
  old_key          BLOB NOT NULL,
  old_sealed       BLOB NOT NULL,
  tries            INTEGER NOT NULL,
  undo_tries       INTEGER NOT NULL DEFAULT 0,
  created_at       INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  confirmed_at     INTEGER NOT NULL DEFAULT 0,
  undo_until       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX address_change_account ON address_change (account_id);
CREATE INDEX address_change_expires ON address_change (expires_at);

CREATE TABLE session (
  id               TEXT PRIMARY KEY,
  secret_hash      BLOB NOT NULL UNIQUE,
  account_id       TEXT NOT NULL REFERENCES account (id),
  label            TEXT NOT NULL,
  country          TEXT NOT NULL,
  network          TEXT NOT NULL,
  created_at       INTEGER NOT NULL,
  proven_at        INTEGER NOT NULL,
  seen_at          INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  ended_at         INTEGER NOT NULL DEFAULT 0,
  end_reason       TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX session_account ON session (account_id, ended_at, seen_at);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE known_browser (
  id               TEXT PRIMARY KEY,
  account_id       TEXT NOT NULL REFERENCES account (id),
  secret_hash      BLOB NOT NULL UNIQUE,
  label            TEXT NOT NULL,
  created_at       INTEGER NOT NULL,
  used_at          INTEGER NOT NULL,
  ended_at         INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX known_browser_account ON known_browser (account_id, ended_at);
CREATE INDEX known_browser_used ON known_browser (used_at);

CREATE TABLE attempt (
  id               TEXT PRIMARY KEY,
  reference        TEXT NOT NULL UNIQUE,
  state            TEXT NOT NULL CHECK (state IN ('started','waiting','human_check','second_factor','device_check','refused','held','complete')),
  account_id       TEXT NOT NULL DEFAULT '',
  address_key      BLOB NOT NULL,
  browser          BLOB NOT NULL,
  locale           TEXT NOT NULL,
  finding          TEXT NOT NULL DEFAULT '',
  session_id       TEXT NOT NULL DEFAULT '',
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX attempt_created ON attempt (created_at);
CREATE INDEX attempt_browser ON attempt (browser, created_at);

CREATE TABLE evidence (
  attempt_id       TEXT NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
  seq              INTEGER NOT NULL,
  at               INTEGER NOT NULL,
  kind             TEXT NOT NULL,
  value            TEXT NOT NULL,
  PRIMARY KEY (attempt_id, seq)
) STRICT;

-- One row is one message; the payload (codes, links) is sealed and wiped when it is done.
CREATE TABLE message (
  id               TEXT PRIMARY KEY,
  kind             TEXT NOT NULL,
  locale           TEXT NOT NULL,
  recipient_key    BLOB NOT NULL,
  recipient_sealed BLOB NOT NULL,
  payload_sealed   BLOB NOT NULL,
  subject_id       TEXT NOT NULL,
  browser          BLOB NOT NULL,
  state            TEXT NOT NULL CHECK (state IN ('accepted','queued','handed_over','deferred','taken','refused','suppressed','expired')),
  sent_kind        TEXT NOT NULL DEFAULT '',
  ordinal          INTEGER NOT NULL,
  tries            INTEGER NOT NULL DEFAULT 0,
  created_at       INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  done_at          INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX message_recipient ON message (recipient_key, created_at);
CREATE INDEX message_subject ON message (subject_id, created_at);
CREATE INDEX message_created ON message (created_at);

CREATE TABLE message_step (
  message_id       TEXT NOT NULL REFERENCES message (id) ON DELETE CASCADE,
  seq              INTEGER NOT NULL,
  at               INTEGER NOT NULL,
  hop              TEXT NOT NULL,
  stage            TEXT NOT NULL,
  code             INTEGER NOT NULL,
  enhanced         TEXT NOT NULL,
  text             TEXT NOT NULL,
  PRIMARY KEY (message_id, seq)
) STRICT;

-- Generic cell rate algorithm: the theoretical arrival time of each bucket.
CREATE TABLE limit_bucket (
  bucket           TEXT PRIMARY KEY,
  tat              INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX limit_bucket_expires ON limit_bucket (expires_at);

-- The sealed answer to an act, so that a double press is one press (CO4).
CREATE TABLE once (
  act              BLOB PRIMARY KEY,
  answer_sealed    BLOB NOT NULL,
  expires_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX once_expires ON once (expires_at);

CREATE TABLE audit (
  seq              INTEGER PRIMARY KEY,
  at               INTEGER NOT NULL,
  actor            TEXT NOT NULL,
  act              TEXT NOT NULL,
  target           TEXT NOT NULL,
  detail           TEXT NOT NULL,
  hash             BLOB NOT NULL
) STRICT;
CREATE INDEX audit_target ON audit (target, seq);

-- The one row that every audit entry of every node must pass through, in order.
CREATE TABLE audit_head (
  id               INTEGER PRIMARY KEY CHECK (id = 1),
  seq              INTEGER NOT NULL,
  hash             BLOB NOT NULL
) STRICT;
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, x'');

CREATE TABLE staff (
  id               TEXT PRIMARY KEY,
  name             TEXT NOT NULL,
  role             TEXT NOT NULL CHECK (role IN ('agent','lead','security','editor','admin')),
  created_at       INTEGER NOT NULL
) STRICT;

CREATE TABLE staff_invite (
  id               TEXT PRIMARY KEY,
  token_hash       BLOB NOT NULL UNIQUE,
  role             TEXT NOT NULL,
  created_at       INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  used_at          INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Facts about the house itself, for example that the first administrator exists.
CREATE TABLE house (
  fact             TEXT PRIMARY KEY,
  value            TEXT NOT NULL,
  at               INTEGER NOT NULL
) STRICT;

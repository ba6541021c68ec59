-- What was tried at the door: failures in a row, who proved a mailbox, and how
-- many failed lately. Names of buckets and browsers are keyed digests.

-- +goose Up
CREATE TABLE limit_streak (
  bucket           TEXT PRIMARY KEY,
  run              INTEGER NOT NULL,
  total            INTEGER NOT NULL,
  tried_at         INTEGER NOT NULL,
  pause_until      INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX limit_streak_expires ON limit_streak (expires_at);

-- How many failed and passed in each slot of time.
CREATE TABLE limit_tally (
  bucket           TEXT NOT NULL,
  slot             INTEGER NOT NULL,
  failed           INTEGER NOT NULL,
  passed           INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  PRIMARY KEY (bucket, slot)
) STRICT;
CREATE INDEX limit_tally_expires ON limit_tally (expires_at);

-- A browser, or an attempt without one, that proved the mailbox of an address.
CREATE TABLE guard_proof (
  who              BLOB PRIMARY KEY,
  until            INTEGER NOT NULL
) STRICT;
CREATE INDEX guard_proof_until ON guard_proof (until);

-- Where an attempt's code is mailed to, byte for byte as it was typed.
ALTER TABLE attempt ADD COLUMN address_sealed BLOB NOT NULL DEFAULT x'';

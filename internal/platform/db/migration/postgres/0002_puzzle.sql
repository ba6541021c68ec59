-- The human check. A row is one picture, or one wait, and the pass it gave.
-- browser, account_key and network are keyed digests; network's key changes daily.
-- Nothing here says by which way a person solved it.

-- +goose Up
CREATE TABLE puzzle (
  id               TEXT PRIMARY KEY,
  state            TEXT NOT NULL CHECK (state IN ('drawing','shown','failed','solved','spent')),
  action           TEXT NOT NULL,
  browser          BYTEA NOT NULL,
  account_key      BYTEA NOT NULL,
  network          BYTEA NOT NULL,
  known            BIGINT NOT NULL,
  place            BIGINT NOT NULL DEFAULT 0,
  row_y            BIGINT NOT NULL DEFAULT 0,
  piece            BIGINT NOT NULL DEFAULT 0,
  start            BIGINT NOT NULL DEFAULT 0,
  pass_hash        BYTEA UNIQUE,
  created_at       BIGINT NOT NULL,
  shown_at         BIGINT NOT NULL DEFAULT 0,
  solved_at        BIGINT NOT NULL DEFAULT 0,
  expires_at       BIGINT NOT NULL
);
CREATE INDEX puzzle_browser ON puzzle (browser, solved_at);
CREATE INDEX puzzle_account ON puzzle (account_key, solved_at);
CREATE INDEX puzzle_network ON puzzle (network, solved_at);
CREATE INDEX puzzle_expires ON puzzle (expires_at);

-- How warm a session, a named account or a network is: wrong answers raise it,
-- time cools it, work costs accordingly. Its row is also the lock of its budget.
CREATE TABLE puzzle_heat (
  bucket           BYTEA PRIMARY KEY,
  heat             BIGINT NOT NULL,
  at               BIGINT NOT NULL,
  expires_at       BIGINT NOT NULL
);
CREATE INDEX puzzle_heat_expires ON puzzle_heat (expires_at);

-- Keyed sketches of the drags that passed lately, by bands of their bits.
CREATE TABLE puzzle_sketch (
  band             BIGINT NOT NULL,
  sketch           BYTEA NOT NULL,
  at               BIGINT NOT NULL,
  PRIMARY KEY (band, sketch)
);
CREATE INDEX puzzle_sketch_at ON puzzle_sketch (at);

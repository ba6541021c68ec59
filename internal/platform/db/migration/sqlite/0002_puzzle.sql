-- The human check. A row is one picture, or one wait, and the pass it gave.
-- browser, account_key and network are keyed digests; network's key changes daily.
-- Nothing here says by which way a person solved it.

-- +goose Up
CREATE TABLE puzzle (
  id               TEXT PRIMARY KEY,
  state            TEXT NOT NULL CHECK (state IN ('drawing','shown','failed','solved','spent')),
  action           TEXT NOT NULL,
  browser          BLOB NOT NULL,
  account_key      BLOB NOT NULL,
  network          BLOB NOT NULL,
  known            INTEGER NOT NULL,
  place            INTEGER NOT NULL DEFAULT 0,
  row_y            INTEGER NOT NULL DEFAULT 0,
  piece            INTEGER NOT NULL DEFAULT 0,
  start            INTEGER NOT NULL DEFAULT 0,
  pass_hash        BLOB UNIQUE,
  created_at       INTEGER NOT NULL,
  shown_at         INTEGER NOT NULL DEFAULT 0,
  solved_at        INTEGER NOT NULL DEFAULT 0,
  expires_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX puzzle_browser ON puzzle (browser, solved_at);
CREATE INDEX puzzle_account ON puzzle (account_key, solved_at);
CREATE INDEX puzzle_network ON puzzle (network, solved_at);
CREATE INDEX puzzle_expires ON puzzle (expires_at);

-- How warm a session, a named account or a network is: wrong answers raise it,
-- time cools it, work costs accordingly. Its row is also the lock of its budget.
CREATE TABLE puzzle_heat (
  bucket           BLOB PRIMARY KEY,
  heat             INTEGER NOT NULL,
  at               INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX puzzle_heat_expires ON puzzle_heat (expires_at);

-- Keyed sketches of the drags that passed lately, by bands of their bits.
CREATE TABLE puzzle_sketch (
  band             INTEGER NOT NULL,
  sketch           BLOB NOT NULL,
  at               INTEGER NOT NULL,
  PRIMARY KEY (band, sketch)
) STRICT;
CREATE INDEX puzzle_sketch_at ON puzzle_sketch (at);

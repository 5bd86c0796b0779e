-- A rejected report is followed by another one after the same report: `previous_hash` is not unique any more, neither of
-- epochs nor of what an operator signed for one. Tables are made anew, for SQLite changes no constraint in place.

CREATE TABLE epoch_anew (
    number          INTEGER PRIMARY KEY CHECK (number >= 1),
    state           TEXT NOT NULL
        CHECK (state IN ('SEALED', 'ATTESTED', 'QUEUED', 'MINED', 'FINAL', 'REJECTED')),
    report          TEXT NOT NULL,
    report_hash     BLOB NOT NULL UNIQUE,
    previous_hash   BLOB NOT NULL,
    evidence_cid    TEXT NOT NULL,
    payouts_cid     TEXT NOT NULL,
    pushed          INTEGER NOT NULL DEFAULT 0
);
INSERT INTO epoch_anew SELECT * FROM epoch;

CREATE TABLE segment_anew (
    digest    BLOB PRIMARY KEY,
    producer  TEXT NOT NULL,
    signature BLOB NOT NULL,
    count     INTEGER NOT NULL,
    body      BLOB NOT NULL,
    epoch     INTEGER REFERENCES epoch_anew (number)
);
INSERT INTO segment_anew (rowid, digest, producer, signature, count, body, epoch)
    SELECT rowid, digest, producer, signature, count, body, epoch FROM segment;

CREATE TABLE usage_event_anew (
    event_id BLOB PRIMARY KEY,
    segment  BLOB NOT NULL REFERENCES segment_anew (digest),
    state    TEXT NOT NULL CHECK (state IN ('waiting', 'sealed', 'counted', 'refused')),
    epoch    INTEGER REFERENCES epoch_anew (number),
    reason   TEXT
);
INSERT INTO usage_event_anew SELECT * FROM usage_event;

DROP TABLE usage_event;
DROP TABLE segment;
DROP TABLE epoch;
ALTER TABLE epoch_anew RENAME TO epoch;
ALTER TABLE segment_anew RENAME TO segment;
ALTER TABLE usage_event_anew RENAME TO usage_event;
CREATE INDEX segment_by_epoch ON segment (epoch);
CREATE INDEX usage_event_by_segment ON usage_event (segment);
CREATE INDEX usage_event_by_epoch ON usage_event (epoch, state);

-- An operator's own memory of what it signed: one report per epoch, operator and report before.
CREATE TABLE signature_anew (
    epoch         INTEGER NOT NULL,
    previous_hash BLOB NOT NULL,
    operator      TEXT NOT NULL,
    report_hash   BLOB NOT NULL,
    signature     BLOB NOT NULL,
    PRIMARY KEY (epoch, previous_hash, operator)
);
INSERT INTO signature_anew (epoch, previous_hash, operator, report_hash, signature)
    SELECT s.epoch, e.previous_hash, s.operator, s.report_hash, s.signature
    FROM signature s JOIN epoch e ON e.number = s.epoch;
DROP TABLE signature;
ALTER TABLE signature_anew RENAME TO signature;

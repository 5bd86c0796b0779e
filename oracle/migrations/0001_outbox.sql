-- The oracle's durable memory: evidence the chain has not seen yet, and what was sent to it.
-- Never dropped; changed only by a further numbered file. Generation ids and digests are BLOBs of
-- 8 and 32 bytes (SQL integers are signed). `open` marks evidence that may still become usage events.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE generation_log (
    log_id        BLOB PRIMARY KEY,
    generation_id BLOB NOT NULL UNIQUE,
    body          TEXT NOT NULL,
    signature     BLOB NOT NULL,
    open          INTEGER NOT NULL DEFAULT 1
);

-- One row per finding and operator: a second operator corroborates, the same one again changes nothing.
CREATE TABLE detection (
    report_id     BLOB NOT NULL,
    operator      TEXT NOT NULL,
    subject       BLOB NOT NULL,
    day           INTEGER NOT NULL,
    generation_id BLOB NOT NULL,
    body          TEXT NOT NULL,
    signature     BLOB NOT NULL,
    open          INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (report_id, operator)
);
CREATE INDEX detection_by_subject ON detection (subject, day);
CREATE INDEX detection_by_generation ON detection (generation_id);

-- Why evidence is not a usage event. Rewritten whenever the evidence is looked at again.
CREATE TABLE withheld (
    evidence   BLOB NOT NULL,
    licence_id INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    PRIMARY KEY (evidence, licence_id)
);

-- epoch IS NULL: waits for the next epoch.
CREATE TABLE segment (
    digest    BLOB PRIMARY KEY,
    producer  TEXT NOT NULL,
    signature BLOB NOT NULL,
    count     INTEGER NOT NULL,
    body      BLOB NOT NULL,
    epoch     INTEGER REFERENCES epoch (number)
);
CREATE INDEX segment_by_epoch ON segment (epoch);

-- The id is a hash of what the event says: it is here once, however often it is sent.
CREATE TABLE usage_event (
    event_id BLOB PRIMARY KEY,
    segment  BLOB NOT NULL REFERENCES segment (digest),
    state    TEXT NOT NULL CHECK (state IN ('waiting', 'sealed', 'counted', 'refused')),
    epoch    INTEGER REFERENCES epoch (number),
    reason   TEXT
);
CREATE INDEX usage_event_by_segment ON usage_event (segment);
CREATE INDEX usage_event_by_epoch ON usage_event (epoch, state);

CREATE TABLE epoch (
    number          INTEGER PRIMARY KEY CHECK (number >= 1),
    state           TEXT NOT NULL CHECK (state IN ('SEALED', 'ATTESTED', 'QUEUED', 'MINED', 'FINAL')),
    report          TEXT NOT NULL,
    report_hash     BLOB NOT NULL UNIQUE,
    previous_hash   BLOB NOT NULL UNIQUE,
    evidence_cid    TEXT NOT NULL,
    payouts_cid     TEXT NOT NULL,
    pushed          INTEGER NOT NULL DEFAULT 0
);

-- Also an operator's own memory of what it signed: one report per epoch and operator.
CREATE TABLE signature (
    epoch       INTEGER NOT NULL,
    operator    TEXT NOT NULL,
    report_hash BLOB NOT NULL,
    signature   BLOB NOT NULL,
    PRIMARY KEY (epoch, operator)
);

-- A thing to be done on chain, once. Its nonce is chosen in the transaction that stores the raw bytes:
-- there is no counter that could drift from these rows.
CREATE TABLE tx (
    id        INTEGER PRIMARY KEY,
    intent    TEXT NOT NULL UNIQUE,
    sender    TEXT NOT NULL,
    nonce     INTEGER NOT NULL,
    target    TEXT NOT NULL,
    data      BLOB NOT NULL,
    gas_limit INTEGER NOT NULL,
    UNIQUE (sender, nonce)
);

-- The bytes that went (or will go) to a node. They are committed before any of them is written to a socket.
CREATE TABLE attempt (
    tx_hash      BLOB PRIMARY KEY,
    tx_id        INTEGER NOT NULL REFERENCES tx (id),
    raw          BLOB NOT NULL,
    state        TEXT NOT NULL
        CHECK (state IN ('SIGNED', 'SENT', 'MINED', 'FINAL', 'FAILED', 'DISPLACED')),
    block_number INTEGER,
    block_hash   BLOB
);
CREATE UNIQUE INDEX one_live_attempt ON attempt (tx_id) WHERE state IN ('SIGNED', 'SENT', 'MINED', 'FINAL');

/*
name: create_journal_anchors
purpose: Make the table that keeps the journal's head where the journal is not, where it is not there yet.
section: E2 3
access: write
relation anchors: the table, in the console's own schema
instead: the runbook keeps no record of a repair at all. It ends an open transaction, so it comes before BEGIN.
*/
CREATE TABLE IF NOT EXISTS {anchors} (
    store_id VARCHAR,
    entry_count NUMBER(38, 0),
    head VARCHAR,
    anchored_at TIMESTAMP_NTZ
)

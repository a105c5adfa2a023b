/*
name: insert_journal_anchor
purpose: Keep the journal's head, so that an end that is cut off is found.
section: E2 3
access: write
relation anchors: the table, in the console's own schema
parameter store_id text: which journal
parameter entry_count integer: how many entries it had
parameter head text: the hash of the last of them
parameter anchored_at timestamp: when
instead: the runbook keeps no record of a repair at all.
*/
INSERT INTO {anchors} (store_id, entry_count, head, anchored_at)
SELECT
    :store_id,
    :entry_count,
    :head,
    TO_TIMESTAMP_NTZ(:anchored_at)

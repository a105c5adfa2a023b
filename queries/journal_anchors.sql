/*
name: journal_anchors
purpose: Which heads of a journal does the warehouse know?
section: E2 3
access: read
relation anchors: the table, in the console's own schema
parameter store_id text: which journal
result entry_count integer: how many entries it had
result head text: the hash of the last of them
result anchored_at timestamp: when
instead: the runbook keeps no record of a repair at all.
*/
SELECT
    entry_count AS entry_count,
    head AS head,
    anchored_at AS anchored_at
FROM {anchors}
WHERE store_id = :store_id
ORDER BY entry_count, anchored_at

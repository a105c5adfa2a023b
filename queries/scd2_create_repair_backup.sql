/*
name: scd2_create_repair_backup
purpose: Make the table that takes the rows of a key before they are repaired, where it is not there yet.
section: E2 3
access: write
relation table: an SCD2 table
relation backup: the table for its rows as they were
instead: the runbook keeps nothing of what it overwrites. It ends an open transaction, so it comes before BEGIN.
*/
CREATE TABLE IF NOT EXISTS {backup} AS
SELECT
    ''::VARCHAR AS plan_id,
    CURRENT_TIMESTAMP() AS backed_up_at,
    versions.*
FROM {table} AS versions
WHERE FALSE

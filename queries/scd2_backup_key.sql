/*
name: scd2_backup_key
purpose: Keep every version of a key as it is before the repair.
section: E2 3
access: write
relation table: an SCD2 table
relation backup: the table for its rows as they were
column natural_key: the business key
parameter plan_id text: the plan that is about to be carried out
parameter natural_key_value text: the key
instead: the runbook keeps nothing of what it overwrites.
*/
INSERT INTO {backup}
SELECT
    :plan_id,
    CURRENT_TIMESTAMP(),
    versions.*
FROM {table} AS versions
WHERE versions.{natural_key}::VARCHAR = :natural_key_value

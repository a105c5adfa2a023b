/*
name: scd2_freshness
purpose: When did an SCD2 table last take up a change?
section: T2
access: read
relation table: an SCD2 table
column effective_from: where a version's validity begins
column recorded_at: when it became known
column inserted_at: when the row was written
result row_count integer: versions in the table
result newest_effective_from timestamp: the latest beginning
result newest_recorded_at timestamp: the latest change known
result newest_inserted_at timestamp: the latest row written
instead: the runbook looks at the source alone, and then has the history rebuilt by --full-refresh, which loses it.
    Source and table are read side by side, and nothing is rebuilt.
*/
SELECT
    COUNT(*) AS row_count,
    MAX({effective_from}) AS newest_effective_from,
    MAX({recorded_at}) AS newest_recorded_at,
    MAX({inserted_at}) AS newest_inserted_at
FROM {table}

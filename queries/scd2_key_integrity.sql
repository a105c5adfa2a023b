/*
name: scd2_key_integrity
purpose: Is one key sound, before COMMIT and after?
section: E2 3, E2 4
access: read
relation table: an SCD2 table
column natural_key: the business key
column scd_id: the version's own id
column effective_from: where a version's validity begins
column effective_to: where it ends; NULL, or the year 9999 and later, is open
flag is_current: the flag of the current version, or the open end where there is none
parameter natural_key_value text: the key
result row_count integer: its versions
result current_count integer: its current versions; exactly one is wanted
result null_flags integer: versions whose flag is not filled in
result null_ids integer: versions without an id
result null_begins integer: versions that do not say since when they are valid
result ids integer: its different ids
result inverted integer: versions that end before they begin
result inverted_by_over_a_day integer: those among them that end more than a day before: even where an empty version
    ends the day before it begins, these are wrong
result current_but_closed integer: current versions that have ended
result closed_but_open integer: versions that are not current and have no end
result overlaps integer: versions that begin before an earlier one has ended; an empty version does not count
result instant_overlaps integer: further ones that end where they begin: with the day-before convention these are valid
    for a day
instead: the runbook verifies with a dbt test that may select nothing and then passes. Read inside the transaction.
*/
WITH bounded AS (
    SELECT
        {scd_id} AS scd_id,
        {effective_from} AS valid_from,
        COALESCE({effective_to}, TO_TIMESTAMP_NTZ('9999-12-31 00:00:00')) AS valid_to,
        {is_current} AS is_current
    FROM {table}
    WHERE {natural_key}::VARCHAR = :natural_key_value
),
versions AS (
    SELECT
        scd_id,
        valid_from,
        valid_to,
        is_current,
        valid_to >= TO_TIMESTAMP_NTZ('9999-01-01 00:00:00') AS is_open,
        MAX(valid_to) OVER (
            ORDER BY valid_from, scd_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS earlier_end
    FROM bounded
)
SELECT
    COUNT(*) AS row_count,
    COUNT(CASE WHEN is_current THEN 1 END) AS current_count,
    COUNT(CASE WHEN is_current IS NULL THEN 1 END) AS null_flags,
    COUNT(CASE WHEN scd_id IS NULL THEN 1 END) AS null_ids,
    COUNT(CASE WHEN valid_from IS NULL THEN 1 END) AS null_begins,
    COUNT(DISTINCT scd_id) AS ids,
    COUNT(CASE WHEN valid_to < valid_from THEN 1 END) AS inverted,
    COUNT(CASE WHEN valid_to < DATEADD(day, -1, valid_from) THEN 1 END) AS inverted_by_over_a_day,
    COUNT(CASE WHEN is_current AND NOT is_open THEN 1 END) AS current_but_closed,
    COUNT(CASE WHEN NOT is_current AND is_open THEN 1 END) AS closed_but_open,
    COUNT(CASE WHEN earlier_end > valid_from AND valid_to > valid_from THEN 1 END) AS overlaps,
    COUNT(CASE WHEN earlier_end > valid_from AND valid_to = valid_from THEN 1 END) AS instant_overlaps
FROM versions

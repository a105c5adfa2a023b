/*
name: scd2_integrity
purpose: What is wrong in an SCD2 table, every class of defect counted in one scan?
section: Monthly 1, E2 1, E2 4, K4
access: read
relation table: an SCD2 table with a flag of the current version
column natural_key: the business key
column scd_id: the version's own id
column effective_from: where a version's validity begins
column effective_to: where it ends; NULL, or the year 9999 and later, is open
flag is_current: the flag of the current version, or the open end where there is none, as in a dbt snapshot
result row_count integer: versions in the table; 0 is unknown, not sound
result key_count integer: natural keys
result duplicate_current_keys integer: keys with more than one current version
result no_current_keys integer: keys with no current version
result null_keys integer: versions without a key
result null_flags integer: versions whose flag is not filled in
result null_ids integer: versions without an id
result null_begins integer: versions that do not say since when they are valid
result rows_sharing_scd_id integer: versions whose id another one has too
result inverted integer: versions that end before even an empty one would: before they begin, or with the day-before
    convention more than a day before
result current_but_closed integer: current versions that have ended
result closed_but_open integer: versions that are not current and have no end
result overlaps integer: versions that begin before an earlier one of their key has ended; an empty version, never
    valid, does not count
result closed_day_before integer: versions whose predecessor ends one day before they begin
result closed_same_instant integer: versions whose predecessor ends where they begin; the convention is the more
    frequent of the two
instead: the runbook's query finds keys with two current versions alone: not those with none, nor overlaps, inversions,
    empty flags and keys, or ids used twice; and it looks at one table of several.
*/
WITH bounded AS (
    SELECT
        {natural_key} AS natural_key,
        {scd_id} AS scd_id,
        {effective_from} AS valid_from,
        COALESCE({effective_to}, TO_TIMESTAMP_NTZ('9999-12-31 00:00:00')) AS valid_to,
        {is_current} AS is_current
    FROM {table}
),
versions AS (
    SELECT
        natural_key,
        valid_from,
        valid_to,
        is_current,
        valid_to >= TO_TIMESTAMP_NTZ('9999-01-01 00:00:00') AS is_open,
        COUNT(scd_id) OVER (PARTITION BY scd_id) AS same_id,
        IFF(natural_key IS NULL, NULL, MAX(valid_to) OVER (
            PARTITION BY natural_key
            ORDER BY valid_from, scd_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )) AS earlier_end
    FROM bounded
),
keys AS (
    SELECT
        natural_key,
        COUNT(*) AS versions_of_key,
        COUNT(CASE WHEN is_current THEN 1 END) AS current_of_key,
        COUNT(CASE WHEN is_current IS NULL THEN 1 END) AS null_flags_of_key,
        COUNT(CASE WHEN same_id = 0 THEN 1 END) AS null_ids_of_key,
        COUNT(CASE WHEN valid_from IS NULL THEN 1 END) AS null_begins_of_key,
        COUNT(CASE WHEN same_id > 1 THEN 1 END) AS sharing_of_key,
        COUNT(CASE WHEN valid_to < valid_from THEN 1 END) AS before_begin_of_key,
        COUNT(CASE WHEN valid_to < DATEADD(day, -1, valid_from) THEN 1 END) AS over_a_day_before_of_key,
        COUNT(CASE WHEN is_current AND NOT is_open THEN 1 END) AS current_but_closed_of_key,
        COUNT(CASE WHEN NOT is_current AND is_open THEN 1 END) AS closed_but_open_of_key,
        COUNT(CASE WHEN earlier_end > valid_from AND valid_to > valid_from THEN 1 END) AS overlapping_of_key,
        COUNT(CASE WHEN earlier_end > valid_from AND valid_to = valid_from THEN 1 END) AS instants_overlapping_of_key,
        COUNT(CASE WHEN earlier_end = DATEADD(day, -1, valid_from) THEN 1 END) AS closed_day_before_of_key,
        COUNT(CASE WHEN earlier_end = valid_from THEN 1 END) AS closed_same_instant_of_key
    FROM versions
    GROUP BY natural_key
),
totals AS (
    SELECT
        COALESCE(SUM(versions_of_key), 0)::NUMBER(38, 0) AS row_count,
        COUNT(natural_key) AS key_count,
        COUNT(CASE WHEN natural_key IS NOT NULL AND current_of_key > 1 THEN 1 END) AS duplicate_current_keys,
        COUNT(CASE WHEN natural_key IS NOT NULL AND current_of_key = 0 THEN 1 END) AS no_current_keys,
        COALESCE(SUM(IFF(natural_key IS NULL, versions_of_key, 0)), 0)::NUMBER(38, 0) AS null_keys,
        COALESCE(SUM(null_flags_of_key), 0)::NUMBER(38, 0) AS null_flags,
        COALESCE(SUM(null_ids_of_key), 0)::NUMBER(38, 0) AS null_ids,
        COALESCE(SUM(null_begins_of_key), 0)::NUMBER(38, 0) AS null_begins,
        COALESCE(SUM(sharing_of_key), 0)::NUMBER(38, 0) AS rows_sharing_scd_id,
        COALESCE(SUM(before_begin_of_key), 0)::NUMBER(38, 0) AS ends_before_begin,
        COALESCE(SUM(over_a_day_before_of_key), 0)::NUMBER(38, 0) AS ends_over_a_day_before,
        COALESCE(SUM(current_but_closed_of_key), 0)::NUMBER(38, 0) AS current_but_closed,
        COALESCE(SUM(closed_but_open_of_key), 0)::NUMBER(38, 0) AS closed_but_open,
        COALESCE(SUM(overlapping_of_key), 0)::NUMBER(38, 0) AS overlapping,
        COALESCE(SUM(instants_overlapping_of_key), 0)::NUMBER(38, 0) AS instants_overlapping,
        COALESCE(SUM(closed_day_before_of_key), 0)::NUMBER(38, 0) AS closed_day_before,
        COALESCE(SUM(closed_same_instant_of_key), 0)::NUMBER(38, 0) AS closed_same_instant
    FROM keys
)
SELECT
    row_count,
    key_count,
    duplicate_current_keys,
    no_current_keys,
    null_keys,
    null_flags,
    null_ids,
    null_begins,
    rows_sharing_scd_id,
    IFF(closed_day_before > closed_same_instant, ends_over_a_day_before, ends_before_begin) AS inverted,
    current_but_closed,
    closed_but_open,
    IFF(closed_day_before > closed_same_instant, overlapping + instants_overlapping, overlapping) AS overlaps,
    closed_day_before,
    closed_same_instant
FROM totals

/*
name: scd2_duplicate_keys_sample
purpose: Which natural keys have more than one current version, the worst first?
section: Monthly 1, E2 1, K4
access: read
relation table: an SCD2 table
column natural_key: the business key
column scd_id: the version's own id
flag is_current: the flag of the current version, or the open end where there is none
parameter limit integer: at most this many keys
result natural_key text: the key
result current_count integer: its current versions
result distinct_ids integer: how many ids these have; fewer than current_count means rows that cannot be told apart
result scd_ids text: their ids, in order
result total_keys integer: how many keys there are in all, beyond the limit too
instead: the runbook's LISTAGG has no order, so the same answer reads differently each time; rows that share an id look
    like two versions. Snowflake's LIMIT takes no
    bound value, so the rows are numbered.
*/
WITH current_versions AS (
    SELECT
        {natural_key} AS natural_key,
        {scd_id} AS scd_id
    FROM {table}
    WHERE {is_current} AND {natural_key} IS NOT NULL
),
duplicates AS (
    SELECT
        natural_key,
        COUNT(*) AS current_count
    FROM current_versions
    GROUP BY natural_key
    HAVING COUNT(*) > 1
),
worst AS (
    SELECT
        natural_key,
        current_count,
        COUNT(*) OVER () AS total_keys
    FROM duplicates
    QUALIFY ROW_NUMBER() OVER (ORDER BY current_count DESC, natural_key) <= :limit
)
-- The ids are gathered for the keys that are shown: over all keys of a large table it would take ten times as long.
SELECT
    worst.natural_key,
    worst.current_count,
    COUNT(DISTINCT current_versions.scd_id) AS distinct_ids,
    LISTAGG(current_versions.scd_id, ', ') WITHIN GROUP (ORDER BY current_versions.scd_id) AS scd_ids,
    worst.total_keys
FROM worst
INNER JOIN current_versions
    ON current_versions.natural_key = worst.natural_key
GROUP BY worst.natural_key, worst.current_count, worst.total_keys
ORDER BY worst.current_count DESC, worst.natural_key

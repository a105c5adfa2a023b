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
        COUNT(*) AS current_count,
        COUNT(DISTINCT scd_id) AS distinct_ids,
        LISTAGG(scd_id, ', ') WITHIN GROUP (ORDER BY scd_id) AS scd_ids
    FROM current_versions
    GROUP BY natural_key
    HAVING COUNT(*) > 1
)
SELECT
    natural_key,
    current_count,
    distinct_ids,
    scd_ids,
    COUNT(*) OVER () AS total_keys
FROM duplicates
QUALIFY ROW_NUMBER() OVER (ORDER BY current_count DESC, natural_key) <= :limit
ORDER BY current_count DESC, natural_key

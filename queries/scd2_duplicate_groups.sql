/*
name: scd2_duplicate_groups
purpose: Which natural keys have more than one current version, page by page?
section: E2 1
access: read
relation table: an SCD2 table
column natural_key: the business key
column scd_id: the version's own id
flag is_current: the flag of the current version, or the open end where there is none
column recorded_at: when the version became known
parameter sort_by text: key, count (most current versions first) or recency (newest recorded first)
parameter containing text: what the key must contain, in any case; empty for all
parameter after_number integer: order_number of the last group of the page before; NULL for the first page
parameter after_key text: the key of that group; NULL for the first page
parameter page_size integer: at most this many keys
result natural_key text: the key, as text
result current_count integer: its current versions
result distinct_ids integer: how many ids these have; fewer than current_count means rows that cannot be told apart
result newest_recorded_at timestamp: when the newest of them became known
result scd_ids text: their ids, newest first
result order_number integer: what the groups are sorted by, the greatest first; among equals the key decides
instead: the runbook's LISTAGG has no order, and its answer no limit. A page begins behind the last group of the one
    before, so that the hundredth costs what the first does, and none is shown twice or left out where keys come and go.
*/
WITH current_versions AS (
    SELECT
        {natural_key}::VARCHAR AS key_text,
        {scd_id}::VARCHAR AS scd_id,
        {recorded_at} AS recorded_at
    FROM {table}
    WHERE {is_current} AND {natural_key} IS NOT NULL
),
duplicates AS (
    SELECT
        key_text,
        CASE :sort_by
            WHEN 'count' THEN COUNT(*)
            WHEN 'recency' THEN DATEDIFF(
                microsecond,
                TO_TIMESTAMP_NTZ('1970-01-01 00:00:00'),
                COALESCE(MAX(recorded_at)::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ('0001-01-01 00:00:00'))
            )
            ELSE 0
        END AS order_number
    FROM current_versions
    WHERE CONTAINS(LOWER(key_text), LOWER(:containing))
    GROUP BY key_text
    HAVING COUNT(*) > 1
),
page AS (
    SELECT
        key_text,
        order_number
    FROM duplicates
    WHERE COALESCE(order_number < :after_number OR (order_number = :after_number AND key_text > :after_key), TRUE)
    QUALIFY ROW_NUMBER() OVER (ORDER BY order_number DESC, key_text) <= :page_size
)
-- The ids are gathered for this page's keys alone: over all keys of a large table it would take ten times longer.
SELECT
    page.key_text AS natural_key,
    COUNT(*) AS current_count,
    COUNT(DISTINCT current_versions.scd_id) AS distinct_ids,
    MAX(current_versions.recorded_at) AS newest_recorded_at,
    LISTAGG(current_versions.scd_id, ', ')
        WITHIN GROUP (ORDER BY current_versions.recorded_at DESC, current_versions.scd_id) AS scd_ids,
    page.order_number AS order_number
FROM page
INNER JOIN current_versions
    ON current_versions.key_text = page.key_text
GROUP BY page.key_text, page.order_number
ORDER BY page.order_number DESC, page.key_text

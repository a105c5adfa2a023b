/*
name: scd2_defective_keys
purpose: Which natural keys have a defect of one class, page by page?
section: Monthly 1, E2 1
access: read
relation table: an SCD2 table
column natural_key: the business key
column scd_id: the version's own id
column effective_from: where a version's validity begins
column effective_to: where it ends; NULL, or the year 9999 and later, is open
flag is_current: the flag of the current version, or the open end where there is none
parameter defect text: no_current, overlap, inversion, current_but_closed, closed_but_open, shared_scd_id, null_flag,
    null_id or null_begin, as scd2_integrity counts them
parameter after_key text: the last key of the page before; NULL for the first page
parameter page_size integer: at most this many keys
result natural_key text: the key, as text; versions without one belong to none and are left out
result row_count integer: its versions that are concerned; where none is current, all of them
instead: the runbook looks for keys with two current versions alone.
*/
WITH bounded AS (
    SELECT
        {natural_key}::VARCHAR AS key_text,
        {scd_id} AS scd_id,
        {effective_from} AS valid_from,
        COALESCE({effective_to}, TO_TIMESTAMP_NTZ('9999-12-31 00:00:00')) AS valid_to,
        {is_current} AS is_current
    FROM {table}
),
versions AS (
    SELECT
        key_text,
        valid_from,
        valid_to,
        is_current,
        valid_to >= TO_TIMESTAMP_NTZ('9999-01-01 00:00:00') AS is_open,
        COUNT(scd_id) OVER (PARTITION BY scd_id) AS same_id,
        IFF(key_text IS NULL, NULL, MAX(valid_to) OVER (
            PARTITION BY key_text
            ORDER BY valid_from, scd_id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )) AS earlier_end
    FROM bounded
),
convention AS (
    SELECT
        COUNT(CASE WHEN earlier_end = DATEADD(day, -1, valid_from) THEN 1 END)
            > COUNT(CASE WHEN earlier_end = valid_from THEN 1 END) AS is_day_before
    FROM versions
),
judged AS (
    SELECT
        versions.key_text AS key_text,
        versions.is_current AS is_current,
        CASE :defect
            WHEN 'overlap' THEN versions.earlier_end > versions.valid_from AND (
                versions.valid_to > versions.valid_from
                OR (versions.valid_to = versions.valid_from AND convention.is_day_before)
            )
            WHEN 'inversion' THEN versions.valid_to
                < IFF(convention.is_day_before, DATEADD(day, -1, versions.valid_from), versions.valid_from)
            WHEN 'current_but_closed' THEN versions.is_current AND NOT versions.is_open
            WHEN 'closed_but_open' THEN NOT versions.is_current AND versions.is_open
            WHEN 'shared_scd_id' THEN versions.same_id > 1
            WHEN 'null_flag' THEN versions.is_current IS NULL
            WHEN 'null_id' THEN versions.same_id = 0
            WHEN 'null_begin' THEN versions.valid_from IS NULL
        END AS is_concerned
    FROM versions
    CROSS JOIN convention
    WHERE versions.key_text IS NOT NULL
      AND COALESCE(versions.key_text > :after_key, TRUE)
),
keys AS (
    SELECT
        key_text,
        CASE
            WHEN :defect <> 'no_current' THEN COUNT(CASE WHEN is_concerned THEN 1 END)
            WHEN COUNT(CASE WHEN is_current THEN 1 END) = 0 THEN COUNT(*)
            ELSE 0
        END AS row_count
    FROM judged
    GROUP BY key_text
)
SELECT
    key_text AS natural_key,
    row_count AS row_count
FROM keys
WHERE row_count > 0
QUALIFY ROW_NUMBER() OVER (ORDER BY key_text) <= :page_size
ORDER BY key_text

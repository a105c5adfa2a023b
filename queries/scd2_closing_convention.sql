/*
name: scd2_closing_convention
purpose: Where do the closed versions of a table end: the day before their successor begins, or where it begins?
section: E2 3
access: read
relation table: an SCD2 table
column natural_key: the business key
column scd_id: the version's own id
column effective_from: where a version's validity begins
column effective_to: where it ends; NULL, or the year 9999 and later, is open
result closed_day_before integer: versions whose predecessor ends one day before they begin
result closed_same_instant integer: versions whose predecessor ends where they begin; the convention is the more
    frequent of the two
instead: the runbook's winner - 1 day leaves a hole of a day in a table whose versions end where the next one begins.
    The table's own closed versions are asked, in one scan.
*/
WITH versions AS (
    SELECT
        {effective_from} AS valid_from,
        IFF({natural_key} IS NULL, NULL, MAX(COALESCE({effective_to}, TO_TIMESTAMP_NTZ('9999-12-31 00:00:00'))) OVER (
            PARTITION BY {natural_key}
            ORDER BY {effective_from}, {scd_id}
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        )) AS earlier_end
    FROM {table}
)
SELECT
    COUNT(CASE WHEN earlier_end = DATEADD(day, -1, valid_from) THEN 1 END) AS closed_day_before,
    COUNT(CASE WHEN earlier_end = valid_from THEN 1 END) AS closed_same_instant
FROM versions

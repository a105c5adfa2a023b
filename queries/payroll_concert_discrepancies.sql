/*
name: payroll_concert_discrepancies
purpose: For which musicians of one concert do dbt and Supabase not agree on what is to be paid, and how?
section: Pre-payroll 3
access: read
relation fact: the table payroll is paid from
relation source_payment: Supabase's payments as they landed
parameter concert_id text: the concert
parameter tolerance number: the largest difference in money that is still agreement
parameter limit integer: at most this many rows
result musician_id integer: the musician
result dbt_calculated number: net amount by dbt, to the cent; NULL where it has no row
result source_recorded number: net amount by Supabase, to the cent; NULL where it has no row
result difference number: dbt's less Supabase's, a missing side counting as nothing; NULL where an amount is not
    filled in
result problem text: missing_in_source, missing_in_dbt, duplicate, null_amount or amount
result total_problems integer: how many rows there are in all, beyond the limit too
instead: the runbook compares all concerts, once a month, after they were paid; and its inner join drops the
    musicians that only one side knows.
*/
WITH calculated AS (
    SELECT
        musician_id,
        COUNT(*) AS row_count,
        SUM(net_amount::NUMBER(38, 2)) AS net,
        COUNT(CASE WHEN net_amount IS NULL THEN 1 END) AS nulls
    FROM {fact}
    WHERE concert_id::VARCHAR = :concert_id
    GROUP BY musician_id
),
recorded AS (
    SELECT
        musician_id,
        COUNT(*) AS row_count,
        SUM(net_amount::NUMBER(38, 2)) AS net,
        COUNT(CASE WHEN net_amount IS NULL THEN 1 END) AS nulls
    FROM {source_payment}
    WHERE concert_id::VARCHAR = :concert_id
    GROUP BY musician_id
),
compared AS (
    SELECT
        COALESCE(calculated.musician_id, recorded.musician_id) AS musician_id,
        calculated.net AS dbt_calculated,
        recorded.net AS source_recorded,
        CASE
            WHEN recorded.row_count IS NULL THEN 'missing_in_source'
            WHEN calculated.row_count IS NULL THEN 'missing_in_dbt'
            WHEN calculated.row_count > 1 OR recorded.row_count > 1 THEN 'duplicate'
            WHEN calculated.nulls > 0 OR recorded.nulls > 0 THEN 'null_amount'
            WHEN ABS(calculated.net - recorded.net) > TO_NUMBER(:tolerance, 38, 6) THEN 'amount'
        END AS problem
    FROM calculated
    FULL OUTER JOIN recorded
        ON calculated.musician_id = recorded.musician_id
)
SELECT
    musician_id,
    dbt_calculated,
    source_recorded,
    CASE
        WHEN problem <> 'null_amount' THEN COALESCE(dbt_calculated, 0) - COALESCE(source_recorded, 0)
    END AS difference,
    problem,
    COUNT(*) OVER () AS total_problems
FROM compared
WHERE problem IS NOT NULL
QUALIFY ROW_NUMBER() OVER (
    ORDER BY ABS(COALESCE(dbt_calculated, 0) - COALESCE(source_recorded, 0)) DESC, musician_id
) <= :limit
ORDER BY ABS(COALESCE(dbt_calculated, 0) - COALESCE(source_recorded, 0)) DESC, musician_id

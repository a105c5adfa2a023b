/*
name: payroll_discrepancies
purpose: For which musicians of which concerts do dbt and Supabase not agree on what is to be paid, and how?
section: Monthly 3, K5
access: read
relation fact: the table payroll is paid from
relation source_payment: Supabase's payments as they landed
parameter tolerance number: the largest difference in money that is still agreement
parameter limit integer: at most this many rows
result concert_id integer: the concert
result musician_id integer: the musician
result dbt_calculated number: net amount by dbt, to the cent; NULL where it has no row
result source_recorded number: net amount by Supabase, to the cent; NULL where it has no row
result difference number: dbt's less Supabase's, a missing side counting as nothing; NULL where an amount is not
    filled in
result problem text: missing_in_source, missing_in_dbt, duplicate, null_amount or amount
result total_problems integer: how many rows there are in all, beyond the limit too
instead: the runbook's inner join drops the musicians that only one side knows, its comparison drops the empty amounts,
    and a duplicate on either side is compared with itself: it returns no rows where payroll is wrong.
*/
WITH calculated AS (
    SELECT
        concert_id,
        musician_id,
        COUNT(*) AS row_count,
        SUM(net_amount::NUMBER(38, 2)) AS net,
        COUNT(CASE WHEN net_amount IS NULL THEN 1 END) AS nulls
    FROM {fact}
    GROUP BY concert_id, musician_id
),
recorded AS (
    SELECT
        concert_id,
        musician_id,
        COUNT(*) AS row_count,
        SUM(net_amount::NUMBER(38, 2)) AS net,
        COUNT(CASE WHEN net_amount IS NULL THEN 1 END) AS nulls
    FROM {source_payment}
    GROUP BY concert_id, musician_id
),
compared AS (
    SELECT
        COALESCE(calculated.concert_id, recorded.concert_id) AS concert_id,
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
        ON calculated.concert_id = recorded.concert_id
        AND calculated.musician_id = recorded.musician_id
)
SELECT
    concert_id,
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
    ORDER BY ABS(COALESCE(dbt_calculated, 0) - COALESCE(source_recorded, 0)) DESC, concert_id, musician_id
) <= :limit
ORDER BY ABS(COALESCE(dbt_calculated, 0) - COALESCE(source_recorded, 0)) DESC, concert_id, musician_id

/*
name: payroll_totals
purpose: What do dbt and Supabase come to in all, and how many payments disagree in each way?
section: Monthly 3, K5
access: read
relation fact: the table payroll is paid from
relation source_payment: Supabase's payments as they landed
parameter tolerance number: the largest difference in money that is still agreement
result dbt_rows integer: rows of the fact
result dbt_total number: their net amounts, to the cent; NULL where there is none
result source_rows integer: Supabase's payments
result source_total number: their net amounts, to the cent; NULL where there is none
result compared integer: payments that at least one side knows
result missing_in_source integer: only dbt knows them
result missing_in_dbt integer: only Supabase knows them
result duplicate integer: more than one row on a side
result null_amount integer: an amount is not filled in
result amount integer: both amounts are there and differ
instead: the runbook has no totals: no rows in both tables reads as full agreement.
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
        calculated.row_count AS calculated_rows,
        recorded.row_count AS recorded_rows,
        calculated.net AS calculated_net,
        recorded.net AS recorded_net,
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
    COALESCE(SUM(calculated_rows), 0)::NUMBER(38, 0) AS dbt_rows,
    SUM(calculated_net)::NUMBER(38, 2) AS dbt_total,
    COALESCE(SUM(recorded_rows), 0)::NUMBER(38, 0) AS source_rows,
    SUM(recorded_net)::NUMBER(38, 2) AS source_total,
    COUNT(*) AS compared,
    COUNT(CASE WHEN problem = 'missing_in_source' THEN 1 END) AS missing_in_source,
    COUNT(CASE WHEN problem = 'missing_in_dbt' THEN 1 END) AS missing_in_dbt,
    COUNT(CASE WHEN problem = 'duplicate' THEN 1 END) AS duplicate,
    COUNT(CASE WHEN problem = 'null_amount' THEN 1 END) AS null_amount,
    COUNT(CASE WHEN problem = 'amount' THEN 1 END) AS amount
FROM compared

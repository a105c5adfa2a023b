/*
name: payment_fact_freshness
purpose: Does the payment fact hold rows, when was it last calculated, and is anything in it not filled in?
section: Daily 4
access: read
relation fact: the table payroll is paid from
result row_count integer: rows in the fact; 0 is a failure
result last_calculated_at timestamp: the newest calculation; NULL where there is none
result null_calculated_at integer: rows that do not say when they were calculated
result null_net integer: rows without a net amount
result null_keys integer: rows without a concert or a musician
instead: the runbook reads the newest calculation alone. It is the time of the build: a fact rebuilt from stale sources
    looks fresh, so it is read beside the age of the sources, and empty amounts and keys are counted with it.
*/
SELECT
    COUNT(*) AS row_count,
    MAX(calculated_at) AS last_calculated_at,
    COUNT(CASE WHEN calculated_at IS NULL THEN 1 END) AS null_calculated_at,
    COUNT(CASE WHEN net_amount IS NULL THEN 1 END) AS null_net,
    COUNT(CASE WHEN concert_id IS NULL OR musician_id IS NULL THEN 1 END) AS null_keys
FROM {fact}

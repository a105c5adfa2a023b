/*
name: monitoring
purpose: How do one source, one SCD2 table and the payment fact stand, in one answer?
section: Monitoring
access: read
relation source: a landed table
column loaded_at: when Airbyte pulled the row
relation scd2: an SCD2 table
column natural_key: the business key
flag is_current: the flag of the current version, or the open end where there is none
relation fact: the table payroll is paid from
result check_name text: freshness, scd2 or payment
result metric text: what is measured
result value_number number: the figure
result value_timestamp timestamp: the moment, where there is one, in UTC
instead: the runbook unites a timestamp with numbers column by column and does not compile. One shape for all here, and
    keys that are NULL no longer escape the count.
*/
SELECT
    'freshness' AS check_name,
    'row_count' AS metric,
    COUNT(*)::NUMBER(38, 2) AS value_number,
    MAX({loaded_at})::TIMESTAMP_NTZ AS value_timestamp
FROM {source}
UNION ALL
SELECT
    'scd2',
    'excess_current',
    (COUNT(CASE WHEN {is_current} THEN 1 END) - COUNT(DISTINCT IFF({is_current}, {natural_key}, NULL)))::NUMBER(38, 2),
    NULL::TIMESTAMP_NTZ
FROM {scd2}
UNION ALL
SELECT
    'payment',
    'row_count',
    COUNT(*)::NUMBER(38, 2),
    MAX(calculated_at)::TIMESTAMP_NTZ
FROM {fact}

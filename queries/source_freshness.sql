/*
name: source_freshness
purpose: How many rows does one landed table hold, and when was the newest of them pulled?
section: Daily 2, Pre-payroll 1, T2, K3
access: read
relation table: the landed table, or its bronze copy
column loaded_at: when Airbyte pulled the row: _airbyte_extracted_at, before Destinations V2 _airbyte_emitted_at
result row_count integer: rows in the table; 0 is unknown, not fresh
result last_loaded_at timestamp: the newest row's; NULL where the table is empty, which is unknown, not fresh
instead: the runbook looks for the column in INFORMATION_SCHEMA, where it is not; its LIKE 'supabase_%' matches no
    upper-case name, so that nothing at all passes; an empty table's NULL age is dropped; DATEDIFF(hour) counts full
    hours struck, not hours gone by. The age is computed by the reader, which also keeps the text the same for the
    result cache.
*/
SELECT
    COUNT(*) AS row_count,
    MAX({loaded_at}) AS last_loaded_at
FROM {table}

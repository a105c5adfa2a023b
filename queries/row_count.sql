/*
name: row_count
purpose: How many rows does a table hold?
section: Weekly 1, Weekly 4, T3
access: read
relation table: any table or view
result row_count integer: its rows
instead: the runbook counts after the refresh only, and for two tables: there is nothing to compare with. Counted per
    table, before and after; and per target, where it would run dbt in production to compare.
*/
SELECT COUNT(*) AS row_count
FROM {table}

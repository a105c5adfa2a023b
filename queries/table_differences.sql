/*
name: table_differences
purpose: Do two tables hold the same rows?
section: Weekly 1, Post-payroll 2
access: read
relation table: the table
relation backup: its clone
result table_rows integer: rows of the table
result backup_rows integer: rows of the clone
result only_in_table integer: rows that the table alone holds, or holds in another number of copies
result only_in_backup integer: rows that the clone alone holds, or holds in another number of copies
instead: the runbook does not look at the clone it has made. The two are equal where nothing is in one alone.
*/
WITH table_copies AS (
    SELECT rows_of_table.*, COUNT(*) AS copies
    FROM {table} AS rows_of_table
    GROUP BY ALL
),
backup_copies AS (
    SELECT rows_of_backup.*, COUNT(*) AS copies
    FROM {backup} AS rows_of_backup
    GROUP BY ALL
)
SELECT
    (SELECT COUNT(*) FROM {table}) AS table_rows,
    (SELECT COUNT(*) FROM {backup}) AS backup_rows,
    (SELECT COUNT(*) FROM (SELECT * FROM table_copies EXCEPT SELECT * FROM backup_copies) AS missing) AS only_in_table,
    (SELECT COUNT(*) FROM (SELECT * FROM backup_copies EXCEPT SELECT * FROM table_copies) AS added) AS only_in_backup

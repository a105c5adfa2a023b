/*
name: restore_state
purpose: How does a table differ from its clone of just now, and from the backup that it is brought back from?
section: Weekly 2
access: read
relation table: the table
relation before: its clone of just now
relation backup: the backup
result table_rows integer: rows of the table
result added_since integer: rows that the table holds and its clone does not, or in another number of copies
result removed_since integer: rows that its clone holds and the table does not, or in another number of copies
result only_in_table integer: rows that the table holds and the backup does not, or in another number of copies
result only_in_backup integer: rows that the backup holds and the table does not, or in another number of copies
instead: "restore from backup" has no statement in the runbook, and nothing that tells whether it has worked.
*/
WITH table_copies AS (
    SELECT rows_of_table.*, COUNT(*) AS copies
    FROM {table} AS rows_of_table
    GROUP BY ALL
),
before_copies AS (
    SELECT rows_of_before.*, COUNT(*) AS copies
    FROM {before} AS rows_of_before
    GROUP BY ALL
),
backup_copies AS (
    SELECT rows_of_backup.*, COUNT(*) AS copies
    FROM {backup} AS rows_of_backup
    GROUP BY ALL
)
SELECT
    (SELECT COUNT(*) FROM {table}) AS table_rows,
    (SELECT COUNT(*) FROM (SELECT * FROM table_copies EXCEPT SELECT * FROM before_copies) AS added) AS added_since,
    (SELECT COUNT(*) FROM (SELECT * FROM before_copies EXCEPT SELECT * FROM table_copies) AS removed) AS removed_since,
    (SELECT COUNT(*) FROM (SELECT * FROM table_copies EXCEPT SELECT * FROM backup_copies) AS other) AS only_in_table,
    (SELECT COUNT(*) FROM (SELECT * FROM backup_copies EXCEPT SELECT * FROM table_copies) AS lost) AS only_in_backup

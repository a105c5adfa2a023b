/*
name: overwrite_table
purpose: Put a backup's rows back into the table, which keeps its grants and policies.
section: Weekly 2
access: write
relation table: the table; all its rows go
relation backup: the backup, with the same columns in the same order
instead: "restore from backup" has no statement in the runbook. Where names cannot be swapped, the rows are put back; in
    a transaction, with the count checked before COMMIT.
*/
INSERT OVERWRITE INTO {table}
SELECT * FROM {backup}

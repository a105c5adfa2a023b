/*
name: rename_table
purpose: Move a bad table out of the way, so that the one before it can be brought back under its name.
section: Weekly 2
access: write
relation table: the table
relation renamed: its name from now on; must not be taken
instead: "restore from backup" has no statement in the runbook. dbt replaces tables: the previous version is a dropped
    table of the same name, and UNDROP refuses while that name is taken.
*/
ALTER TABLE {table} RENAME TO {renamed}

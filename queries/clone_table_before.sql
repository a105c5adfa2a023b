/*
name: clone_table_before
purpose: Bring a permanent table back beside itself, as it was before a statement.
section: Weekly 2, E2 3
access: write
relation table: the table; permanent
relation restored: the name of the earlier state; must not be taken
parameter statement_id text: the query id of the statement to go back before
instead: "restore from backup" has no statement in the runbook. Time travel goes back at most to the table's own
    creation: not past a dbt rebuild, for which rename and undrop are the way.
*/
CREATE TABLE {restored} CLONE {table} BEFORE (STATEMENT => :statement_id)

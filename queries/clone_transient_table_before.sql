/*
name: clone_transient_table_before
purpose: Bring a transient table back beside itself, as it was before a statement.
section: Weekly 2, E2 3
access: write
relation table: the table; transient, as dbt builds them
relation restored: the name of the earlier state; must not be taken
parameter statement_id text: the query id of the statement to go back before
instead: "restore from backup" has no statement in the runbook. A transient table goes back at most one day, and never
    past a dbt rebuild, for which rename and undrop are the way.
*/
CREATE TRANSIENT TABLE {restored} CLONE {table} BEFORE (STATEMENT => :statement_id)

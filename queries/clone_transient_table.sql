/*
name: clone_transient_table
purpose: Back a transient table up under a name of its own.
section: Weekly 1, Post-payroll 2
access: write
relation table: the table; transient, as dbt builds them
relation backup: the clone's name, with the run or the date in it; must not be taken
instead: a transient table cannot be cloned to a permanent one (002120), so the runbook's CREATE TABLE fails for every
    table of dbt. The clone has no fail-safe and at most a day of time travel: it is no archive by itself.
*/
CREATE TRANSIENT TABLE {backup} CLONE {table}

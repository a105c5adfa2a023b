/*
name: undrop_table
purpose: Bring back the version of a table that a rebuild has dropped.
section: Weekly 2
access: write
relation table: the name, free now
instead: "restore from backup" has no statement in the runbook. The newest dropped table of that name comes back; a
    transient one can be had for a day at most.
*/
UNDROP TABLE {table}

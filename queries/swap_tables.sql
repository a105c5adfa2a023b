/*
name: swap_tables
purpose: Put the restored table in the place of the present one, and the present one in its.
section: Weekly 2, E2 3
access: write
relation table: the table
relation restored: the restored state, inspected
instead: "restore from backup" has no statement in the runbook. A swap is one step, and undone by itself.
*/
ALTER TABLE {table} SWAP WITH {restored}

/*
name: clone_table
purpose: Back a permanent table up under a name of its own.
section: Weekly 1, Post-payroll 2
access: write
relation table: the table; permanent
relation backup: the clone's name, with the run or the date in it; must not be taken
instead: OR REPLACE after a bad run overwrites the last good backup, and IF NOT EXISTS keeps an old one in silence: a
    name that is taken must fail. CLONE ends an open transaction, so it comes before BEGIN.
*/
CREATE TABLE {backup} CLONE {table}

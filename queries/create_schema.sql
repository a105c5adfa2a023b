/*
name: create_schema
purpose: Make the schema that backups go to, where it is not there yet.
section: Weekly 1
access: write
schema backup_schema: the schema
instead: the runbook's unqualified names land in whichever database the session has. It becomes the session's current
    schema too: every other name must be qualified.
*/
CREATE SCHEMA IF NOT EXISTS {backup_schema}

/*
name: backup_tables
purpose: What stands in a schema of backups, of what kind, whose, and since when?
section: Weekly 1, Weekly 2
access: read
schema information_schema: the one of the schema's database
parameter schema_name text: the schema, as stored
result table_name text: the table, as stored
result is_transient text: YES or NO
result row_count integer: its rows
result created timestamp: when it was made
result table_owner text: the role that owns it
instead: the runbook never looks at what backups there are: the one it has just overwritten is the only one.
*/
SELECT
    table_name AS table_name,
    is_transient AS is_transient,
    row_count AS row_count,
    created AS created,
    table_owner AS table_owner
FROM {information_schema}.tables
WHERE table_schema = :schema_name
  AND table_type = 'BASE TABLE'
ORDER BY table_name

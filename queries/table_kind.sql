/*
name: table_kind
purpose: Is it there, is it a table or a view, and is it transient?
section: Weekly 1, Post-payroll 2, T1
access: read
schema information_schema: the one of the table's database
parameter schema_name text: the schema, as stored
parameter table_name text: the table, as stored
result table_type text: BASE TABLE, VIEW or another kind; no row: missing, or the role may not see it
result is_transient text: YES or NO
result row_count integer: its rows
result last_altered timestamp: the last change of any kind
instead: dbt builds transient tables unless told otherwise, and a transient table cannot be cloned to a permanent one
    (002120): the kind is looked up first.
*/
SELECT
    table_type AS table_type,
    is_transient AS is_transient,
    row_count AS row_count,
    last_altered AS last_altered
FROM {information_schema}.tables
WHERE table_schema = :schema_name
  AND table_name = :table_name

/*
name: loaded_tables
purpose: Which landed tables are there, to compare with those that should be?
section: Daily 2
access: read
schema information_schema: the one of the database they land in
parameter schema_name text: the schema Airbyte lands in, as stored
parameter name_prefix text: how the names begin, in any case: supabase_
result table_name text: the table, as stored
result row_count integer: its rows
result last_altered timestamp: the last change of any kind; it can show that a table is stale, never that it is fresh
result is_transient text: YES or NO
instead: LIKE 'supabase_%' is case-sensitive, matches no upper-case name and takes _ for any character: none found reads
    as all fresh. Here none found is unknown.
*/
SELECT
    table_name AS table_name,
    row_count AS row_count,
    last_altered AS last_altered,
    is_transient AS is_transient
FROM {information_schema}.tables
WHERE table_schema = :schema_name
  AND STARTSWITH(UPPER(table_name), UPPER(:name_prefix))
ORDER BY table_name

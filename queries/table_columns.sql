/*
name: table_columns
purpose: Which columns does a table have?
section: Daily 2
access: read
schema information_schema: the one of the table's database
parameter schema_name text: the schema, as stored
parameter table_name text: the table, as stored
result column_name text: the column, as stored
result data_type text: its type
instead: the runbook takes _airbyte_emitted_at for granted; since Destinations V2 the column is _airbyte_extracted_at,
    so the table is asked which of the two it has, in the
    database that it lies in.
*/
SELECT
    column_name AS column_name,
    data_type AS data_type
FROM {information_schema}.columns
WHERE table_schema = :schema_name
  AND table_name = :table_name
ORDER BY ordinal_position

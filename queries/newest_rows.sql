/*
name: newest_rows
purpose: How many rows does a table in the warehouse hold, when was one last changed in the source, and last pulled?
section: E3 3
access: read
relation table: a landed table, or the bronze table that is made of it
optional updated_at: when the source last changed the row; NULL where the table has no such column
optional loaded_at: when Airbyte pulled the row; NULL where the table has no such column
result row_count integer: rows; fewer than in Supabase means that some have not landed
result last_update timestamp: the latest change, to compare with Supabase's own
result last_load timestamp: the latest pull; between a landed table and its bronze one it tells whether dbt has built since
instead: the runbook looks at the source alone, table by table and by hand: where the data stopped is left to the reader.
*/
SELECT
    COUNT(*) AS row_count,
    MAX({updated_at}) AS last_update,
    MAX({loaded_at}) AS last_load
FROM {table}

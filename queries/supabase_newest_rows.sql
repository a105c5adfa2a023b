/*
name: supabase_newest_rows
purpose: How many rows has the source table in Supabase, and when did one last change?
section: E3 3
access: read
dialect: postgres
relation table: the table in Supabase: public.attendance
result row_count integer: rows; fewer than in the warehouse means deletions
result last_update timestamp: the latest change
result last_insert timestamp: the latest new row
instead: the runbook asks for supabase.attendance: in Supabase, which is Postgres, the schema is public, and in the
    warehouse there is no such table. updated_at says nothing of deleted rows, so they are counted.
*/
SELECT
    count(*) AS row_count,
    max(updated_at) AS last_update,
    max(created_at) AS last_insert
FROM {table}

/*
name: supabase_session
purpose: Does Supabase answer, as whom, and over what kind of connection?
section: E3 2
access: read
dialect: postgres
result database_name text: the database
result user_name text: the user
result server_version text: Postgres' version
result read_only boolean: nothing can be written in this session
result encrypted boolean: the connection is; NULL where a pooler stands between
result server_time timestamp: its clock
instead: the runbook puts user and password into psql's arguments, where every process list shows them; SELECT 1 says
    nothing of encryption or rights.
*/
SELECT
    current_database()::text AS database_name,
    current_user::text AS user_name,
    current_setting('server_version') AS server_version,
    current_setting('transaction_read_only')::boolean AS read_only,
    (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS encrypted,
    now() AS server_time

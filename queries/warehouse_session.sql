/*
name: warehouse_session
purpose: Who is asking, as what, and where?
section: T1, T3
access: read
result account_name text: the account
result user_name text: the user
result role_name text: the role whose grants decide
result warehouse_name text: the warehouse that works; NULL where there is none
result database_name text: the current database
result schema_name text: the current schema
result version text: Snowflake's version
result server_time timestamp: its clock
instead: the runbook compares environments by running dbt in both. What the session says of itself is the truth about
    where one is, whatever a configuration says.
*/
SELECT
    CURRENT_ACCOUNT() AS account_name,
    CURRENT_USER() AS user_name,
    CURRENT_ROLE() AS role_name,
    CURRENT_WAREHOUSE() AS warehouse_name,
    CURRENT_DATABASE() AS database_name,
    CURRENT_SCHEMA() AS schema_name,
    CURRENT_VERSION() AS version,
    CURRENT_TIMESTAMP() AS server_time

/*
name: dbt_query_history
purpose: Which statements of dbt touched a table, in which sessions, and when?
section: E2 5
access: read
parameter since timestamp: statements that ended before it do not count
parameter table_text text: what the statement must mention, in any case: br_attendance_scd2
result query_id text: the statement's id
result session_id integer: two sessions at the same time are two dbt threads, or two dbt runs
result user_name text: who
result query_type text: INSERT, DELETE, CREATE_TABLE_AS_SELECT and so on
result execution_status text: RUNNING, SUCCESS, FAILED_WITH_ERROR and so on
result start_time timestamp: when it began
result end_time timestamp: when it ended; 1970 while it runs
result query_text text: its text, with dbt's comment at the end
instead: the runbook says "check for concurrent executions" and not how. dbt signs each statement with a comment. At
    most 10,000 statements of the last seven days are looked at, and only those the role may see.
*/
SELECT
    query_id AS query_id,
    session_id AS session_id,
    user_name AS user_name,
    query_type AS query_type,
    execution_status AS execution_status,
    start_time AS start_time,
    end_time AS end_time,
    query_text AS query_text
FROM TABLE(information_schema.query_history(
    END_TIME_RANGE_START => TO_TIMESTAMP_NTZ(:since)::TIMESTAMP_LTZ,
    RESULT_LIMIT => 10000
))
WHERE CONTAINS(query_text, '"app": "dbt"')
  AND CONTAINS(LOWER(query_text), LOWER(:table_text))
ORDER BY start_time, query_id

/*
name: query_history_by_tag
purpose: What became of the statements that carry a tag?
section: E2 5
access: read
parameter query_tag text: the session's QUERY_TAG at the time
parameter since timestamp: statements that ended before it do not count
result query_id text: the statement's id
result query_text text: its text
result query_type text: UPDATE, COMMIT and so on; may be UNKNOWN while it runs
result execution_status text: RUNNING, SUCCESS, FAILED_WITH_ERROR and so on
result error_code text: the error's number
result error_message text: the error's text
result start_time timestamp: when it began
result end_time timestamp: when it ended; 1970 while it runs
result user_name text: who
result rows_produced integer: rows it returned
instead: the runbook says "check for concurrent executions" and not how. At most 10,000 statements of the last seven
    days are looked at, and only those the role may see: none found means none visible.
*/
SELECT
    query_id AS query_id,
    query_text AS query_text,
    query_type AS query_type,
    execution_status AS execution_status,
    error_code::VARCHAR AS error_code,
    error_message AS error_message,
    start_time AS start_time,
    end_time AS end_time,
    user_name AS user_name,
    rows_produced AS rows_produced
FROM TABLE(information_schema.query_history(
    END_TIME_RANGE_START => TO_TIMESTAMP_NTZ(:since)::TIMESTAMP_LTZ,
    RESULT_LIMIT => 10000
))
WHERE query_tag = :query_tag
ORDER BY start_time, query_id

/*
name: scd2_versions_of_key
purpose: What are all the versions of one key, the newest first?
section: E2 2
access: read
relation table: an SCD2 table
column natural_key: the business key
column scd_id: the version's own id
column recorded_at: when the version became known
column inserted_at: when the row was written
parameter natural_key_value text: the key
instead: the runbook pastes the key into the text: a quote in it ends the statement. The order is total here.
*/
SELECT *
FROM {table}
WHERE {natural_key}::VARCHAR = :natural_key_value
ORDER BY {recorded_at} DESC NULLS LAST, {inserted_at} DESC NULLS LAST, {scd_id}

/*
name: scd2_key_versions
purpose: What are all the versions of one key, and exactly when does each hold?
section: E2 2
access: read
relation table: an SCD2 table
column natural_key: the business key
column scd_id: the version's own id
column effective_from: where its validity begins
column effective_to: where it ends
flag is_current: the flag of the current version, or the open end where there is none
column recorded_at: when it became known
column inserted_at: when the row was written
optional updated_at: when the row was last written, where the table says so
parameter natural_key_value text: the key
result scd_id text: the version's own id
result effective_from text: where its validity begins, to the nanosecond in UTC: 2026-01-10 00:00:00.000000000
result effective_to text: where it ends
result is_current boolean: whether it is current
result recorded_at text: when it became known
result inserted_at text: when the row was written
result updated_at text: when the row was last written; NULL too where the table does not say
instead: the runbook pastes the key into the text: a quote in it ends the statement. Moments come as text to the
    nanosecond: by way of the driver a millionth of a second would be lost, and a guard that compares would fail. The
    table's own columns follow, as they are.
*/
SELECT
    versions.{scd_id}::VARCHAR AS scd_id,
    TO_VARCHAR(versions.{effective_from}::TIMESTAMP_NTZ, 'YYYY-MM-DD HH24:MI:SS.FF9') AS effective_from,
    TO_VARCHAR(versions.{effective_to}::TIMESTAMP_NTZ, 'YYYY-MM-DD HH24:MI:SS.FF9') AS effective_to,
    {is_current} AS is_current,
    TO_VARCHAR(versions.{recorded_at}::TIMESTAMP_NTZ, 'YYYY-MM-DD HH24:MI:SS.FF9') AS recorded_at,
    TO_VARCHAR(versions.{inserted_at}::TIMESTAMP_NTZ, 'YYYY-MM-DD HH24:MI:SS.FF9') AS inserted_at,
    TO_VARCHAR({updated_at}::TIMESTAMP_NTZ, 'YYYY-MM-DD HH24:MI:SS.FF9') AS updated_at,
    versions.*
FROM {table} AS versions
WHERE versions.{natural_key}::VARCHAR = :natural_key_value
ORDER BY versions.{recorded_at} DESC NULLS LAST, versions.{inserted_at} DESC NULLS LAST, versions.{scd_id}

/*
name: scd2_end_version
purpose: End one open version of a table without a flag, as a dbt snapshot's.
section: E2 3
access: write
relation table: an SCD2 table
column natural_key: the business key
column scd_id: the version's own id
column effective_from: where its validity begins
column effective_to: where it ends
flag is_current: the open end, which tells the current version
column recorded_at: when it became known
parameter close_at timestamp: where it is to end, by the table's convention
parameter natural_key_value text: the key
parameter scd_id_value text: the version's id
parameter effective_from_value timestamp: where it begins, as planned for
parameter effective_to_value timestamp: where it ended until now, as planned for; NULL where it was open
parameter recorded_at_value timestamp: when it became known, as planned for
instead: the runbook's UPDATE sets a flag that a snapshot does not have. All else is as in scd2_close_version; an
    updated_at that a snapshot carries is its source's, and left alone.
*/
UPDATE {table}
SET
    {effective_to} = TO_TIMESTAMP_NTZ(:close_at)
WHERE {natural_key}::VARCHAR = :natural_key_value
  AND {scd_id}::VARCHAR = :scd_id_value
  AND {is_current}
  AND EQUAL_NULL({effective_from}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:effective_from_value))
  AND EQUAL_NULL({effective_to}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:effective_to_value))
  AND EQUAL_NULL({recorded_at}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:recorded_at_value))

/*
name: scd2_restore_version
purpose: Undo the closing of one version, if it is still as the repair left it.
section: E2 3
access: write
relation table: an SCD2 table
column natural_key: the business key
column scd_id: the version's own id
column effective_from: where its validity begins
column effective_to: where it ends
column is_current: the flag of the current version
column recorded_at: when it became known
column updated_at: when the row was last written
parameter effective_to_before timestamp: where it had ended before the repair; NULL where it was open
parameter updated_at_before timestamp: when the row had been written before the repair
parameter natural_key_value text: the key
parameter scd_id_value text: the version's id
parameter effective_from_value timestamp: where it begins, as the repair left it
parameter effective_to_value timestamp: where the repair ended it
parameter recorded_at_value timestamp: when it became known, as the repair left it
parameter updated_at_value timestamp: when the repair wrote it
instead: the runbook has no way back. Exactly one row must be updated, or else ROLLBACK.
*/
UPDATE {table}
SET
    {is_current} = TRUE,
    {effective_to} = TO_TIMESTAMP_NTZ(:effective_to_before),
    {updated_at} = TO_TIMESTAMP_NTZ(:updated_at_before)
WHERE {natural_key}::VARCHAR = :natural_key_value
  AND {scd_id}::VARCHAR = :scd_id_value
  AND NOT {is_current}
  AND EQUAL_NULL({effective_from}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:effective_from_value))
  AND EQUAL_NULL({effective_to}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:effective_to_value))
  AND EQUAL_NULL({recorded_at}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:recorded_at_value))
  AND EQUAL_NULL({updated_at}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:updated_at_value))

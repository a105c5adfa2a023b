/*
name: scd2_reopen_version
purpose: Undo the closing of one version, if it is still as the repair left it.
section: E2 3
access: write
relation table: an SCD2 table
column natural_key: the business key
column scd_id: the version's own id
column effective_to: where its validity ends
column is_current: the flag of the current version
column updated_at: when the row was last written
parameter natural_key_value text: the key
parameter scd_id_value text: the version's id
parameter closed_at timestamp: where the repair ended it
parameter updated_at_before timestamp: when the row had been written before the repair
parameter updated_at_value timestamp: when the repair wrote it
instead: the runbook has no way back. Exactly one row must be updated, or else ROLLBACK.
*/
UPDATE {table}
SET
    {is_current} = TRUE,
    {effective_to} = NULL,
    {updated_at} = TO_TIMESTAMP_NTZ(:updated_at_before)
WHERE {natural_key}::VARCHAR = :natural_key_value
  AND {scd_id} = :scd_id_value
  AND NOT {is_current}
  AND {effective_to}::TIMESTAMP_NTZ(6) = TO_TIMESTAMP_NTZ(:closed_at)
  AND {updated_at}::TIMESTAMP_NTZ(6) = TO_TIMESTAMP_NTZ(:updated_at_value)

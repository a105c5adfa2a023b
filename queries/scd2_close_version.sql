/*
name: scd2_close_version
purpose: Close one current version, if it is still exactly the one that was planned for.
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
parameter close_at timestamp: where it is to end, by the table's convention
parameter natural_key_value text: the key
parameter scd_id_value text: the version's id
parameter effective_from_value timestamp: where it begins, as planned for
parameter effective_to_value timestamp: where it ended until now, as planned for; NULL where it was open
parameter recorded_at_value timestamp: when it became known, as planned for
instead: the runbook's UPDATE has no transaction, no key, no look at the flag and no count: an id used twice closes both
    versions and leaves the key without a current one. Exactly one row must be updated, or else ROLLBACK. The session
    is in UTC: CURRENT_TIMESTAMP would otherwise store some local time.
*/
UPDATE {table}
SET
    {is_current} = FALSE,
    {effective_to} = TO_TIMESTAMP_NTZ(:close_at),
    {updated_at} = CURRENT_TIMESTAMP()::TIMESTAMP_NTZ
WHERE {natural_key}::VARCHAR = :natural_key_value
  AND {scd_id}::VARCHAR = :scd_id_value
  AND {is_current}
  AND EQUAL_NULL({effective_from}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:effective_from_value))
  AND EQUAL_NULL({effective_to}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:effective_to_value))
  AND EQUAL_NULL({recorded_at}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:recorded_at_value))

/*
name: scd2_insert_copy
purpose: Put one copy of a row back out of the clone that was made before.
section: E2 3
access: write
relation table: an SCD2 table
relation backup: its clone
column natural_key: the business key
column scd_id: the version's own id
column effective_from: where its validity begins
column effective_to: where it ends
column recorded_at: when it became known
column inserted_at: when the row was written
parameter natural_key_value text: the key
parameter scd_id_value text: the id that several rows have
parameter effective_from_value timestamp: where the copy that is kept begins
parameter effective_to_value timestamp: where it ends; NULL where it is open
parameter recorded_at_value timestamp: when it became known
parameter inserted_at_value timestamp: when it was written
instead: the runbook cannot keep one of two identical rows. Copies that agree in all of these are the same throughout,
    or the plan refuses: whichever is taken, it is the one that was planned for.
*/
INSERT INTO {table}
SELECT copies.*
FROM {backup} AS copies
WHERE copies.{natural_key}::VARCHAR = :natural_key_value
  AND copies.{scd_id}::VARCHAR = :scd_id_value
  AND EQUAL_NULL(copies.{effective_from}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:effective_from_value))
  AND EQUAL_NULL(copies.{effective_to}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:effective_to_value))
  AND EQUAL_NULL(copies.{recorded_at}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:recorded_at_value))
  AND EQUAL_NULL(copies.{inserted_at}::TIMESTAMP_NTZ, TO_TIMESTAMP_NTZ(:inserted_at_value))
QUALIFY ROW_NUMBER() OVER (ORDER BY copies.{scd_id}) = 1

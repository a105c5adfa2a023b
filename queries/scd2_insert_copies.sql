/*
name: scd2_insert_copies
purpose: Put every row of a key that has one id back out of the clone, as it was before one copy was kept.
section: E2 3
access: write
relation table: an SCD2 table
relation backup: its clone
column natural_key: the business key
column scd_id: the version's own id
parameter natural_key_value text: the key
parameter scd_id_value text: the id that several rows have
instead: the runbook has no way back. As many rows as the clone holds must be inserted, or else ROLLBACK.
*/
INSERT INTO {table}
SELECT copies.*
FROM {backup} AS copies
WHERE copies.{natural_key}::VARCHAR = :natural_key_value
  AND copies.{scd_id}::VARCHAR = :scd_id_value

/*
name: scd2_delete_copies
purpose: Take out every row of a key that has one id, before one copy of it is put back.
section: E2 3
access: write
relation table: an SCD2 table
column natural_key: the business key
column scd_id: the version's own id
parameter natural_key_value text: the key
parameter scd_id_value text: the id that several rows have
instead: the runbook's UPDATE by id closes all rows that share it. Rows that cannot be told apart are taken out
    together, in the transaction that puts one back; as many as planned for must be deleted, or else ROLLBACK.
*/
DELETE FROM {table}
WHERE {natural_key}::VARCHAR = :natural_key_value
  AND {scd_id}::VARCHAR = :scd_id_value

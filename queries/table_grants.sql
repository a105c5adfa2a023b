/*
name: table_grants
purpose: Who else may do something with a table?
section: Weekly 2
access: read
schema information_schema: the one of the table's database
parameter schema_name text: the schema, as stored
parameter table_name text: the table, as stored
result grantee text: the role
result privilege text: what it may do; OWNERSHIP is not among them
instead: "restore from backup" has no statement in the runbook. A table that is swapped for another takes its grants
    with it, and those who read it would find it closed.
*/
SELECT
    grantee AS grantee,
    privilege_type AS privilege
FROM {information_schema}.table_privileges
WHERE table_schema = :schema_name
  AND table_name = :table_name
  AND privilege_type <> 'OWNERSHIP'
ORDER BY grantee, privilege_type

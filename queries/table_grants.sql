/*
name: table_grants
purpose: Who may do something with a table?
section: Weekly 2
access: read
schema information_schema: the one of the table's database
parameter schema_name text: the schema, as stored
parameter table_name text: the table, as stored
result grantee text: the role
result privilege text: what it may do; a table always has an OWNERSHIP, so an answer without one is not whole
result is_own boolean: it is the OWNERSHIP of the role that asks, which a clone made by it has too
instead: "restore from backup" has no statement in the runbook. A table that is swapped for another takes its grants
    with it, and those who read it would find it closed.
*/
SELECT
    grantee AS grantee,
    privilege_type AS privilege,
    privilege_type = 'OWNERSHIP' AND grantee = CURRENT_ROLE() AS is_own
FROM {information_schema}.table_privileges
WHERE table_schema = :schema_name
  AND table_name = :table_name
ORDER BY grantee, privilege_type

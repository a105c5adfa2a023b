/*
name: sessions_by_name
purpose: Is there still a session of this write, from which a COMMIT may yet arrive?
section: Post-payroll 1
access: read
dialect: postgres
parameter application_name text: the write's application_name
result pid integer: the server's process of a session that is not known to be at rest
instead: the runbook knows a payment only as made or not made, never as under way.
*/
SELECT pid
FROM pg_stat_activity
WHERE application_name = :application_name
  AND state IS DISTINCT FROM 'idle'  -- at rest it has no transaction open; NULL: not for this login to see

/*
name: payroll_create_snapshot
purpose: Make the permanent table that keeps what one payroll was paid from.
section: Pre-payroll 3, Post-payroll 2
access: write
relation fact: the table payroll is paid from
relation snapshot: the snapshot's name, with the payroll run in it; must not be taken
instead: the runbook clones after payment, when the data may have changed, and a clone of dbt's transient table is
    transient too. This one is permanent; it ends an open transaction, so it comes before BEGIN.
*/
CREATE TABLE {snapshot} AS
SELECT
    payment.*,
    CURRENT_TIMESTAMP() AS frozen_at
FROM {fact} AS payment
WHERE FALSE

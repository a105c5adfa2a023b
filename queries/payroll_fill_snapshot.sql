/*
name: payroll_fill_snapshot
purpose: Freeze the payments of one concert.
section: Pre-payroll 3, Post-payroll 2
access: write
relation fact: the table payroll is paid from
relation snapshot: the snapshot, empty
parameter concert_id text: the concert
instead: the runbook copies every concert's payments, personal data and all; a second payroll of the same day collides.
    The concert's payments alone are kept.
*/
INSERT INTO {snapshot}
SELECT
    payment.*,
    CURRENT_TIMESTAMP()
FROM {fact} AS payment
WHERE payment.concert_id::VARCHAR = :concert_id

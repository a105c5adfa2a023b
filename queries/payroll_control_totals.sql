/*
name: payroll_control_totals
purpose: What does the concert's payroll come to, and is there anything in it that must not be paid?
section: Pre-payroll 3, Pre-payroll 5, Post-payroll 2
access: read
relation fact: the table payroll is paid from, or its archive
relation dim_musician: the musicians
relation dim_concert: the concerts
parameter concert_id text: the concert
result entry_count integer: payments
result musicians integer: different musicians; must equal entry_count
result gross number: sum before deductions
result deductions number: sum of deductions
result net number: sum to be paid
result hash_total number: sum of the musicians' ids, as payment files carry it: another set of people, another sum
result null_amounts integer: payments with an amount not filled in
result negative_net integer: payments below nothing
result unbalanced integer: payments whose net is not gross less deductions
result fractional_cents integer: payments that are not whole cents
result unknown_musicians integer: payments to musicians the dimension does not know
result repeated_musicians integer: payments to musicians the dimension knows more than once
result unknown_concerts integer: payments for a concert the dimension does not know, or knows more than once
result missing_email integer: payments without an address for the notice
instead: the runbook has no totals at all: nothing says that what was signed is what was paid.
*/
WITH known_musicians AS (
    SELECT
        musician_id,
        COUNT(*) AS matches,
        MIN(email) AS email
    FROM {dim_musician}
    GROUP BY musician_id
),
known_concerts AS (
    SELECT
        concert_id,
        COUNT(*) AS matches
    FROM {dim_concert}
    GROUP BY concert_id
)
SELECT
    COUNT(*) AS entry_count,
    COUNT(DISTINCT payment.musician_id) AS musicians,
    COALESCE(SUM(payment.gross_amount::NUMBER(38, 2)), 0)::NUMBER(38, 2) AS gross,
    COALESCE(SUM(payment.deductions::NUMBER(38, 2)), 0)::NUMBER(38, 2) AS deductions,
    COALESCE(SUM(payment.net_amount::NUMBER(38, 2)), 0)::NUMBER(38, 2) AS net,
    SUM(TRY_TO_NUMBER(payment.musician_id::VARCHAR))::NUMBER(38, 0) AS hash_total,
    COUNT(CASE WHEN payment.gross_amount + payment.deductions + payment.net_amount IS NULL THEN 1 END) AS null_amounts,
    COUNT(CASE WHEN payment.net_amount < 0 THEN 1 END) AS negative_net,
    COUNT(
        CASE
            WHEN payment.net_amount::NUMBER(38, 2) <> (payment.gross_amount - payment.deductions)::NUMBER(38, 2) THEN 1
        END
    ) AS unbalanced,
    COUNT(CASE WHEN payment.net_amount <> payment.net_amount::NUMBER(38, 2) THEN 1 END) AS fractional_cents,
    COUNT(CASE WHEN known_musicians.matches IS NULL THEN 1 END) AS unknown_musicians,
    COUNT(CASE WHEN known_musicians.matches > 1 THEN 1 END) AS repeated_musicians,
    COUNT(CASE WHEN COALESCE(known_concerts.matches, 0) <> 1 THEN 1 END) AS unknown_concerts,
    COUNT(CASE WHEN COALESCE(TRIM(known_musicians.email), '') = '' THEN 1 END) AS missing_email
FROM {fact} AS payment
LEFT JOIN known_musicians
    ON payment.musician_id = known_musicians.musician_id
LEFT JOIN known_concerts
    ON payment.concert_id = known_concerts.concert_id
WHERE payment.concert_id::VARCHAR = :concert_id

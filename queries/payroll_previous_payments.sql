/*
name: payroll_previous_payments
purpose: What was each musician of the concert paid the last time, by the same kind of pay?
section: Pre-payroll 4
access: read
relation fact: the table payroll is paid from
relation dim_concert: the concerts
parameter concert_id text: the concert
result musician_id text: the musician; who has no payment for an earlier concert is not among them
result same_kind boolean: false where no earlier payment was of this pay_type: then the last one of another is told
result concert_id text: what it was paid for: the last concert before this one, by its date, then its id
result concert_date date: its day
result net_amount number: what was paid; as it is stored, not rounded
instead: the runbook shows a payment by itself: whoever looks at it cannot see that it is not what it used to be.
*/
WITH known_concerts AS (
    SELECT
        concert_id,
        MIN(concert_date) AS concert_date
    FROM {dim_concert}
    GROUP BY concert_id
),
payees AS (
    SELECT DISTINCT
        concert_id,
        musician_id,
        pay_type
    FROM {fact}
    WHERE concert_id::VARCHAR = :concert_id
)
SELECT
    payees.musician_id::VARCHAR AS musician_id,
    payees.pay_type IS NOT DISTINCT FROM payment.pay_type AS same_kind,
    payment.concert_id::VARCHAR AS concert_id,
    earlier.concert_date,
    payment.net_amount
FROM payees
INNER JOIN known_concerts AS present
    ON payees.concert_id = present.concert_id
INNER JOIN {fact} AS payment
    ON payees.musician_id = payment.musician_id
INNER JOIN known_concerts AS earlier
    ON payment.concert_id = earlier.concert_id
WHERE
    earlier.concert_date < present.concert_date
    OR (earlier.concert_date = present.concert_date AND earlier.concert_id < present.concert_id)
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY payees.musician_id
    ORDER BY
        CASE WHEN payees.pay_type IS NOT DISTINCT FROM payment.pay_type THEN 0 ELSE 1 END,
        earlier.concert_date DESC,
        earlier.concert_id DESC,
        payment.net_amount DESC NULLS LAST
) = 1
ORDER BY payees.musician_id

/*
name: payroll_spot_check
purpose: Which payments of the concert are looked at by hand, the same ones whoever asks?
section: Pre-payroll 4
access: read
relation fact: the table payroll is paid from
relation dim_musician: the musicians
relation dim_concert: the concerts
parameter concert_id text: the concert
parameter seed text: the fingerprint of the data; it alone decides which rows
parameter sample_size integer: how many payments
result musician_id integer: the musician
result full_name text: the name; NULL where the dimension does not know the musician
result title text: the concert; NULL where the dimension does not know it
result pay_type text: per_service or per_concert
result attended_services integer: services attended
result required_services integer: services asked for
result gross_amount number: before deductions
result deductions number: what is taken off
result net_amount number: what is paid
instead: the runbook samples all concerts of the last 30 days, not the one to be paid; RANDOM() shows everyone other
    rows; its joins drop a musician the dimension does not know, and show one twice whom it knows twice.
*/
WITH known_musicians AS (
    SELECT
        musician_id,
        MIN(full_name) AS full_name
    FROM {dim_musician}
    GROUP BY musician_id
),
known_concerts AS (
    SELECT
        concert_id,
        MIN(title) AS title
    FROM {dim_concert}
    GROUP BY concert_id
)
SELECT
    payment.musician_id,
    known_musicians.full_name,
    known_concerts.title,
    payment.pay_type,
    payment.attended_services,
    payment.required_services,
    payment.gross_amount::NUMBER(38, 2) AS gross_amount,
    payment.deductions::NUMBER(38, 2) AS deductions,
    payment.net_amount::NUMBER(38, 2) AS net_amount
FROM {fact} AS payment
LEFT JOIN known_musicians
    ON payment.musician_id = known_musicians.musician_id
LEFT JOIN known_concerts
    ON payment.concert_id = known_concerts.concert_id
WHERE payment.concert_id::VARCHAR = :concert_id
QUALIFY ROW_NUMBER() OVER (
    ORDER BY MD5(CONCAT(:seed, ':', payment.musician_id::VARCHAR)), payment.musician_id
) <= :sample_size
ORDER BY MD5(CONCAT(:seed, ':', payment.musician_id::VARCHAR)), payment.musician_id

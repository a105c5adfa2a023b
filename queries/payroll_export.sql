/*
name: payroll_export
purpose: What is each musician of the concert paid?
section: Pre-payroll 5
access: read
relation fact: the table payroll is paid from
relation dim_musician: the musicians
relation dim_concert: the concerts
parameter concert_id text: the concert
result concert_id integer: the concert
result musician_id integer: the musician
result full_name text: the name; NULL where the dimension does not know the musician
result email text: where the notice goes
result concert text: the concert's title; NULL where the dimension does not know it
result concert_date date: its day
result pay_type text: per_service or per_concert
result attended_services integer: services attended
result required_services integer: services asked for
result gross_amount number: before deductions; as it is stored, not rounded
result deductions number: what is taken off
result net_amount number: what is paid; a part of a cent must stop the payroll
result calculated_at timestamp: when dbt calculated it
result musician_matches integer: rows of the musician in the dimension; anything but 1 must stop the payroll
result concert_matches integer: rows of the concert in the dimension; anything but 1 must stop the payroll
instead: the runbook's joins leave a musician unpaid whom the dimension does not know, and pay one twice whom it knows
    twice; the file has no musician_id. Every payment of the concert is exactly one row here.
*/
WITH known_musicians AS (
    SELECT
        musician_id,
        COUNT(*) AS matches,
        MIN(full_name) AS full_name,
        MIN(last_name) AS last_name,
        MIN(first_name) AS first_name,
        MIN(email) AS email
    FROM {dim_musician}
    GROUP BY musician_id
),
known_concerts AS (
    SELECT
        concert_id,
        COUNT(*) AS matches,
        MIN(title) AS title,
        MIN(concert_date) AS concert_date
    FROM {dim_concert}
    GROUP BY concert_id
)
SELECT
    payment.concert_id,
    payment.musician_id,
    known_musicians.full_name,
    known_musicians.email,
    known_concerts.title AS concert,
    known_concerts.concert_date,
    payment.pay_type,
    payment.attended_services,
    payment.required_services,
    payment.gross_amount,
    payment.deductions,
    payment.net_amount,
    payment.calculated_at,
    COALESCE(known_musicians.matches, 0) AS musician_matches,
    COALESCE(known_concerts.matches, 0) AS concert_matches
FROM {fact} AS payment
LEFT JOIN known_musicians
    ON payment.musician_id = known_musicians.musician_id
LEFT JOIN known_concerts
    ON payment.concert_id = known_concerts.concert_id
WHERE payment.concert_id::VARCHAR = :concert_id
ORDER BY known_musicians.last_name, known_musicians.first_name, payment.musician_id

/*
name: payroll_concerts
purpose: Which concerts are there payments for, and what do they come to?
section: Pre-payroll 1
access: read
relation fact: the table payroll is paid from
relation dim_concert: the concerts
result concert_id text: the concert; NULL for payments that name none
result title text: its title; NULL where the dimension does not know it
result concert_date date: its day
result musicians integer: different musicians
result entry_count integer: payments
result net number: sum to be paid, to the cent; NULL where an amount is not filled in
result concert_matches integer: rows of the concert in the dimension; anything but 1 must stop the payroll
instead: the runbook begins with a concert's id that somebody has to know.
*/
WITH known_concerts AS (
    SELECT
        concert_id,
        COUNT(*) AS matches,
        MIN(title) AS title,
        MIN(concert_date) AS concert_date
    FROM {dim_concert}
    GROUP BY concert_id
),
owed AS (
    SELECT
        concert_id,
        COUNT(DISTINCT musician_id) AS musicians,
        COUNT(*) AS entry_count,
        COUNT(CASE WHEN net_amount IS NULL THEN 1 END) AS nulls,
        SUM(net_amount::NUMBER(38, 2))::NUMBER(38, 2) AS net
    FROM {fact}
    GROUP BY concert_id
)
SELECT
    owed.concert_id::VARCHAR AS concert_id,
    known_concerts.title,
    known_concerts.concert_date,
    owed.musicians,
    owed.entry_count,
    CASE WHEN owed.nulls = 0 THEN owed.net END AS net,
    COALESCE(known_concerts.matches, 0) AS concert_matches
FROM owed
LEFT JOIN known_concerts
    ON owed.concert_id = known_concerts.concert_id
ORDER BY known_concerts.concert_date DESC NULLS LAST, owed.concert_id

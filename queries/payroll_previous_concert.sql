/*
name: payroll_previous_concert
purpose: Which concert with payments came before this one?
section: Pre-payroll 4
access: read
relation fact: the table payroll is paid from
relation dim_concert: the concerts
parameter concert_id text: the concert
result concert_id text: the last one before it, by its date, then its id; no row where there is none
result title text: its title
result concert_date date: its day
instead: the runbook has nothing to compare a payroll with: one of twice the size looks like any other.
*/
WITH known_concerts AS (
    SELECT
        concert_id,
        MIN(title) AS title,
        MIN(concert_date) AS concert_date
    FROM {dim_concert}
    GROUP BY concert_id
),
paid AS (
    SELECT DISTINCT concert_id
    FROM {fact}
)
SELECT
    earlier.concert_id::VARCHAR AS concert_id,
    earlier.title,
    earlier.concert_date
FROM known_concerts AS earlier
INNER JOIN paid
    ON earlier.concert_id = paid.concert_id
INNER JOIN known_concerts AS present
    ON present.concert_id::VARCHAR = :concert_id
WHERE
    earlier.concert_date < present.concert_date
    OR (earlier.concert_date = present.concert_date AND earlier.concert_id < present.concert_id)
ORDER BY earlier.concert_date DESC, earlier.concert_id DESC
LIMIT 1

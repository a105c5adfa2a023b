/*
name: supabase_paid_concerts
purpose: How many of each concert's payments are recorded as paid in Supabase, and since when?
section: Post-payroll 1
access: read
dialect: postgres
relation payment: the payments in Supabase: public.payment
result concert_id text: the concert; NULL for payments that name none
result payments integer: payments that the login may see
result paid integer: those recorded as paid
result first_paid date: the earliest day of them
result last_paid date: the latest
instead: the runbook does not look whether a concert has been paid: it would be paid again.
*/
SELECT
    concert_id::text AS concert_id,
    count(*) AS payments,
    count(*) FILTER (WHERE paid IS TRUE) AS paid,
    min(payment_date) FILTER (WHERE paid IS TRUE) AS first_paid,
    max(payment_date) FILTER (WHERE paid IS TRUE) AS last_paid
FROM {payment}
GROUP BY concert_id
ORDER BY concert_id

/*
name: supabase_payments
purpose: Which payments does Supabase hold for the concert, and which are paid?
section: Post-payroll 1
access: read
dialect: postgres
relation payment: the payments in Supabase: public.payment
parameter concert_id text: the concert
result payment_id text: the payment
result musician_id text: the musician
result net_amount number: what is paid
result paid boolean: whether it is recorded as paid
result payment_date date: since when
instead: the runbook does not look before it writes: whoever was paid already is paid with a new date.
*/
SELECT
    id::text AS payment_id,
    musician_id::text AS musician_id,
    net_amount,
    paid,
    payment_date
FROM {payment}
WHERE concert_id::text = :concert_id
ORDER BY musician_id, id

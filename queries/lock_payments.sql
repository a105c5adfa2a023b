/*
name: lock_payments
purpose: Hold the payments that are about to be recorded, and compare them with the signed file before anything changes.
section: Post-payroll 1
access: write
dialect: postgres
relation payment: the payments in Supabase: public.payment
parameter concert_id text: the concert
parameter musician_ids text: the musicians of the signed file, as a JSON array of texts
result payment_id text: the payment
result musician_id text: the musician
result net_amount number: what is paid
result paid boolean: whether it is recorded as paid
result payment_date date: since when
instead: the runbook writes without looking. In one transaction with mark_paid: ids, count and sum must be the signed
    file's, or else ROLLBACK.
*/
SELECT
    id::text AS payment_id,
    musician_id::text AS musician_id,
    net_amount,
    paid,
    payment_date
FROM {payment}
WHERE concert_id::text = :concert_id
  AND musician_id::text IN (SELECT jsonb_array_elements_text(:musician_ids::jsonb))
ORDER BY musician_id, id
FOR UPDATE

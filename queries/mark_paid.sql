/*
name: mark_paid
purpose: Record exactly these payments as paid.
section: Post-payroll 1
access: write
dialect: postgres
relation payment: the payments in Supabase: public.payment
parameter payment_date date: the day, as typed by a person
parameter concert_id text: the concert
parameter payment_ids text: the payments that were locked, as a JSON array of texts
result payment_id text: the payment
result musician_id text: the musician
result net_amount number: what is paid
instead: CURRENT_DATE() is no Postgres, and Snowflake's copy is overwritten by the next sync; the runbook pays the whole
    concert, exported or not, and dates anew who was paid before. The count must be the signed file's, or else ROLLBACK.
*/
UPDATE {payment}
SET
    paid = TRUE,
    payment_date = :payment_date
WHERE concert_id::text = :concert_id
  AND id::text IN (SELECT jsonb_array_elements_text(:payment_ids::jsonb))
  AND paid IS DISTINCT FROM TRUE
RETURNING
    id::text AS payment_id,
    musician_id::text AS musician_id,
    net_amount

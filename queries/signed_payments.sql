/*
name: signed_payments
purpose: How many payments of the signed file are in which state, and are they still the same over the same amounts?
section: Post-payroll 1
access: read
dialect: postgres
relation payment: the payments in Supabase: public.payment
parameter concert_id text: the concert
parameter musician_ids text: the musicians of the signed file, as a JSON array of texts
result paid boolean: whether they are recorded as paid
result payment_date date: since when
result payments integer: how many of them are in this state
result content text: SHA-256 over each payment's id, musician and amount, the same in every row
instead: the runbook does not look whether what it pays is what was signed.
*/
WITH signed AS MATERIALIZED (
    SELECT
        id::text AS payment_id,
        musician_id::text AS musician_id,
        net_amount::text AS net_amount,
        paid,
        payment_date
    FROM {payment}
    WHERE concert_id::text = :concert_id
      AND musician_id::text IN (SELECT jsonb_array_elements_text(:musician_ids::jsonb))
),
whole AS MATERIALIZED (
    SELECT encode(sha256(convert_to(string_agg(
        concat_ws(chr(31), payment_id, musician_id, coalesce(net_amount, 'NULL')),
        chr(30) ORDER BY payment_id COLLATE "C"
    ), 'UTF8')), 'hex') AS content
    FROM signed
)
SELECT
    signed.paid,
    signed.payment_date,
    count(*) AS payments,
    whole.content
FROM signed
CROSS JOIN whole
GROUP BY signed.paid, signed.payment_date, whole.content
ORDER BY signed.paid, signed.payment_date

/*
name: payment_rule_violations
purpose: Which payments break one of the three critical rules, or cannot be shown to keep it?
section: E1 4, Pre-payroll 3
access: read
relation fact: the table payroll is paid from
parameter limit integer: at most this many rows
result concert_id integer: the concert
result musician_id integer: the musician
result pay_type text: per_service or per_concert
result attended_services integer: services attended
result required_services integer: services asked for
result gross_amount number: before deductions
result deductions number: what is taken off
result net_amount number: what is paid
result net_is_wrong boolean: net is not gross less deductions
result attended_too_many boolean: more services attended than required
result per_service_deduction boolean: paid per service, and yet something is taken off
result total_rows integer: how many payments there are in all, beyond the limit too
instead: NOT(expression) lets NULL pass, so an empty amount passes all three of the runbook's tests. Here a rule that
    cannot be decided is broken.
*/
WITH judged AS (
    SELECT
        concert_id,
        musician_id,
        pay_type,
        attended_services,
        required_services,
        gross_amount::NUMBER(38, 2) AS gross_amount,
        deductions::NUMBER(38, 2) AS deductions,
        net_amount::NUMBER(38, 2) AS net_amount,
        NOT COALESCE(net_amount::NUMBER(38, 2) = (gross_amount - deductions)::NUMBER(38, 2), FALSE) AS net_is_wrong,
        NOT COALESCE(attended_services <= required_services, FALSE) AS attended_too_many,
        NOT COALESCE(pay_type <> 'per_service' OR deductions = 0, FALSE) AS per_service_deduction
    FROM {fact}
)
SELECT
    concert_id,
    musician_id,
    pay_type,
    attended_services,
    required_services,
    gross_amount,
    deductions,
    net_amount,
    net_is_wrong,
    attended_too_many,
    per_service_deduction,
    COUNT(*) OVER () AS total_rows
FROM judged
WHERE net_is_wrong OR attended_too_many OR per_service_deduction
QUALIFY ROW_NUMBER() OVER (ORDER BY concert_id, musician_id) <= :limit
ORDER BY concert_id, musician_id

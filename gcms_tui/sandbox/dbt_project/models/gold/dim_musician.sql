select
    musician_id,
    first_name || ' ' || last_name as full_name,
    first_name,
    last_name,
    email,
    instrument,
    pay_type,
    active
from {{ ref('br_musician_scd2') }}
where is_current

-- What counts: the current version of each attendance entry.
select
    natural_key,
    concert_id,
    musician_id,
    rehearsal_id,
    status,
    remark,
    recorded_at
from {{ ref('br_attendance_scd2') }}
where is_current

-- Per concert and musician: how many services were asked for, and what became of them.
with required as (

    select concert_id, count(*) as required_services
    from {{ ref('br_supabase_rehearsal') }}
    group by concert_id

)

select
    sv_attendance.concert_id,
    sv_attendance.musician_id,
    cast(max(required.required_services) as number(38, 0)) as required_services,
    cast(count(case when sv_attendance.status = 'present' then 1 end) as number(38, 0)) as attended_services,
    cast(count(case when sv_attendance.status = 'absent' then 1 end) as number(38, 0)) as absent_services,
    cast(count(case when sv_attendance.status = 'excused' then 1 end) as number(38, 0)) as excused_services
from {{ ref('sv_attendance') }} as sv_attendance
left join required on required.concert_id = sv_attendance.concert_id
group by sv_attendance.concert_id, sv_attendance.musician_id

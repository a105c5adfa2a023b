with services as (

    select concert_id, count(*) as required_services
    from {{ ref('br_supabase_rehearsal') }}
    group by concert_id

)

select
    concert.concert_id,
    concert.title,
    concert.concert_date,
    concert.venue,
    concert.status,
    cast(coalesce(services.required_services, 0) as number(38, 0)) as required_services
from {{ ref('br_concert_scd2') }} as concert
left join services on services.concert_id = concert.concert_id
where concert.is_current

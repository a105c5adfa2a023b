-- What was agreed with each musician on the day of each completed concert: a later rise changes no earlier payment.
-- effective_to is the last day on which a version holds.
select
    concert.concert_id,
    musician.musician_id,
    musician.pay_type,
    musician.rate
from {{ ref('br_concert_scd2') }} as concert
inner join {{ ref('br_musician_scd2') }} as musician
    on concert.concert_date >= cast(musician.effective_from as date)
    and (musician.effective_to is null or concert.concert_date <= cast(musician.effective_to as date))
where concert.is_current
    and concert.status = 'completed'

-- The services of a concert; its performance is one, too.
select
    cast(id as number(38, 0)) as id,
    cast(concert_id as number(38, 0)) as concert_id,
    cast(service_type as varchar) as service_type,
    {{ utc('starts_at') }} as starts_at,
    {{ utc('created_at') }} as created_at,
    {{ utc('updated_at') }} as updated_at,
    _airbyte_extracted_at
from {{ source('supabase', 'rehearsal') }}
{{ latest_landed() }}

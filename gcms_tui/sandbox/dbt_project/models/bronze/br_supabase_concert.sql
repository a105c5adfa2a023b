select
    cast(id as number(38, 0)) as id,
    cast(title as varchar) as title,
    cast(concert_date as date) as concert_date,
    cast(venue as varchar) as venue,
    cast(status as varchar) as status,
    {{ utc('created_at') }} as created_at,
    {{ utc('updated_at') }} as updated_at,
    _airbyte_extracted_at
from {{ source('supabase', 'concert') }}
{{ latest_landed() }}

select
    cast(id as number(38, 0)) as id,
    cast(concert_id as number(38, 0)) as concert_id,
    cast(musician_id as number(38, 0)) as musician_id,
    cast(rehearsal_id as number(38, 0)) as rehearsal_id,
    cast(status as varchar) as status,
    cast(remark as varchar) as remark,
    {{ utc('recorded_at') }} as recorded_at,
    {{ utc('created_at') }} as created_at,
    {{ utc('updated_at') }} as updated_at,
    _airbyte_extracted_at
from {{ source('supabase', 'attendance') }}
{{ latest_landed() }}

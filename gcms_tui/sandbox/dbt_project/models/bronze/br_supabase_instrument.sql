select
    cast(id as number(38, 0)) as id,
    cast(name as varchar) as name,
    cast(section as varchar) as section,
    {{ utc('created_at') }} as created_at,
    {{ utc('updated_at') }} as updated_at,
    _airbyte_extracted_at
from {{ source('supabase', 'instrument') }}
{{ latest_landed() }}

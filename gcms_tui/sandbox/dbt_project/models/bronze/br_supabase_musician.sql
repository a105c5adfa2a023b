select
    cast(id as number(38, 0)) as id,
    cast(first_name as varchar) as first_name,
    cast(last_name as varchar) as last_name,
    cast(email as varchar) as email,
    cast(instrument_id as number(38, 0)) as instrument_id,
    cast(instrument as varchar) as instrument,
    cast(pay_type as varchar) as pay_type,
    cast(rate as number(10, 2)) as rate,
    cast(active as boolean) as active,
    {{ utc('created_at') }} as created_at,
    {{ utc('updated_at') }} as updated_at,
    _airbyte_extracted_at
from {{ source('supabase', 'musician') }}
{{ latest_landed() }}

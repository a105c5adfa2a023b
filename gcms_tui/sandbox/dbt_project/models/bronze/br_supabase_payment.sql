select
    cast(id as number(38, 0)) as id,
    cast(concert_id as number(38, 0)) as concert_id,
    cast(musician_id as number(38, 0)) as musician_id,
    cast(pay_type as varchar) as pay_type,
    cast(attended_services as number(38, 0)) as attended_services,
    cast(required_services as number(38, 0)) as required_services,
    cast(gross_amount as number(12, 2)) as gross_amount,
    cast(deductions as number(12, 2)) as deductions,
    cast(net_amount as number(12, 2)) as net_amount,
    cast(paid as boolean) as paid,
    cast(payment_date as date) as payment_date,
    {{ utc('created_at') }} as created_at,
    {{ utc('updated_at') }} as updated_at,
    _airbyte_extracted_at
from {{ source('supabase', 'payment') }}
{{ latest_landed() }}

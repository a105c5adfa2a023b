{% call scd2_versions(
    columns=[
        'musician_id', 'first_name', 'last_name', 'email', 'instrument_id', 'instrument', 'pay_type', 'rate', 'active',
    ]
) %}
    select
        cast(id as varchar) as natural_key,
        id as musician_id,
        first_name,
        last_name,
        email,
        instrument_id,
        instrument,
        pay_type,
        rate,
        active,
        created_at as first_recorded_at,
        updated_at as recorded_at
    from {{ ref('br_supabase_musician') }}
{% endcall %}

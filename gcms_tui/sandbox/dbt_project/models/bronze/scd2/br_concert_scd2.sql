{% call scd2_versions(columns=['concert_id', 'title', 'concert_date', 'venue', 'status']) %}
    select
        cast(id as varchar) as natural_key,
        id as concert_id,
        title,
        concert_date,
        venue,
        status,
        created_at as first_recorded_at,
        updated_at as recorded_at
    from {{ ref('br_supabase_concert') }}
{% endcall %}

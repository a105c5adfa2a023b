{% call scd2_versions(columns=['concert_id', 'musician_id', 'rehearsal_id', 'status', 'remark']) %}
    select
        cast(concert_id as varchar)
        || '-' || cast(musician_id as varchar)
        || '-' || cast(rehearsal_id as varchar) as natural_key,
        concert_id,
        musician_id,
        rehearsal_id,
        status,
        remark,
        created_at as first_recorded_at,
        greatest(recorded_at, updated_at) as recorded_at
    from {{ ref('br_supabase_attendance') }}
{% endcall %}

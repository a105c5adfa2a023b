{#
    The versions that this run adds to or closes in an SCD2 table, keyed on scd_id. Called around a select that yields,
    one row a key: natural_key, the columns, first_recorded_at and recorded_at (when the source recorded the key at all,
    and its present values).

    A key whose row equals none of its current versions gets a new version; its current ones are closed the day before
    their successor begins. A version that begins on the same day as its successor thus ends the day before it began:
    it was never valid, and is kept for audit.
#}
{% macro scd2_versions(columns) %}
with incoming as (

    {{ caller() }}

),

{% if is_incremental() %}
current_versions as (

    select * from {{ this }} where is_current

),

known_keys as (

    select natural_key, max(effective_from) as last_effective_from
    from {{ this }}
    group by natural_key

),

changed as (

    select incoming.*, known_keys.last_effective_from
    from incoming
    left join known_keys on known_keys.natural_key = incoming.natural_key
    left join current_versions
        on current_versions.natural_key = incoming.natural_key
        {% for column in columns %}
        and current_versions.{{ column }} is not distinct from incoming.{{ column }}
        {% endfor %}
    where current_versions.natural_key is null

),
{% else %}
changed as (

    select incoming.*, cast(null as timestamp_ntz) as last_effective_from from incoming

),
{% endif %}

opened as (

    select
        md5(natural_key || '|{{ invocation_id }}') as scd_id,
        natural_key,
        {% for column in columns %}
        {{ column }},
        {% endfor %}
        cast(
            case
                when last_effective_from is null then date_trunc('day', first_recorded_at)
                else greatest(date_trunc('day', recorded_at), last_effective_from)
            end as timestamp_ntz
        ) as effective_from,
        cast(null as timestamp_ntz) as effective_to,
        true as is_current,
        recorded_at,
        {{ invocation_time() }} as inserted_at,
        {{ invocation_time() }} as updated_at
    from changed

)

select * from opened

{% if is_incremental() %}
union all

select
    current_versions.scd_id,
    current_versions.natural_key,
    {% for column in columns %}
    current_versions.{{ column }},
    {% endfor %}
    current_versions.effective_from,
    cast(
        dateadd(
            day,
            -1,
            coalesce(
                lead(current_versions.effective_from) over (
                    partition by current_versions.natural_key
                    order by current_versions.effective_from, current_versions.recorded_at, current_versions.scd_id
                ),
                opened.effective_from
            )
        ) as timestamp_ntz
    ) as effective_to,
    false as is_current,
    current_versions.recorded_at,
    current_versions.inserted_at,
    {{ invocation_time() }} as updated_at
from current_versions
inner join opened on opened.natural_key = current_versions.natural_key
{% endif %}
{% endmacro %}

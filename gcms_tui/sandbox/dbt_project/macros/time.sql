{# A landed timestamp with time zone as UTC without one: every timestamp from bronze on is UTC. #}
{% macro utc(column) -%}
    cast(convert_timezone('UTC', {{ column }}) as timestamp_ntz)
{%- endmacro %}

{# When this dbt invocation began, in UTC: one moment for all its models. #}
{% macro invocation_time() -%}
    cast('{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S") }}' as timestamp_ntz)
{%- endmacro %}

{# Airbyte may land a row again each time it changes; the last one landed is what the source says. #}
{% macro latest_landed(primary_key='id') -%}
    qualify row_number() over (partition by {{ primary_key }} order by _airbyte_extracted_at desc) = 1
{%- endmacro %}

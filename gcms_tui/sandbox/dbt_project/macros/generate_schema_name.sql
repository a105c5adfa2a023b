{# Schemas carry their plain names (GOLD, not PUBLIC_GOLD): the runbook's statements say gold.fct_musician_payment. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}

{# `amount * part / whole`, rounded half up to the cent. Counts whole cents, so that it is exact also where a
   division yields binary floating point. `part` and `whole` are whole numbers, `amount` has two decimals. #}
{% macro share_of(amount, part, whole) -%}
    cast(
        floor(
            (cast({{ amount }} * 100 as number(18, 0)) * {{ part }} * 2 + {{ whole }}) / ({{ whole }} * 2)
        ) / 100 as number(12, 2)
    )
{%- endmacro %}

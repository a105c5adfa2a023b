{# Rows for which the expression is not true. NULL is not true: an amount that is missing fails. #}
{% test expression_is_true(model, expression) %}
select *
from {{ model }}
where not coalesce(({{ expression }}), false)
{% endtest %}

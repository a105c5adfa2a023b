{# Natural keys of an SCD2 table that have no current version, or more than one. #}
{% test one_current_version(model, column_name) %}
select
    {{ column_name }} as natural_key,
    count(*) as versions,
    count(case when is_current then 1 end) as current_versions
from {{ model }}
group by {{ column_name }}
having count(case when is_current then 1 end) <> 1
{% endtest %}

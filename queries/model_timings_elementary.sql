/*
name: model_timings_elementary
purpose: How long do the models take, by the tables of the elementary package?
section: Monthly 4, T4
access: read
relation run_results: the package's dbt_run_results
parameter since date: runs before it do not count
result model text: the model's unique id
result run_count integer: its runs that succeeded
result average_s number: mean of their seconds
result p95_s number: 95 in 100 of them took no longer
result maximum_s number: the longest
instead: dbt makes no table dbt_run_history. Where no package keeps one, the console's own run history answers.
*/
SELECT
    unique_id AS model,
    COUNT(*) AS run_count,
    AVG(execution_time::NUMBER(38, 3))::NUMBER(38, 3) AS average_s,
    PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY execution_time)::NUMBER(38, 3) AS p95_s,
    MAX(execution_time)::NUMBER(38, 3) AS maximum_s
FROM {run_results}
WHERE LEFT(generated_at, 10) >= :since
  AND resource_type = 'model'
  AND status = 'success'
GROUP BY unique_id
ORDER BY average_s DESC, model
LIMIT 20

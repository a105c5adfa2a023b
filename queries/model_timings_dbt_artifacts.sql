/*
name: model_timings_dbt_artifacts
purpose: How long do the models take, by the tables of the dbt_artifacts package?
section: Monthly 4, T4
access: read
relation model_executions: the package's fct_dbt__model_executions
parameter since date: runs before it do not count
result model text: the model's unique id
result run_count integer: its runs that succeeded
result average_s number: mean of their seconds
result p95_s number: 95 in 100 of them took no longer
result maximum_s number: the longest
instead: dbt makes no table dbt_run_history. Where no package keeps one, the console's own run history answers.
*/
SELECT
    node_id AS model,
    COUNT(*) AS run_count,
    AVG(total_node_runtime::NUMBER(38, 3))::NUMBER(38, 3) AS average_s,
    PERCENTILE_CONT(0.95) WITHIN GROUP (ORDER BY total_node_runtime)::NUMBER(38, 3) AS p95_s,
    MAX(total_node_runtime)::NUMBER(38, 3) AS maximum_s
FROM {model_executions}
WHERE run_started_at >= TO_DATE(:since)
  AND status = 'success'
GROUP BY node_id
ORDER BY average_s DESC, model
LIMIT 20

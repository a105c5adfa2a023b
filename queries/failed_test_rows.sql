/*
name: failed_test_rows
purpose: Which rows failed a dbt test?
section: E1 3
access: read
relation failures: the test's table of failures: relation_name in run_results.json of the very run
parameter limit integer: at most this many rows
result total_rows integer: how many rows failed in all, beyond the limit too; the failing rows' own columns follow
instead: the name in the runbook is not where dbt puts them: the schema is dbt_test__audit by default, and a name of 64
    characters and more is cut and hashed. The name comes from dbt's own artifact, never from a rule.
*/
SELECT
    COUNT(*) OVER () AS total_rows,
    failures.*
FROM {failures} AS failures
QUALIFY ROW_NUMBER() OVER (ORDER BY 1) <= :limit

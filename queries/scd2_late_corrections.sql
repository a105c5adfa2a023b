/*
name: scd2_late_corrections
purpose: In each of the last twelve months with any, how many versions corrected the past?
section: Monthly 2
access: read
relation table: an SCD2 table
column natural_key: the business key
column scd_id: the version's own id
column effective_from: where a version's validity begins
column recorded_at: when it became known
parameter tolerance_minutes integer: known this much later than valid is still in time
result correction_month timestamp: the month they became known in
result correction_count integer: corrections
result corrected_keys integer: keys they belong to
instead: nearly everything is recorded after it takes effect, so the runbook's condition counts nearly everything, first
    versions too. A correction is a later version of its key, known later than the tolerance allows.
*/
WITH versions AS (
    SELECT
        {natural_key} AS natural_key,
        {recorded_at} AS recorded_at,
        {effective_from} AS effective_from,
        ROW_NUMBER() OVER (PARTITION BY {natural_key} ORDER BY {recorded_at}, {scd_id}) AS version_number
    FROM {table}
)
SELECT
    DATE_TRUNC('month', recorded_at) AS correction_month,
    COUNT(*) AS correction_count,
    COUNT(DISTINCT natural_key) AS corrected_keys
FROM versions
WHERE version_number > 1
  AND recorded_at > DATEADD(minute, :tolerance_minutes, effective_from)
GROUP BY DATE_TRUNC('month', recorded_at)
ORDER BY correction_month DESC
LIMIT 12

"""The runbook's procedures, step by step, over the journal, the checks, dbt and whatever else a step needs."""

"""Reports, gathered from the warehouse, dbt and the journal."""

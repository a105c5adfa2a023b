"""A payroll run, step by step, over the store, the warehouse, dbt, Supabase and the files."""

"""A platform on this machine, real enough to practise on: warehouse, database, dbt project and a story."""

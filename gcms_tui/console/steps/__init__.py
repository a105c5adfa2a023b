"""What is done step by step, on one screen: the list of steps, the page beside it, and a step's dbt run, followed."""

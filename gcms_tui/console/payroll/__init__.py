"""The payroll wizard: the concerts, a run with its steps, and a screen for each of them."""

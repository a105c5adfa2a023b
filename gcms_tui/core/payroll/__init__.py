"""The rules of a payroll run: steps and gates, what is frozen, signed, exported, recorded and archived."""

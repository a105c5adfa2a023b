"""The runbook's procedures: what each step is, what has become of it, and when it is due."""

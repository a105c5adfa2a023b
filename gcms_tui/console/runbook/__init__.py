"""The runbook pane: what is due, its procedures step by step, incidents, the pipeline, backups."""

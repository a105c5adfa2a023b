"""Backups of tables: what they are called, what belongs together, what was counted, and what a restore has to prove."""

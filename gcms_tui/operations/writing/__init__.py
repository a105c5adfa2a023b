"""The guarded write: one mechanism for every kind of plan."""

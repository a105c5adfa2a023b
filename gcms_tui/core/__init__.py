"""The rules: pure functions and frozen dataclasses. Standard library only."""

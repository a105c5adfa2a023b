"""Versions of a key, what is wrong with them, and how they are put right."""

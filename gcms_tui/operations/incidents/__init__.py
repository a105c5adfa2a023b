"""Incidents, from opening to post-mortem."""

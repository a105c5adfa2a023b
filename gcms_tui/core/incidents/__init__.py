"""Incidents: dated logs with an escalation clock."""

"""Dialogs that write: what was shown is confirmed, carried out under guard, and proven."""

"""Backups: made as sets before a refresh, counted after it, listed, and brought back."""

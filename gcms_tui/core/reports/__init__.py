"""Reports: what was found, as one document for people."""

"""The journal: what is in doubt first, then every entry, and whether the chain is whole."""

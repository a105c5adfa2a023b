"""Plans, leases and the journal: what a guarded write is made of."""

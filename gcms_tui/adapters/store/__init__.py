"""What is kept: health over time, the journal, leases, plans; in SQLite, or in a Postgres that several hosts share."""

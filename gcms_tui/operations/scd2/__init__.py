"""SCD2 tables: browsing their defects, repairing, undoing, and looking for the cause."""

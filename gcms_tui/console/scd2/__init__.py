"""The browser of SCD2 tables: what is wrong in each, which keys, and every version of a key on one axis of time."""

"""The sandbox's warehouse: DuckDB files behind Snowflake's HTTP protocol.

The plain `snowflake-connector-python` and `dbt-snowflake` talk to it over a socket. fakesnow translates the SQL; what
fakesnow leaves out or gets wrong, and a console must be able to rely on, is put right here: errors, transactions and
their locks, cancelling, long statements, exact money, NULL timestamps, what the catalogue and the query history say.

Start it with `python -m gcms_tui.sandbox.warehouse --directory D --port P` (user and password come on
stdin, see `__main__`), or with `process.WarehouseProcess`.

Where it knowingly differs from Snowflake:

- A statement that fails while it *runs* ends its transaction: every further statement, COMMIT included, is refused with
  090233 until ROLLBACK, as Snowflake does under TRANSACTION_ABORT_ON_ERROR. One that fails to compile (a missing table
  or column, a syntax error) leaves the transaction alone, as Snowflake does by default.
- A transaction reads from the snapshot of its first statement. A row that somebody else changed since then cannot be
  changed in it any more: 000625 at once, and the transaction is aborted. Otherwise UPDATE, DELETE, MERGE and DDL wait
  for each other per table, up to LOCK_TIMEOUT.
- TIMESTAMP_TZ comes back in UTC: its offset is not stored. The length of a VARCHAR is not kept either.
- Division, and AVG as a window function, answer a double; SUM and AVG of numbers are exact.
- There is one user, who may do everything: GRANT, REVOKE, roles and warehouses are accepted by any name and change
  nothing.
- No time travel, UNDROP, stages, procedures or scripting: each is refused as an unsupported feature.
"""

"""Table locks between transactions: who may write where, who waits for whom, and for how long.

DuckDB knows no waiting: the second writer of a row fails at once. Snowflake makes it wait. These locks add the waiting,
per table, in front of DuckDB.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum

from gcms_tui.sandbox.warehouse.failures import lock_not_granted

TableName = tuple[str, str, str]
"""Database, schema and name, upper-case unless quoted."""


class LockMode(Enum):
    """What a statement does to a table, as far as others are concerned."""

    APPEND = "append"
    """INSERT: goes along with everything but DDL."""
    REWRITE = "rewrite"
    """UPDATE, DELETE, MERGE: one transaction at a time."""
    DEFINE = "define"
    """DDL and TRUNCATE: alone."""


def _compatible(one: LockMode, other: LockMode) -> bool:
    return LockMode.DEFINE not in (one, other) and LockMode.APPEND in (one, other)


class TableLocks:
    """All locks of the server. Holders are session ids; a session lets go of all its locks at once."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: dict[TableName, dict[int, set[LockMode]]] = {}
        self._waiting: dict[int, tuple[TableName, LockMode]] = {}

    def acquire(
        self, session_id: int, table: TableName, mode: LockMode, timeout: float, check_cancelled: Callable[[], None]
    ) -> None:
        """Wait until the lock is granted.

        Raises:
            StatementError: 000625 after `timeout` seconds or on a deadlock; or what `check_cancelled` raises.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            self._waiting[session_id] = (table, mode)
            try:
                while self._blockers(session_id):
                    check_cancelled()
                    if self._deadlocked(session_id):
                        raise lock_not_granted(".".join(table), "two transactions wait for each other")
                    left = deadline - time.monotonic()
                    if left <= 0:
                        why = f"another transaction held it for the whole LOCK_TIMEOUT of {timeout:g} second(s)"
                        raise lock_not_granted(".".join(table), why)
                    self._changed.wait(min(left, 0.1))
                self._held.setdefault(table, {}).setdefault(session_id, set()).add(mode)
            finally:
                del self._waiting[session_id]

    def release(self, session_id: int) -> None:
        """Let go of every lock of the session."""
        with self._changed:
            for table in [table for table, holders in self._held.items() if session_id in holders]:
                holders = self._held[table]
                del holders[session_id]
                if not holders:
                    del self._held[table]
            self._changed.notify_all()

    def blocks_others(self, session_id: int) -> bool:
        """Whether somebody waits for a lock of this session."""
        with self._changed:
            return any(session_id in self._blockers(waiter) for waiter in self._waiting)

    def _blockers(self, session_id: int) -> set[int]:
        table, mode = self._waiting[session_id]
        holders = self._held.get(table, {})
        return {
            holder
            for holder, modes in holders.items()
            if holder != session_id and not all(_compatible(mode, held) for held in modes)
        }

    def _deadlocked(self, session_id: int) -> bool:
        seen: set[int] = set()
        frontier = self._blockers(session_id)
        while frontier:
            if session_id in frontier:
                return True
            seen |= frontier
            frontier = {
                blocker for holder in frontier if holder in self._waiting for blocker in self._blockers(holder)
            } - seen
        return False

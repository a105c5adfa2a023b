"""Which payroll runs there are. What each one is, the journal tells: this holds that a concert has but one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store.database import Database, microseconds, moment_of, storable
from gcms_tui.adapters.store.references import resolved
from gcms_tui.adapters.store.schema import table
from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.payroll.indexed import IndexedRun

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

_LIST = "gcms-tui payroll list"


class PayrollRuns:
    """Those of one store. Safe from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, run_id: str, target: str, concert_id: str, now: datetime) -> None:
        """Raises `Refused` (guard `open_run`) naming the one that has not ended; `StateError`."""
        runs = table("payroll_run")
        concert_id = storable(concert_id)
        with self._database.transaction(_unusable, alone=True) as connection:
            before = _active(connection, target, concert_id)
            if before is not None:
                raise Refused(
                    "A payroll run is open",
                    f"{before.run_id} of concert {concert_id} was opened {before.opened_at:%Y-%m-%d %H:%M} UTC and has "
                    "not ended.",
                    f"Go on with it (gcms-tui payroll show {before.run_id}), or abandon it with a reason.",
                    guard="open_run",
                )
            connection.execute(
                runs.insert().values(
                    run_id=run_id, target=target, concert_id=concert_id, opened_at_us=microseconds(now)
                )
            )

    def end(self, run_id: str, now: datetime) -> None:
        """Done before it changes nothing. Raises `StateError`."""
        runs = table("payroll_run")
        with self._database.transaction(_unusable, alone=True) as connection:
            connection.execute(
                runs.update()
                .where(runs.c.run_id == run_id, runs.c.ended_at_us.is_(None))
                .values(ended_at_us=microseconds(now))
            )

    def runs(self, target: str, limit: int = 200) -> tuple[IndexedRun, ...]:
        """Newest first. Raises `StateError`."""
        with self._database.transaction(_unusable) as connection:
            return _listed(connection, _of(target).limit(limit))

    def active(self, target: str, concert_id: str) -> IndexedRun | None:
        """The one that has not ended. Raises `StateError`."""
        with self._database.transaction(_unusable) as connection:
            return _active(connection, target, storable(concert_id))

    def get(self, target: str, reference: str) -> IndexedRun:
        """By its id, an unambiguous beginning of it, or `last`. Raises `UsageError`, `StateError`."""
        runs = table("payroll_run")
        with self._database.transaction(_unusable) as connection:
            if reference.strip() == "last":
                newest = _listed(connection, _of(target).limit(1))
                if newest:
                    return newest[0]
                raise UsageError(
                    "No payroll run", f"None has been opened on {target}.", "gcms-tui payroll open CONCERT"
                )
            run_id = resolved(connection, runs.c.run_id, reference.strip(), "payroll run", _LIST)
            found = _listed(connection, _of(target).where(runs.c.run_id == run_id))
        if not found:
            raise UsageError("Another target", f"{run_id} is not of {target}.", "gcms-tui --target … payroll list")
        return found[0]


def _of(target: str) -> Select[Any]:
    from sqlalchemy import select

    runs = table("payroll_run")
    return select(runs).where(runs.c.target == target).order_by(runs.c.opened_at_us.desc(), runs.c.run_id.desc())


def _active(connection: Connection, target: str, concert_id: str) -> IndexedRun | None:
    runs = table("payroll_run")
    asked = _of(target).where(runs.c.concert_id == concert_id, runs.c.ended_at_us.is_(None))
    return next(iter(_listed(connection, asked)), None)


def _listed(connection: Connection, asked: Select[Any]) -> tuple[IndexedRun, ...]:
    return tuple(_run(dict(row)) for row in connection.execute(asked).mappings())


def _run(row: Mapping[str, Any]) -> IndexedRun:
    ended = row["ended_at_us"]
    return IndexedRun(
        row["run_id"], row["concert_id"], moment_of(row["opened_at_us"]), None if ended is None else moment_of(ended)
    )


def _unusable(where: str, reason: str) -> StateError:
    return StateError(
        "Payroll runs are not kept",
        f"{where}: {reason}",
        "Nothing was done. Correct the permissions, make room, or correct the store's address in gcms.toml.",
    )

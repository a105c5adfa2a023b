"""Plans in the store, each under its id: kept for ever, used at most once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gcms_tui.adapters.last_health import StateError
from gcms_tui.adapters.store.database import Database, microseconds, moment_of
from gcms_tui.adapters.store.references import resolved
from gcms_tui.adapters.store.schema import table
from gcms_tui.core.errors import Refused, UsageError
from gcms_tui.core.writing.kept_plan import KeptPlan
from gcms_tui.core.writing.plan import Plan, canonical
from gcms_tui.core.writing.plan_json import plan_document, read_plan

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LIST = "gcms-tui scd2 plans lists them; what is shown anew is a new one."


class Plans:
    """Those of one store. Safe from several threads and processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, plan: Plan, *, batch: str = "") -> None:
        """Raises `StateError`."""
        from sqlalchemy import func, select

        kept = table("plan")
        with self._database.transaction(_unusable, alone=True) as connection:
            if connection.execute(select(kept.c.plan_id).where(kept.c.plan_id == plan.plan_id)).first() is not None:
                return
            last = connection.execute(select(func.max(kept.c.position))).scalar()
            connection.execute(
                kept.insert().values(
                    plan_id=plan.plan_id,
                    position=(last or 0) + 1,
                    batch=batch,
                    made_at_us=microseconds(plan.made_at),
                    document=canonical(plan_document(plan)),
                    used_by="",
                    used_at_us=None,
                )
            )

    def get(self, reference: str) -> KeptPlan:
        """By its id, or an unambiguous beginning of it. Raises `UsageError`, `StateError` where it was edited."""
        with self._database.transaction(_unusable) as connection:
            return self._kept(_row(connection, reference.strip().lower()))

    def claim(self, plan_id: str, write_id: str, now: datetime) -> None:
        """Use it, this once. Raises `Refused` (guard `plan_used`) where a write has, naming it."""
        kept = table("plan")
        with self._database.transaction(_unusable, alone=True) as connection:
            claimed = connection.execute(
                kept.update()
                .where(kept.c.plan_id == plan_id, kept.c.used_by == "")
                .values(used_by=write_id, used_at_us=microseconds(now))
            )
            if claimed.rowcount == 1:
                return
            used_by = _row(connection, plan_id)["used_by"]
        raise Refused(
            "Used already",
            f"Plan {plan_id[:12]} was used by {used_by}.",
            "Look at the table again, and make a new plan where one is needed.",
            guard="plan_used",
        )

    def batch(self, batch: str) -> tuple[KeptPlan, ...]:
        """Its plans in the order they were kept in. Raises `UsageError` where there is no such batch."""
        from sqlalchemy import select

        kept = table("plan")
        asked = select(kept).where(kept.c.batch == batch, kept.c.batch != "").order_by(kept.c.position)
        with self._database.transaction(_unusable) as connection:
            rows = [dict(row) for row in connection.execute(asked).mappings()]
        if not rows:
            raise UsageError(
                "No such batch", f"{batch!r} is none that is known.", "gcms-tui scd2 plan --all makes one."
            )
        return tuple(self._kept(row) for row in rows)

    def newest(self, limit: int = 100) -> tuple[KeptPlan, ...]:
        """Newest first. Raises `StateError`."""
        from sqlalchemy import select

        kept = table("plan")
        asked = select(kept).order_by(kept.c.position.desc()).limit(limit)
        with self._database.transaction(_unusable) as connection:
            return tuple(self._kept(dict(row)) for row in connection.execute(asked).mappings())

    def _kept(self, row: Mapping[str, Any]) -> KeptPlan:
        try:
            plan = read_plan(json.loads(row["document"]))
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise _edited(self._database.where, row["plan_id"], f"cannot be read ({type(error).__name__})") from None
        if plan.plan_id != row["plan_id"]:
            raise _edited(self._database.where, row["plan_id"], "is not what its id says")
        used_at = moment_of(row["used_at_us"]) if row["used_at_us"] is not None else None
        return KeptPlan(plan, row["used_by"], used_at, row["batch"])


def _row(connection: Connection, reference: str) -> Mapping[str, Any]:
    from sqlalchemy import select

    kept = table("plan")
    plan_id = resolved(connection, kept.c.plan_id, reference, "plan", _LIST)
    return dict(connection.execute(select(kept).where(kept.c.plan_id == plan_id)).mappings().one())


def _edited(where: str, plan_id: str, problem: str) -> StateError:
    return StateError(
        "A plan was changed",
        f"{where}: plan {plan_id[:12]} {problem}: somebody, or something, has edited the store.",
        "Do not apply anything until it is known who; gcms-tui journal verify tells more.",
    )


def _unusable(where: str, reason: str) -> StateError:
    return StateError(
        "Plans are not kept",
        f"{where}: {reason}",
        "Nothing was done. Correct the permissions, make room, or correct the store's address in gcms.toml.",
    )

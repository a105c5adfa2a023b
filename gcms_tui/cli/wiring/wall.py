"""What the wall reads beside the findings."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring.base import dbt_project, every_dbt_file, open_store, target_name, utc_now
from gcms_tui.cli.wiring.payroll import holds_of
from gcms_tui.cli.wiring.procedures import open_procedures
from gcms_tui.core.errors import ConfigError, GcmsError
from gcms_tui.core.settings import Settings
from gcms_tui.core.verdict import Verdict

if TYPE_CHECKING:
    from gcms_tui.core.wall_around import Around
    from gcms_tui.operations.procedures.book import Procedures
    from gcms_tui.operations.wall import WallDesk

T = TypeVar("T")


def open_wall(settings: Settings, invocation: Invocation) -> WallDesk:
    """Nothing connects, and nothing that could write to a database is built. Raises `ConfigError` where there is no
    target."""
    from gcms_tui.adapters.health_record import HealthRecords
    from gcms_tui.adapters.local_signs import LocalSigns
    from gcms_tui.operations.wall import WallDesk

    store = open_store(settings)

    def newest() -> int:
        entries = store.journal.entries(1)
        return entries[0].sequence if entries else 0

    signs = LocalSigns(_dbt_files(settings), settings.state_dir / "runs", newest)
    return WallDesk(signs.read, _around(settings, invocation), HealthRecords(settings.state_dir).keep)


def _dbt_files(settings: Settings) -> dict[str, Path]:
    try:
        project = dbt_project(settings)
    except ConfigError:
        return {}
    target = project.target_path
    return {"dbt.log": project.log_path / "dbt.log", "dbt's results": target / "run_results.json"}


def _around(settings: Settings, invocation: Invocation) -> Callable[[], Around]:
    from gcms_tui.adapters.person import who_asks
    from gcms_tui.core.incidents.contacts import contacts
    from gcms_tui.core.wall_around import Around, on_call
    from gcms_tui.operations.incidents.book import IncidentBook

    target, store = target_name(settings), open_store(settings)
    procedures, incidents = open_procedures(settings, invocation), IncidentBook(target, store.journal)
    holds = holds_of(every_dbt_file(settings, target), target, store, who_asks(os.environ), "the wall only looks")

    def around() -> Around:
        board = _or_none(lambda: _due(procedures))
        held = _or_none(holds.open)
        listed = _or_none(incidents.open_ones)
        reached, flag = on_call(contacts(settings.contacts, utc_now().date()))
        return Around(
            due=None if board is None else board[0],
            verdict=Verdict.UNKNOWN if board is None else board[1],
            on_call=reached,
            flag=flag,
            holds=None if held is None else tuple(dict.fromkeys(hold.cause for hold in held)),
            incidents=None if listed is None else len(listed.incidents) + len(listed.unreadable),
        )

    return around


def _due(procedures: Procedures) -> tuple[tuple[str, ...], Verdict]:
    from gcms_tui.core.wall_around import due_words

    lines, unreadable = procedures.board()
    return due_words(lines, procedures.calendar, unreadable)


def _or_none(read: Callable[[], T]) -> T | None:
    """What cannot be read is not known; the rest still is."""
    try:
        return read()
    except GcmsError:
        return None

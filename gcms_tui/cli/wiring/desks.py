"""What operations work with: the morning check, dbt's runs, SCD2 tables."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring.base import (
    dbt_output,
    dbt_project,
    every_dbt_file,
    open_store,
    open_warehouse,
    query_library,
    read_only,
    utc_now,
    warehouse_or_why,
)
from gcms_tui.core.errors import Unavailable
from gcms_tui.core.settings import Settings

if TYPE_CHECKING:
    from gcms_tui.adapters.dbt_launcher import DbtProcesses
    from gcms_tui.adapters.profiles import DbtProject
    from gcms_tui.operations.health import Health
    from gcms_tui.operations.run_desk import RunDesk


@contextmanager
def open_health(settings: Settings) -> Iterator[Health]:
    """The morning check of the target in force. Nothing connects before it looks.

    Where the login or the dbt project cannot even be named, what depends on it is UNKNOWN and the rest still answers.
    """
    from gcms_tui.adapters.last_health import LastHealthFile
    from gcms_tui.adapters.queries import QueryLibrary
    from gcms_tui.operations.health import Health

    target, warehouse = warehouse_or_why(settings)
    health = Health(
        settings=settings,
        target=target,
        warehouse=warehouse,
        project=every_dbt_file(settings, target),
        queries=QueryLibrary.load(settings.queries_dir),
        clock=utc_now,
        history=open_store(settings).health,
        last=LastHealthFile(settings.state_dir),
    )
    try:
        yield health
    finally:
        health.close()


@contextmanager
def open_run_desk(settings: Settings, invocation: Invocation, *, warm: bool = False) -> Iterator[RunDesk]:
    """dbt's runs on the target in force. Nothing connects and no command starts before it is asked to.

    `warm`: dbt is imported ahead, which pays for a console and not for one command. Raises `ConfigError` where there
    is no dbt project or no target.
    """
    from gcms_tui.adapters.dbt_artifacts import DbtArtifacts
    from gcms_tui.adapters.person import who_asks
    from gcms_tui.adapters.run_directory import RunDirectories
    from gcms_tui.operations.failing_tests import FailingTests
    from gcms_tui.operations.run_desk import RunDesk
    from gcms_tui.operations.run_history import RunHistory
    from gcms_tui.operations.run_journal import RunJournal
    from gcms_tui.operations.runs import DbtRuns, Place
    from gcms_tui.operations.writing.guarded_write import writers_of

    project = dbt_project(settings)
    target = settings.dbt.target or dbt_output(settings).target
    allowed = read_only(settings, invocation, target)
    person = who_asks(os.environ)
    shelf = RunDirectories(settings.state_dir, project.directory)
    store = open_store(settings)
    journal = store.journal
    files = DbtArtifacts(project.target_path, project.log_path)
    outcomes = None if allowed.on else RunJournal(journal, shelf, utc_now)
    history = RunHistory(shelf, files, target, utc_now, project_dir=project.directory, journal=outcomes)
    runs = DbtRuns(
        Place(str(project.directory), target, project.target_path.name, allowed.why_not),
        launcher=_dbt_processes(settings, project, target, read_only=allowed.on, warm=warm),
        shelf=shelf,
        history=history,
        journal=journal,
        person=person,
        clock=utc_now,
        writers=lambda: store.leases.held(writers_of(target)),
    )
    failing = FailingTests(
        shelf=shelf,
        history=history,
        open_warehouse=lambda: open_warehouse(settings, purpose="failing tests"),
        queries=query_library(settings),
        journal=journal,
        clock=utc_now,
        personal=settings.personal_columns,
    )
    if warm:
        runs.warm_up()
    try:
        yield RunDesk(runs, history, failing, shelf, project.log_path / "dbt.log")
    finally:
        runs.close()
        failing.close()


def _dbt_processes(
    settings: Settings, project: DbtProject, target: str, *, read_only: bool, warm: bool
) -> DbtProcesses:
    """What starts dbt. Where nothing may be written it is of a kind that cannot, and nothing is kept warm."""
    from gcms_tui.adapters.dbt_launcher import DbtProcesses, LaunchPlace
    from gcms_tui.adapters.dbt_project_state import dbt_executable, is_beside
    from gcms_tui.adapters.dbt_reading import ReadingDbt
    from gcms_tui.adapters.dbt_warm import WarmDbt
    from gcms_tui.adapters.profiles import profiles_file

    place = LaunchPlace(
        settings.state_dir,
        settings.dbt,
        target,
        written=(project.target_path, project.log_path),
        profiles=profiles_file(settings.dbt, project, os.environ)[0],
        scd2=tuple(table.table for table in settings.scd2),
    )
    again = (sys.executable, "-P", "-m", "gcms_tui", "--config", str(settings.path), "--target", target)

    def keep_failing_rows(run_id: str) -> tuple[str, ...]:
        return (*again, "runs", "failures", "--keep", run_id)

    if read_only:
        return ReadingDbt(place, os.environ, after=keep_failing_rows)
    try:
        ours = warm and is_beside(dbt_executable(settings.dbt.executable, os.environ))
    except Unavailable:
        ours = False  # whoever wants to start it is told why it cannot be
    return DbtProcesses(place, os.environ, warm=WarmDbt(os.environ) if ours else None, after=keep_failing_rows)

"""The one place where adapters meet operations. Everything heavy is imported in the function that needs it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gcms_tui import __version__
from gcms_tui.adapters.config import (
    NO_CONFIG_ADVICE,
    ConfigFile,
    ReadOnly,
    default_state_dir,
    effective_read_only,
    find_config,
)
from gcms_tui.adapters.config import load_settings as load_file
from gcms_tui.cli.invocation import Invocation
from gcms_tui.core.duration import parse_duration
from gcms_tui.core.errors import ConfigError, Unavailable, UsageError
from gcms_tui.core.settings import Settings

if TYPE_CHECKING:
    from gcms_tui.adapters.credentials import Credentials
    from gcms_tui.adapters.dbt_launcher import DbtProcesses
    from gcms_tui.adapters.log_file import LogFile
    from gcms_tui.adapters.profiles import DbtProject, Output
    from gcms_tui.adapters.queries import QueryLibrary
    from gcms_tui.adapters.snowflake import SnowflakeWarehouse
    from gcms_tui.console.services import ConsoleServices
    from gcms_tui.core.finding import HealthReport
    from gcms_tui.operations.health import Health
    from gcms_tui.operations.ports import DbtProject as DbtFiles
    from gcms_tui.operations.ports import Warehouse
    from gcms_tui.operations.run_desk import RunDesk

T = TypeVar("T")

UNKNOWN_TARGET = "unknown"
"""What the target is called where nothing names one."""


@dataclass(frozen=True, slots=True)
class Configured:
    """The settings in force, and where they come from."""

    settings: Settings
    file: ConfigFile


def load_settings(invocation: Invocation) -> Configured:
    """The configuration with the command line's options put over it.

    Raises `ConfigError` where there is none or it is wrong, `UsageError` for a wrong --refresh.
    """
    file = find_config(invocation.config, os.environ, Path.cwd())
    if file is None:
        raise ConfigError("No configuration", "There is no gcms.toml here, above, or in the user's.", NO_CONFIG_ADVICE)
    settings = load_file(file, os.environ)
    if invocation.target is not None:
        # A named connection would win over the target that was just typed.
        settings = replace(
            settings,
            dbt=replace(settings.dbt, target=invocation.target),
            snowflake=replace(settings.snowflake, connection=None),
        )
    if invocation.refresh is not None:
        try:
            parse_duration(invocation.refresh)
        except ValueError as error:
            raise UsageError("Wrong --refresh", str(error)) from None
        settings = replace(settings, console=replace(settings.console, refresh=invocation.refresh))
    return Configured(settings, file)


def dbt_project(settings: Settings) -> DbtProject:
    """Raises `ConfigError`."""
    from gcms_tui.adapters.profiles import read_project

    return read_project(settings.dbt, os.environ)


def dbt_output(settings: Settings) -> Output:
    """The target of `profiles.yml` in force. Raises `ConfigError`."""
    from gcms_tui.adapters.profiles import read_output

    project = dbt_project(settings) if settings.dbt.project_dir is not None else None
    return read_output(settings.dbt, project, os.environ)


def target_name(settings: Settings) -> str:
    """What the target is called, by everybody. Raises `ConfigError` where it has to be looked up and cannot be."""
    if settings.snowflake.connection is not None:
        return settings.dbt.target or settings.snowflake.connection
    return settings.dbt.target or dbt_output(settings).target


def read_only(settings: Settings, invocation: Invocation, target: str | None) -> ReadOnly:
    """The most restrictive of --read-only, $GCMS_READ_ONLY, the file and the target."""
    return effective_read_only(settings, invocation.read_only, os.environ, target)


def snowflake_credentials(settings: Settings) -> Credentials:
    """How to log in: by the named connection, else as the dbt target does. Raises `ConfigError`."""
    if settings.snowflake.connection is not None:
        from gcms_tui.adapters.connections import read_connection

        return read_connection(settings.snowflake.connection, os.environ)
    return dbt_output(settings).credentials


def open_warehouse(settings: Settings, *, purpose: str = "health") -> SnowflakeWarehouse:
    """The read side of the warehouse. Connects on the first read, in the thread that reads. Raises `ConfigError`."""
    from gcms_tui.adapters.snowflake import SnowflakeWarehouse

    return SnowflakeWarehouse(snowflake_credentials(settings), settings.snowflake, purpose=purpose)


@contextmanager
def open_health(settings: Settings) -> Iterator[Health]:
    """The morning check of the target in force. Nothing connects before it looks.

    Where the login or the dbt project cannot even be named, what depends on it is UNKNOWN and the rest still answers.
    """
    from gcms_tui.adapters.last_health import LastHealthFile
    from gcms_tui.adapters.queries import QueryLibrary
    from gcms_tui.adapters.store import Store
    from gcms_tui.operations.health import Health

    target, warehouse = _warehouse_or_why(settings)
    store = Store(settings.state_dir)
    health = Health(
        settings=settings,
        target=target,
        warehouse=warehouse,
        project=every_dbt_file(settings, target),
        queries=QueryLibrary.load(settings.queries_dir),
        clock=lambda: datetime.now(UTC),
        history=store,
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
    from gcms_tui.adapters.journal import Journal
    from gcms_tui.adapters.person import who_asks
    from gcms_tui.adapters.run_directory import RunDirectories
    from gcms_tui.operations.failing_tests import FailingTests
    from gcms_tui.operations.run_desk import RunDesk
    from gcms_tui.operations.run_history import RunHistory
    from gcms_tui.operations.run_journal import RunJournal
    from gcms_tui.operations.runs import DbtRuns, Place

    def clock() -> datetime:
        return datetime.now(UTC)

    project = dbt_project(settings)
    target = settings.dbt.target or dbt_output(settings).target
    allowed = read_only(settings, invocation, target)
    person = who_asks(os.environ)
    shelf = RunDirectories(settings.state_dir, project.directory)
    journal = Journal(settings.state_dir, person, clock)
    files = DbtArtifacts(project.target_path, project.log_path)
    outcomes = None if allowed.on else RunJournal(journal, shelf, clock)
    history = RunHistory(shelf, files, target, clock, project_dir=project.directory, journal=outcomes)
    runs = DbtRuns(
        Place(str(project.directory), target, project.target_path.name, allowed.reason if allowed.on else ""),
        launcher=_dbt_processes(settings, project, target, read_only=allowed.on, warm=warm),
        shelf=shelf,
        history=history,
        journal=journal,
        person=person,
        clock=clock,
    )
    failing = FailingTests(
        shelf=shelf,
        history=history,
        open_warehouse=lambda: open_warehouse(settings, purpose="failing tests"),
        queries=query_library(settings),
        journal=journal,
        clock=clock,
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


def _warehouse_or_why(settings: Settings) -> tuple[str, Warehouse]:
    """The target's name, and its warehouse or what stands for it."""
    from gcms_tui.adapters.absent import AbsentWarehouse

    try:
        return target_name(settings), open_warehouse(settings)
    except ConfigError as error:
        return settings.dbt.target or UNKNOWN_TARGET, AbsentWarehouse(error)


def dbt_files(settings: Settings) -> DbtFiles:
    """What dbt left on disk, or what stands for it where the project cannot even be named."""
    from gcms_tui.adapters.absent import AbsentDbtProject
    from gcms_tui.adapters.dbt_artifacts import DbtArtifacts

    try:
        project = dbt_project(settings)
    except ConfigError as error:
        return AbsentDbtProject(error)
    return DbtArtifacts(project.target_path, project.log_path)


def every_dbt_file(settings: Settings, target: str) -> DbtFiles:
    """What dbt left in the project's own directories, and in those of the runs that were started here."""
    from gcms_tui.adapters.run_directory import RunDirectories
    from gcms_tui.operations.project_view import ProjectView

    try:
        directory = dbt_project(settings).directory
    except ConfigError:
        return dbt_files(settings)
    shelf = RunDirectories(settings.state_dir, directory)
    return ProjectView(dbt_files(settings), shelf, target, lambda: datetime.now(UTC), project_dir=directory)


def query_library(settings: Settings) -> QueryLibrary:
    """The statements, an operator's own in place of ours where queries_dir holds them. Raises `ConfigError`."""
    from gcms_tui.adapters.queries import QueryLibrary

    return QueryLibrary.load(settings.queries_dir)


def open_log(path: Path) -> LogFile:
    """A log file of any size. Raises `Unavailable` where it is no file, or may not be read."""
    from gcms_tui.adapters.log_file import LogFile

    return LogFile(path)


def open_console(invocation: Invocation, *, notice: str = "") -> int:
    """The console, until it is left; answers its exit status.

    A configuration that is missing or wrong is shown on the screen, with what helps. `notice` is one sentence to know
    at the start. Raises `UsageError` for a wrong --refresh.
    """
    from gcms_tui.console.launch import launch

    with ExitStack() as opened:
        try:
            services = console_services(invocation, load_settings(invocation).settings, opened)
        except ConfigError as error:
            settings = replace(Settings(), state_dir=default_state_dir(os.environ))
            services = replace(console_services(invocation, settings, opened), config_error=error)
        return launch(replace(services, notice=notice))


def console_services(invocation: Invocation, settings: Settings, opened: ExitStack) -> ConsoleServices:
    """What the console works with. Reads no file but, where no target is configured, dbt's profile."""
    from gcms_tui.adapters.last_health import LastHealthFile
    from gcms_tui.console.services import ConsoleServices

    try:
        target = target_name(settings)
    except ConfigError:
        target = ""  # each check says why
    allowed = read_only(settings, invocation, target or None)

    def last_report() -> HealthReport | None:
        report = LastHealthFile(settings.state_dir).load()
        return report if report is not None and report.target == (target or UNKNOWN_TARGET) else None

    return ConsoleServices(
        settings=settings,
        target=target or UNKNOWN_TARGET,
        read_only=allowed.on,
        read_only_reason=allowed.reason if allowed.on else "",
        sandbox=settings.sandbox,
        last_report=last_report,
        open_health=lambda: opened.enter_context(open_health(settings)),
        open_log=open_log,
        open_runs=_once(lambda: opened.enter_context(open_run_desk(settings, invocation, warm=True))),
        now=lambda: datetime.now(UTC),
        copy_dir=settings.state_dir / "copies",
        version=__version__,
        refresh_s=parse_duration(settings.console.refresh).total_seconds() if settings.console.refresh else None,
        ascii=invocation.ascii,
        slow_link=invocation.slow_link,
    )


def _once(open_it: Callable[[], T]) -> Callable[[], T]:
    """What `open_it` opened when it was first asked for: one for all panes. Where it raises, it is asked again."""
    lock = threading.Lock()
    found: list[T] = []

    def get() -> T:
        with lock:
            if not found:
                found.append(open_it())
            return found[0]

    return get

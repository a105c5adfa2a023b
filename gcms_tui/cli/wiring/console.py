"""The console: what it is given to work with, and how it is entered."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gcms_tui import __version__
from gcms_tui.adapters.config import default_state_dir
from gcms_tui.cli.invocation import Invocation
from gcms_tui.cli.wiring.backups import open_backup_desk
from gcms_tui.cli.wiring.base import (
    UNKNOWN_TARGET,
    every_dbt_file,
    load_settings,
    open_store,
    read_only,
    target_name,
    utc_now,
)
from gcms_tui.cli.wiring.desks import open_health, open_run_desk
from gcms_tui.cli.wiring.incidents import open_incidents
from gcms_tui.cli.wiring.payroll import holds_of, open_payroll_desk
from gcms_tui.cli.wiring.pipeline import open_pipeline
from gcms_tui.cli.wiring.procedures import open_procedure_desk
from gcms_tui.cli.wiring.scd2 import open_scd2_desk
from gcms_tui.cli.wiring.wall import open_wall
from gcms_tui.console.once import Once, OnceEach
from gcms_tui.core.duration import parse_duration
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.settings import Settings

if TYPE_CHECKING:
    from gcms_tui.adapters.log_file import LogFile
    from gcms_tui.adapters.store.opening import Store
    from gcms_tui.console.services import ConsoleServices
    from gcms_tui.core.finding import HealthReport
    from gcms_tui.operations.payroll.holding import Holds
    from gcms_tui.operations.writing.doubts import Doubt


def open_log(path: Path) -> LogFile:
    """A log file of any size. Raises `Unavailable` where it is no file, or may not be read."""
    from gcms_tui.adapters.log_file import LogFile

    return LogFile(path)


def open_console(invocation: Invocation, *, notice: str = "", wall: bool = False) -> int:
    """The console, until it is left; answers its exit status.

    A configuration that is missing or wrong is shown on the screen, with what helps. `notice` is one sentence to know
    at the start; `wall`: it begins on the wall. Raises `UsageError` for a wrong --refresh.
    """
    from gcms_tui.console.launch import launch

    with ExitStack() as opened:
        try:
            services = console_services(invocation, load_settings(invocation).settings, opened)
        except ConfigError as error:
            settings = replace(Settings(), state_dir=default_state_dir(os.environ))
            services = replace(console_services(invocation, settings, opened), config_error=error)
        return launch(replace(services, notice=notice), wall=wall)


def open_replay(invocation: Invocation, path: Path) -> int:
    """A file of records alone, as the wall was. No configuration is needed for it, and a wrong one does not matter."""
    from gcms_tui.adapters.health_record import read_record
    from gcms_tui.console.launch import launch

    settings = replace(Settings(), state_dir=default_state_dir(os.environ))
    with ExitStack() as opened:
        services = console_services(replace(invocation, read_only=True, target=None), settings, opened)
        return launch(services, replay=(path, read_record))


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

    runs = Once(lambda: opened.enter_context(open_run_desk(settings, invocation, warm=True)))
    store = Once(lambda: open_store(settings))
    payroll = OnceEach(lambda who: opened.enter_context(open_payroll_desk(settings, invocation, who, runs)))
    why_not = allowed.why_not
    held = Once(lambda: _holds(settings, target, store(), why_not))
    return ConsoleServices(
        settings=settings,
        target=target or UNKNOWN_TARGET,
        read_only=allowed.on,
        read_only_reason=why_not,
        sandbox=settings.sandbox,
        last_report=last_report,
        open_health=lambda: opened.enter_context(open_health(settings)),
        open_log=open_log,
        open_runs=runs,
        doubts=lambda: _open_doubts(store()),
        open_payroll=payroll,
        holds=lambda: held().open(),
        open_scd2=Once(lambda: opened.enter_context(open_scd2_desk(settings, invocation, runs))),
        open_runbook=Once(lambda: opened.enter_context(open_procedure_desk(settings, invocation))),
        open_incidents=Once(lambda: open_incidents(settings, invocation)),
        open_pipeline=Once(lambda: opened.enter_context(open_pipeline(settings, invocation))),
        open_backups=Once(lambda: opened.enter_context(open_backup_desk(settings, invocation, runs))),
        open_wall=lambda: open_wall(settings, invocation),
        now=utc_now,
        copy_dir=settings.state_dir / "copies",
        version=__version__,
        refresh_s=parse_duration(settings.console.refresh).total_seconds() if settings.console.refresh else None,
        ascii=invocation.ascii,
        slow_link=invocation.slow_link,
    )


def _holds(settings: Settings, target: str, store: Store, why_not: str) -> Holds:
    from gcms_tui.adapters.person import who_asks  # not before the first paint

    return holds_of(every_dbt_file(settings, target), target, store, who_asks(os.environ), why_not)


def _open_doubts(store: Store) -> tuple[Doubt, ...]:
    from gcms_tui.operations.writing.doubts import open_doubts

    return open_doubts(store.journal, store.leases)

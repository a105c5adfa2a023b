"""What everything else is wired from: settings, target, login, the dbt project, queries, the store."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gcms_tui.adapters.config import NO_CONFIG_ADVICE, ConfigFile, ReadOnly, effective_read_only, find_config
from gcms_tui.adapters.config import load_settings as load_file
from gcms_tui.cli.invocation import Invocation
from gcms_tui.core.duration import parse_duration
from gcms_tui.core.errors import ConfigError, UsageError
from gcms_tui.core.frozen import frozen
from gcms_tui.core.settings import Settings

if TYPE_CHECKING:
    from gcms_tui.adapters.credentials import Credentials
    from gcms_tui.adapters.profiles import DbtProject, Output
    from gcms_tui.adapters.queries import QueryLibrary
    from gcms_tui.adapters.snowflake import SnowflakeWarehouse
    from gcms_tui.adapters.store.opening import Store
    from gcms_tui.core.run import Person
    from gcms_tui.operations.payroll.ports import SupabaseReader
    from gcms_tui.operations.ports import DbtProject as DbtFiles
    from gcms_tui.operations.ports import Warehouse

UNKNOWN_TARGET = "unknown"
"""What the target is called where nothing names one."""


@frozen
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
    """The most restrictive of --read-only, $GCMS_READ_ONLY, the file, the target and the connection that is named
    beside it: what is written goes there, whatever dbt's own target is called."""
    allowed = effective_read_only(settings, invocation.read_only, os.environ, target)
    connection = settings.snowflake.connection
    if allowed.on or connection is None:
        return allowed
    return effective_read_only(settings, invocation.read_only, os.environ, connection)


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


def warehouse_or_why(settings: Settings) -> tuple[str, Warehouse]:
    """The target's name, and its warehouse or what stands for it."""
    from gcms_tui.adapters.absent import AbsentWarehouse

    try:
        return target_name(settings), open_warehouse(settings)
    except ConfigError as error:
        return settings.dbt.target or UNKNOWN_TARGET, AbsentWarehouse(error)


def supabase_or_why(settings: Settings, *, to_write: bool = False) -> SupabaseReader:
    """Reading Supabase, as the login that writes where that is asked for; or what stands for it where the way in cannot
    be read. Connects when it is asked."""
    from gcms_tui.adapters.absent import AbsentSupabase
    from gcms_tui.adapters.supabase import read_dsn, write_dsn
    from gcms_tui.adapters.supabase_reader import SupabaseDatabase

    try:
        return SupabaseDatabase((write_dsn if to_write else read_dsn)(settings.supabase, os.environ))
    except ConfigError as error:
        return AbsentSupabase(error)


def open_store(settings: Settings, person: Person | None = None) -> Store:
    """Health over time, journal, leases, plans, payroll runs. Opens nothing yet. Raises `ConfigError`.

    `person` is who is written down, where it is not whoever asks: on the practice platform people may be played.
    """
    from gcms_tui.adapters.person import who_asks
    from gcms_tui.adapters.store.opening import open_store as opened

    return opened(settings, os.environ, person or who_asks(os.environ), utc_now)


def utc_now() -> datetime:
    return datetime.now(UTC)

"""Stands where a service cannot even be named, so that every question to it is answered with the reason."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NoReturn

from gcms_tui.core.dbt_log import DbtLog
from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.dbt_results import ArtifactError, RunResults
from gcms_tui.core.errors import ConfigError
from gcms_tui.core.query import Answer, Statement


class AbsentWarehouse:
    """The configuration names no login that could be tried."""

    def __init__(self, reason: ConfigError) -> None:
        self._reason = reason

    def read(self, statement: Statement) -> Answer:
        # A new one each time: several threads raise it at once.
        raise ConfigError(self._reason.title, self._reason.message, self._reason.next_step)

    def close(self) -> None:
        pass


class AbsentSupabase:
    """The configuration names a way into Supabase that cannot be read, for reading or for writing."""

    def __init__(self, reason: ConfigError) -> None:
        self._reason = reason

    def read(self, statement: Statement) -> NoReturn:
        raise ConfigError(self._reason.title, self._reason.message, self._reason.next_step)

    def open(self, write_id: str) -> NoReturn:
        raise ConfigError(self._reason.title, self._reason.message, self._reason.next_step)


class AbsentDbtProject:
    """The configuration names no dbt project that could be read."""

    def __init__(self, reason: ConfigError) -> None:
        self._reason = reason

    def run_results(self) -> RunResults:
        raise self._error()

    def manifest(self) -> Manifest:
        raise self._error()

    def log(self) -> DbtLog:
        raise self._error()

    def results_of(self, invocation_id: str) -> RunResults:
        raise self._error()

    def left_by(self, invocation_id: str) -> tuple[Path, ...]:
        return ()

    def log_written_at(self) -> datetime | None:
        return None

    def _error(self) -> ArtifactError:
        return ArtifactError(self._reason.title, self._reason.message, self._reason.next_step)

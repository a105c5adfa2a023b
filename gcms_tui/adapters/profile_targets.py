"""Every target of the dbt profile in force, to be read beside the one that is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from gcms_tui.adapters.profiles import Output, read_output, read_project, target_names
from gcms_tui.adapters.snowflake import SnowflakeWarehouse
from gcms_tui.core.settings import Settings
from gcms_tui.core.target_comparison import TargetProfile


class ProfileTargets:
    """Reads the files anew at each question; logs in as the target itself does."""

    def __init__(self, settings: Settings, env: Mapping[str, str]) -> None:
        self._settings = settings
        self._env = env

    def names(self) -> tuple[str, ...]:
        """Raises `ConfigError`."""
        return target_names(self._settings.dbt, read_project(self._settings.dbt, self._env), self._env)

    def profile(self, name: str) -> TargetProfile:
        """Raises `ConfigError`."""
        return TargetProfile(name, self._output(name).plain)

    @contextmanager
    def warehouse(self, name: str) -> Iterator[SnowflakeWarehouse]:
        """Connects on the first read. Raises `ConfigError`."""
        opened = SnowflakeWarehouse(self._output(name).credentials, self._settings.snowflake, purpose="compare")
        try:
            yield opened
        finally:
            opened.close()

    def _output(self, name: str) -> Output:
        dbt = self._settings.dbt
        return read_output(replace(dbt, target=name), read_project(dbt, self._env), self._env)

"""The practice platform for tests: one template a test session, copies of it wherever a test wants one of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gcms_tui.sandbox.directory import SandboxDirectory, locked
from gcms_tui.sandbox.lifecycle import Platform, practice_platform


@dataclass(frozen=True, slots=True)
class RunningPlatform:
    """Servers that answer, and where their files are."""

    directory: Path
    config: Path
    snowflake: Mapping[str, Any]
    """Arguments of `snowflake.connector.connect`."""
    postgres: str
    """The DSN."""
    dbt_project: Path
    """With profiles.yml in it."""
    state_dir: Path

    @classmethod
    def of(cls, platform: Platform) -> RunningPlatform:
        return cls(
            directory=platform.directory,
            config=platform.config,
            snowflake=platform.snowflake(),
            postgres=platform.postgres.reveal(),
            dbt_project=platform.dbt_project,
            state_dir=platform.state_dir,
        )


def ensure_template(template: Path) -> Path:
    """A seeded sandbox whose servers have stopped; the first process that asks makes it, the others wait."""
    with locked(template.with_name(template.name + ".lock")) as lock:
        lock.wait_exclusive()
        if SandboxDirectory(template).current is None:
            with practice_platform(template):
                pass
    return template


def copy_sandbox(template: Path, destination: Path) -> Path:
    """A sandbox of its own, on ports of its own."""
    destination.mkdir(mode=0o700)
    source, copy = SandboxDirectory(template), SandboxDirectory(destination)
    copy.prepare()
    generation = source.link.resolve()
    shutil.copytree(generation, destination / generation.name, symlinks=True)
    os.symlink(generation.name, copy.link)
    return destination


@contextmanager
def running(directory: Path) -> Iterator[RunningPlatform]:
    with practice_platform(directory) as platform:
        yield RunningPlatform.of(platform)

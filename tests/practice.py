"""The practice platform for tests: one template a test session, copies of it wherever a test wants one of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from gcms_tui.sandbox.directory import Ports, SandboxDirectory, locked
from gcms_tui.sandbox.lifecycle import Platform, practice_platform
from gcms_tui.sandbox.processes import choose_port


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
    """A seeded sandbox whose servers have stopped; the first process that asks makes it, the others wait.

    It is made anew over an older one, as `demo --fresh` does: see `older_ports` and test_lifecycle.
    """
    directory = SandboxDirectory(template)
    with locked(template.with_name(template.name + ".lock")) as lock:
        lock.wait_exclusive()
        if directory.current is None or not directory.current.about.exists():
            _lay_an_older_one(directory)
            with practice_platform(template, fresh=True):
                pass
    return template


def older_ports(template: Path) -> Path:
    """What the ports' file was before the template was made."""
    return template.with_name(template.name + ".ports")


def _lay_an_older_one(directory: SandboxDirectory) -> None:
    """Of which only the ports are kept."""
    directory.prepare()
    older = directory.new_generation()
    older.state.mkdir(mode=0o700)
    (older.state / "old").touch()
    directory.adopt(older)
    directory.store_ports(free_ports())
    shutil.copy(directory.ports_file, older_ports(directory.root))


def free_ports() -> Ports:
    taken: list[int] = []
    for _ in fields(Ports):
        taken.append(choose_port(taken))
    return Ports(*taken)


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

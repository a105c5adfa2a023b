"""The sandbox's first build: what a night's schedule would have done, so that there is something to look at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gcms_tui.core.errors import GcmsError


class BuildFailed(GcmsError):
    """dbt could not build the sandbox's models."""

    exit_code = 69


@dataclass(frozen=True, slots=True)
class CommandReport:
    command: str
    success: bool
    """False also where a test failed or a source is stale: an answer, not a fault."""
    seconds: float


@dataclass(frozen=True, slots=True)
class BuildResult:
    commands: tuple[CommandReport, ...]
    failed_tests: tuple[str, ...]
    """Names of the tests that did not pass."""
    test_count: int


def first_build(project: Path, *, timeout_s: float = 300.0, python: str = sys.executable) -> BuildResult:
    """Runs `dbt run`, `dbt source freshness` and `dbt test` in the project at `project`, in one child process.

    Leaves `target/` and `logs/dbt.log` as a person's own commands would: `run_results.json` is the test's. Failing
    tests and stale sources are part of the result. Raises `BuildFailed` where dbt cannot start, cannot log in, a model
    fails, or it takes longer than `timeout_s`.
    """
    output = project / "logs" / "first_build.log"
    output.parent.mkdir(exist_ok=True)
    argv = [python, "-m", "gcms_tui.sandbox.story.dbt_child", str(project)]
    with output.open("wb") as log:
        try:
            child = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(),
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _failed(f"dbt was not done after {timeout_s:.0f} seconds", output) from error
        except OSError as error:
            raise _failed(f"{python} could not be started: {error.strerror}", output) from error
    reports = tuple(_report(line) for line in child.stdout.decode().splitlines())
    if child.returncode != 0:
        doing = f"`dbt {reports[-1].command}`" if reports else "dbt"
        raise _failed(f"{doing} ended with an error (exit status {child.returncode})", output)
    failed, total = _tests(project / "target" / "run_results.json")
    return BuildResult(reports, failed, total)


def _environment() -> dict[str, str]:
    """Ours without dbt's settings, which are meant for another project, and with compiled code kept."""
    unwanted = ("DBT_", "PYTHONDONTWRITEBYTECODE")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def _report(line: str) -> CommandReport:
    values: dict[str, Any] = json.loads(line)
    return CommandReport(values["command"], values["success"], values["seconds"])


def _tests(run_results: Path) -> tuple[tuple[str, ...], int]:
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    failed = sorted(result["unique_id"].split(".")[2] for result in results if result["status"] != "pass")
    return tuple(failed), len(results)


def _failed(message: str, output: Path) -> BuildFailed:
    return BuildFailed("The sandbox could not be built", message, f"Read {output}, then start again with --fresh.")

"""From Enter to dbt's first event and to its first node, by the warm process and by dbt's own command line.

The same tests of the same project, in turn. The command line keeps its parsed project as well, as it does in a shell.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from gcms_tui.adapters.dbt_launcher import DbtProcesses, LaunchPlace
from gcms_tui.adapters.dbt_project_state import dbt_executable
from gcms_tui.adapters.dbt_warm import WarmDbt
from gcms_tui.adapters.run_directory import RunDirectories
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.run import Person
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.settings import DbtSettings
from gcms_tui.sandbox.lifecycle import Platform
from tests.benchmarks.measure import Row

RUNS = 5
TARGET = "sandbox"
COMMAND = DbtCommand("test", ("fct_musician_payment",))
BUDGET = round(1 / 3, 2)
_DEADLINE_S = 60.0
_POLL_S = 0.001


@dataclass(frozen=True, slots=True)
class Start:
    first_event_s: float
    first_node_s: float


def dbt_start(platform: Platform) -> list[Row]:
    """Each once to warm up, then in turn."""
    warm, plain = [], []
    with TemporaryDirectory(prefix="gcms-bench-") as directory:
        process = WarmDbt(os.environ)
        process.start()
        try:
            ours = _Ours(Path(directory) / "state", platform.dbt_project, process)
            for _ in range(RUNS + 1):
                plain.append(_command_line(platform.dbt_project, Path(directory)))
                warm.append(ours.start())
        finally:
            process.close()
    del plain[0], warm[0]
    return [
        Row.of_pair(
            "dbt: Enter to the first event", [start.first_event_s for start in warm],
            [start.first_event_s for start in plain], "dbt", BUDGET,
        ),
        Row.of_pair(
            "dbt: Enter to the first node", [start.first_node_s for start in warm],
            [start.first_node_s for start in plain], "dbt", BUDGET,
        ),
    ]  # fmt: skip


class _Ours:
    """What happens behind Enter, the preview being on the screen already."""

    def __init__(self, state: Path, project: Path, warm: WarmDbt) -> None:
        settings = DbtSettings(project_dir=project, profiles_dir=project)
        place = LaunchPlace(state, settings, TARGET, (project / "target", project / "logs"))
        self._launcher = DbtProcesses(place, os.environ, warm=warm)
        self._shelf = RunDirectories(state, project)
        self._project = project

    def start(self) -> Start:
        nodes = self._launcher.selection(COMMAND)
        run_id = self._launcher.next_run_id()
        preview = Preview(
            run_id, COMMAND, self._launcher.argv(COMMAND, run_id), str(self._project), TARGET, nodes,
            datetime.now(UTC), self._launcher.fingerprint(),
        )  # fmt: skip
        began = time.monotonic()
        run = self._launcher.start(preview, Person("bench", "here"))
        assert run.record.engine == "warm", "the warm process has not started it"
        start = _measured(began, _followed(self._shelf.directory(run_id) / "events.jsonl"))
        while self._shelf.run(run_id).alive:
            time.sleep(0.05)
        return start


def _command_line(project: Path, scratch: Path) -> Start:
    where = ("--project-dir", str(project), "--profiles-dir", str(project), "--target", TARGET)
    apart = ("--target-path", str(scratch / "target"))
    logging = ("--no-use-colors", "--log-format", "json", "--log-level", "debug", "--log-path", str(scratch / "logs"))
    argv = (str(dbt_executable(None, os.environ)), *logging, *COMMAND.words, *where, *apart)
    began = time.monotonic()
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=project) as dbt:
        assert dbt.stdout is not None
        start = _measured(began, dbt.stdout)
        for _ in dbt.stdout:
            pass
    return start


def _measured(began: float, lines: Iterator[bytes]) -> Start:
    first_event = 0.0
    for line in lines:
        now = time.monotonic() - began
        first_event = first_event or now
        if json.loads(line)["info"]["name"] == "NodeStart":
            return Start(first_event, now)
    raise AssertionError("dbt has started no node")


def _followed(events: Path) -> Iterator[bytes]:
    """Line by line, as they come."""
    deadline = time.monotonic() + _DEADLINE_S
    rest = b""
    while not events.exists():
        time.sleep(_POLL_S)
    with events.open("rb", buffering=0) as stream:
        while time.monotonic() < deadline:
            block = stream.read(65536)
            if not block:
                time.sleep(_POLL_S)
                continue
            *whole, rest = (rest + block).split(b"\n")
            yield from whole

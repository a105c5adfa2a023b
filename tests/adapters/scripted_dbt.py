"""A small program in dbt's place, which does what its selectors say: for what is about processes and not about dbt."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from gcms_tui.adapters.dbt_launcher import DbtProcesses, LaunchPlace
from gcms_tui.adapters.run_directory import RunDirectories
from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.run import Person, Run
from gcms_tui.core.run_preview import Preview
from gcms_tui.core.settings import DbtSettings

ANNA = Person("anna", "ops1", "10.0.0.7")
TARGET = "prod"
DEADLINE_S = 90.0

SCRIPT = """#!{python} -IS
import json, os, signal, sys, time
from pathlib import Path

words = sys.argv[1:]

def option(name):
    return words[words.index(name) + 1] if name in words else ""

def say(name, **data):
    info = dict(name=name, code="X000", level="info", msg=name, invocation_id=invocation, pid=os.getpid(),
                thread="MainThread", ts=time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime()))
    sys.stdout.write(json.dumps(dict(info=info, data=data)) + "\\n")
    sys.stdout.flush()

def leave(code):
    say("CommandCompleted", command="dbt test", success=code == 0, elapsed=0.1)
    sys.exit(code)

def wait():
    try:
        say("Waiting")
        while True:
            time.sleep(60)
    except KeyboardInterrupt:
        say("MainEncounteredError", exc="KeyboardInterrupt")
        leave(2)

invocation = "invocation-" + str(os.getpid())
target = Path(option("--target-path"))
target.mkdir(parents=True, exist_ok=True)
say("MainReportVersion", version="=1.11.16", log_version=3)
for word in words:
    name, _, value = word.partition("=")
    if name == "write":
        file, _, text = value.partition(":")
        (target / file).write_text(text.replace("INVOCATION", invocation))
    elif name == "results":
        (target / "run_results.json").write_text(json.dumps(dict(
            metadata=dict(dbt_schema_version="https://schemas.getdbt.com/dbt/run-results/v6.json",
                          generated_at="2026-03-01T08:30:00Z", invocation_id=value or invocation),
            args=dict(which="test", target="prod"),
            results=[dict(unique_id="test.gcms.t", status="fail", failures=3, relation_name="A.B.C",
                          compiled_code="select 1", execution_time=0.1, message="Got 3 results")],
        )))
    elif name == "manifest":
        node = dict(unique_id="model.gcms.m", resource_type="model", name="m", compiled_code=invocation,
                    build_path=str(target), description=value * 9000)
        (target / "manifest.json").write_text(json.dumps(dict(
            metadata=dict(dbt_schema_version="https://schemas.getdbt.com/dbt/manifest/v12.json",
                          invocation_id=invocation), nodes={{"model.gcms.m": node}})))
    elif name == "tell":
        (target / "told.json").write_text(json.dumps(dict(
            environment=dict(os.environ), argv=sys.argv, cwd=os.getcwd(), session=os.getsid(0), pid=os.getpid(),
            stdin=os.readlink("/proc/self/fd/0"), umask=os.umask(0o077),
            ignored=[number for number in (1, 2, 13, 15) if signal.getsignal(number) is signal.SIG_IGN])))
    elif name == "stubborn":
        signal.signal(signal.SIGINT, lambda *_: say("Interrupted"))
    elif name == "fill":
        try:
            with open(target / "filling", "wb") as stream:
                while True:
                    stream.write(b"x" * 4096)
                    stream.flush()
        except OSError:
            pass
    elif name == "wait":
        wait()
    elif name == "exit":
        leave(int(value))
    elif name == "vanish":
        os._exit(int(value))
leave(0)
"""


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


@dataclass
class Desk:
    """A project with such a dbt, and where its runs are kept."""

    root: Path
    env: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    after: Callable[[str], tuple[str, ...]] = lambda run_id: ()
    now: datetime | None = None
    """Where the clock stands still."""

    def __post_init__(self) -> None:
        self.project.mkdir(parents=True, exist_ok=True)
        (self.project / "dbt_project.yml").write_text("name: gcms\n", encoding="utf-8")
        self.executable.write_text(SCRIPT.format(python=sys.executable), encoding="utf-8")
        self.executable.chmod(0o755)

    @property
    def project(self) -> Path:
        return self.root / "project"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def executable(self) -> Path:
        return self.root / "dbt"

    @property
    def shelf(self) -> RunDirectories:
        return RunDirectories(self.state, self.project)

    @property
    def launcher(self) -> DbtProcesses:
        settings = DbtSettings(project_dir=self.project, executable=self.executable)
        place = LaunchPlace(self.state, settings, TARGET)
        return DbtProcesses(place, self.env, after=self.after, now=lambda: self.now or datetime.now(UTC))

    def preview(self, *select: str, command: DbtCommand | None = None) -> Preview:
        launcher, command = self.launcher, command or DbtCommand("test", select)
        run_id = launcher.next_run_id()
        argv = launcher.argv(command, run_id)
        now = datetime.now(UTC)
        return Preview(run_id, command, argv, str(self.project), TARGET, (), now, launcher.fingerprint())

    def start(self, *select: str) -> Run:
        return self.launcher.start(self.preview(*select), ANNA)

    def waiting(self, *select: str) -> Run:
        """A run that has come to where it waits."""
        run = self.start(*select, "wait")
        events = self.shelf.directory(run.run_id) / "events.jsonl"
        wait_for(lambda: events.exists() and b'"Waiting"' in events.read_bytes())
        return run

    def ended(self, run_id: str) -> Run:
        """As it is once nobody holds its lease any more."""
        shelf = self.shelf
        wait_for(lambda: not shelf.run(run_id).alive)
        return shelf.run(run_id)

    def run(self, *select: str) -> Run:
        return self.ended(self.start(*select).run_id)

    def keeper(self, run: Run) -> int:
        """The process id of its keeper."""
        assert run.pid is not None
        return parent_of(run.pid)


def parent_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("PPid:")).split()[1])


@contextmanager
def nothing_left(desk: Desk) -> Iterator[Desk]:
    """Whatever the test does, no run goes on afterwards."""
    try:
        yield desk
    finally:
        end_all(desk.shelf.runs(), desk)


def end_all(runs: Sequence[Run], desk: Desk) -> None:
    for run in runs:
        if run.alive and run.pid is not None:
            try:
                os.kill(run.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    for run in runs:
        desk.ended(run.run_id)

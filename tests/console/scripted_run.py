"""A dbt run that a test moves on event by event, and a few that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.run import CancelAsked, GitState, Person, Run, RunEnd, RunRecord
from gcms_tui.core.run_progress import MESSAGES_KEPT, Message, NodeProgress, Progress
from tests.console.small_platform import NOON, Clock

ANNA = Person("anna", "ops-1", "10.0.0.7")
CRON = Person("airflow", "etl-2")
CRITICAL_TEST = "test.gcms.attended_not_above_required.1f2e3d4c5b"


@dataclass(frozen=True, slots=True)
class Planned:
    """One node as the script has it."""

    unique_id: str
    seconds: float
    status: str = "success"
    failures: int | None = None
    message: str = ""

    @property
    def name(self) -> str:
        parts = self.unique_id.split(".")
        return parts[2] if len(parts) > 2 else self.unique_id

    @property
    def resource_type(self) -> str:
        return self.unique_id.partition(".")[0]


STORY = (
    Planned("model.gcms.br_attendance_scd2", 6.2),
    Planned("model.gcms.br_concert_scd2", 2.1),
    Planned("model.gcms.br_musician_scd2", 2.4),
    Planned("model.gcms.sl_attendance", 1.3),
    Planned("model.gcms.dim_concert", 0.8),
    Planned("model.gcms.dim_musician", 0.9),
    Planned("model.gcms.fct_musician_payment", 3.6),
    Planned("test.gcms.not_null_fct_musician_payment_payment_key.0a1b2c3d4e", 0.4, "pass", 0),
    Planned("test.gcms.unique_fct_musician_payment_payment_key.1a2b3c4d5e", 0.5, "pass", 0),
    Planned(CRITICAL_TEST, 0.7, "fail", 3, "Got 3 results, configured to fail if != 0"),
    Planned(
        "test.gcms.dim_concert_has_no_gaps.2a3b4c5d6e", 0.3, "warn", 2, "Got 2 results, configured to warn if != 0"
    ),
    Planned(
        "model.gcms.payment_export",
        0.6,
        "error",
        None,
        "Database Error in model payment_export (models/gold/payment_export.sql)\n"
        "  000904 (42000): SQL compilation error: error line 4 at position 8\n  invalid identifier 'AMOUNT_CHF'",
    ),
    Planned("model.gcms.payment_export_daily", 0.0, "skipped"),
)
"""`dbt build`: two things fail, one is skipped."""

GREEN = tuple(replace(node, status="pass", failures=0, message="") for node in STORY if node.resource_type == "test")


def command(*words: str) -> DbtCommand:
    """`test --select gold` as a command; the words have been checked by whoever wrote the test."""
    subcommand, rest = words[0], list(words[1:])
    select = tuple(rest[rest.index("--select") + 1 :]) if "--select" in rest else ()
    return DbtCommand(subcommand, select)


def record(
    run_id: str = "20260302-120000-1a2b",
    what: DbtCommand | None = None,
    *,
    target: str = "sandbox",
    person: Person = ANNA,
    at: datetime = NOON,
    foreign: bool = False,
    expected_s: float | None = 14.0,
    retry_of: str | None = None,
) -> RunRecord:
    what = what or command("build", "--select", "+fct_musician_payment", "+payment_export")
    return RunRecord(
        run_id=run_id,
        command=what,
        argv=("dbt", *what.words, "--target", target, "--log-format", "json"),
        project_dir="/srv/gcms/dbt",
        target=target,
        person=person,
        started_at=at,
        git=GitState("9f8e7d6c5b4a39281706f5e4d3c2b1a098765432", dirty=True),
        engine="warm",
        dbt_version="1.11.16",
        expected_s=expected_s,
        retry_of=retry_of,
        foreign=foreign,
    )


@dataclass(frozen=True, slots=True)
class _Moment:
    """Something happens to one node, so many seconds after the beginning."""

    at_s: float
    node: int
    ends: bool
    thread: str


def _moments(nodes: Sequence[Planned], threads: int) -> tuple[_Moment, ...]:
    """Each node goes to the thread that is free first."""
    free = {f"Thread-{number}": 1.0 for number in range(1, threads + 1)}
    moments = []
    for place, node in enumerate(nodes):
        thread = min(free, key=lambda name: (free[name], name))
        begin = free[thread]
        free[thread] = begin + node.seconds
        moments += [_Moment(begin, place, False, thread), _Moment(begin + node.seconds, place, True, thread)]
    return tuple(sorted(moments, key=lambda moment: (moment.at_s, moment.node, moment.ends)))


@dataclass
class ScriptedRun:
    """A run of which each step is one event of dbt's. `clock` goes with it.

    Steps: 0 nothing yet; 1 dbt has begun; 2 it knows how many nodes; then each node's start and end; then the end.
    """

    nodes: Sequence[Planned] = STORY
    record: RunRecord = field(default_factory=record)
    clock: Clock = field(default_factory=Clock)
    threads: int = 4
    step: int = 0
    end: RunEnd | None = None
    cancel: CancelAsked | None = None
    alive: bool = True

    def __post_init__(self) -> None:
        self.moments = _moments(self.nodes, self.threads)

    @property
    def steps(self) -> int:
        return len(self.moments) + 3

    @property
    def run(self) -> Run:
        return Run(self.record, self.end, self.cancel, alive=self.alive and self.end is None, pid=4711)

    def advance(self, steps: int = 1) -> None:
        """The next events come; with the last one dbt ends by itself."""
        self.step = min(self.step + steps, self.steps)
        self.clock.moment = max(self.clock.moment, self._at(self.step))
        if self.step == self.steps and self.end is None:
            failed = any(node.status in ("fail", "error") for node in self.nodes)
            self.finish(exit_code=1 if failed else 0)

    def until(self, unique_id: str, *, ended: bool) -> None:
        """Advance until a node has begun, or has ended."""
        place = next(
            at
            for at, moment in enumerate(self.moments)
            if self.nodes[moment.node].unique_id == unique_id and moment.ends == ended
        )
        self.advance(max(place + 3 - self.step, 0))

    def finish(self, *, exit_code: int | None = None, signal: int | None = None) -> None:
        """dbt has ended, whatever it was doing."""
        self.end = RunEnd(self.clock.moment, exit_code, signal, "inv-1" if self.step else None)

    def ask_to_stop(self) -> None:
        """Somebody asks; what becomes of it is another matter."""
        self.cancel = CancelAsked(self.clock(), ANNA)

    def lose(self) -> None:
        """Its keeper dies and leaves no end."""
        self.alive = False

    def _at(self, step: int) -> datetime:
        if step < 3 or not self.moments:
            return self.record.started_at + timedelta(seconds=min(step, 2) / 2)
        return self.record.started_at + timedelta(seconds=self.moments[min(step - 3, len(self.moments) - 1)].at_s)

    def progress(self) -> Progress:
        """What dbt has said so far."""
        if self.step == 0:
            return Progress()
        begun: dict[int, NodeProgress] = {}
        messages = [Message(self.record.started_at, "info", "Running with dbt=1.11.16")]
        for moment in self.moments[: max(self.step - 2, 0)]:
            self._apply(begun, moment, messages)
        complete = self.step == self.steps
        return Progress(
            invocation_id="inv-1",
            command=self.record.command.subcommand,
            target=self.record.target if self.step > 1 else None,
            dbt_version="1.11.16",
            threads=self.threads if self.step > 1 else None,
            total=len(self.nodes) if self.step > 1 else None,
            nodes=tuple(begun.values()),
            messages=tuple(messages[-MESSAGES_KEPT:]),
            started_at=self.record.started_at,
            ended_at=self._at(self.step) if complete else None,
            success=not any(node.status in ("fail", "error") for node in self.nodes) if complete else None,
            nothing_to_do=complete and not self.nodes,
        )

    def _apply(self, begun: dict[int, NodeProgress], moment: _Moment, messages: list[Message]) -> None:
        node, at = self.nodes[moment.node], self.record.started_at + timedelta(seconds=moment.at_s)
        if not moment.ends:
            begun[moment.node] = NodeProgress(
                node.unique_id, node.name, node.resource_type, "running", moment.thread, started_at=at
            )
            return
        begun[moment.node] = replace(
            begun[moment.node],
            status=node.status,
            finished_at=at,
            elapsed_s=node.seconds,
            failures=node.failures,
            message=node.message,
        )
        level = "error" if node.status in ("fail", "error") else "warn" if node.status == "warn" else "info"
        said = f"{len(begun)} of {len(self.nodes)} {node.status.upper()} {node.name} [in {node.seconds:.2f}s]"
        messages.append(Message(at, level, said, node.unique_id))


def ended(
    run_id: str,
    what: DbtCommand,
    nodes: Sequence[Planned],
    at: datetime,
    *,
    exit_code: int | None = None,
    signal: int | None = None,
    cancelled: bool = False,
    target: str = "sandbox",
    person: Person = ANNA,
    foreign: bool = False,
) -> ScriptedRun:
    """A run of the past."""
    scripted = ScriptedRun(nodes, record(run_id, what, at=at, target=target, person=person, foreign=foreign), Clock(at))
    if cancelled:
        scripted.cancel = CancelAsked(at, person)
    if signal is not None or cancelled:
        scripted.advance(scripted.steps // 2)
        scripted.finish(exit_code=exit_code, signal=signal)
    else:
        scripted.advance(scripted.steps)
        if exit_code is not None:
            scripted.finish(exit_code=exit_code)
    return scripted


def past() -> list[ScriptedRun]:
    """Newest first: green, failed, cancelled, killed, one of cron's, one that selected nothing."""
    hour = timedelta(hours=1)
    green = tuple(replace(node, status="success", message="") for node in STORY if node.resource_type == "model")
    return [
        ended("20260302-110000-0001", command("test", "--select", "gold"), GREEN, NOON - hour),
        ended("20260302-090000-0002", command("build"), STORY, NOON - 3 * hour),
        ended("20260302-080000-0003", command("run"), green, NOON - 4 * hour, exit_code=2, cancelled=True),
        ended("20260301-120000-0004", command("run"), green, NOON - 24 * hour, signal=9),
        ended("20260301-030000-0005", command("build"), green, NOON - 33 * hour, person=CRON, foreign=True),
        ended("20260228-120000-0006", command("test", "--select", "nothing_there"), (), NOON - 48 * hour),
    ]

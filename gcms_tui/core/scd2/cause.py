"""What may have made a key's duplicates: when its versions were written, and what of dbt was at work then.

Nothing is concluded from silence: where no run is known of a moment, that is said, and never that none overlapped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import combinations

from gcms_tui.core.conclusion import counted
from gcms_tui.core.dbt_log import Invocation, NodeOutcome
from gcms_tui.core.finding import Provenance
from gcms_tui.core.project_changes import Changes
from gcms_tui.core.run import Run
from gcms_tui.core.scd2 import moment
from gcms_tui.core.scd2.cause_sessions import Sessions
from gcms_tui.core.scd2.version import Version

SLACK = timedelta(seconds=5)
"""Clocks of two machines differ, and dbt writes a second without its fraction."""
LONGEST = timedelta(hours=12)
"""A dbt command of which nobody knows an end is taken to have run for no longer."""
AROUND = timedelta(minutes=15)
"""How long after a moment a session may have gone on writing, where no run is known that tells."""
_DAY = timedelta(days=1)
_WRITING = frozenset({"run", "build", "snapshot", "seed", "retry", "clone", "run-operation", "unknown", ""})
"""Commands that may write a table, and those that are not known."""


class Overlap(StrEnum):
    """What is known of runs at the same time."""

    OVERLAPPED = "two runs overlapped"
    PERHAPS = "two runs may have overlapped"
    ONE = "one run only"
    """Of every moment exactly one is known. Another one, that left nothing here, cannot be excluded."""
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class KnownRun:
    """A dbt command that built the table, or may have."""

    run_id: str
    invocation_id: str
    words: str
    """`dbt build --select +fct_musician_payment`."""
    who: str
    """Empty where nobody knows."""
    foreign: bool
    """Not started here: known from what it left."""
    started_at: datetime
    started_exactly: bool
    """False: it began no later than this, perhaps days before."""
    ended_at: datetime | None
    """None where nobody knows."""
    builds: bool | None
    """It built the table; None where that is not told."""

    @property
    def certain(self) -> bool:
        """When it ran is known to the second."""
        return self.started_exactly and self.ended_at is not None

    @property
    def until(self) -> datetime:
        return self.ended_at or self.started_at + LONGEST

    def covers(self, at: datetime) -> bool | None:
        """Whether it was at work at that moment; None where it may have been."""
        first, last = self.started_at - SLACK, self.until + SLACK
        if self.started_exactly:
            inside = first <= at <= last
            return (True if self.ended_at is not None and self.builds else None) if inside else False
        if at > last:
            return False
        # A log without dates has the time of day right, and the day at the latest.
        days = max((self.started_at - at) // _DAY, 0)
        return None if any(first - n * _DAY <= at <= last - n * _DAY for n in (days, days + 1)) else False


@dataclass(frozen=True, slots=True)
class Insertion:
    """A moment at which current versions were written, and the runs that were at work then."""

    at: str | None
    """As `moment.FORMAT` has it; None where the versions do not say."""
    scd_ids: tuple[str, ...]
    runs: tuple[str, ...] = ()
    """Ids of those that certainly were."""
    perhaps: tuple[str, ...] = ()
    """And of those that may have been."""

    @property
    def words(self) -> str:
        """What is known of it."""
        if self.at is None:
            return "the versions do not say when"
        known = f"{', '.join(self.runs)} was at work" if len(self.runs) == 1 else f"{', '.join(self.runs)} were at work"
        may = f"{', '.join(self.perhaps)} may have been at work"
        return "; ".join([known] * bool(self.runs) + [may] * bool(self.perhaps)) or "nothing is known of that time"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs at the same time."""

    first: str
    second: str
    certain: bool
    began: datetime
    """When the second of the two began."""
    ended: datetime
    """When the first of them to end did."""

    @property
    def words(self) -> str:
        length = "certainly" if self.certain else "perhaps"
        return f"{self.first} and {self.second}, {length}, {self.began:%Y-%m-%d %H:%M:%S} to {self.ended:%H:%M:%S} UTC"


@dataclass(frozen=True, slots=True)
class CauseReport:
    """Everything that was found out about one key."""

    table: str
    natural_key: str
    verdict: Overlap
    words: str
    next_step: str
    insertions: tuple[Insertion, ...]
    """Oldest first; what has no moment comes last."""
    runs: tuple[KnownRun, ...]
    """Those at work at one of these moments, and those beside them; oldest first."""
    pairs: tuple[Pair, ...]
    known_since: datetime | None
    """When the oldest known run of the target began; None where none is known."""
    sessions: Sessions
    changes: Changes | None
    """None where no version says when it was written: then there is nothing to ask since."""
    taken_at: datetime
    repaired_by: str = ""
    """The write that repaired the key: the versions are those that it found."""
    notes: tuple[str, ...] = ()
    """What could not be looked at."""
    provenance: tuple[Provenance, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The report for people, and for the journal."""
        found = [f"{self.verdict.value}: {self.words}"]
        found += [f"repaired by {self.repaired_by}: the versions are those that it found"] if self.repaired_by else []
        for one in self.insertions:
            written = moment.short(one.at) if one.at else "not known"
            found.append(f"written {written}: {', '.join(one.scd_ids)}: {one.words}")
        found += [f"overlapped: {pair.words}" for pair in self.pairs]
        found.append(f"sessions: {self.sessions.words}")
        found.append(f"model and macros: {self.changes.words if self.changes else 'not known: there is no moment'}")
        return (*found, *self.notes)


def known_run(run: Run, invocation: Invocation, unique_id: str, table_name: str, now: datetime) -> KnownRun | None:
    """The run as the rule sees it; None for one that certainly did not write the table.

    `unique_id` is dbt's id of what builds the table, empty where it is not known.
    """
    if invocation.command not in _WRITING:
        return None
    built = _built(invocation, unique_id, table_name.lower())
    if built is False:
        return None
    record = run.record
    return KnownRun(
        run_id=run.run_id,
        invocation_id=invocation.invocation_id,
        words=" ".join(("dbt", *record.command.words)),
        who="" if record.foreign else str(record.person),
        foreign=record.foreign,
        started_at=invocation.started_at,
        started_exactly=invocation.started_exactly,
        ended_at=now if invocation.running else invocation.ended_at,
        builds=built,
    )


def _built(invocation: Invocation, unique_id: str, table_name: str) -> bool | None:
    """Whether it built the table; None where what it left does not tell."""
    for outcome in invocation.outcomes:
        if _is_of(outcome, unique_id, table_name):
            return outcome.status != "skipped"
    told = invocation.success is not None and bool(invocation.outcomes) and not invocation.interleaved
    return False if told or invocation.nothing_to_do else None


def _is_of(outcome: NodeOutcome, unique_id: str, table_name: str) -> bool:
    name = outcome.name.lower()
    if " " in name:  # a log may tell no more of a node than: sql incremental model bronze.br_attendance_scd2
        return name.endswith(f".{table_name}")
    if unique_id:
        return outcome.name == unique_id
    return outcome.resource_type in ("model", "snapshot", "") and name.split(".")[-1] == table_name


def when(at: str | None) -> datetime | None:
    """The moment of `moment.FORMAT`; None where there is none, or none at which anything can have run."""
    known = moment.as_datetime(at) if at is not None else None
    return known if known is not None and 1970 < known.year < 9000 else None


def insertions_of(versions: Iterable[Version], runs: Sequence[KnownRun]) -> tuple[Insertion, ...]:
    """The moments at which the versions were written, each with the runs that were at work then."""
    written: dict[str | None, list[str]] = {}
    for version in versions:
        written.setdefault(version.inserted_at, []).append(version.scd_id or "NULL")
    found = []
    for at in sorted(written, key=lambda text: (text is None, text or "")):
        known = when(at)
        covering = {run.run_id: run.covers(known) for run in runs} if known is not None else {}
        found.append(
            Insertion(
                at,
                tuple(written[at]),
                tuple(run_id for run_id, covers in covering.items() if covers),
                tuple(run_id for run_id, covers in covering.items() if covers is None),
            )
        )
    return tuple(found)


def pairs_of(insertions: Sequence[Insertion], runs: Sequence[KnownRun]) -> tuple[Pair, ...]:
    """Runs at the same time, at least one of which was, or may have been, at work when a version was written."""
    concerned = {run_id for one in insertions for run_id in (*one.runs, *one.perhaps)}
    certainly = {run_id for one in insertions for run_id in one.runs}
    found = []
    for first, second in combinations(sorted(runs, key=lambda run: (run.started_at, run.run_id)), 2):
        if concerned.isdisjoint((first.run_id, second.run_id)):
            continue
        overlapped = _overlapped(first, second)
        if overlapped is False:
            continue
        built = first.builds is True and second.builds is True
        certain = overlapped is True and built and not certainly.isdisjoint((first.run_id, second.run_id))
        began, ended = max(first.started_at, second.started_at), min(first.until, second.until)
        found.append(Pair(first.run_id, second.run_id, certain, began, max(began, ended)))
    return tuple(found)


def _overlapped(first: KnownRun, second: KnownRun) -> bool | None:
    """Whether they were at work at the same time; None where they may have been."""
    meet = first.started_at < second.until and second.started_at < first.until
    if first.certain and second.certain:
        return meet
    if first.started_exactly == second.started_exactly:
        return None if meet else False  # two of one log: its lines tell their order, whatever the day was
    exact, dateless = (first, second) if first.started_exactly else (second, first)
    if exact.started_at >= dateless.until:
        return False
    days = max((dateless.started_at - exact.started_at) // _DAY, 0)
    shifted = any(
        dateless.started_at - n * _DAY < exact.until and exact.started_at < dateless.until - n * _DAY
        for n in (days, days + 1)
    )
    return None if meet or shifted else False


def concerned_runs(
    insertions: Sequence[Insertion], pairs: Sequence[Pair], runs: Sequence[KnownRun]
) -> tuple[KnownRun, ...]:
    """Those that the report names; oldest first."""
    named = {run_id for one in insertions for run_id in (*one.runs, *one.perhaps)}
    named |= {run_id for pair in pairs for run_id in (pair.first, pair.second)}
    kept = [run for run in runs if run.run_id in named]
    return tuple(sorted(kept, key=lambda run: (run.started_at, run.run_id)))


def judge(
    insertions: Sequence[Insertion], pairs: Sequence[Pair], sessions: Sessions, known_since: datetime | None
) -> tuple[Overlap, str, str]:
    """The verdict, a sentence on it, and what to do next."""
    certain = [pair for pair in pairs if pair.certain]
    if certain:
        said = f"{certain[0].words}, and both built the table: each closed only what it saw."
        return Overlap.OVERLAPPED, said, _TWO
    if pairs:
        return Overlap.PERHAPS, f"{pairs[0].words}; what they left does not prove it.", _LOOK
    if sessions.overlapping:
        first, second = sessions.overlapping[0]
        said = f"sessions {first} and {second} wrote to it at the same time, by the warehouse's own history."
        return Overlap.PERHAPS, said, _LOOK
    if not insertions:
        return Overlap.NOT_KNOWN, "the key has no version to ask about.", "Look at another key."
    if all(len(one.runs) == 1 and not one.perhaps for one in insertions):
        number = len({run_id for one in insertions for run_id in one.runs})
        of_all = "it wrote all of them" if number == 1 else f"{counted(number, 'run')} wrote them, one after another"
        return Overlap.ONE, f"{of_all}, and no other is known beside it.", _MODEL
    silent = [one for one in insertions if not one.runs]
    if not silent:
        return Overlap.NOT_KNOWN, "more than one run may have written them; which did is not told.", _LOOK
    when = ", ".join(moment.short(one.at) if one.at else "a moment that was not recorded" for one in silent)
    since = f"the history begins {known_since:%Y-%m-%d %H:%M} UTC" if known_since else "no run of this target is known"
    return Overlap.NOT_KNOWN, f"no run is certainly known at {when} ({since}).", _ELSEWHERE


_TWO = "Let one run at a time write (runs started here hold a lease; cron and others do not), then repair the key."
_LOOK = "Look at the runs named here, and ask who else starts dbt on this target."
_MODEL = "Look at what the model and its macros do with this key, and at what changed in them."
_ELSEWHERE = "Ask who else starts dbt on this target: cron, another host, another person; their logs may tell."

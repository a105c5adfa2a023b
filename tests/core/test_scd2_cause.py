"""What runs, sessions and moments prove of a key's duplicates; and that silence proves nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_log import Invocation, NodeOutcome
from gcms_tui.core.finding import Scalar
from gcms_tui.core.run import Person, Run, RunRecord
from gcms_tui.core.scd2.cause import (
    CauseReport,
    KnownRun,
    Overlap,
    concerned_runs,
    insertions_of,
    judge,
    known_run,
    pairs_of,
)
from gcms_tui.core.scd2.cause_sessions import NONE_VISIBLE, Sessions, Window, sessions_of
from gcms_tui.core.scd2.corrections import Review, minutes_of, months_of
from gcms_tui.core.scd2.version import Version

AT = datetime(2026, 2, 23, 10, 30, tzinfo=UTC)
MOMENT = "2026-02-23 10:30:00.000000000"
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
MODEL = "model.gcms.br_attendance_scd2"
UNSEEN = Sessions(NONE_VISIBLE)


def run(
    name: str, begins: int, ends: int | None, *, exactly: bool = True, builds: bool | None = True, days: int = 0
) -> KnownRun:
    """From and to so many seconds after `AT`."""
    began = AT + days * DAY
    ended = None if ends is None else began + ends * SECOND
    return KnownRun(name, f"id-{name}", "dbt run", "", False, began + begins * SECOND, exactly, ended, builds)


def version(scd_id: str | None, inserted_at: str | None = MOMENT) -> Version:
    return Version(scd_id, MOMENT, None, True, MOMENT, inserted_at)


def judged(
    *runs: KnownRun, at: tuple[str | None, ...] = (MOMENT, MOMENT), sessions: Sessions = UNSEEN
) -> tuple[Overlap, str, tuple[str, ...]]:
    insertions = insertions_of([version(f"v{place}", text) for place, text in enumerate(at)], runs)
    pairs = pairs_of(insertions, runs)
    named = tuple(sorted(one.run_id for one in concerned_runs(insertions, pairs, runs)))
    verdict, words, next_step = judge(insertions, pairs, sessions, runs[0].started_at if runs else None)
    assert words and next_step
    return verdict, words, named


@pytest.mark.parametrize(
    ("runs", "verdict", "named"),
    [
        ((run("a", -10, 60), run("b", -2, 40)), Overlap.OVERLAPPED, ("a", "b")),
        # The other one began later, and wrote nothing at that moment: it was beside the one that did.
        ((run("a", 0, 60), run("b", 30, 90)), Overlap.OVERLAPPED, ("a", "b")),
        ((run("a", -10, 60),), Overlap.ONE, ("a",)),
        ((run("a", -10, 60), run("b", 61, 90)), Overlap.ONE, ("a",)),
        ((run("a", -10, 60), run("b", -10, 60, builds=None)), Overlap.PERHAPS, ("a", "b")),
        ((run("a", -10, 60), run("b", -900, None)), Overlap.PERHAPS, ("a", "b")),
        ((run("a", -10, 60), run("b", -900, None, days=-2)), Overlap.ONE, ("a",)),
        # Which day a log without dates means is known at the latest: three days later may be this day.
        ((run("a", -10, 60), run("b", -9, 50, exactly=False, days=3)), Overlap.PERHAPS, ("a", "b")),
        ((run("a", -10, 60), run("b", 3600, 4000, exactly=False, days=3)), Overlap.ONE, ("a",)),
        ((run("a", -10, 60, exactly=False),), Overlap.NOT_KNOWN, ("a",)),
        # Of one log without dates: one ended before the other began, whatever the day was.
        ((run("a", -10, 2, exactly=False), run("b", 3, 60, exactly=False)), Overlap.NOT_KNOWN, ("a", "b")),
        ((run("a", -10, 2), run("b", 3, 60)), Overlap.NOT_KNOWN, ("a", "b")),
        ((run("a", 600, 900), run("b", 700, 950)), Overlap.NOT_KNOWN, ()),
        ((run("a", -10, 60, days=-1),), Overlap.NOT_KNOWN, ()),
        ((), Overlap.NOT_KNOWN, ()),
    ],
)  # fmt: skip
def test_what_is_known_of_runs_at_the_same_time(
    runs: tuple[KnownRun, ...], verdict: Overlap, named: tuple[str, ...]
) -> None:
    assert judged(*runs)[0::2] == (verdict, named)
    assert judged(*runs[::-1])[0::2] == (verdict, named), "whatever their order"


def test_a_moment_of_which_nothing_is_known_is_never_no_overlap() -> None:
    one = run("a", -10, 60)
    verdict, words, _ = judged(one, at=(MOMENT, "2026-02-21 05:10:00.000000000"))
    assert verdict is Overlap.NOT_KNOWN and "2026-02-21 05:10:00" in words and "history begins" in words
    assert "no run of this target is known" in judged()[1]
    assert judged(one, at=(MOMENT, None))[0] is Overlap.NOT_KNOWN
    assert judged(one, at=())[0] is Overlap.NOT_KNOWN
    for edge in ("0001-01-01 00:00:00.000000000", "9999-12-31 23:59:59.999999999"):
        assert judged(one, at=(edge,))[0] is Overlap.NOT_KNOWN


def test_the_report_reads_as_lines() -> None:
    runs = (run("a", -10, 60), run("b", -2, 40))
    insertions = insertions_of([version("v1"), version("v2"), version(None, None)], runs)
    pairs = pairs_of(insertions, runs)
    verdict, words, step = judge(insertions, pairs, UNSEEN, AT)
    report = CauseReport("bronze.t", "k", verdict, words, step, insertions, runs, pairs, AT, UNSEEN, None, AT, "w-1")
    assert report.lines == (
        "two runs overlapped: a and b, certainly, 2026-02-23 10:29:58 to 10:30:40 UTC, and both built the table: each "
        "closed only what it saw.",
        "repaired by w-1: the versions are those that it found",
        "written 2026-02-23 10:30:00: v1, v2: a, b were at work",
        "written not known: NULL: the versions do not say when",
        "overlapped: a and b, certainly, 2026-02-23 10:29:58 to 10:30:40 UTC",
        "sessions: none visible to this role",
        "model and macros: not known: there is no moment",
    )


def invoked(
    command: str, *outcomes: NodeOutcome, success: bool | None = True, idle: bool = False, interleaved: bool = False
) -> Invocation:
    return Invocation("id", AT, True, AT + SECOND, command, "prod", success, outcomes, "", idle, interleaved)


BUILT = NodeOutcome("success", MODEL, "model")
OTHER = NodeOutcome("success", "model.gcms.other", "model")
LABEL = NodeOutcome("success", "sql incremental model BRONZE.br_attendance_scd2", "model")


@pytest.mark.parametrize(
    ("invocation", "builds"),
    [
        (invoked("run", OTHER, BUILT), True),
        (invoked("build", LABEL), True),
        (invoked("run", NodeOutcome("error", MODEL, "model")), True),
        (invoked("retry", OTHER), "no"),
        (invoked("run", NodeOutcome("skipped", MODEL, "model")), "no"),
        (invoked("run", OTHER, success=None), None),
        (invoked("run", OTHER, interleaved=True), None),
        (invoked("run", success=False), None),
        (invoked("", OTHER, success=None), None),
        (invoked("run", idle=True), "no"),
        (invoked("test", NodeOutcome("pass", "test.gcms.not_null_br_attendance_scd2.1f", "test")), "no"),
        (invoked("docs generate", BUILT), "no"),
    ],
)
@pytest.mark.parametrize("unique_id", [MODEL, ""])
def test_which_commands_wrote_the_table(invocation: Invocation, builds: bool | str | None, unique_id: str) -> None:
    record = RunRecord("r", DbtCommand("run", ("x",)), ("dbt",), "/p", "prod", Person("anna", "ops"), AT)
    known = known_run(Run(record), invocation, unique_id, "BR_ATTENDANCE_SCD2", AT)
    assert (known.builds if known is not None else "no") == builds
    assert known is None or (known.words, known.who) == ("dbt run --select x", "anna@ops")


def statement(
    number: int, session: int, begins: int, ends: int | None, *, kind: str = "INSERT", node: str | None = MODEL
) -> dict[str, Scalar]:
    comment = f'/* {{"app": "dbt", "node_id": "{node}"}} */' if node is not None else ""
    return {
        "query_id": f"q-{number}",
        "session_id": session,
        "user_name": "GCMS",
        "query_type": kind,
        "execution_status": "SUCCESS",
        "start_time": AT + begins * SECOND,
        "end_time": datetime.fromtimestamp(0, UTC) if ends is None else AT + ends * SECOND,
        "query_text": f"insert into br_attendance_scd2 values ('\U0001f3bb') {comment}",
    }


def test_sessions_that_wrote_around_the_moments() -> None:
    window = (Window(AT, AT + 60 * SECOND),)
    both = [
        statement(1, 7, 0, 10, kind="DELETE"),
        statement(2, 7, 10, 20),
        statement(3, 8, 15, None),
        statement(4, 9, 500, 510),
        statement(5, 10, 5, 6, kind="SELECT"),
        statement(6, 11, 5, 6, node="model.gcms.sv_attendance"),
        {**statement(7, 12, 5, 6), "start_time": None},
    ]
    found = sessions_of(both, MODEL, "BR_ATTENDANCE_SCD2", window)
    assert [(one.session_id, one.statements, one.kinds) for one in found.found] == [
        ("7", 2, ("DELETE", "INSERT")),
        ("8", 1, ("INSERT",)),
    ]
    assert found.found[1].last_at is None and found.overlapping == (("7", "8"),)
    assert found.words == "2 sessions wrote to the table around these moments; 1 pair of them at the same time"
    verdict, words, _ = judged(run("a", -10, 60), sessions=found)
    assert verdict is Overlap.PERHAPS and "sessions 7 and 8" in words
    assert (
        sessions_of([statement(1, 7, 0, 5), statement(2, 8, 5, 9)], "", "br_attendance_scd2", window).overlapping == ()
    )
    assert sessions_of([], MODEL, "t", window).words == NONE_VISIBLE
    assert sessions_of([statement(1, 7, 900, 910)], MODEL, "t", window).words.startswith(NONE_VISIBLE)
    assert len(sessions_of([statement(1, 7, 0, 9, node=None)], MODEL, "t", window).found) == 1


def test_months_without_corrections_are_months_too() -> None:
    records: list[dict[str, Scalar]] = [
        {"correction_month": datetime(2026, 2, 1, tzinfo=UTC), "correction_count": 3, "corrected_keys": 2},
        {"correction_month": date(2025, 11, 1), "correction_count": 1, "corrected_keys": 1},
        {"correction_month": None, "correction_count": 5, "corrected_keys": None},
    ]
    months = months_of(records, date(2026, 3, 14))
    assert [(month.label, month.corrections) for month in months] == [
        ("2025-11", 1), ("2025-12", 0), ("2026-01", 0), ("2026-02", 3), ("2026-03", 0), ("no date", 5),
    ]  # fmt: skip
    old: dict[str, Scalar] = {"correction_month": date(1999, 5, 1), "correction_count": 1, "corrected_keys": 1}
    long = months_of([old, *records], date(2026, 3, 14))
    assert long[0].label == "1999-05" and len(long) == 26
    assert months_of([], date(2026, 3, 14)) == ()
    review = Review("t", timedelta(hours=24), 10, months, AT)
    assert review.words == (
        "9 corrections in 2 months, known more than 24 h after they took effect; most in 2026-02: 3 of 2 keys; 5 "
        "without a date"
    )
    assert not Review("t", timedelta(hours=1), 0, (), AT).known
    assert Review("t", timedelta(hours=1), 0, (), AT).words.startswith("UNKNOWN")
    assert Review("t", timedelta(seconds=61), 7, (), AT).words == (
        "no correction of the past: no later version of a key became known more than 2 min after it took effect, of 7 "
        "versions"
    )
    assert minutes_of(timedelta(seconds=30)) == 1

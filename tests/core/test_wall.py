"""When a wall looks again, and what it may say without asking."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from gcms_tui.core.finding import Evidence, Finding, HealthReport, Point, Provenance, Scalar
from gcms_tui.core.health_json import report_from_json, report_json
from gcms_tui.core.identifier import Relation
from gcms_tui.core.incidents.contacts import contacts
from gcms_tui.core.procedures.cadence import BoardLine, Due, calendar
from gcms_tui.core.settings import ContactSettings, PayrollSettings, SourceSettings
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.wall import (
    LONGEST_SLEEP,
    Load,
    Looked,
    Spent,
    a_day,
    aged,
    bare,
    free,
    loads,
    since,
    spent_on,
    told,
    unanswered,
    wait,
    wakes_at,
    why_look,
)
from gcms_tui.core.wall_around import due_words, on_call

OK, WARN, FAIL, UNKNOWN = Verdict.OK, Verdict.WARN, Verdict.FAIL, Verdict.UNKNOWN
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EVERY = timedelta(minutes=15)
HOUR = timedelta(hours=1)
SIGNS = {"dbt.log": "1", "the journal": "7"}
SOURCE = SourceSettings(table=Relation("RAW", "SUPABASE_CONCERT"))
TABLE = str(SOURCE.table)
PAYROLL = PayrollSettings()


def fresh(age: timedelta, taken_at: datetime = NOON, name: str = "freshness.supabase_concert") -> Finding:
    """What the freshness check answers of a source that was loaded `age` ago."""
    row: tuple[Scalar, ...] = (TABLE, "_AT", 24, taken_at - age, age / HOUR)
    evidence = Evidence(("table", "column", "row_count", "last_loaded_at", "age_h"), (row,), 1)
    return Finding(name, "Daily 2", OK, "fresh", taken_at, value=age / HOUR, unit="h", evidence=evidence)


def asked(name: str, query_id: str | None, verdict: Verdict = OK, elapsed_ms: int = 200) -> Finding:
    origin = Provenance("queries/x.sql", "select 1", (4711,), query_id)
    return Finding(name, "Daily 2", verdict, name, NOON, elapsed_ms=elapsed_ms, provenance=(origin,))


# -- when to look -----------------------------------------------------------------------------------------------------

LOAD = Load(TABLE, NOON - 2 * HOUR, 6 * HOUR)


@pytest.mark.parametrize(
    ("last", "signs", "later", "why"),
    [
        (None, SIGNS, timedelta(), "for the first time"),
        (Looked(NOON, SIGNS), SIGNS, EVERY, ""),
        (Looked(NOON, SIGNS), SIGNS, 4 * HOUR - EVERY, ""),
        (Looked(NOON, SIGNS), SIGNS, 4 * HOUR, f"{TABLE} may have been loaded"),
        (Looked(NOON, SIGNS), {**SIGNS, "dbt.log": "2"}, EVERY - timedelta(seconds=1), ""),
        (Looked(NOON, SIGNS), {**SIGNS, "dbt.log": "2"}, EVERY, "dbt.log changed"),
        (Looked(NOON, SIGNS), {**SIGNS, "a run": "1 1"}, EVERY, "a run changed"),
        (Looked(NOON, None), SIGNS, EVERY - timedelta(seconds=1), ""),
        (Looked(NOON, None), SIGNS, EVERY, "another console did last"),
        (Looked(NOON, SIGNS, failures=2), SIGNS, 3 * EVERY, ""),
        (Looked(NOON, SIGNS, failures=2), SIGNS, 4 * EVERY, "there was no answer"),
        (Looked(NOON, SIGNS), SIGNS, -timedelta(minutes=6), "the clock was set back"),
        (Looked(NOON, SIGNS), SIGNS, -timedelta(minutes=4), ""),
    ],
)
def test_it_looks_where_something_may_have_changed(
    last: Looked | None, signs: dict[str, str], later: timedelta, why: str
) -> None:
    assert why_look(last, signs, (LOAD,), NOON + later, EVERY) == why


def test_without_any_sign_it_looks_after_the_longest_sleep_and_no_sooner() -> None:
    last = Looked(NOON, SIGNS)
    assert why_look(last, SIGNS, (), NOON + LONGEST_SLEEP - timedelta(seconds=1), EVERY) == ""
    assert why_look(last, SIGNS, (), NOON + LONGEST_SLEEP, EVERY) == "no sign for too long"


@pytest.mark.parametrize(
    ("hours", "then"),
    [(0, 6), (5.9, 6), (6, 6), (7.5, 7.5), (11.9, 11.9), (12, 12), (12.1, 18), (18, 18), (61, 66)],
)
def test_a_late_source_is_asked_after_for_one_load_and_then_at_the_times_of_the_next_ones(
    hours: float, then: float
) -> None:
    load = Load(TABLE, NOON, timedelta(hours=6))
    assert load.next_after(NOON + timedelta(hours=hours)) == NOON + timedelta(hours=then)


@pytest.mark.parametrize("table", [LOAD, Load(TABLE, NOON - 61 * HOUR, 6 * HOUR)])
@pytest.mark.parametrize("failures", [0, 3])
def test_the_time_told_is_the_first_at_which_it_looks(table: Load, failures: int) -> None:
    last = Looked(NOON, SIGNS, failures)
    told_at = wakes_at(last, (table,), EVERY)
    assert told_at is not None
    assert not why_look(last, SIGNS, (table,), told_at - timedelta(seconds=1), EVERY)
    assert why_look(last, SIGNS, (table,), told_at, EVERY)


def test_failures_double_the_wait_up_to_an_hour_or_the_refresh_itself() -> None:
    assert [wait(EVERY, failures) / EVERY for failures in (0, 1, 2, 3, 99)] == [1, 2, 4, 4, 4]
    assert wait(3 * HOUR, 99) == 3 * HOUR


def test_the_time_between_loads_is_learned_from_the_past() -> None:
    """Every 6 hours, seen by looks at odd moments; one load is seen twice and counts once."""
    seen = [(30, 0.5), (24, 0.4), (18, 1.0), (17, 2.0), (12, 0.9)]  # hours ago, and how old the newest load was then
    points = tuple(Point(NOON - ago * HOUR, OK, age) for ago, age in seen)
    finding = fresh(0.8 * HOUR)
    (load,) = loads((finding, asked("fact.x", "1")), {finding.name: points}, (SOURCE,))
    assert load.learned and load.newest == NOON - 0.8 * HOUR
    assert abs(load.every - 6 * HOUR) < timedelta(minutes=30)


def test_too_short_a_past_is_taken_for_half_of_what_is_wanted() -> None:
    finding = fresh(HOUR)
    points = (Point(NOON - 9 * HOUR, OK, 1.0), Point(NOON - 8 * HOUR, UNKNOWN, None))
    (load,) = loads((finding,), {finding.name: points}, (replace(SOURCE, warn_after_h=24.0),))
    assert (load.learned, load.every) == (False, 12 * HOUR)


# -- ages -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("later", "verdict"),
    [(timedelta(), OK), (22.9 * HOUR, OK), (23 * HOUR, WARN), (47.1 * HOUR, FAIL), (-HOUR, OK)],
)
def test_a_source_ages_by_itself_and_the_metric_with_it(later: timedelta, verdict: Verdict) -> None:
    metric = Finding("metric.freshness", "K3", OK, "fresh", NOON, value=1.0, unit="h")
    one, oldest = aged((fresh(HOUR), metric), (SOURCE,), PAYROLL, NOON + later)
    assert (one.verdict, oldest.verdict) == (verdict, verdict)
    assert oldest.value == one.value
    if verdict is not OK:
        assert one.next_step and one.taken_at == NOON


def test_the_fact_ages_and_never_gets_better() -> None:
    evidence = Evidence(("row_count", "last_calculated_at"), ((9, NOON - HOUR),), 1)
    fact = Finding("fact.x", "Daily 4", OK, "calculated", NOON, evidence=evidence)
    failed = replace(fact, verdict=FAIL, summary="9 rows without an amount")
    late = aged((fact, failed), (), PAYROLL, NOON + 30 * HOUR)
    assert [item.verdict for item in late] == [WARN, FAIL]
    assert "calculated 1 d 7 h ago" in late[0].summary and late[1] is failed


def test_what_was_not_known_stays_so() -> None:
    unknown = replace(fresh(HOUR), verdict=UNKNOWN)
    assert aged((unknown,), (SOURCE,), PAYROLL, NOON + 99 * HOUR) == (unknown,)


def test_since_when_and_whether_it_is_known() -> None:
    past = [(4, OK), (3, FAIL), (2, OK), (1, WARN)]
    points = [Point(NOON - ago * HOUR, verdict, None) for ago, verdict in past]
    finding = replace(fresh(HOUR), verdict=FAIL)
    assert since(finding, points) == (NOON - HOUR, True)
    assert since(finding, points[1:2]) == (NOON - 3 * HOUR, False)
    assert since(finding, ()) == (NOON, False)


# -- what is shown, kept and paid -------------------------------------------------------------------------------------


def test_no_amount_and_no_row_is_shown_or_kept() -> None:
    said = "3 payments of 9 disagree in concert 33, by 412.50 in all: dbt 1,900.00 in 9, Supabase 1,487.50 in 9"
    evidence = Evidence(("musician_id", "net"), ((14, Decimal("412.50")),), 1)
    finding = replace(asked("payroll.accuracy", "1"), summary=said, evidence=evidence, value=Decimal("412.50"))
    assert told(finding) == "3 payments of 9 disagree in concert 33, by some in all"
    report = bare(HealthReport("prod", NOON, (finding,), ("a note",)))
    text = str(report_json(report, NOON))
    assert not any(secret in text for secret in ("412", "1,900", "select 1", "4711", "musician_id"))
    assert report.findings[0].provenance[0].query_id == "1"


def test_a_report_that_is_kept_reads_back() -> None:
    import json

    report = bare(HealthReport("prod", NOON, (fresh(HOUR), asked("scd2.x", "2", FAIL))))
    assert report_from_json(json.dumps(report_json(report, NOON))) == report


def test_a_day_is_told_from_what_was_measured_or_else_at_the_most() -> None:
    findings = [asked("scd2.a", "1"), asked("scd2.b", "2", elapsed_ms=300), asked("metric.scd2", "2", elapsed_ms=300)]
    look = spent_on(findings)
    assert look == Spent(1, 2, 500)
    most = a_day(look, timedelta(minutes=59), EVERY)
    assert most is not None and (most.looks, most.queries, most.seconds, most.measured) == (96, 192, 48.0, False)
    measured = a_day(look.plus(look), 8 * HOUR, EVERY)
    assert measured is not None
    assert (measured.looks, measured.queries, measured.seconds, measured.measured) == (6, 12, 3.0, True)
    assert a_day(Spent(), 8 * HOUR, EVERY) is None


def test_what_costs_nothing_and_what_was_not_answered() -> None:
    file = replace(asked("dbt.last_run", None), provenance=(Provenance("dbt.log"),))
    silent = replace(file, name="tests.gold", provenance=())
    assert free((file, silent, asked("scd2.a", "1"))) == ("dbt.last_run",)
    assert unanswered((asked("scd2.a", None, UNKNOWN),))
    assert not unanswered((asked("scd2.a", "1", UNKNOWN), replace(file, verdict=UNKNOWN)))


# -- what stands around it --------------------------------------------------------------------------------------------


def test_the_overdue_come_first_and_nobody_is_named() -> None:
    where = calendar("UTC", ())
    lines = (
        BoardLine("weekly", Due.DUE, "by anna", NOON - 9 * HOUR, NOON + 99 * HOUR),
        BoardLine("daily", Due.OVERDUE, "by anna", NOON - HOUR, NOON + 23 * HOUR),
        BoardLine("monthly", Due.DONE, "by anna", NOON - 999 * HOUR, NOON + 9 * HOUR),
    )
    said, verdict = due_words(lines, where)
    assert verdict is WARN and [words.split()[0] for words in said] == ["daily", "weekly"]
    assert "anna" not in str(said)
    late_too = replace(lines[0], due=Due.OVERDUE)
    assert due_words((late_too, lines[1]), where)[0] == (
        "weekly, daily overdue, the oldest since Mon 2026-03-02 03:00 UTC",
    )
    assert due_words(lines[2:], where) == (("next monthly Mon 2026-03-02 21:00 UTC",), OK)
    assert due_words(lines[:1], where)[1] is OK  # it is due, and there is time


def test_what_may_be_due_and_nobody_can_tell_is_not_hidden_by_what_is() -> None:
    where = calendar("UTC", ())
    unclear = BoardLine("daily", Due.UNKNOWN, "a clock was set back")
    late = BoardLine("weekly", Due.OVERDUE, "", NOON - 9 * HOUR, NOON + 99 * HOUR)
    done = BoardLine("monthly", Due.DONE, "", NOON - 999 * HOUR, NOON + 9 * HOUR)
    for other in (late, done):
        said, verdict = due_words((unclear, other), where)
        assert verdict is UNKNOWN and "daily: whether it is due is not known" in said and len(said) == 2
    assert due_words((done,), where, ("proc-1: it was edited",)) == (
        ("1 record cannot be read", "next monthly Mon 2026-03-02 21:00 UTC"),
        UNKNOWN,
    )


def test_a_placeholder_on_call_is_flagged() -> None:
    assert on_call(contacts(ContactSettings(), NOON.date())) == ("+1-XXX-XXX-XXXX", "a placeholder")
    assert on_call(contacts(ContactSettings(on_call="+43 1 4000"), NOON.date())) == ("+43 1 4000", "")

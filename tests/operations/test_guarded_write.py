"""The one order of a guarded write, and each of its guards by itself, over a warehouse in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gcms_tui.core.errors import (
    CommitUnknown,
    GcmsError,
    MissingRelation,
    Refused,
    StatementFailed,
    StatementTimeout,
    Unavailable,
)
from gcms_tui.core.writing.journal import INTENT, OUTCOME, verify
from gcms_tui.core.writing.plan import HOLDS, Plan, PlanKind
from gcms_tui.core.writing.written import Written
from gcms_tui.operations.writing.guarded_write import BACKUP_OF, Outcome, lease_name
from tests.operations import write_memory
from tests.operations.memory import NOW
from tests.operations.write_memory import MemoryDatabase, MemorySession
from tests.operations.write_scene import BO, DAY, KEY, REASON, SQL_NAME, Bench, row

BEFORE_ANYTHING = ["guards", "lease", "guards", "open"]
BACKED_UP = [INTENT, INTENT, "create_schema", "clone_table", "row_count", "row_count", OUTCOME]
IN_TRANSACTION = ["BEGIN", "scd2_key_versions", "scd2_close_version", "scd2_key_versions", "guards"]
AT_LAST = ["close", "release"]
LOST = Unavailable("Lost", "the line is gone")
FULL = GcmsError("No journal", "the disk is full")


def fails(error: BaseException) -> Callable[[MemoryDatabase], object]:
    def hook(_: MemoryDatabase) -> object:
        raise error

    return hook


def nothing(_: MemoryDatabase) -> None:
    pass


@pytest.fixture
def bench() -> Bench:
    return Bench()


# -- the order --------------------------------------------------------------------------------------------------------


def test_everything_happens_in_its_order_and_is_on_record(bench: Bench) -> None:
    plan, others, steps = bench.propose(), bench.now(), list[str]()
    ended = bench.repairs.apply(plan.short_id, plan.confirmation, f" {REASON} ", steps.append)
    assert bench.base.events == [*BEFORE_ANYTHING, *BACKED_UP, *IN_TRANSACTION, "COMMIT", OUTCOME, *AT_LAST]
    assert (ended.outcome, ended.plan, ended.note) == (Outcome.APPLIED, plan, "")
    assert bench.current() == ["b"] and len([one for one in bench.now() if one not in others]) == 1
    intent = bench.journal.said(INTENT, ended.write_id)
    assert (intent["plan"], intent["kind"], intent["target"]) == (plan.plan_id, "repair", "sandbox")
    assert (intent["key"], intent["reason"], intent["table"]) == (KEY, REASON, "bronze.br_t0_scd2")
    assert intent["statements"] == [plan.steps[0].statement.sql]
    assert intent["query_tag"] == f"tag {ended.write_id}" and intent["session"]["user"] == "GCMS"
    backup = bench.journal.said(INTENT, f"{BACKUP_OF}{ended.write_id}")
    assert len({*intent["requests"], *backup["requests"]}) == len(intent["requests"]) + len(backup["requests"]) == 5
    outcome = bench.journal.said(OUTCOME, ended.write_id)
    assert (outcome["outcome"], outcome["rows"], len(outcome["after"])) == ("applied", 1, len(ended.rows_after))
    assert {one["updated_at"] for one in ended.rows_after} == {write_memory.STAMP, DAY(11)}
    assert plan.backup is not None and ended.backup == plan.backup.subject and len(bench.clones) == 1
    assert bench.plans.get(plan.plan_id).used_by == ended.write_id
    assert not bench.leases.taken and not bench.journal.open_intents() and verify(bench.journal.kept).whole
    assert steps[0] == "checking" and steps.index("BEGIN") < steps.index("COMMIT") < len(steps) - 1


def test_the_statements_that_are_run_are_those_that_were_shown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, ran = bench.propose(), []
    run = MemorySession.run

    def watched(session: MemorySession, statement: Any, request: str) -> Written:
        ran.append((statement, request))
        return run(session, statement, request)

    monkeypatch.setattr(MemorySession, "run", watched)
    ended = bench.apply(plan)
    assert plan.backup is not None
    assert [statement for statement, _ in ran] == [step.statement for step in (*plan.backup.steps, *plan.steps)]
    requests = bench.journal.said(INTENT, ended.write_id)["requests"]
    assert [request for _, request in ran][-1] == requests[0], "the id under which it may have arrived is on record"


@pytest.mark.parametrize("typed", [KEY, "confirmation"])
def test_the_key_or_its_short_name_is_typed(bench: Bench, typed: str) -> None:
    plan = bench.propose()
    assert bench.apply(plan, plan.confirmation if typed == "confirmation" else typed).outcome is Outcome.APPLIED


# -- refused before anything is sent ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "reason", "guard"),
    [
        ("", REASON, "confirmation"), ("1-5-2", REASON, "confirmation"), (f"{KEY} ", REASON, "confirmation"),
        ("yes", REASON, "confirmation"), (KEY, "", "reason"), (KEY, " \t\u200b\n", "reason"),
    ],
)  # fmt: skip
def test_what_is_not_typed_or_has_no_reason_is_refused(bench: Bench, typed: str, reason: str, guard: str) -> None:
    assert bench.refused(bench.propose(), typed, reason).guard == guard
    assert bench.base.events == [] and bench.journal.kept == []


def test_of_a_key_that_is_an_empty_text_something_is_typed_all_the_same() -> None:
    bench = Bench(rows=[row("a", 1, key=""), row("b", 11, key="")])
    plan = bench.propose("")
    assert plan.confirmation.startswith("key ")
    assert bench.refused(plan, "").guard == "confirmation"
    assert bench.apply(plan, plan.confirmation).outcome is Outcome.APPLIED


@pytest.mark.parametrize(
    ("later", "fine"), [(HOLDS - timedelta(microseconds=1), True), (HOLDS, False), (-HOLDS, False)]
)
def test_a_plan_holds_for_half_an_hour(bench: Bench, later: timedelta, fine: bool) -> None:
    plan = bench.propose()
    bench.clock.now += later
    if fine:
        assert bench.apply(plan).outcome is Outcome.APPLIED
    else:
        assert bench.refused(plan).guard == "expired" and bench.base.events == []


def test_a_plan_is_used_once(bench: Bench) -> None:
    plan = bench.propose()
    write_id = bench.apply(plan).write_id
    error = bench.refused(plan)
    assert error.guard == "plan_used" and write_id in error.message
    assert bench.base.events == []


def test_whoever_claims_the_plan_in_between_has_it(bench: Bench) -> None:
    plan = bench.propose()
    bench.base.on("open", lambda _: bench.plans.claim(plan.plan_id, "somebody-else", NOW))
    assert bench.refused(plan).guard == "plan_used"
    assert bench.base.events == [*BEFORE_ANYTHING, *AT_LAST]


def test_a_plan_of_another_target_is_refused(bench: Bench) -> None:
    plan = replace(bench.propose(), target="prod")
    bench.plans.keep(plan)
    error = bench.refused(plan)
    assert error.guard == "target" and "--target prod" in error.next_step and bench.base.events == []


def test_a_table_that_somebody_writes_is_refused_by_name(bench: Bench) -> None:
    plan = bench.propose()
    for name in ("bronze.br_t0_scd2", "GCMS.BRONZE.BR_T0_SCD2", 'bronze."br_t0_scd2"'):
        assert lease_name(replace(plan, table=name)) == "write:sandbox:bronze.br_t0_scd2"
    bench.leases.others[lease_name(plan)] = BO
    error = bench.refused(plan)
    assert error.guard == "lease" and "bo" in error.message
    assert bench.base.events == ["guards"] and not bench.plans.get(plan.plan_id).used_by


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_dbt_run_stops_it_whenever_it_is_seen(bench: Bench, call: int) -> None:
    """Before the lease, behind it, and just before COMMIT."""
    plan, calls, before = bench.propose(), [], bench.now()

    def running(_: Plan) -> None:
        calls.append(1)
        if len(calls) == call:
            raise Refused("dbt is running", "run 7", guard="dbt_running")

    bench.guards.append(running)
    assert bench.refused(plan).guard == "dbt_running"
    assert bench.now() == before and "COMMIT" not in bench.base.events and not bench.leases.taken
    assert bench.base.events[-1] == ("guards" if call == 1 else "release")
    assert (OUTCOME in bench.base.events) is ("ROLLBACK" in bench.base.events) is (call == 3)


def test_without_a_login_nothing_happens(bench: Bench) -> None:
    plan = bench.propose()
    bench.base.on("open", fails(LOST))
    with pytest.raises(Unavailable):
        bench.apply(plan)
    assert bench.base.events == [*BEFORE_ANYTHING, "release"] and not bench.plans.get(plan.plan_id).used_by


def test_what_cannot_be_journalled_is_not_sent(bench: Bench) -> None:
    plan, before = bench.propose(), bench.now()
    bench.journal.refuse[INTENT] = FULL
    with pytest.raises(GcmsError) as caught:
        bench.apply(plan)
    assert caught.value is FULL
    assert bench.base.events == [*BEFORE_ANYTHING, *AT_LAST] and bench.now() == before and not bench.clones


# -- the backup -------------------------------------------------------------------------------------------------------


def test_without_a_backup_nothing_is_written(bench: Bench) -> None:
    plan, before = bench.propose(), bench.now()
    bench.base.on("clone_table", fails(StatementFailed("Refused", "no such privilege")))
    error = bench.refused(plan)
    assert error.guard == "backup" and "no such privilege" in error.message
    assert bench.now() == before and "BEGIN" not in bench.base.events
    [inner, outer] = [entry for entry in bench.journal.kept if entry.kind == OUTCOME]
    assert inner.subject == f"{BACKUP_OF}{outer.subject}" and not bench.journal.open_intents()
    assert bench.journal.said(OUTCOME, outer.subject)["guard"] == "backup"


def test_a_clone_that_is_not_like_the_table_is_no_backup(bench: Bench) -> None:
    plan, before = bench.propose(), bench.now()
    bench.base.on("after clone_table", lambda base: base.table().rows.append(row("late", 1, key="late")))
    error = bench.refused(plan)
    assert error.guard == "backup" and "answer 4 and 3" in error.message
    bench.table.rows.pop()
    assert bench.now() == before and "BEGIN" not in bench.base.events
    [inner] = [entry.subject for entry in bench.journal.kept if entry.subject.startswith(BACKUP_OF)][:1]
    assert bench.journal.said(OUTCOME, inner)["proven"] is False, "the clone is there, and it is said what it is worth"


@pytest.mark.parametrize("when", ["create_schema", "clone_table", "after clone_table", "row_count"])
@pytest.mark.parametrize("error", [LOST, KeyboardInterrupt()], ids=["lost", "interrupted"])
def test_a_clone_without_an_answer_stays_in_doubt_and_the_write_does_not_happen(
    bench: Bench, when: str, error: BaseException
) -> None:
    plan, before = bench.propose(), bench.now()
    bench.base.on(when, fails(error))
    with pytest.raises(Refused if isinstance(error, GcmsError) else KeyboardInterrupt):
        bench.apply(plan)
    assert bench.now() == before and "BEGIN" not in bench.base.events
    [doubt] = bench.journal.open_intents()
    assert doubt.subject.startswith(BACKUP_OF)
    assert bench.journal.said(OUTCOME, doubt.subject.removeprefix(BACKUP_OF))["outcome"] == "not_applied"


def test_a_clone_that_was_made_is_not_said_not_to_be(bench: Bench) -> None:
    plan = bench.propose()
    bench.base.on("row_count", fails(MissingRelation("Not seen", "this role may not see the clone")))
    assert bench.refused(plan).guard == "backup"
    assert len(bench.clones) == 1
    assert [entry.subject.startswith(BACKUP_OF) for entry in bench.journal.open_intents()] == [True]


def test_a_journal_that_fails_after_the_backup_stops_the_write(bench: Bench) -> None:
    plan, before = bench.propose(), bench.now()
    bench.journal.refuse[OUTCOME] = FULL
    error = bench.refused(plan)
    assert error.guard == "journal" and "the disk is full" in error.message
    assert bench.now() == before and "BEGIN" not in bench.base.events
    assert len(bench.journal.open_intents()) == 2, "nobody knows by the journal; looking tells"


# -- inside the transaction -------------------------------------------------------------------------------------------


def changed(base: MemoryDatabase) -> None:
    base.table().rows[1]["status"] = "absent"  # of the winner, in a column that the console does not know


def added(base: MemoryDatabase) -> None:
    base.table().rows.append(row("c", 5, is_current=False, effective_to=DAY(6)))


def doubled(base: MemoryDatabase) -> None:
    base.table().rows.append(dict(base.table().rows[0]))


def deleted(base: MemoryDatabase) -> None:
    del base.table().rows[0]


@pytest.mark.parametrize("meddle", [changed, added, doubled, deleted])
@pytest.mark.parametrize("when", ["before", "BEGIN"])
def test_rows_that_moved_are_left_alone(bench: Bench, meddle: Callable[[MemoryDatabase], None], when: str) -> None:
    plan = bench.propose()
    if when == "before":
        meddle(bench.base)
    else:
        bench.base.on(when, meddle)
    error = bench.refused(plan)
    assert error.guard == "rows_moved"
    assert "ROLLBACK" in bench.base.events and "scd2_close_version" not in bench.base.events
    assert all(one["is_current"] for one in bench.now() if one["scd_id"] in ("a", "b"))
    [write_id] = [entry.subject for entry in bench.journal.kept if entry.kind == INTENT][:1]
    assert bench.journal.said(OUTCOME, write_id)["guard"] == "rows_moved"


def test_rows_of_other_keys_may_move(bench: Bench) -> None:
    plan = bench.propose()
    bench.base.on("BEGIN", lambda base: base.table().rows.append(row("new", 1, key="new")))
    assert bench.apply(plan).outcome is Outcome.APPLIED
    assert bench.current("new") == ["new"]


@pytest.mark.parametrize(
    "written", [Written(2, 0, "q", 1), Written(0, 0, "q", 1), Written(1, 1, "q", 1)],
    ids=["too many", "too few", "several times"],
)  # fmt: skip
def test_another_number_of_rows_is_rolled_back(bench: Bench, written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, before, run = bench.propose(), bench.now(), MemorySession.run

    def other(session: MemorySession, statement: Any, request: str) -> Written:
        real = run(session, statement, request)
        return written if statement.query == "scd2_close_version" else real

    monkeypatch.setattr(MemorySession, "run", other)
    error = bench.refused(plan)
    assert error.guard == "row_count" and "the plan says 1" in error.message
    assert ("several times" in error.message) is bool(written.multi_joined)
    assert bench.now() == before and bench.base.events[-4:] == ["ROLLBACK", OUTCOME, *AT_LAST]


def test_a_row_that_somebody_closed_under_the_statement_is_too_few() -> None:
    """The guards stand in the statement's own WHERE."""
    bench = Bench(rows=[row("a", 1), row("b", 5), row("w", 11)])
    plan, before = bench.propose(), bench.now()
    bench.base.on("BEGIN", nothing)
    session: list[MemorySession] = []
    open_one = MemoryDatabase.open
    bench.base.open = lambda write_id: session.append(open_one(bench.base, write_id)) or session[-1]  # type: ignore[method-assign, func-returns-value]

    def meddle(_: MemoryDatabase) -> None:
        assert session[0].mine is not None
        session[0].mine[SQL_NAME].rows[1]["effective_to"] = DAY(7)

    bench.base.on("scd2_close_version", nothing, meddle)
    assert bench.refused(plan).guard == "row_count"
    assert bench.base.events.count("scd2_close_version") == 2 and bench.now() == before


def test_rows_that_are_not_as_planned_afterwards_are_rolled_back(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trigger, a policy or a default may make something else of a statement."""
    plan, before, write = bench.propose(), bench.now(), write_memory._write

    def spoiled(tables: Any, statement: Any) -> int:
        number = write(tables, statement)
        if statement.query == "scd2_close_version":
            tables[SQL_NAME].rows[1]["status"] = "absent"
        return number

    monkeypatch.setattr(write_memory, "_write", spoiled)
    assert bench.refused(plan).guard == "postcondition"
    assert bench.now() == before and bench.base.events[-4:] == ["ROLLBACK", OUTCOME, *AT_LAST]


def test_a_lease_that_was_lost_before_commit_rolls_back(bench: Bench) -> None:
    plan, before = bench.propose(), bench.now()
    bench.base.on("scd2_close_version", lambda _: bench.leases.lose())
    assert bench.refused(plan).guard == "lease"
    assert bench.now() == before and "ROLLBACK" in bench.base.events and "COMMIT" not in bench.base.events


def test_a_lease_that_was_lost_over_the_backup_begins_nothing(bench: Bench) -> None:
    plan = bench.propose()
    bench.base.on("clone_table", lambda _: bench.leases.lose())
    assert bench.refused(plan).guard == "lease"
    assert "BEGIN" not in bench.base.events and not bench.journal.open_intents()


@pytest.mark.parametrize("event", ["BEGIN", "scd2_key_versions", "scd2_close_version", "after scd2_close_version"])
@pytest.mark.parametrize("error", [LOST, KeyboardInterrupt(), StatementTimeout("Too slow", "cancelled"), MemoryError()])
def test_what_goes_wrong_before_commit_leaves_nothing(bench: Bench, event: str, error: BaseException) -> None:
    plan, before = bench.propose(), bench.now()
    bench.base.on(event, fails(error))
    bench.base.on("ROLLBACK", fails(LOST))  # the session is gone: its transaction ends with it
    with pytest.raises(type(error)):
        bench.apply(plan)
    assert bench.now() == before and "COMMIT" not in bench.base.events
    assert not bench.journal.open_intents() and bench.base.events[-3:] == [OUTCOME, *AT_LAST]


# -- COMMIT and after -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["COMMIT", "after COMMIT"])
def test_a_commit_without_an_answer_is_in_doubt(bench: Bench, when: str) -> None:
    plan, before = bench.propose(), bench.now()
    bench.base.on(when, fails(CommitUnknown("No answer to COMMIT", "The line is gone.")))
    ended = bench.apply(plan)
    assert ended.outcome is Outcome.IN_DOUBT and "The line is gone." in ended.note and ended.backup
    assert "gcms-tui journal doubts" in ended.note
    assert (bench.now() == before) is (when == "COMMIT")
    assert [entry.subject for entry in bench.journal.open_intents()] == [ended.write_id]
    assert bench.base.events[-3:] == ["COMMIT", *AT_LAST], "no ROLLBACK after COMMIT was sent but by its end"


@pytest.mark.parametrize("when", ["COMMIT", "after COMMIT"])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), LOST, MemoryError()])
def test_whatever_interrupts_a_commit_leaves_it_in_doubt(bench: Bench, when: str, error: BaseException) -> None:
    plan = bench.propose()
    bench.base.on(when, fails(error))
    with pytest.raises(type(error)):
        bench.apply(plan)
    [doubt] = bench.journal.open_intents()
    assert not doubt.subject.startswith(BACKUP_OF) and not bench.leases.taken


def test_a_commit_that_the_warehouse_refuses_was_not_done(bench: Bench) -> None:
    plan, before = bench.propose(), bench.now()
    bench.base.on("COMMIT", fails(StatementFailed("Refused", "the transaction was aborted")))
    with pytest.raises(StatementFailed):
        bench.apply(plan)
    assert bench.now() == before and not bench.journal.open_intents()


@pytest.mark.parametrize("told", ["", "the head could not be kept", RuntimeError("boom")])
def test_what_comes_after_it_casts_no_doubt_on_a_write(told: Any) -> None:
    def after(session: Any) -> str:
        assert session.mine is None
        if isinstance(told, Exception):
            raise told
        return str(told)

    bench, steps = Bench(after_applied=after), list[str]()
    plan = bench.propose()
    ended = bench.repairs.apply(plan.plan_id, plan.confirmation, REASON, steps.append)
    assert (ended.outcome, ended.note) == (Outcome.APPLIED, "")
    assert (steps[-1] == "writing the outcome into the journal") is (told == "")
    assert bench.base.events[-3:] == [OUTCOME, *AT_LAST]


def test_an_outcome_that_cannot_be_journalled_is_told_with_the_rows(bench: Bench) -> None:
    plan = replace(bench.propose(), backup=None)
    bench.plans.keep(plan)
    bench.journal.refuse[OUTCOME] = FULL
    ended = bench.apply(plan)
    assert ended.outcome is Outcome.APPLIED and "could not be journalled (the disk is full)" in ended.note
    assert bench.current() == ["b"] and len(bench.journal.open_intents()) == 1


def test_a_backup_by_itself_is_a_plan_like_any_other(bench: Bench) -> None:
    plan = bench.planner.backup_of(bench.tables.get("br_t0_scd2"))
    bench.plans.keep(plan)
    ended = bench.apply(plan)
    assert (plan.kind, ended.outcome, ended.backup) == (PlanKind.BACKUP, Outcome.APPLIED, plan.subject)
    assert bench.base.events == [*BEFORE_ANYTHING, *BACKED_UP[1:], *AT_LAST]
    assert bench.journal.said(OUTCOME, ended.write_id) == {"outcome": "applied", "proven": True, "rows": 3}
    bench.base.on("clone_table", fails(LOST))
    later = bench.planner.backup_of(bench.tables.get("br_t0_scd2"))
    assert later.subject == plan.subject, "the clock stands still"
    bench.clock.now += timedelta(seconds=1)
    again = bench.planner.backup_of(bench.tables.get("br_t0_scd2"))
    assert again.subject != plan.subject
    bench.plans.keep(again)
    with pytest.raises(Unavailable):
        bench.apply(again)
    assert len(bench.journal.open_intents()) == 1


def test_whoever_listens_cannot_break_a_write_off(bench: Bench) -> None:
    """A terminal that has gone, for one."""

    def gone(_: str) -> None:
        raise BrokenPipeError

    plan = bench.propose()
    ended = bench.repairs.apply(plan.plan_id, plan.confirmation, REASON, gone)
    assert ended.outcome is Outcome.APPLIED and bench.current() == ["b"]
    assert bench.journal.said(OUTCOME, ended.write_id)["outcome"] == "applied"

"""Repairs as they are planned, applied, taken back and carried out for many keys, over a warehouse in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gcms_tui.core.errors import CommitUnknown, GcmsError, MissingRelation, Refused, UsageError
from gcms_tui.core.identifier import Relation
from gcms_tui.core.settings import Scd2TableSettings, Settings
from gcms_tui.core.writing.journal import INTENT, OUTCOME
from gcms_tui.core.writing.plan import PlanKind
from gcms_tui.operations.scd2.planning import to_be_typed
from gcms_tui.operations.scd2.repairs import BATCH_PREFIX
from gcms_tui.operations.scd2.tables import Scd2Tables
from gcms_tui.operations.writing.guarded_write import Outcome
from tests.operations import write_memory
from tests.operations.memory import NOW, MemoryDbt, ShippedQueries
from tests.operations.write_memory import STAMP, MemoryDatabase, MemoryTable, Row
from tests.operations.write_scene import DAY, KEY, NAME, REASON, SQL_NAME, TABLE, Bench, pair, row

SNAPSHOT = Scd2TableSettings(
    TABLE, natural_key="id", scd_id="dbt_scd_id", effective_from="dbt_valid_from", effective_to="dbt_valid_to",
    is_current=None, recorded_at="dbt_valid_from", inserted_at="dbt_valid_from", updated_at="dbt_updated_at",
    closing="same_instant",
)  # fmt: skip
QUOTED = Scd2TableSettings(TABLE, natural_key='"Der Schlüssel"', effective_to='"bis"')
SHAPES: dict[str, Callable[[], Bench]] = {
    "flag and stamp": Bench,
    "flag alone": lambda: Bench(stamped=False),
    "no flag": lambda: Bench(SNAPSHOT),
    "quoted names": lambda: Bench(QUOTED),
}
HOSTILE = (
    "it's", "100%_?", '"; DROP TABLE bronze.t; --', "{table} :scd_id_value ?", "[red]x[/red]", "\U0001f3bb Größe",
    "line\nbreak", " edge ", "\\'", "\ud83c", "k" * 10_000, "x" * 60, "x" * 61,
)  # fmt: skip


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        action()
    return caught.value.guard


# -- one key ----------------------------------------------------------------------------------------------------------


@pytest.mark.covers("E2 3")
@pytest.mark.parametrize("shape", SHAPES)
def test_a_table_of_any_shape_is_repaired_taken_back_and_repaired_again(shape: str) -> None:
    bench = SHAPES[shape]()
    before = bench.now()
    plan = bench.propose()
    done = bench.apply(plan)
    assert (done.outcome, bench.current()) == (Outcome.APPLIED, ["b"])
    [loser] = [one for one in bench.now() if one not in before]
    was = next(one for one in before if one["scd_id"] == loser["scd_id"])
    end = DAY(11) if shape == "no flag" else DAY(10)
    flag = {} if shape == "no flag" else {"is_current": False}
    stamp = {"updated_at": STAMP} if shape in ("flag and stamp", "quoted names") else {}
    assert loser == {**was, "effective_to": end, **flag, **stamp}
    undo = bench.repairs.propose_undo(done.write_id)
    assert (undo.kind, undo.undoes, undo.after) == (PlanKind.UNDO, done.write_id, plan.before)
    assert bench.apply(undo).outcome is Outcome.APPLIED
    assert bench.now() == before, "every value as it was, the stamp too"
    bench.clock.now += timedelta(seconds=1)
    assert bench.apply(bench.propose()).outcome is Outcome.APPLIED and bench.current() == ["b"]
    assert len(bench.clones) == 3


def test_the_plan_says_what_will_happen() -> None:
    bench = Bench()
    plan = bench.propose()
    assert (plan.kind, plan.target, plan.table, plan.subject) == (PlanKind.REPAIR, "sandbox", str(TABLE), KEY)
    assert (plan.winner, plan.reason, plan.warnings) == ("b", "recorded last, 2026-01-11", ())
    [change] = plan.changes
    assert change.before is not None and change.after is not None
    assert (change.label, change.before["effective_to"], change.after["effective_to"]) == ("a", None, DAY(10))
    assert plan.set_when_applied == ("updated_at",) and len(plan.before) == len(plan.after) == 2
    assert bench.plans.get(plan.short_id).plan == plan
    assert plan.backup is not None and plan.backup.subject.startswith("bronze_backup.br_t0_scd2_20260301_090000_")
    assert Bench(stamped=False).propose().set_when_applied == Bench(SNAPSHOT).propose().set_when_applied == ()


@pytest.mark.parametrize("key", HOSTILE, ids=range(len(HOSTILE)))
def test_a_key_may_hold_anything_and_is_always_bound(key: str) -> None:
    bench = Bench(rows=pair(key))
    before, plan = bench.now(), bench.propose(key)
    for step in plan.steps:
        assert key in step.statement.binds and step.statement.sql == Bench().propose().steps[0].statement.sql
    typed = plan.confirmation
    assert typed.isascii() and typed.isprintable() and 0 < len(typed) <= 60
    done = bench.apply(plan)
    assert bench.current(key) == ["b"]
    bench.apply(bench.repairs.propose_undo(done.write_id))
    assert bench.now() == before


@given(st.text(), st.text())
def test_what_is_typed_for_a_key_can_be_typed_and_stands_for_it_alone(key: str, other: str) -> None:
    typed = to_be_typed(key)
    assert 0 < len(typed) <= 60 and typed.isascii() and typed.isprintable() and typed == typed.strip()
    assert (to_be_typed(other) == typed) is (other == key)


def test_a_key_that_can_be_typed_is_typed_as_it_is() -> None:
    assert to_be_typed("33-100-159") == "33-100-159"
    assert to_be_typed("x" * 61).startswith("key ") and to_be_typed(" x").startswith("key ")


def test_three_and_a_tie_and_one_that_begins_late_go_by_the_rules() -> None:
    bench = Bench(rows=[row("a", 1), row("c", 8), row("w", 11, recorded_at=DAY(20))])
    plan = bench.propose()
    assert [(change.label, change.after and change.after["effective_to"]) for change in plan.changes] == [
        ("a", DAY(7)), ("c", DAY(10)),
    ]  # fmt: skip
    assert [step.rows for step in plan.steps] == [1, 1] and plan.rows == 2
    tied = Bench(rows=[row("a", 1), row("b", 1)])
    assert refusal(tied.propose) == "tie"
    assert tied.propose(keep="a").winner == "a"
    late = Bench(rows=[row("a", 1, recorded_at=DAY(20)), row("b", 11)])
    assert refusal(late.propose) == "begins_after_winner"
    assert late.propose(keep="b").winner == "b"
    superseded = late.propose(supersede=True)
    late.apply(superseded)
    assert late.current() == ["a"]
    assert superseded.after[1]["effective_to"] == DAY(10), "empty: it ends the day before it begins"


def test_the_convention_is_read_off_the_table_and_a_warning_stands_in_the_plan() -> None:
    bench = Bench()
    bench.base.closed = (0, 9)
    plan = bench.propose()
    assert [change.after and change.after["effective_to"] for change in plan.changes] == [DAY(11)]
    bench.base.closed = (2, 9)
    assert "two minds" in bench.propose().warnings[0]
    configured = Bench(Scd2TableSettings(TABLE, closing="same_instant"))
    assert "gcms.toml says" in configured.propose().warnings[0]


def test_versions_that_begin_in_the_future_are_told_of() -> None:
    bench = Bench(rows=[row("a", 1), row("b", 11, effective_from="2030-01-01 00:00:00.000000000")])
    assert "1 of the current versions begin in the future" in bench.propose().warnings[-1]


def broken(bench: Bench, **said: Any) -> None:
    bench.table.rows[0].update(said)


@pytest.mark.parametrize(
    ("prepare", "guard"),
    [
        (lambda bench: broken(bench, effective_from="10000-01-01 00:00:00.000000000"), "out_of_calendar"),
        (lambda bench: broken(bench, natural_key=None), "one_current"),
        (lambda bench: broken(bench, scd_id=None), "null_id"),
        (lambda bench: broken(bench, scd_id="b"), "shared_scd_id"),
        (lambda bench: broken(bench, is_current=None), "one_current"),
        (lambda bench: bench.table.rows.clear(), "no_such_key"),
        (lambda bench: setattr(bench.table, "kind", "VIEW"), "not_a_table"),
    ],
)
def test_what_cannot_be_planned_is_refused_by_name(prepare: Callable[[Bench], None], guard: str) -> None:
    bench = Bench()
    prepare(bench)
    assert refusal(bench.propose) == guard and not bench.plans.kept and not bench.journal.kept


@pytest.mark.parametrize(
    "types",
    [
        {"effective_to": "TIMESTAMP_TZ"},
        {"updated_at": "TIMESTAMP_TZ"},
        {"effective_to": "TEXT"},
        {"updated_at": "TEXT"},
        {"is_current": "NUMBER"},
        {"is_current": "TEXT"},
    ],
)
def test_a_table_whose_columns_a_repair_would_spoil_is_left_alone(
    types: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, kind in types.items():
        monkeypatch.setitem(write_memory._TYPES, name, kind)
    assert refusal(Bench().propose) == "unrepairable"


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP_LTZ"])
def test_a_table_whose_moments_are_kept_is_not(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("effective_from", "effective_to", "updated_at"):
        monkeypatch.setitem(write_memory._TYPES, name, kind)
    assert Bench().propose().winner == "b"


@pytest.mark.parametrize("name", ['"Bronze"."Br_T0"', '"bronze"."br_t0"', "bronze.br_t0"])
def test_a_table_of_quoted_names_is_found_by_its_plan(name: str) -> None:
    """By which an undo, a batch's backup and the scan afterwards look for it; beside one of other case."""
    quoted, plain = Relation("Bronze", "Br_T0"), Relation("BRONZE", "BR_T0")
    settings = Settings(scd2=(Scd2TableSettings(quoted), Scd2TableSettings(plain)))
    base = MemoryDatabase({table.sql: MemoryTable(Scd2TableSettings(table)) for table in (quoted, plain)})
    tables = Scd2Tables(settings, MemoryDbt(), base, ShippedQueries())
    for table in (quoted, plain):
        assert tables.get(str(table)).relation == table
    assert tables.get(name).relation == (plain if name == "bronze.br_t0" else quoted)


def test_a_table_that_is_not_known_or_not_there_is_an_error() -> None:
    bench = Bench()
    with pytest.raises(UsageError, match="br_t0_scd2"):
        bench.repairs.propose("br_t1_scd2", KEY)
    bench.base.tables.clear()
    with pytest.raises(GcmsError, match="missing"):
        bench.propose()


def test_the_backup_is_transient_where_the_table_is() -> None:
    bench = Bench()
    bench.table.transient = "YES"
    plan = bench.propose()
    assert plan.backup is not None
    assert [step.statement.query for step in plan.backup.steps] == ["create_schema", "clone_transient_table"]


# -- taking back ------------------------------------------------------------------------------------------------------


def repaired() -> tuple[Bench, str]:
    bench = Bench()
    write_id = bench.apply(bench.propose()).write_id
    bench.clock.now += timedelta(seconds=1)
    return bench, write_id


def test_an_undo_is_refused_where_the_rows_are_no_longer_as_the_repair_left_them() -> None:
    bench, write_id = repaired()
    undo = bench.repairs.propose_undo(write_id)
    bench.table.rows[0]["status"] = "absent"
    assert refusal(lambda: bench.repairs.propose_undo(write_id)) == "rows_moved"
    assert bench.refused(undo).guard == "rows_moved", "the plan that was made before it moved"
    assert bench.current() == ["b"]


def test_an_undo_is_known_by_the_beginning_of_the_writes_id_and_done_once() -> None:
    bench, write_id = repaired()
    undo = bench.repairs.propose_undo(write_id[:-2])
    assert undo.undoes == write_id
    undone = bench.apply(undo)
    assert refusal(lambda: bench.repairs.propose_undo(write_id)) == "rows_moved"
    assert refusal(lambda: bench.repairs.propose_undo(undone.write_id)) == "not_undoable"


def test_what_was_done_on_another_target_is_not_undone_here() -> None:
    """Its rows may be here too, to the letter: a target is cloned from another."""
    bench, write_id = repaired()
    bench.planner._target = "dev"
    assert refusal(lambda: bench.repairs.propose_undo(write_id)) == "target"


def test_what_was_not_a_repair_is_not_undone() -> None:
    bench, write_id = repaired()
    assert refusal(lambda: bench.repairs.propose_undo(f"backup-{write_id}")) == "not_undoable"
    bench.journal.append("note", "a note of somebody", {})
    with pytest.raises(UsageError):
        bench.repairs.propose_undo("a note")
    with pytest.raises(UsageError):
        bench.repairs.propose_undo("20990101-000000-abcdef")


def test_a_repair_that_was_refused_is_not_undone() -> None:
    bench = Bench()
    plan = bench.propose()
    bench.table.rows[0]["status"] = "absent"
    assert bench.refused(plan).guard == "rows_moved"
    [write_id] = [entry.subject for entry in bench.journal.kept if entry.kind == INTENT][:1]
    assert refusal(lambda: bench.repairs.propose_undo(write_id)) == "not_applied"


@pytest.mark.parametrize("kind", [INTENT, OUTCOME])
@pytest.mark.parametrize("payload", ["[]", "{", '{"outcome": "applied", "after": [{}], "kind": "repair"}'])
def test_a_journal_that_was_edited_is_told_and_nothing_is_undone_by_it(kind: str, payload: str) -> None:
    bench, write_id = repaired()
    kept = bench.journal.kept
    for place, entry in enumerate(kept):
        if (entry.kind, entry.subject) == (kind, write_id):
            kept[place] = replace(entry, payload=payload)
    with pytest.raises(GcmsError, match="journal was changed"):
        bench.repairs.propose_undo(write_id)


# -- copies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copies", [2, 3, 50])
@pytest.mark.parametrize("shape", SHAPES)
def test_copies_are_collapsed_into_one_and_put_back_as_often(shape: str, copies: int) -> None:
    bench = SHAPES[shape]()
    bench.table.rows = [*(row("a", 1) for _ in range(copies)), row("b", 11), row("a", 1, key="other")]
    before = bench.now()
    assert refusal(bench.propose) == "shared_scd_id"
    plan = bench.repairs.propose_collapse(NAME, KEY, "a")
    assert [step.rows for step in plan.steps] == [copies, 1] and len(plan.changes) == copies - 1
    done = bench.apply(plan)
    assert sorted(str(one["scd_id"]) for one in bench.now()) == ["a", "a", "b"], "the other key's is left alone"
    bench.clock.now += timedelta(seconds=1)
    assert bench.apply(bench.propose()).outcome is Outcome.APPLIED
    assert refusal(lambda: bench.repairs.propose_undo(done.write_id)) == "rows_moved", "the repair comes off first"
    [last] = [entry.subject for entry in bench.journal.kept if entry.kind == INTENT and "backup" not in entry.subject][
        1:
    ]
    bench.clock.now += timedelta(seconds=1)
    bench.apply(bench.repairs.propose_undo(last))
    bench.apply(bench.repairs.propose_undo(done.write_id))
    assert bench.now() == before


def test_of_copies_that_differ_the_latest_is_put_back() -> None:
    late = row("a", 1, recorded_at=DAY(3), status="late")
    bench = Bench(rows=[row("a", 1), late, row("b", 11)])
    plan = bench.repairs.propose_collapse(NAME, KEY, "a")
    done = bench.apply(plan)
    assert [one["status"] for one in bench.now() if one["scd_id"] == "a"] == ["late"]
    undo = bench.repairs.propose_undo(done.write_id)
    assert all("masking policy" in one.warnings[-1] for one in (plan, undo)), "both copy rows"
    del bench.base.tables[bench.clones[0]]
    assert refusal(lambda: bench.repairs.propose_undo(done.write_id)) == "backup_gone"
    before = bench.now()
    with pytest.raises(MissingRelation):
        bench.apply(undo)
    assert bench.now() == before, "without the clone nothing is put back, and nothing taken out"


# -- many keys --------------------------------------------------------------------------------------------------------


def many(*keys: str) -> list[Row]:
    return [one for key in keys for one in pair(key)]


def batch_of(bench: Bench, **options: Any) -> Any:
    del bench.base.events[:]
    return bench.repairs.propose_batch(NAME, **options)


def test_a_batch_backs_up_once_and_each_key_is_a_transaction() -> None:
    bench = Bench(rows=[*many("k1", "k2", "k3"), row("t1", 1, key="tied"), row("t2", 1, key="tied")])
    batch = batch_of(bench)
    assert [plan.subject for plan in batch.plans] == ["k1", "k2", "k3"] and not batch.more
    assert [(one.natural_key, one.refused.guard) for one in batch.refused] == [("tied", "tie")]
    assert batch.confirmation == "3 keys" and batch.batch_id.startswith(BATCH_PREFIX)
    ended = bench.repairs.apply_batch(batch.batch_id, "3 keys", REASON)
    assert [one.plan.subject for one in ended.applied] == ["k1", "k2", "k3"]
    assert (ended.stopped_at, ended.surprise, ended.left, ended.skipped) == ("", None, (), ())
    assert len(bench.clones) == 1 and ended.backup.startswith("bronze_backup.")
    assert bench.base.events.count("clone_table") == 1 and bench.base.events.count("COMMIT") == 3
    assert [bench.current(key) for key in ("k1", "k2", "k3", "tied")] == [["b"], ["b"], ["b"], ["t1", "t2"]]
    again = bench.repairs.apply_batch(batch.batch_id, "3 keys", REASON)
    assert (again.applied, again.skipped, again.backup) == ((), ("k1", "k2", "k3"), "")
    assert len(bench.clones) == 1, "nothing to do, nothing to back up"
    bench.clock.now += timedelta(seconds=1)
    bench.apply(bench.repairs.propose_undo(ended.applied[1].write_id))
    assert bench.current("k2") == ["a", "b"]


@pytest.mark.parametrize(
    ("options", "keys", "more"),
    [
        ({"containing": "K1"}, ["k1", "k10"], False),
        ({"most": 2}, ["k1", "k10"], True),
        ({"containing": "z"}, [], False),
    ],
)
def test_a_batch_is_over_a_filter_and_has_an_end(options: dict[str, Any], keys: list[str], more: bool) -> None:
    batch = batch_of(Bench(rows=many("k1", "k10", "k2")), **options)
    assert ([plan.subject for plan in batch.plans], batch.more) == (keys, more)


@pytest.mark.parametrize(("typed", "reason"), [("", REASON), ("k1", REASON), ("3 keys", REASON), ("2 keys", " ")])
def test_a_batch_that_is_not_confirmed_or_has_no_reason_changes_nothing(typed: str, reason: str) -> None:
    bench = Bench(rows=many("k1", "k2"))
    batch, before = batch_of(bench), bench.now()
    guard = refusal(lambda: bench.repairs.apply_batch(batch.batch_id, typed, reason))
    assert guard == ("reason" if reason == " " else "confirmation")
    assert bench.now() == before and not bench.clones and not bench.journal.kept
    with pytest.raises(UsageError):
        bench.repairs.apply_batch("batch-nothing", typed, reason)


def moved(base: MemoryDatabase) -> None:
    base.tables[SQL_NAME].rows[3]["status"] = "absent"  # k2's winner


def unanswered(_: MemoryDatabase) -> None:
    raise CommitUnknown("No answer to COMMIT", "The line is gone.")


def nothing(_: MemoryDatabase) -> None:
    pass


@pytest.mark.parametrize(
    ("event", "meddle", "guard", "applied"), [("BEGIN", moved, "rows_moved", 1), ("after COMMIT", unanswered, "", 2)]
)
def test_a_batch_stops_at_the_first_surprise_and_goes_on_behind_it(
    event: str, meddle: Callable[[MemoryDatabase], None], guard: str, applied: int
) -> None:
    bench = Bench(rows=many("k1", "k2", "k3", "k4"))
    batch = batch_of(bench)
    bench.base.on(event, nothing, meddle, nothing)
    ended = bench.repairs.apply_batch(batch.batch_id, "4 keys", REASON)
    assert (ended.stopped_at, ended.left) == ("k2", ("k3", "k4"))
    assert [one.plan.subject for one in ended.applied] == ["k1", "k2"][:applied]
    assert ended.surprise is not None and getattr(ended.surprise, "guard", "") == guard
    assert bench.current("k3") == ["a", "b"] and len(bench.journal.open_intents()) == (not guard)
    bench.clock.now += timedelta(seconds=1)
    rest = bench.repairs.apply_batch(batch.batch_id, "4 keys", REASON)
    assert [one.plan.subject for one in rest.applied] == ["k3", "k4"] and (rest.skipped, rest.missed) == (
        ("k1",),
        ("k2",),
    )
    assert rest.backup != ended.backup and not rest.stopped_at
    assert bench.current("k2") == (["a", "b"] if guard else ["b"])


def test_a_plan_of_a_batch_is_not_applied_by_itself() -> None:
    """It has no backup of its own."""
    bench = Bench(rows=many("k1", "k2"))
    [plan, _] = batch_of(bench).plans
    assert bench.refused(plan).guard == "batch" and bench.current("k1") == ["a", "b"] and not bench.clones


def test_a_batch_that_is_asked_to_stop_ends_behind_the_key_it_is_at() -> None:
    bench = Bench(rows=many("k1", "k2", "k3"))
    batch = batch_of(bench)
    ended = bench.repairs.apply_batch(
        batch.batch_id, "3 keys", REASON, asked_to_stop=lambda: bench.base.events.count("COMMIT") == 1
    )
    assert [one.plan.subject for one in ended.applied] == ["k1"]
    assert (ended.stopped_at, ended.left, ended.missed) == ("k2", ("k2", "k3"), ())
    assert isinstance(ended.surprise, Refused) and ended.surprise.guard == "stopped"
    bench.clock.now += timedelta(seconds=1)
    rest = bench.repairs.apply_batch(batch.batch_id, "3 keys", REASON)
    assert ([one.plan.subject for one in rest.applied], rest.skipped) == (["k2", "k3"], ("k1",))


@pytest.mark.parametrize("event", ["clone_table", "open"])
def test_a_batch_without_a_backup_begins_nothing(event: str) -> None:
    bench = Bench(rows=many("k1", "k2"))
    batch, before = batch_of(bench), bench.now()

    def fail(_: MemoryDatabase) -> None:
        raise GcmsError("No", "there is no room")

    bench.base.on(event, fail)
    with pytest.raises(GcmsError, match="no room"):
        bench.repairs.apply_batch(batch.batch_id, batch.confirmation, REASON)
    assert bench.now() == before and "BEGIN" not in bench.base.events
    assert not any(kept.used_by for kept in bench.plans.batch(batch.batch_id))


def test_a_batch_whose_record_fails_stops_there() -> None:
    bench = Bench(rows=many("k1", "k2"))
    batch = batch_of(bench)
    bench.base.on("COMMIT", lambda _: bench.journal.refuse.update({OUTCOME: GcmsError("No journal", "it is full")}))
    ended = bench.repairs.apply_batch(batch.batch_id, batch.confirmation, REASON)
    assert (ended.stopped_at, ended.left) == ("k1", ("k2",))
    assert ended.surprise is not None and "it is full" in ended.surprise.message
    assert bench.current("k1") == ["b"] and bench.current("k2") == ["a", "b"]


def test_a_backup_whose_record_fails_is_none_for_a_batch() -> None:
    bench = Bench(rows=many("k1", "k2"))
    batch, before = batch_of(bench), bench.now()
    bench.journal.refuse[OUTCOME] = GcmsError("No journal", "it is full")
    assert refusal(lambda: bench.repairs.apply_batch(batch.batch_id, batch.confirmation, REASON)) == "journal"
    assert bench.now() == before and "BEGIN" not in bench.base.events


def test_a_batch_that_has_expired_makes_no_clone() -> None:
    bench = Bench(rows=many("k1", "k2"))
    batch = batch_of(bench)
    bench.clock.now = NOW + timedelta(minutes=31)
    assert refusal(lambda: bench.repairs.apply_batch(batch.batch_id, batch.confirmation, REASON)) == "expired"
    assert not bench.clones and not bench.journal.kept

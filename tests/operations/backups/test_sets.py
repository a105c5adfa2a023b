"""A set of backups: complete or taken up again, never over another name, never while somebody else is at it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from gcms_tui.core.backups.backup_set import BEGUN, CLONED, COMPLETE, COUNTED
from gcms_tui.core.errors import GcmsError, MissingRelation, Refused, StatementFailed, StatementTimeout, Unavailable
from gcms_tui.core.run import STARTED
from gcms_tui.core.settings import Settings
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.journal import INTENT, OUTCOME, SETTLED
from gcms_tui.core.writing.plan import Plan
from gcms_tui.operations.backups.tables import BackupTables
from gcms_tui.operations.scd2.tables import Scd2Tables
from gcms_tui.operations.writing.guarded_write import writers_of
from tests.operations.backups.scene import FACT, PLAYERS, WHY, Console, Table, Vault, guard_of, raising
from tests.operations.memory import MemoryDbt, MemoryWarehouse, ShippedQueries, settings

LOST = Unavailable("Snowflake cannot be reached", "the line was cut")
STATEMENTS = ("create_schema", "clone_table", "clone_transient_table", "row_count")


@pytest.mark.covers("Weekly 1")
def test_every_table_is_cloned_as_it_is_under_one_run_id_and_counted() -> None:
    here = Console()
    draft = here.sets.propose()
    assert (draft.confirmation, draft.run_id[:10], draft.taken_up) == ("2 tables", "w20260301-", None)
    assert not here.clones() and not here.journal.kept, "it is only shown"
    clones = here.create(draft)
    tail = draft.run_id.replace("-", "_").lower()
    assert clones == {FACT: f"gold_backup.fct_payment_{tail}", PLAYERS: f"gold_backup.dim_musician_{tail}"}
    for table, clone in clones.items():
        assert (here.base[clone].rows, here.base[clone].transient) == (
            here.base[table].rows,
            here.base[table].transient,
        )
    one = [INTENT, OUTCOME, CLONED]
    assert here.journal.kinds() == [BEGUN, *one, *one, COMPLETE]
    said = here.journal.said(COMPLETE, draft.run_id)["tables"][FACT]
    assert (said["rows"], said["kind"], said["clone"]) == (3, "transient", clones[FACT])
    assert (
        here.book.newest_complete() == here.book.get(draft.run_id[:8])
        and here.book.interrupted(here.store.clock()) is None
    )
    assert not here.store.leases.taken


@pytest.mark.parametrize(
    ("typed", "reason", "guard"), [("", WHY, "confirmation"), ("2", WHY, "confirmation"), ("2 tables", " ", "reason")]
)
def test_unless_it_is_confirmed_and_has_a_reason_nothing_is_begun(typed: str, reason: str, guard: str) -> None:
    here = Console()
    draft = here.sets.propose()
    assert guard_of(lambda: here.sets.create(draft, typed, reason)) == guard
    assert not here.journal.kept and not here.clones()


@pytest.mark.parametrize("when", ["", "after "])
@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("how", [LOST, KeyboardInterrupt()], ids=["lost line", "broken off"])
def test_interrupted_at_any_statement_it_is_taken_up_and_what_there_is_is_kept(
    statement: str, when: str, how: BaseException
) -> None:
    here = Console()
    here.base.on(f"{when}{statement}", raising(how))
    with pytest.raises(type(how)):
        here.create()
    left = {name: here.base.tables[name] for name in here.clones()}
    assert here.book.newest_complete() is None
    [begun] = here.book.sets()
    again = here.sets.propose()
    assert (again.run_id, again.taken_up) == (begun.run_id, begun)
    clones = here.create(again)
    assert set(clones) == {FACT, PLAYERS} and len(here.clones()) == 2
    assert all(here.base.tables[name] is table for name, table in left.items()), "it was not made anew"
    assert not here.doubts.open()
    assert here.create() != clones, "the next one is a new one"


def test_a_clone_that_nobody_noted_is_taken_over_and_one_that_was_dropped_is_made_again() -> None:
    here = Console()
    here.journal.refuse[CLONED] = GcmsError("The store is full", "no more space")
    with pytest.raises(GcmsError, match="full"):
        here.create()
    here.journal.refuse.clear()
    [clone] = here.clones()
    made = here.base.tables[clone]
    assert [item.done is not None for item in here.sets.propose().items] == [True, False]
    here.create()
    assert here.base.tables[clone] is made
    here.journal.kept[:] = [entry for entry in here.journal.kept if entry.kind != COMPLETE]
    del here.base.tables[clone]
    here.create()
    assert here.base.tables[clone] is not made and here.base.tables[clone].rows == made.rows


@pytest.mark.parametrize("when", ["before", "between", "not like it"])
def test_a_name_that_is_taken_is_never_written_over(when: str) -> None:
    here = Console()
    draft = here.sets.propose()
    other = Table([(9, 9)])
    clone = str(draft.items[1].clone)
    if when == "between":
        here.base.on("clone_transient_table", lambda vault: vault.__setitem__(clone, other))
        assert guard_of(lambda: here.create(draft)) == "name_taken"
    elif when == "before":
        here.base.on("after clone_table", lambda vault: vault.__setitem__(clone, other))
        assert guard_of(lambda: here.create(draft)) == "name_taken"
        assert guard_of(here.sets.propose) == "name_taken"
    else:
        here.base.on("after clone_transient_table", lambda vault: vault[FACT].rows.append((7, 7)))
        assert guard_of(lambda: here.create(draft)) == "postcondition"
        assert guard_of(here.sets.propose) == "name_taken", "nor is one that was not proven taken over"
    if when != "not like it":
        assert here.base[clone] is other
    assert here.book.newest_complete() is None
    assert len(here.create(new=True)) == 2


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (StatementFailed("Snowflake refused the query", "Insufficient privileges", code=3001), "Insufficient"),
        (StatementFailed("Snowflake refused the query", "Transient object cannot be cloned", code=2120), "Transient"),
    ],
)
def test_what_the_warehouse_refuses_stops_the_set_and_casts_no_doubt(error: StatementFailed, says: str) -> None:
    here = Console()
    here.base.on("clone_transient_table", raising(error))
    with pytest.raises(StatementFailed, match=says):
        here.create()
    assert not here.doubts.open() and len(here.clones()) == 1
    assert len(here.create()) == 2


def test_a_clone_that_was_cancelled_for_its_time_is_looked_for() -> None:
    here = Console()
    here.base.on("after clone_transient_table", raising(StatementTimeout("It took too long", "600 s")))
    with pytest.raises(StatementTimeout):
        here.create()
    [doubt] = here.doubts.open()
    assert here.sets.propose().items[1].doubt == doubt.write_id
    assert len(here.create()) == 2 and here.journal.kinds().count(SETTLED) == 1


def test_while_the_statement_may_still_run_nothing_is_settled() -> None:
    here = Console()
    here.base.on("clone_transient_table", raising(LOST))
    with pytest.raises(Unavailable):
        here.create()
    here.base.history = ({"query_text": "CREATE TRANSIENT TABLE", "execution_status": "RUNNING"},)
    assert guard_of(here.create) == "in_doubt"
    here.base.history = ()
    assert len(here.create()) == 2


def test_a_transient_table_is_never_asked_for_as_a_permanent_one() -> None:
    here = Console()
    here.base[FACT].transient, here.base[PLAYERS].transient = "NO", "YES"
    clones = here.create()
    assert (here.base[clones[FACT]].transient, here.base[clones[PLAYERS]].transient) == ("NO", "YES")


def test_a_table_that_vanished_or_is_a_view_is_told_before_anything_is_cloned() -> None:
    here = Console()
    here.base.drop(FACT)
    with pytest.raises(MissingRelation, match=r"gold\.fct_payment"):
        here.sets.propose()
    here.base[FACT] = Table([], kind="VIEW")
    assert guard_of(here.sets.propose) == "not_a_table"
    assert not here.journal.kept


def test_a_table_that_vanishes_between_stops_the_set() -> None:
    here = Console()
    here.base.on("after clone_table", lambda vault: vault.drop(FACT))
    with pytest.raises(MissingRelation):
        here.create()
    assert here.book.newest_complete() is None and not here.doubts.open()


def test_of_two_consoles_one_makes_the_set_and_dbt_does_not_begin_between() -> None:
    here = Console()
    beside = Console(here.store)
    draft, other = here.sets.propose(), beside.sets.propose()
    seen: list[str] = []

    def interfere(vault: Vault) -> None:
        seen.append(guard_of(lambda: beside.create(other)))
        # What keeps dbt from starting: a writer's lease of the target.
        seen.extend(holder.name for holder in here.store.leases.held(writers_of("sandbox")))

    here.base.on("after clone_table", interfere)
    here.create(draft)
    assert seen[0] == "lease" and len(seen) == 3
    assert beside.sets.propose().taken_up is None


def test_while_dbt_runs_no_table_is_cloned_and_afterwards_it_goes_on() -> None:
    here = Console()

    def dbt_runs(plan: Plan) -> None:
        raise Refused("dbt is running", "dbt build", guard="dbt_running")

    here.base.on("after clone_table", lambda _: here.guards.append(dbt_runs))
    assert guard_of(here.create) == "dbt_running"
    here.guards.clear()
    assert len(here.create()) == 2


def test_a_set_of_yesterday_is_not_taken_up_and_one_may_be_stopped_between_two_tables() -> None:
    here = Console()
    draft = here.sets.propose()
    asked = iter((False, True))
    assert (
        guard_of(lambda: here.sets.create(draft, draft.confirmation, WHY, asked_to_stop=lambda: next(asked)))
        == "stopped"
    )
    assert here.sets.propose().run_id == draft.run_id != here.sets.propose(new=True).run_id
    here.store.clock.now += timedelta(hours=13)
    assert here.sets.propose().taken_up is None


def _interrupted(here: Console) -> str:
    here.base.on("clone_transient_table", raising(LOST))
    with pytest.raises(Unavailable):
        here.create()
    [begun] = here.book.sets()
    return begun.run_id


@pytest.mark.parametrize(
    ("target", "access", "again"),
    [("sandbox", "write", False), ("sandbox", "read", True), ("dev", "write", True)],
)
def test_a_set_holds_no_table_of_before_dbt_and_of_after_it(target: str, access: str, again: bool) -> None:
    here = Console()
    here.journal.append(STARTED, "r-0", {"target": "sandbox", "access": "write"})
    run_id = _interrupted(here)
    shown = here.sets.propose()
    assert shown.run_id == run_id, "a run of before it is none of its affairs"
    here.journal.append(STARTED, "r-1", {"target": target, "access": access})
    assert (here.sets.propose().run_id == run_id) is again
    if not again:
        assert guard_of(lambda: here.create(shown)) == "overtaken"
    assert len(here.create()) == 2


def test_sets_of_another_target_stand_in_nobodys_way() -> None:
    here = Console()
    dev = Console(here.store, target="dev")
    run_id = _interrupted(here)
    for number in range(21):
        dev.journal.append(BEGUN, f"w20260301-{number:06x}", {"target": "dev", "tables": [FACT], "reason": WHY})
    assert [one.run_id for one in here.book.sets()] == [run_id] and len(dev.book.sets()) == 20
    assert here.sets.propose().run_id == run_id
    here.create()
    assert (found := here.book.newest_complete()) is not None and found.run_id == run_id


# -- what is backed up -----------------------------------------------------------------------------------------------


def test_unless_the_settings_name_them_every_scd2_table_and_the_fact_are_backed_up() -> None:
    given: Settings = settings(scd2=2)
    tables = BackupTables(given, Scd2Tables(given, MemoryDbt(), MemoryWarehouse(), ShippedQueries()))
    assert list(map(str, tables.all())) == [
        "bronze.br_t0_scd2", "bronze.br_t1_scd2", "gold.fct_musician_payment"
    ]  # fmt: skip


# -- rows before and after -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("happens", "verdict", "says"),
    [
        (lambda vault: None, Verdict.OK, "as many"),
        (lambda vault: vault[FACT].rows.append((4, 4)), Verdict.WARN, "33.3 %"),
        (lambda vault: vault[FACT].rows.pop(), Verdict.FAIL, "lost 1 row"),
        (lambda vault: vault[FACT].rows.clear(), Verdict.FAIL, "empty"),
        (lambda vault: vault.drop(FACT), Verdict.FAIL, "not there"),
    ],
    ids=["the same", "grown", "lost", "emptied", "vanished"],
)
@pytest.mark.covers("Weekly 4")
def test_rows_are_counted_again_and_judged(happens: Callable[[Vault], object], verdict: Verdict, says: str) -> None:
    here = Console()
    here.create()
    happens(here.base)
    counts = here.counts.after()
    [fact] = [one for one in counts.tables if one.count.table == FACT]
    assert (counts.verdict, fact.verdict, fact.count.before) == (verdict, verdict, 3) and says in fact.words
    assert (
        here.counts.record(counts)
        and here.journal.said(COUNTED, counts.run_id)["tables"][FACT]["verdict"] == verdict.name
    )


def test_what_cannot_be_counted_is_unknown_and_a_set_without_its_end_counts_for_none() -> None:
    here = Console()
    with pytest.raises(GcmsError, match="No set"):
        here.counts.after()
    here.create()
    here.base.deaf = LOST
    assert {one.verdict for one in here.counts.after().tables} == {Verdict.UNKNOWN}
    here.base.deaf = None
    reading = Console(here.store, read_only_reason="--read-only")
    assert not reading.counts.record(reading.counts.after()) and COUNTED not in here.journal.kinds()
    here.base.on("clone_table", raising(LOST))
    with pytest.raises(Unavailable):
        here.create()
    assert guard_of(lambda: here.counts.after(here.book.sets()[0].run_id)) == "incomplete"
    assert here.counts.after().run_id == here.book.sets()[1].run_id

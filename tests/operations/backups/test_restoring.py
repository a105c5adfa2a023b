"""A table brought back: by the right way, exactly, and never without a way to take it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gcms_tui.core.backups.backup_set import RESTORED
from gcms_tui.core.backups.made import Standing
from gcms_tui.core.backups.restore import Way
from gcms_tui.core.errors import (
    MissingRelation,
    Refused,
    StatementFailed,
    StatementTimeout,
    Unavailable,
    UsageError,
)
from gcms_tui.core.verdict import Verdict
from gcms_tui.core.writing.doubt import Verdict as Became
from gcms_tui.core.writing.journal import INTENT, OUTCOME
from gcms_tui.core.writing.plan import Plan, canonical
from gcms_tui.operations.writing.guarded_write import Outcome
from tests.operations.backups.scene import FACT, PLAYERS, Console, Hook, Table, Vault, guard_of, raising

LOST = Unavailable("Snowflake cannot be reached", "the line was cut")
GOOD, BAD = [(1, 10), (2, 20), (2, 20)], [(1, 10), (3, 30)]
BOTH = pytest.mark.parametrize("way", [Way.SWAP, Way.INSERT])


def beside(here: Console) -> Table:
    """What was swapped out."""
    [name] = [name for name in here.base.tables if "_REPLACED_" in name]
    return here.base.tables[name]


@BOTH
def test_the_table_is_as_the_backup_afterwards_and_what_it_was_can_be_brought_back(way: Way) -> None:
    here = Console()
    here.base[FACT].grants = ["READER"]
    plan = here.spoilt(way)
    assert (plan.confirmation, plan.table, plan.rows) == (FACT, FACT, 3 if way is Way.INSERT else 0)
    assert here.base[FACT].rows == BAD, "it is only shown"
    done = here.restore(plan)
    assert (done.ended.outcome, done.verdict) == (Outcome.APPLIED, Verdict.OK) and done.differences is not None
    assert here.base[FACT].rows == GOOD == here.base[plan.source].rows, "the backup stays"
    assert here.base[done.ended.backup].rows == BAD and "_before_restore_" in done.ended.backup
    assert here.base[FACT].grants == ([] if way is Way.SWAP else ["READER"]), "what SWAP does to them"
    if way is Way.SWAP:
        assert beside(here).rows == BAD and any("READER" in warning for warning in plan.warnings)
    assert here.journal.said(RESTORED, done.ended.write_id)["verdict"] == "OK" and not here.doubts.open()
    back = here.restoring.plan(FACT, done.ended.backup, way)
    assert here.restore(back).verdict is Verdict.OK and here.base[FACT].rows == BAD
    assert guard_of(lambda: here.restore(plan)) == "plan_used"


@pytest.mark.parametrize(
    ("grants", "owner", "transient", "way"),
    [
        ([], "OPERATOR", "YES", Way.SWAP),
        (["READER"], "OPERATOR", "YES", Way.INSERT),
        (None, "OPERATOR", "YES", Way.INSERT),
        ([], "", "YES", Way.INSERT),
        ([], "TRANSFORMER", "YES", Way.INSERT),
        ([], "OPERATOR", "NO", Way.INSERT),
    ],
    ids=["nobody's", "others'", "not told", "no owner told", "another's own", "another kind"],
)
def test_the_way_is_chosen_by_what_is_there(grants: list[str] | None, owner: str, transient: str, way: Way) -> None:
    here = Console()
    clone = here.create()[FACT]
    here.base[FACT] = Table(list(BAD), transient=transient, grants=grants, owner=owner)
    plan = here.restoring.plan(FACT, clone)
    assert plan.reason.startswith(f"{way.value}: ") and plan.defines is (way is Way.SWAP)
    here.restore(plan)
    assert (here.base[FACT].rows, here.base[FACT].transient) == (GOOD, transient)
    if transient == "NO":
        here.base[FACT].rows = list(BAD)
        assert guard_of(lambda: here.restoring.plan(FACT, clone, Way.SWAP)) == "kinds_differ"


@pytest.mark.parametrize("way", [None, Way.UNDROP])
def test_a_table_that_is_gone_is_cloned_from_the_backup_or_undropped(way: Way | None) -> None:
    here = Console()
    clone = here.create()[FACT]
    here.base[FACT].rows = list(BAD)
    here.base.drop(FACT)
    assert guard_of(lambda: here.restoring.plan(FACT, clone, Way.SWAP)) == "way"
    plan = here.restoring.plan(FACT, clone, way)
    assert plan.backup is None
    here.base[clone].rows.append((9, 9))
    assert guard_of(lambda: here.restore(plan)) == "backup_changed" and FACT not in here.base.tables
    here.base[clone].rows.pop()
    done = here.restore(plan)
    rows, verdict = (BAD, Verdict.FAIL) if way else (GOOD, Verdict.OK)
    assert (here.base[FACT].rows, done.verdict, done.ended.backup) == (rows, verdict, "")
    assert guard_of(lambda: here.restoring.plan(FACT, clone, Way.UNDROP)) == "way"


def _others(vault: Vault) -> None:
    vault[FACT].columns = (("ID", "TEXT"), ("GROSS", "NUMBER"))


@pytest.mark.parametrize(
    ("spoil", "guard", "says"),
    [
        (lambda vault, clone: vault.drop(clone), "backup_gone", "made 2026-03-01"),
        (lambda vault, clone: vault[clone].rows.clear(), "empty_backup", "no rows"),
        (lambda vault, clone: vault[clone].rows.append((4, 4)), "backup_changed", "made with 3 rows and holds 4"),
        (lambda vault, clone: _others(vault), "columns_differ", "ID is TEXT, and NUMBER in the backup"),
        (lambda vault, clone: _others(vault), "columns_differ", "table alone: GROSS NUMBER; in the backup alone: NET"),
        (lambda vault, clone: setattr(vault[FACT], "rows", list(GOOD)), "nothing_to_restore", "the same rows"),
        (lambda vault, clone: setattr(vault[FACT], "kind", "VIEW"), "not_a_table", "is a view"),
    ],
)  # fmt: skip
def test_what_stands_against_it_is_told_before_anything_is_done(
    spoil: Callable[[Vault, str], object], guard: str, says: str
) -> None:
    here = Console()
    clone = here.create()[FACT]
    here.base[FACT].rows = list(BAD)
    spoil(here.base, clone)
    with pytest.raises(Refused, match=says) as caught:
        here.restoring.plan(FACT, clone)
    assert caught.value.guard == guard


def test_rows_that_a_policy_hides_are_not_lost_by_putting_back_the_others() -> None:
    here = Console()
    clone = here.create()[FACT]
    here.base[FACT] = Table(list(BAD), grants=["READER"])
    here.base[clone].hidden = 2
    with pytest.raises(Refused, match="holds 5 rows, and this role sees 3") as caught:
        here.restoring.plan(FACT, clone)
    assert caught.value.guard == "rows_hidden"
    assert here.restoring.plan(FACT, clone, Way.SWAP).defines, "a clone takes the hidden ones with it"


def test_what_somebody_edited_away_is_no_backup_and_hides_no_other() -> None:
    here = Console()
    clones = here.create()
    [edited] = [entry for entry in here.journal.kept if entry.kind == INTENT and entry.said["table"] == FACT]
    place = here.journal.kept.index(edited)
    here.journal.kept[place] = replace(edited, payload=canonical({**edited.said, "key": "; drop table x"}))
    assert guard_of(lambda: here.restoring.plan(FACT, clones[FACT])) == "not_ours"
    standing = {one.clone: one.standing for one in here.listing.read().backups}
    assert standing == {clones[FACT]: Standing.NOT_OURS, clones[PLAYERS]: Standing.THERE}


def test_a_table_is_known_however_it_is_written() -> None:
    here = Console()
    clones = here.create()
    here.base["gold_backup.dim_musician_w20260101_abcdef"] = Table([(1, 1)])
    assert [one.clone for one in here.listing.read("GOLD.FCT_Payment").backups] == [clones[FACT]]
    assert len(here.listing.read("gcms.gold.dim_musician").backups) == 2
    with pytest.raises(UsageError, match="not a table name"):
        here.listing.read("gold fct")


def test_a_backup_that_only_looks_like_ours_or_is_of_another_table_is_refused_and_listed_so() -> None:
    here = Console()
    clones = here.create()
    here.base["gold_backup.fct_payment_w20260101_abcdef"] = Table(list(GOOD))
    here.base["gold_backup.notes"] = Table([(1, 1)])
    here.base.drop(clones[PLAYERS])
    assert guard_of(lambda: here.restoring.plan(FACT, "fct_payment_w20260101_abcdef")) == "not_ours"
    assert guard_of(lambda: here.restoring.plan(PLAYERS, clones[FACT])) == "other_table"
    listed = {one.clone: one for one in here.listing.read().backups}
    assert {name: (one.standing, one.table, one.rows) for name, one in listed.items()} == {
        clones[FACT]: (Standing.THERE, FACT, 3),
        clones[PLAYERS]: (Standing.GONE, PLAYERS, 1),
        "gold_backup.fct_payment_w20260101_abcdef": (Standing.NOT_OURS, FACT, 3),
    }
    assert listed[clones[FACT]].run_id == here.book.sets()[0].run_id
    here.base[clones[FACT]].rows.append((8, 8))
    assert here.listing.read(FACT).backups[0].standing is Standing.CHANGED
    here.base.deaf = LOST
    unseen = here.listing.read()
    assert {one.standing for one in unseen.backups} == {Standing.NOT_SEEN} and unseen.unread


@BOTH
def test_a_table_that_has_moved_since_is_left_alone(way: Way) -> None:
    here = Console()
    plan = here.spoilt(way)
    here.base.on("BEGIN" if way is Way.INSERT else "restore_state", lambda vault: vault[FACT].rows.append((5, 5)))
    assert guard_of(lambda: here.restore(plan)) == "rows_moved"
    assert here.base[FACT].rows == [*BAD, (5, 5)] and not here.doubts.open()


def test_somebody_who_writes_during_a_swap_is_told_and_what_was_is_there() -> None:
    here = Console()
    plan = here.spoilt(Way.SWAP)
    here.base.on("after swap_tables", lambda vault: vault[FACT].rows.append((5, 5)))
    done = here.restore(plan)
    assert (done.ended.outcome, done.verdict) == (Outcome.APPLIED, Verdict.FAIL)
    assert "1 in the table alone" in done.words
    assert here.base[done.ended.backup].rows == beside(here).rows == BAD and not here.doubts.open()
    assert here.journal.said(OUTCOME, done.ended.write_id)["proven"] is False


def _taken(vault: Vault) -> None:
    raise StatementFailed("Snowflake refused the query", "already exists", code=2002)


@pytest.mark.parametrize(
    ("event", "hook", "ends"),
    [
        ("clone_transient_table", raising(StatementFailed("Refused", "Insufficient privileges", code=3001)), "backup"),
        ("clone_transient_table", _taken, "backup"),
        ("swap_tables", _taken, "name_taken"),
        ("clone_transient_table", lambda vault: vault.drop(FACT), "backup"),
    ],
    ids=["no privileges", "name taken", "taken later", "vanished"],
)
def test_where_the_warehouse_refuses_the_table_is_as_it_was(event: str, hook: Hook, ends: str) -> None:
    here = Console()
    plan = here.spoilt(Way.SWAP)
    here.base.on(event, hook)
    assert guard_of(lambda: here.restore(plan)) == ends
    [kept] = [
        table for name, table in {**here.base.tables, **here.base.dropped}.items() if name == '"GOLD"."FCT_PAYMENT"'
    ]
    assert kept.rows == BAD and not here.doubts.open()


def test_what_was_cloned_before_a_swap_that_is_refused_is_told_and_journalled() -> None:
    here = Console()
    plan = here.spoilt(Way.SWAP)
    here.base.on("swap_tables", raising(StatementFailed("Refused", "Insufficient privileges", "Ask.", code=3001)))
    with pytest.raises(StatementFailed) as caught:
        here.restore(plan)
    assert beside(here).rows == GOOD and here.base[FACT].rows == BAD
    said = here.journal.kept[-1].said
    assert (said["outcome"], said["stands"]) == ("not_applied", [plan.steps[0].statement.sql])
    assert caught.value.next_step.startswith("Ask.") and "_REPLACED_" in caught.value.next_step


def test_while_dbt_runs_or_a_repair_of_the_table_is_in_doubt_it_is_refused() -> None:
    here = Console()
    plan = here.spoilt()

    def dbt_runs(plan: Plan) -> None:
        raise Refused("dbt is running", "dbt build", guard="dbt_running")

    here.guards.append(dbt_runs)
    assert guard_of(lambda: here.restore(plan)) == "dbt_running"
    here.guards.clear()
    # However whoever began it has called the table.
    table = f"gcms.{FACT}"
    intent = {"plan": "p", "kind": "repair", "target": "sandbox", "table": table, "key": "1-5-1", "query_tag": "t"}
    here.journal.append(INTENT, "w-1", intent)
    assert guard_of(lambda: here.restore(plan)) == "in_doubt"
    here.journal.append(OUTCOME, "w-1", {"outcome": "not_applied"})
    assert guard_of(lambda: here.restoring.restore(plan.plan_id, "fct_payment", "why")) == "confirmation"
    assert guard_of(lambda: here.restoring.restore(plan.plan_id, FACT, " \u200b")) == "reason"
    assert here.restore(plan).verdict is Verdict.OK


def test_of_two_consoles_one_restores() -> None:
    here = Console()
    beside_it = Console(here.store)
    plan = here.spoilt()
    other = beside_it.restoring.plan(FACT, plan.source)
    seen: list[str] = []
    here.base.on("swap_tables", lambda _: seen.append(guard_of(lambda: beside_it.restore(other))))
    assert here.restore(plan).verdict is Verdict.OK
    assert seen == ["lease"] and guard_of(lambda: beside_it.restore(other)) == "rows_moved"


# -- interrupted -----------------------------------------------------------------------------------------------------

_SWAPS = ("create_schema", "clone_transient_table", "row_count", "restore_state", "swap_tables")
_INSERTS = (*_SWAPS[:-1], "BEGIN", "overwrite_table", "COMMIT")
STATEMENTS = [*((Way.SWAP, one) for one in _SWAPS), *((Way.INSERT, one) for one in _INSERTS)]


@pytest.mark.parametrize("when", ["", "after "])
@pytest.mark.parametrize("how", [LOST, KeyboardInterrupt()], ids=["lost line", "broken off"])
@pytest.mark.parametrize(("way", "statement"), STATEMENTS)
def test_interrupted_at_any_statement_it_is_known_or_settled_by_looking(
    way: Way, statement: str, how: BaseException, when: str
) -> None:
    here = Console()
    plan = here.spoilt(way)
    here.base.on(f"{when}{statement}", raising(how))
    with pytest.raises((type(how), Refused)):
        here.restore(plan)
    now = here.base[FACT].rows
    assert now in (GOOD, BAD)
    verdicts = {doubt.intent["kind"]: here.doubts.settle(doubt.write_id).verdict for doubt in here.doubts.open()}
    assert not here.doubts.open()
    if "restore" in verdicts:
        assert verdicts["restore"] is (Became.APPLIED if now == GOOD else Became.NOT_APPLIED)
    else:
        last = [entry for entry in here.journal.kept if entry.kind == OUTCOME and "backup-" not in entry.subject][-1]
        assert (last.said["outcome"] == "applied") is (now == GOOD)
    if now == BAD:
        assert here.restore(here.restoring.plan(FACT, plan.source, way)).verdict is Verdict.OK


@pytest.mark.parametrize(
    ("history", "became"),
    [
        ((), Became.APPLIED),
        (({"query_text": "ALTER TABLE a SWAP WITH b", "execution_status": "SUCCESS"},), Became.APPLIED),
        (({"query_text": "CREATE TABLE a CLONE b", "execution_status": "SUCCESS"},), Became.LOOK),
        (({"query_text": "ALTER TABLE a SWAP WITH b", "execution_status": "RUNNING"},), Became.RUNNING),
    ],
)
def test_the_history_may_contradict_what_the_rows_say(history: tuple[dict[str, str], ...], became: Became) -> None:
    here = Console()
    plan = here.spoilt(Way.SWAP)
    here.base.on("after swap_tables", raising(StatementTimeout("It took too long", "600 s")))
    with pytest.raises(StatementTimeout):
        here.restore(plan)
    here.base.history = tuple(dict(row) for row in history)
    [doubt] = here.doubts.open()
    assert doubt.words == f"restore of {FACT}"
    assert here.doubts.look(doubt.write_id).verdict is became


@pytest.mark.parametrize("built", [None, GOOD, BAD], ids=["still gone", "as the backup", "as somebody else's"])
def test_a_table_that_was_to_come_back_is_looked_for(built: list[tuple[int, int]] | None) -> None:
    here = Console()
    clone = here.create()[FACT]
    here.base.drop(FACT)
    plan = here.restoring.plan(FACT, clone)
    here.base.on("clone_transient_table", raising(LOST))
    with pytest.raises(Unavailable):
        here.restore(plan)
    if built is not None:
        here.base[FACT] = Table(list(built))
    [doubt] = here.doubts.open()
    wanted = Became.NOT_APPLIED if built is None else Became.APPLIED if built == GOOD else Became.LOOK
    assert here.doubts.settle(doubt.write_id).verdict is wanted


def test_where_the_clone_that_came_first_is_gone_a_person_must_look() -> None:
    here = Console()
    plan = here.spoilt(Way.SWAP)
    here.base.on("swap_tables", raising(LOST))
    with pytest.raises(Unavailable) as caught:
        here.restore(plan)
    assert "gcms-tui journal doubts --settle" in caught.value.next_step
    assert plan.backup is not None
    here.base.drop(plan.backup.subject)
    [doubt] = here.doubts.open()
    found = here.doubts.look(doubt.write_id)
    assert found.verdict is Became.LOOK and "was made and is gone" in found.evidence[0]


def test_a_restore_that_cannot_be_compared_stands_and_is_unknown() -> None:
    here = Console()
    plan = here.spoilt(Way.INSERT)
    here.base.on(
        "after COMMIT", lambda vault: vault.on("read table_differences", raising(MissingRelation("m", "no grants")))
    )
    done = here.restore(plan)
    assert (done.ended.outcome, done.verdict) == (Outcome.APPLIED, Verdict.UNKNOWN)
    assert here.base[FACT].rows == GOOD

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gcms_tui.core.backups.backup_set import BEGUN, CLONED, COMPLETE, TAKEN_UP_WITHIN, BackupSet, Cloned, fold
from gcms_tui.core.backups.counts import RowCount, verdict_of
from gcms_tui.core.backups.made import Standing, fold_made
from gcms_tui.core.backups.names import before_name, beside_name, clone_name, looks_ours, restore_id, set_id, set_of
from gcms_tui.core.backups.restore import ColumnOf, columns_differ
from gcms_tui.core.identifier import Relation
from gcms_tui.core.verdict import Verdict, worst
from gcms_tui.core.writing.journal import FIRST, INTENT, OUTCOME, SETTLED, Entry
from gcms_tui.core.writing.plan import canonical

NOW = datetime(2026, 1, 4, 2, 15, tzinfo=UTC)
FACT = Relation.parse("gold.fct_musician_payment")


def entry(kind: str, subject: str, minute: int = 0, /, **said: object) -> Entry:
    at = (NOW + timedelta(minutes=minute)).isoformat(timespec="microseconds")
    return Entry(1, at, "ana", "ops-1", "", kind, subject, canonical(said), FIRST, FIRST)


# -- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", [FACT, Relation.parse('db."Sch"."Odd name"'), Relation("GOLD", "T" * 255)])
def test_every_name_is_a_tables_own_and_is_known_again(table: Relation) -> None:
    run_id, of_restore = set_id(NOW, "3fa9c1"), restore_id(NOW, "3fa9c1")
    clone, before = clone_name(table, "_BACKUP", run_id), before_name(table, "_BACKUP", of_restore)
    assert run_id == "w20260104-3fa9c1" == set_of(clone.name) and set_of(before.name) == ""
    for made in (clone, before):
        assert looks_ours(made.name) == table.name[:200] and len(made.name) <= 255
        assert (made.schema, made.database) == (f"{table.schema}_BACKUP", table.database)
    beside = beside_name(table, of_restore)
    assert (beside.schema, beside.database) == (table.schema, table.database) and len(beside.name) <= 255
    assert len({clone, before, beside, table}) == 4


def test_plain_names_stay_plain() -> None:
    assert str(clone_name(FACT, "_BACKUP", "w20260104-3fa9c1")) == "gold_backup.fct_musician_payment_w20260104_3fa9c1"


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("BR_ATTENDANCE_SCD2_20260104_021500_0123456789", "BR_ATTENDANCE_SCD2"),
        ("FCT_20260104", ""), ("FCT", ""), ("FCT_W20260104_3FA9C", ""), ("_W20260104_3FA9C1", ""), ("", ""),
        ("fct_w20260104_3fa9c1", ""),
    ],
)  # fmt: skip
def test_other_names_do_not_look_ours(name: str, table: str) -> None:
    assert looks_ours(name) == table


# -- counts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "verdict", "percent"),
    [
        (100, 100, Verdict.OK, 0.0),
        (100, 110, Verdict.OK, 10.0),
        (100, 111, Verdict.WARN, 11.0),
        (100, 99, Verdict.FAIL, -1.0),
        (100, 0, Verdict.FAIL, -100.0),
        (0, 0, Verdict.FAIL, None),
        (0, 5, Verdict.WARN, None),
        (None, 5, Verdict.UNKNOWN, None),
        (None, 0, Verdict.FAIL, None),
        (5, None, Verdict.UNKNOWN, None),
        (None, None, Verdict.UNKNOWN, None),
    ],
)
def test_rows_may_grow_a_little_and_nothing_else(
    before: int | None, after: int | None, verdict: Verdict, percent: float | None
) -> None:
    count = RowCount("t", before, after)
    judged = count.judged(10.0)
    assert judged.verdict is verdict and judged.words
    assert count.percent == percent if percent is None else count.percent == pytest.approx(percent)


def test_a_table_that_vanished_fails_and_a_failure_is_not_hidden_by_what_is_unknown() -> None:
    vanished = RowCount("t", 5, None, vanished=True).judged(10.0)
    unknown, fine = RowCount("u", 5, None, why="timed out").judged(10.0), RowCount("v", 5, 5).judged(10.0)
    assert (vanished.verdict, unknown.words) == (Verdict.FAIL, "timed out")
    assert verdict_of([fine, unknown, vanished]) is Verdict.FAIL
    assert verdict_of([fine, unknown]) is Verdict.UNKNOWN is verdict_of([])
    assert verdict_of([fine]) is Verdict.OK


# -- a set -----------------------------------------------------------------------------------------------------------


def _set() -> list[Entry]:
    clone = {"kind": "transient", "write": "w"}
    return [
        entry(BEGUN, "w1", target="prod", tables=["a.t", "a.u"], reason="weekly"),
        entry(CLONED, "w1", 1, table="a.t", clone="b.t", rows=3, **clone),
        entry(CLONED, "w1", 2, table="a.u", clone="b.u", rows=0, **clone),
        entry(COMPLETE, "w1", 3),
    ]


def test_a_set_is_complete_when_every_table_has_its_clone_whatever_an_entry_says() -> None:
    whole = fold(_set())
    assert whole is not None and whole.complete and whole.rows == {"a.t": 3, "a.u": 0} and not whole.missing
    assert not whole.may_be_taken_up(NOW)
    for without in (1, 2):
        some = fold(one for number, one in enumerate(_set()) if number != without)
        assert some is not None and not some.complete and len(some.missing) == 1
    begun = fold(_set()[:2])
    assert begun is not None and begun.missing == ("a.u",)
    assert begun.may_be_taken_up(NOW + TAKEN_UP_WITHIN - timedelta(minutes=1))
    assert not begun.may_be_taken_up(NOW + TAKEN_UP_WITHIN)
    assert fold(_set()[1:]) is None is fold([])


@pytest.mark.parametrize("payload", ["", "{}", "[]", '{"rows": "3"}', '{"rows": true, "table": "a.t"}'])
def test_an_entry_that_somebody_edited_is_not_counted(payload: str) -> None:
    entries = _set()
    entries[1] = replace(entries[1], payload=payload)
    found = fold(entries)
    assert found is not None and found.missing == ("a.t",) and not found.complete


@pytest.mark.parametrize(
    ("standing", "verdict", "says"),
    [
        (Standing.THERE, Verdict.OK, ""),
        (Standing.CHANGED, Verdict.WARN, "1 of 2 changed"),
        (Standing.GONE, Verdict.FAIL, "1 of 2 gone"),
        (Standing.NOT_SEEN, Verdict.UNKNOWN, "1 of 2 not seen"),
        (None, Verdict.UNKNOWN, "1 of 2 not seen"),
    ],
)
def test_a_set_is_as_its_clones_are_whatever_the_journal_says(
    standing: Standing | None, verdict: Verdict, says: str
) -> None:
    cloned = tuple(Cloned(table, f"b.{table}", 3, "permanent", "w") for table in ("one", "two"))
    of = BackupSet("w20260301-3fa9c1", "prod", NOW, "ana", "ops-1", ("one", "two"), "", cloned, NOW)
    listed = {"b.one": Standing.THERE} | ({"b.two": standing} if standing is not None else {})
    assert of.standing(listed) == (verdict, says)
    least = worst([verdict, Verdict.WARN])
    assert replace(of, complete_at=None).standing(listed) == (least, says)


def test_only_clones_that_are_known_to_be_made_are_backups() -> None:
    def intent(subject: str, target: str) -> Entry:
        statements = ["CREATE SCHEMA x", "CREATE TRANSIENT TABLE y CLONE z"]
        return entry(INTENT, subject, kind="backup", key="b.t", table="a.t", statements=statements, target=target)

    oldest_first = [
        intent("one", "prod"), entry(OUTCOME, "one", 1, outcome="applied", rows=3, proven=True),
        intent("two", "prod"), entry(OUTCOME, "two", outcome="not_applied"),
        intent("three", "prod"),
        intent("four", "dev"), entry(OUTCOME, "four", outcome="applied", rows=1),
        intent("five", "prod"), entry(SETTLED, "five", 2, verdict="applied"),
        entry(INTENT, "six", kind="repair", target="prod", key="k"), entry(OUTCOME, "six", outcome="applied"),
    ]  # fmt: skip
    made = fold_made(reversed(oldest_first), "prod")
    assert [(one.write_id, one.rows, one.kind) for one in made] == [
        ("five", None, "transient"),
        ("one", 3, "transient"),
    ]


# -- columns ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backup", "says"),
    [
        ("A NUMBER,B TEXT", ""),
        ("B TEXT,A NUMBER", "another order"),
        ("A NUMBER", "table alone: B TEXT"),
        ("A NUMBER,B TEXT,C DATE", "backup alone: C DATE"),
        ("A NUMBER,B DATE", "B is TEXT, and DATE in the backup"),
        ("A NUMBER,b TEXT", "table alone: B TEXT; in the backup alone: b TEXT"),
    ],
)
def test_columns_are_equal_to_the_letter(backup: str, says: str) -> None:
    def columns(text: str) -> list[ColumnOf]:
        return [ColumnOf(*one.split()) for one in text.split(",")]

    found = columns_differ(columns("A NUMBER,B TEXT"), columns(backup))
    assert says in found and bool(says) is bool(found)

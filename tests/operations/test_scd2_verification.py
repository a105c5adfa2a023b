"""What is looked at after a write: the key's own scan, and what the table's tests said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.run import Run
from gcms_tui.core.scd2.proof import TestCheck
from gcms_tui.core.scd2.table import InForce
from gcms_tui.core.scd2.version import Convention
from gcms_tui.core.verdict import Verdict
from gcms_tui.operations.run_desk import RunDesk
from gcms_tui.operations.scd2.verification import VERIFIED, Verification
from tests.operations.memory import NOW, ShippedQueries
from tests.operations.memory_runs import MemoryShelf
from tests.operations.run_memory import past_run, results
from tests.operations.write_scene import KEY, NAME, Bench

QUERIES = ShippedQueries()
COLUMNS = tuple(item.name for item in QUERIES.get("scd2_key_integrity").results)
SOUND = {name: 0 for name in COLUMNS} | {"row_count": 3, "current_count": 1, "ids": 3}
TESTED = DbtCommand("test", ("br_t0_scd2",))


@dataclass
class Warehouse:
    """Has one answer; what else is asked is passed on."""

    bench: Bench
    found: dict[str, int] = field(default_factory=lambda: dict(SOUND))

    def read(self, statement: Statement) -> Answer:
        if statement.query != "scd2_key_integrity":
            return self.bench.base.read(statement)
        assert statement.binds == (KEY,)
        return Answer(COLUMNS, (tuple(self.found[name] for name in COLUMNS),), "q", NOW, 1)

    def close(self) -> None:
        pass


@dataclass
class Proof:
    bench: Bench = field(default_factory=Bench)
    shelf: MemoryShelf = field(default_factory=MemoryShelf)

    def __post_init__(self) -> None:
        self.warehouse = Warehouse(self.bench)
        desk = RunDesk(None, None, None, self.shelf, None)  # type: ignore[arg-type]  # no run is started here
        self.verification = Verification(
            self.bench.tables, self.warehouse, QUERIES, desk, cast("Any", self.bench.journal)
        )

    def check(self, convention: Convention, **found: int) -> tuple[Verdict, dict[str, int]]:
        self.warehouse.found |= found
        seen = self.verification.check_key(NAME, KEY, InForce(convention))
        return seen.verdict, dict(seen.defects)


@pytest.mark.parametrize("convention", Convention)
@pytest.mark.parametrize(
    ("found", "defects"),
    [
        ({}, {}),
        ({"current_count": 2}, {"duplicate_current": 1}),
        ({"current_count": 0}, {"no_current": 1}),
        ({"ids": 2}, {"shared_scd_id": 1}),
        ({"ids": 2, "null_ids": 1}, {"null_id": 1}),
        ({"overlaps": 2}, {"overlap": 2}),
        ({"null_flags": 1, "null_begins": 2}, {"null_flag": 1, "null_begin": 2}),
        ({"current_but_closed": 1}, {"current_but_closed": 1}),
        ({"closed_but_open": 1}, {"closed_but_open": 1}),
        ({"inverted": 1, "inverted_by_over_a_day": 1}, {"inversion": 1}),
    ],
)
def test_a_key_is_sound_only_without_any_defect(
    convention: Convention, found: dict[str, int], defects: dict[str, int]
) -> None:
    verdict, seen = Proof().check(convention, **found)
    assert (verdict, seen) == (Verdict.FAIL if defects else Verdict.OK, defects)


@pytest.mark.parametrize(
    ("convention", "found", "defects"),
    [
        (Convention.DAY_BEFORE, {"inverted": 1}, {}),
        (Convention.SAME_INSTANT, {"inverted": 1}, {"inversion": 1}),
        (Convention.DAY_BEFORE, {"overlaps": 1, "instant_overlaps": 1}, {"overlap": 2}),
        (Convention.SAME_INSTANT, {"overlaps": 1, "instant_overlaps": 1}, {"overlap": 1}),
    ],
)
def test_what_is_empty_depends_on_the_convention(
    convention: Convention, found: dict[str, int], defects: dict[str, int]
) -> None:
    assert Proof().check(convention, **found)[1] == defects


def test_a_key_without_a_version_is_not_sound() -> None:
    assert Proof().check(Convention.DAY_BEFORE, row_count=0, current_count=0, ids=0)[0] is Verdict.FAIL


PASSED = [("test.gcms.unique", "pass"), ("test.gcms.current", "pass")]


@pytest.mark.covers("E2 4")
@pytest.mark.parametrize(
    ("run", "statuses", "verdict"),
    [
        (past_run("r", TESTED, exit_code=0), PASSED, Verdict.OK),
        (past_run("r", TESTED, exit_code=1), [*PASSED, ("test.gcms.odd", "fail")], Verdict.FAIL),
        (past_run("r", TESTED, exit_code=0), [], Verdict.UNKNOWN),
        (past_run("r", TESTED, exit_code=0), None, Verdict.UNKNOWN),
        (past_run("r", TESTED, exit_code=2), PASSED, Verdict.UNKNOWN),
        (past_run("r", TESTED, signal=9), PASSED, Verdict.UNKNOWN),
        (past_run("r", TESTED, exit_code=1, cancelled=True), PASSED, Verdict.UNKNOWN),
        (past_run("r", TESTED, ended=False, alive=True), PASSED, Verdict.UNKNOWN),
        (past_run("other", TESTED, exit_code=0), PASSED, Verdict.UNKNOWN),
    ],
    ids=["passed", "failed", "none", "no results", "error", "killed", "cancelled", "running", "gone"],
)
def test_the_tests_passed_only_where_their_run_came_to_its_end(
    run: Run, statuses: list[tuple[str, str]] | None, verdict: Verdict
) -> None:
    """Of one that was cut off the results hold what had ended, and all of that may have passed."""
    proof = Proof()
    proof.shelf.add(run, results("test", *statuses) if statuses is not None else None)
    said = proof.verification.tests_of("r")
    assert (said.verdict, said.run_id) == (verdict, "r") and said.words


def test_what_was_seen_stands_beside_the_write_in_the_journal() -> None:
    proof = Proof()
    key = proof.verification.check_key(NAME, KEY, InForce(Convention.DAY_BEFORE))
    proof.verification.record("20260301-090000-abcdef", key, TestCheck(Verdict.OK, "2 tests passed", "r"))
    assert proof.bench.journal.said(VERIFIED, "20260301-090000-abcdef") == {
        "key": {"verdict": "OK", "words": "1 current version of 3", "defects": {}},
        "tests": {"verdict": "OK", "words": "2 tests passed", "run": "r"},
    }

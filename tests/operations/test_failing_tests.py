from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from gcms_tui.core.dbt_command import DbtCommand
from gcms_tui.core.dbt_manifest import Manifest, Node
from gcms_tui.core.dbt_results import ArtifactError, NodeResult
from gcms_tui.core.errors import MissingRelation, Unavailable, UsageError
from gcms_tui.core.finding import LONGEST_CELL, Scalar
from gcms_tui.core.kept_rows import KeptRows, rows_document, rows_from
from gcms_tui.core.personal import MASK
from gcms_tui.core.query import Access
from gcms_tui.operations.failing_tests import ROWS_KEPT, FailingTests
from tests.operations.memory import NOW, Clock, MemoryWarehouse, Row, ShippedQueries
from tests.operations.run_memory import MemoryJournal, MemoryShelf, history, past_run, results

TEST_GOLD = DbtCommand("test", ("gold",))
GRAVE, PLAIN, WARNS, BROKEN, SKIPPED = (
    f"test.gcms.{name}.1" for name in ("attended_services_required_services", "unique_email", "warns", "broken", "left")
)
TABLE = "GCMS.test_results.grave"
PAID = date(2026, 3, 1)
ROWS: tuple[Row, ...] = (
    {"total_rows": 2, "full_name": "Ana Li", "net_amount": Decimal("100.10"), "calculated_at": NOW, "paid_on": None},
    {"total_rows": 2, "full_name": None, "net_amount": Decimal("-0.01"), "calculated_at": NOW, "paid_on": PAID},
)  # fmt: skip
FAILED = results(
    "test",
    NodeResult(PLAIN, "fail", failures=1, relation_name="GCMS.test_results.plain"),
    NodeResult("test.gcms.good.1", "pass", failures=0),
    NodeResult(SKIPPED, "skipped"),
    NodeResult(WARNS, "warn", failures=4),
    NodeResult(BROKEN, "error", "Database Error"),
    NodeResult(GRAVE, "fail", "Got 2 results", failures=2, relation_name=TABLE),
)
MANIFEST = Manifest(
    "manifest.json",
    "v12",
    {GRAVE: Node(GRAVE, "test", "grave", "an_alias", ("gcms", "gold", GRAVE.split(".")[2]), frozenset({"critical"}))},
)


class World:
    def __init__(self) -> None:
        self.shelf = MemoryShelf()
        self.warehouse = MemoryWarehouse()
        self.warehouse.on("failed_test_rows", ROWS)
        self.opened = 0
        self.journal = MemoryJournal()
        self.clock = Clock()
        self.failing = self.open()
        self.shelf.add(past_run("r", TEST_GOLD, exit_code=1, hours_ago=3), FAILED)
        self.shelf.the_manifests["r"] = MANIFEST

    def open(self, *personal: str) -> FailingTests:
        def open_warehouse() -> MemoryWarehouse:
            self.opened += 1
            return self.warehouse

        return FailingTests(
            shelf=self.shelf,
            history=history(self.shelf, self.clock),
            open_warehouse=open_warehouse,
            queries=ShippedQueries(),
            journal=self.journal,
            clock=self.clock,
            personal=personal,
        )


@pytest.fixture
def world() -> World:
    return World()


def test_failures_come_first_and_critical_ones_before_others(world: World) -> None:
    found = world.failing.of("r")
    assert [test.unique_id for test in found] == [GRAVE, BROKEN, PLAIN, WARNS, SKIPPED]
    grave = found[0]
    assert (grave.name, grave.critical, grave.failures, grave.relation_name) == ("an_alias", True, 2, TABLE)
    assert grave.card is not None and "attendance" in grave.card.cause
    assert {test.card for test in found[1:]} == {None}
    assert world.opened == 0


def test_statuses_of_a_command_that_tests_nothing_are_none(world: World) -> None:
    world.shelf.add(past_run("docs", DbtCommand("docs generate"), exit_code=0), results("generate", (GRAVE, "success")))
    assert world.failing.of("docs") == ()
    assert (world.failing.ran("docs"), world.failing.ran("r")) == (0, 5)
    world.shelf.add(past_run("broken", TEST_GOLD, exit_code=2))
    with pytest.raises(ArtifactError):
        world.failing.of("broken")


@pytest.mark.covers("E1 3")
def test_rows_are_read_once_through_the_runs_own_relation_and_kept(world: World) -> None:
    rows = world.failing.rows("r", GRAVE)
    assert rows.rows.columns == ("full_name", "net_amount", "calculated_at", "paid_on")
    assert rows.rows.rows == ((MASK, Decimal("100.10"), NOW, None), (None, Decimal("-0.01"), NOW, date(2026, 3, 1)))
    assert (rows.total, rows.personal, rows.revealed, rows.note) == (2, ("full_name",), False, "")
    (statement,) = world.warehouse.asked
    assert '"GCMS"."TEST_RESULTS"."GRAVE"' in statement.sql
    assert (statement.binds, statement.access) == ((ROWS_KEPT,), Access.READ)
    world.warehouse.on("failed_test_rows", Unavailable("gone", "gone"))
    assert replace(world.open().rows("r", GRAVE), query_id=None) == replace(rows, query_id=None)


def test_a_reveal_is_in_the_journal_before_anything_is_shown(world: World) -> None:
    rows = world.failing.rows("r", GRAVE, reveal=True)
    assert rows.rows.rows[0][0] == "Ana Li"
    assert (rows.revealed, rows.personal) == (True, ("full_name",))
    ((kind, subject, payload),) = world.journal.entries
    assert (kind, subject) == ("rows.reveal", "r")
    assert (payload["test"], payload["columns"]) == (GRAVE, ["full_name"])
    assert "Ana" not in str(payload)
    world.journal.error = Unavailable("The journal cannot be written", "disk full")
    with pytest.raises(Unavailable, match="journal"):
        world.failing.rows("r", GRAVE, reveal=True)
    assert world.failing.rows("r", GRAVE).rows.rows[0][0] == MASK


def test_columns_that_the_configuration_names_are_masked_as_well(world: World) -> None:
    rows = world.open("net_*").rows("r", GRAVE)
    assert rows.rows.rows[0][:2] == (MASK, MASK)
    assert rows.personal == ("full_name", "net_amount")


@pytest.mark.parametrize("foreign", [False, True])
def test_rows_that_a_later_run_has_stored_anew_are_not_taken(world: World, foreign: bool) -> None:
    stored = results("build", NodeResult(GRAVE, "pass", failures=0, relation_name=TABLE))
    world.shelf.add(past_run("later", DbtCommand("build"), exit_code=0, foreign=foreign), stored)
    with pytest.raises(Unavailable, match="later") as caught:
        world.failing.rows("r", GRAVE)
    assert "replaces" in caught.value.message
    assert world.warehouse.asked == []
    (problem,) = [text for text in world.failing.keep_all("r") if "an_alias" in text]
    assert "later" in problem


def test_what_is_kept_outlives_a_later_run(world: World) -> None:
    assert world.failing.keep_all("r") == ()
    world.shelf.add(past_run("later", TEST_GOLD, exit_code=1), FAILED)
    assert world.failing.rows("r", GRAVE).total == 2


def test_a_later_run_whose_doings_are_not_known_counts_by_what_it_was_to_do(world: World) -> None:
    running = past_run("later", TEST_GOLD, ended=False, alive=True, selected=GRAVE)
    world.shelf.add(running)
    with pytest.raises(Unavailable, match="later"):
        world.failing.rows("r", GRAVE)
    assert world.failing.rows("r", PLAIN).total == 2
    world.shelf.add(replace(running, record=replace(running.record, target="prod")))
    assert world.failing.rows("r", GRAVE).total == 2


@pytest.mark.parametrize(
    "later",
    [
        NodeResult(GRAVE, "pass"),  # without --store-failures it leaves the table alone
        NodeResult(GRAVE, "skipped", relation_name=TABLE),
        NodeResult(PLAIN, "fail", relation_name="GCMS.test_results.plain"),
    ],
)
def test_a_later_run_that_left_the_table_alone_does_no_harm(world: World, later: NodeResult) -> None:
    world.shelf.add(past_run("later", TEST_GOLD, exit_code=0), results("test", later))
    world.shelf.add(past_run("earlier", TEST_GOLD, exit_code=1, hours_ago=9), FAILED)
    assert world.failing.rows("r", GRAVE).total == 2


def test_a_run_that_begins_while_the_rows_are_read_makes_them_doubtful(world: World) -> None:
    def begin(_: object) -> tuple[Row, ...]:
        world.shelf.add(past_run("later", TEST_GOLD, ended=False, alive=True, selected=GRAVE))
        return ROWS

    world.warehouse.on("failed_test_rows", begin)
    with pytest.raises(Unavailable, match="later"):
        world.failing.rows("r", GRAVE)
    assert [name for _, name in world.shelf.documents if name.startswith("rows-")] == []


def test_a_table_that_does_not_hold_what_dbt_counted_is_told(world: World) -> None:
    world.warehouse.on("failed_test_rows", ROWS[:1])
    world.shelf.the_results["r"] = results("test", NodeResult(GRAVE, "fail", failures=7, relation_name=TABLE))
    assert "dbt counted 7" in world.failing.rows("r", GRAVE).note
    world.shelf.documents.clear()
    world.warehouse.on("failed_test_rows", ())
    with pytest.raises(Unavailable, match="gone"):
        world.failing.rows("r", GRAVE)


def test_rows_that_were_not_stored_or_cannot_be_read_are_an_error(world: World) -> None:
    with pytest.raises(Unavailable, match="No rows were stored"):
        world.failing.rows("r", WARNS)
    with pytest.raises(UsageError):
        world.failing.rows("r", "test.gcms.good.1")
    world.warehouse.on("failed_test_rows", MissingRelation("No such table", "dropped"))
    with pytest.raises(MissingRelation):
        world.failing.rows("r", GRAVE)
    assert len(world.failing.keep_all("r")) == 2


@pytest.mark.parametrize("status", ["error", "runtime error", "skipped"])
def test_a_test_that_did_not_come_to_look_for_rows_is_not_given_those_of_an_earlier_run(
    world: World, status: str
) -> None:
    world.shelf.add(
        past_run("later", TEST_GOLD, exit_code=1, hours_ago=1),
        results("test", NodeResult(GRAVE, status, relation_name=TABLE)),
    )
    with pytest.raises(Unavailable, match="did not come to look"):
        world.failing.rows("later", GRAVE)
    assert world.opened == 0


def test_a_full_disk_costs_the_keeping_and_not_the_look(world: World) -> None:
    world.shelf.full = Unavailable("The run cannot be kept", "disk full")
    rows = world.failing.rows("r", GRAVE)
    assert rows.total == 2
    assert "disk full" in rows.note


def test_without_a_manifest_the_tests_are_still_there(world: World) -> None:
    del world.shelf.the_manifests["r"]
    assert {test.name for test in world.failing.of("r")} >= {"attended_services_required_services", "broken"}


@pytest.mark.parametrize(
    "cell",
    [
        None,
        3,
        True,
        2.5,
        Decimal("100.10"),
        NOW,
        datetime(2026, 3, 1, 9, 0, 0, 123456, UTC),
        date(2026, 3, 1),
        "é\x00\n",
    ],
)
def test_kept_cells_come_back_as_they_were(cell: Scalar) -> None:
    kept = KeptRows("t", "a.b", ("x",), ((cell,),), 1, "2026-03-01T09:00:00Z", "q")
    back = rows_from(rows_document(kept))
    assert back == kept
    assert type(back.rows[0][0]) is type(cell)


def test_a_text_without_end_is_cut_and_what_is_no_document_is_refused() -> None:
    kept = KeptRows("t", "a.b", ("x",), (("x" * 1_000_000,),), 1, "2026-03-01T09:00:00Z")
    cell = rows_from(rows_document(kept)).rows[0][0]
    assert isinstance(cell, str) and len(cell) == LONGEST_CELL
    good = rows_document(kept)
    changes: tuple[dict[str, object], ...] = (
        {"version": 2},
        {"rows": [[["decimal", "x"]]]},
        {"rows": [[]]},
        {"rows": 3},
        {"total": None},
    )
    for change in changes:
        with pytest.raises(ValueError):
            rows_from({**good, **change})

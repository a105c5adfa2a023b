"""The failing tests of a run, and the rows that failed, kept with the run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gcms_tui.core.conclusion import whole
from gcms_tui.core.dbt_manifest import Manifest, critical_tests
from gcms_tui.core.dbt_results import FAILED, TESTING_COMMANDS, ArtifactError, NodeResult
from gcms_tui.core.errors import GcmsError, Unavailable, UsageError
from gcms_tui.core.finding import Evidence
from gcms_tui.core.health_json import moment_json
from gcms_tui.core.identifier import Relation
from gcms_tui.core.kept_rows import KeptRows, rows_document, rows_from
from gcms_tui.core.personal import masked, personal_columns
from gcms_tui.core.run import Run
from gcms_tui.core.test_cards import Card as Card
from gcms_tui.core.test_cards import card_of
from gcms_tui.operations.ports import Clock, QueryLibrary, Warehouse
from gcms_tui.operations.run_history import RunHistory
from gcms_tui.operations.run_ports import Journal, RunShelf

ROWS_KEPT = 1000
"""The most rows that are kept of one test; how many there were in all is kept too."""

_TESTS = frozenset({"test", "unit_test"})
_COUNTED = frozenset({"fail", "warn"})
"""Statuses of a test that has counted its rows, also where a version of dbt does not tell the number."""


@dataclass(frozen=True, slots=True)
class FailingTest:
    """One test that failed, warned or could not be run."""

    unique_id: str
    name: str
    status: str
    failures: int | None
    critical: bool
    message: str
    relation_name: str | None
    """Where dbt stored the failing rows, by its own artifact; None where it stored none."""
    card: Card | None = None

    @property
    def rank(self) -> tuple[int, bool, str]:
        """Failures first, then what warned, then what was skipped; critical ones before others."""
        place = 0 if self.status in FAILED else 1 if self.status == "warn" else 2
        return place, not self.critical, self.name


@dataclass(frozen=True, slots=True)
class FailingRows:
    """Rows of one failing test as they were kept."""

    rows: Evidence
    """Personal columns hold `masked` unless they were revealed; amounts are exact."""
    total: int
    personal: tuple[str, ...]
    """Columns that are masked, or were before the reveal."""
    revealed: bool
    kept_at: str
    query_id: str | None = None
    note: str = ""


class FailingTests:
    """Every method is blocking I/O; safe from several threads."""

    def __init__(
        self,
        *,
        shelf: RunShelf,
        history: RunHistory,
        open_warehouse: Callable[[], Warehouse],
        queries: QueryLibrary,
        journal: Journal,
        clock: Clock,
        personal: Sequence[str] = (),
    ) -> None:
        """`open_warehouse` is called when rows have to be read for the first time; `personal` names further columns."""
        self._shelf = shelf
        self._history = history
        self._open_warehouse = open_warehouse
        self._queries = queries
        self._journal = journal
        self._clock = clock
        self._personal = personal
        self._lock = threading.Lock()
        self._warehouse: Warehouse | None = None

    def of(self, run_id: str) -> tuple[FailingTest, ...]:
        """Failing first, critical first. Raises `ArtifactError` where the run left no results of its own."""
        results = self._shelf.results(run_id)
        if results.command not in TESTING_COMMANDS:
            return ()  # what it calls a test's status is not one: no test ran
        try:
            manifest: Manifest | None = self._shelf.manifest(run_id)
        except ArtifactError:
            manifest = None
        critical = critical_tests(manifest) if manifest else frozenset()
        found = [
            _failing(node, manifest, node.unique_id in critical)
            for node in results.results
            if node.resource_type in _TESTS and node.status != "pass"
        ]
        return tuple(sorted(found, key=lambda test: test.rank))

    def ran(self, run_id: str) -> int:
        """How many tests came to an end in it: that none failed says nothing where none ran."""
        results = self._shelf.results(run_id)
        if results.command not in TESTING_COMMANDS:
            return 0
        return sum(node.resource_type in _TESTS and node.status != "skipped" for node in results.results)

    def rows(self, run_id: str, unique_id: str, *, reveal: bool = False) -> FailingRows:
        """As kept with the run; read from the warehouse where they are not kept yet and are still this run's.

        `reveal` is journalled before anything is shown. Raises `GcmsError` where they are gone or cannot be read.
        """
        test = self._test(run_id, unique_id)
        kept, note = self._kept(run_id, unique_id), ""
        if kept is None:
            kept = self._read(run_id, test)
            note = self._keep(run_id, kept)
        personal = personal_columns(kept.columns, test.name, self._personal)
        if reveal:
            self._journal.append(
                "rows.reveal",
                run_id,
                {"test": unique_id, "relation": kept.relation, "columns": list(personal), "rows": len(kept.rows)},
            )
        rows = kept.rows if reveal else tuple(masked(kept.rows, kept.columns, personal))
        return FailingRows(
            rows=Evidence(kept.columns, rows, kept.total),
            total=kept.total,
            personal=personal,
            revealed=reveal,
            kept_at=kept.kept_at,
            query_id=kept.query_id,
            note=" ".join(said for said in (_miscount(test, kept), note) if said),
        )

    def sql(self, run_id: str, unique_id: str) -> str | None:
        """The test's compiled SQL as this run had it."""
        return self._shelf.sql(run_id, unique_id)

    def keep_all(self, run_id: str) -> tuple[str, ...]:
        """Keep every failing test's rows before a later run replaces them; answers what could not be kept and why."""
        problems = []
        for test in self.of(run_id):
            if not test.relation_name or not test.failures or self._shelf.kept(run_id, _document(test.unique_id)):
                continue
            try:
                self._shelf.keep(run_id, _document(test.unique_id), rows_document(self._read(run_id, test)))
            except GcmsError as error:
                problems.append(f"{test.name}: {error.title}: {error.message}")
        return tuple(problems)

    def close(self) -> None:
        with self._lock:
            if self._warehouse is not None:
                self._warehouse.close()

    def _test(self, run_id: str, unique_id: str) -> FailingTest:
        found = next((test for test in self.of(run_id) if test.unique_id == unique_id), None)
        if found is None:
            raise UsageError(
                "No such failing test",
                f"{unique_id} did not fail in {run_id}.",
                f"See: gcms-tui runs failures {run_id}",
            )
        return found

    def _kept(self, run_id: str, unique_id: str) -> KeptRows | None:
        document = self._shelf.kept(run_id, _document(unique_id))
        if document is None:
            return None
        try:
            return rows_from(document)
        except ValueError as error:
            raise Unavailable(
                "The kept rows cannot be read",
                f"{run_id}, {unique_id}: {error}.",
                "A newer gcms-tui may have kept them.",
            ) from None

    def _read(self, run_id: str, test: FailingTest) -> KeptRows:
        """From the warehouse, where they are still this run's."""
        relation = _relation(run_id, test)
        run = self._shelf.run(run_id)
        self._refuse_replaced(run, test)
        query = self._queries.get("failed_test_rows")
        statement = query.render({"failures": relation}, {"limit": ROWS_KEPT})
        answer = self._opened().read(statement)
        self._refuse_replaced(run, test)  # what began while they were read may have replaced them in between
        if not answer.rows and test.failures:
            raise Unavailable(
                "The rows are gone",
                f"dbt counted {test.failures:,} in {relation}, and the table is empty now.",
                "Run the test again, with --store-failures.",
            )
        return KeptRows(
            unique_id=test.unique_id,
            relation=str(relation),
            columns=answer.columns[1:],
            rows=tuple(row[1:] for row in answer.rows),
            total=whole(answer.rows[0][0]) if answer.rows else 0,
            kept_at=moment_json(self._clock().replace(microsecond=0)),
            query_id=answer.query_id,
        )

    def _keep(self, run_id: str, kept: KeptRows) -> str:
        """What to know where they could not be kept."""
        try:
            self._shelf.keep(run_id, _document(kept.unique_id), rows_document(kept))
        except GcmsError as error:
            return f"They could not be kept, and the next test run replaces them: {error.message}"
        return ""

    def _refuse_replaced(self, run: Run, test: FailingTest) -> None:
        """Raises `Unavailable` where a later run, ours or foreign, has stored this test's rows anew, or may have."""
        for summary in self._history.summaries():
            later = summary.run
            if later.run_id == run.run_id or later.record.started_at < run.record.started_at:
                continue
            if self._stores_anew(later, run, test):
                raise Unavailable(
                    "The rows are not this run's any more",
                    f"{later.run_id} ({later.record.person}) has run this test since, or runs it now, and dbt replaces "
                    f"the rows in {test.relation_name} each time.",
                    f"See: gcms-tui runs failures {later.run_id}",
                )

    def _stores_anew(self, later: Run, run: Run, test: FailingTest) -> bool:
        try:
            results = self._shelf.results(later.run_id)
        except ArtifactError:
            # What it did is not known: what it was to do counts.
            return (
                later.record.target in (run.record.target, "")  # a log may not tell it
                and later.record.command.subcommand in TESTING_COMMANDS
                and (not later.record.selected or test.unique_id in later.record.selected)
            )
        return results.command in TESTING_COMMANDS and any(
            node.relation_name == test.relation_name and node.status != "skipped" for node in results.results
        )

    def _opened(self) -> Warehouse:
        with self._lock:
            if self._warehouse is None:
                self._warehouse = self._open_warehouse()
            return self._warehouse


def _failing(node: NodeResult, manifest: Manifest | None, critical: bool) -> FailingTest:
    known = manifest.nodes.get(node.unique_id) if manifest else None
    return FailingTest(
        unique_id=node.unique_id,
        name=known.alias
        if known
        else node.unique_id.split(".")[2]
        if node.unique_id.count(".") > 1
        else node.unique_id,
        status=node.status,
        failures=node.failures,
        critical=critical,
        message=node.message,
        relation_name=node.relation_name,
        card=card_of(known) if known else None,
    )


def _relation(run_id: str, test: FailingTest) -> Relation:
    if test.failures is None and test.status not in _COUNTED:  # a table of that name holds an earlier run's
        raise Unavailable(
            "It stored no rows",
            f"In {run_id} {test.name} ended with {test.status!r}, and did not come to look for rows.",
            "Its message says why; mend that, and run it again.",
        )
    if test.relation_name is None:
        raise Unavailable(
            "No rows were stored",
            f"{test.name} ran without --store-failures in {run_id}.",
            "Run it again: test --select tag:critical --store-failures",
        )
    try:
        return Relation.parse(test.relation_name)
    except ValueError as error:
        raise Unavailable("Where the rows are is not understood", f"{test.relation_name}: {error}.") from None


def _miscount(test: FailingTest, kept: KeptRows) -> str:
    """A test may count otherwise than by rows (fail_calc), but then it has to be said."""
    if test.failures is None or test.failures == kept.total:
        return ""
    return f"dbt counted {test.failures:,}, and its table held {kept.total:,} rows."


def _document(unique_id: str) -> str:
    return f"rows-{unique_id}"


def _own_name(unique_id: str) -> str:
    """The test's name in its id: `test.gcms.not_null_x.0a1b`."""
    parts = unique_id.split(".")
    return parts[2] if len(parts) > 2 else unique_id

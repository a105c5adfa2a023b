"""Gathering the monthly audit. What cannot be read is UNKNOWN in it, and takes nothing else away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Protocol

from gcms_tui.core.dbt_manifest import Manifest
from gcms_tui.core.errors import GcmsError
from gcms_tui.core.finding import EVIDENCE_LIMIT, Finding, Provenance
from gcms_tui.core.identifier import Relation
from gcms_tui.core.payroll_accuracy import judge_accuracy
from gcms_tui.core.procedures.cadence import Calendar
from gcms_tui.core.query import Answer, Statement
from gcms_tui.core.reports.monthly import Accuracy, MonthlyAudit, PackageTimings, grouped, markdown
from gcms_tui.core.run import Person
from gcms_tui.core.run_trend import Trend
from gcms_tui.core.scd2.corrections import Review
from gcms_tui.core.settings import Settings
from gcms_tui.operations.ports import Clock, DbtProject, QueryLibrary, Warehouse
from gcms_tui.operations.procedures.ports import Examiner, Outcome

WINDOW = timedelta(days=30)


class ReportShelf(Protocol):
    """Where reports are kept."""

    def keep(self, name: str, text: str) -> str:
        """0600, whole or not at all, never replacing another: `name-2` then. Answers where. Raises `GcmsError`."""
        ...


class CorrectionsReview(Protocol):
    def review(self, name: str, tolerance: timedelta = ...) -> Review: ...


class MonthlyReview:
    """Blocking I/O. Reads the warehouse; writes nothing but its report."""

    def __init__(
        self,
        settings: Settings,
        target: str,
        *,
        health: Examiner,
        tables: Callable[[], tuple[str, ...]],
        corrections: CorrectionsReview,
        trend: Callable[[timedelta], Trend],
        warehouse: Warehouse,
        queries: QueryLibrary,
        project: DbtProject,
        shelf: ReportShelf,
        person: Person,
        clock: Clock,
        calendar: Calendar,
    ) -> None:
        """`tables`: the SCD2 tables by name. Raises `GcmsError` where none is known."""
        self._settings = settings
        self._target = target
        self._health = health
        self._tables = tables
        self._corrections = corrections
        self._trend = trend
        self._warehouse = warehouse
        self._queries = queries
        self._project = project
        self._shelf = shelf
        self._person = person
        self._clock = clock
        self._calendar = calendar

    def gather(self) -> MonthlyAudit:
        """Look now."""
        reviews, unread = self._reviews()
        accuracy, why_no_accuracy = self._accuracy()
        trend: Trend | None = None
        why_no_trend = ""
        try:
            trend = self._trend(WINDOW)
        except GcmsError as error:
            why_no_trend = _why(error)
        return MonthlyAudit(
            target=self._target,
            taken_at=self._clock(),
            calendar=self._calendar,
            window=WINDOW,
            by=str(self._person),
            scd2=self._scd2(),
            corrections=reviews,
            uncorrected=unread,
            accuracy=accuracy,
            why_no_accuracy=why_no_accuracy,
            trend=trend,
            why_no_trend=why_no_trend,
            packages=self._packages(),
        )

    def keep(self, audit: MonthlyAudit) -> str:
        """Answers where it is kept. Raises `GcmsError`."""
        return self._shelf.keep(f"audit-{_safe(self._target)}-{audit.day:%Y-%m-%d}", markdown(audit))

    def look(self, run: object = None) -> Outcome:
        """The last step of the monthly procedure: gathered and kept."""
        audit = self.gather()
        kept = self.keep(audit)
        return Outcome(audit.verdict, f"{audit.words}; kept", (f"{self._person.host}: {kept}",), {"report": kept})

    def _scd2(self) -> tuple[Finding, ...]:
        names = tuple(name for name in self._health.names() if name.startswith("scd2."))
        return self._health.examine((*names, "metric.scd2")).findings

    def _reviews(self) -> tuple[tuple[Review, ...], tuple[tuple[str, str], ...]]:
        try:
            tables = self._tables()
        except GcmsError as error:
            return (), (("SCD2 tables", _why(error)),)
        tolerance = timedelta(minutes=self._settings.runbook.correction_tolerance_min)
        reviews, unread = [], []
        for name in tables:
            try:
                reviews.append(self._corrections.review(name, tolerance))
            except GcmsError as error:
                unread.append((name, _why(error)))
        return tuple(reviews), tuple(unread)

    def _accuracy(self) -> tuple[Accuracy | None, str]:
        payroll = self._settings.payroll
        tables = {"fact": payroll.fact, "source_payment": payroll.source_payment}
        try:
            in_all = self._queries.get("payroll_totals").render(tables, {"tolerance": payroll.tolerance})
            each = self._queries.get("payroll_discrepancies").render(
                tables, {"tolerance": payroll.tolerance, "limit": EVIDENCE_LIMIT}
            )
            totals, listed = self._warehouse.read(in_all), self._warehouse.read(each)
        except GcmsError as error:
            return None, _why(error)
        row, records = totals.records()[0], listed.records()
        said, agreement = judge_accuracy(row, records)
        origins = (_origin(in_all, totals), _origin(each, listed))
        return Accuracy(said.verdict, row, agreement, grouped(records), len(records), origins), ""

    def _packages(self) -> tuple[PackageTimings, ...]:
        try:
            manifest = self._project.manifest()
        except GcmsError as error:
            return (
                PackageTimings("dbt_artifacts, elementary", why_not=f"not known whether they are there: {_why(error)}"),
            )
        since = (self._clock() - WINDOW).date()
        return tuple(self._package(manifest, since, *item) for item in _PACKAGES)

    def _package(
        self, manifest: Manifest, since: date, package: str, model: str, query: str, place: str
    ) -> PackageTimings:
        relation = _relation(manifest, package, model)
        if relation is None:
            return PackageTimings(package, why_not="the project does not have it")
        asked = self._queries.get(query).render({place: relation}, {"since": since})
        try:
            rows = self._warehouse.read(asked).records()
        except GcmsError as error:
            return PackageTimings(package, why_not=_why(error))
        return PackageTimings(package, rows, "" if rows else "its table has no run in the window")


_PACKAGES = (
    ("dbt_artifacts", "fct_dbt__model_executions", "model_timings_dbt_artifacts", "model_executions"),
    ("elementary", "dbt_run_results", "model_timings_elementary", "run_results"),
)


def _relation(manifest: Manifest, package: str, model: str) -> Relation | None:
    node = manifest.nodes.get(f"model.{package}.{model}")
    if node is None or node.relation_name is None:
        return None
    try:
        return Relation.parse(node.relation_name)
    except ValueError:
        return None


def _origin(asked: Statement, answer: Answer) -> Provenance:
    return Provenance(asked.source, query_id=answer.query_id)


def _why(error: GcmsError) -> str:
    return f"{error.title}: {error.message}"


def _safe(target: str) -> str:
    return "".join(character if character.isalnum() and character.isascii() else "-" for character in target)[:60]
